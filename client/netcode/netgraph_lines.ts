/**
 * A netgraph as lines of text, for terminals.
 *
 * @module
 */
import type { ChannelTraffic, Netgraph, NetgraphSample } from "./netgraph.ts";

/** Options of {@link netgraphLines}. */
export interface NetgraphLinesOptions {
  /** Width in characters, 40 to 1,000. Default 60; no line is longer. */
  readonly columns?: number;
  /** What a prediction error is measured in. Default `"units"`. */
  readonly unit?: string;
}

/** Heights of a column, lowest first. */
const BARS = " ▁▂▃▄▅▆▇█";

const LABEL_COLUMNS = 8;

/**
 * Draws a netgraph: one line of numbers and one of bars for each quantity, then one per channel with
 * traffic. Without a color and without control characters.
 *
 * @throws RangeError for a width out of bounds.
 */
export function netgraphLines(graph: Netgraph, options: NetgraphLinesOptions = {}): string[] {
  const { columns = 60, unit = "units" } = options;
  if (!Number.isInteger(columns) || columns < 40 || columns > 1_000) {
    throw new RangeError(`Cannot draw ${columns} columns: there are 40 to 1,000`);
  }
  const { latest } = graph;
  if (latest === undefined) return ["net: waiting for the first sample"];
  const lines = [
    `rtt ${ms(latest.rttMs)} ±${ms(latest.jitterMs)}  loss ${percent(latest.lossIn)} in ` +
    `${percent(latest.lossOut)} out  choke ${percent(latest.choke)}`,
    `in ${rate(latest.bytesInPerSecond)}  out ${rate(latest.bytesOutPerSecond)}`,
    `drawn ${ms(latest.interpolationDelayMs)} late  error ` +
    `${latest.predictionError.toFixed(3)} ${unit}  margin ${latest.inputMarginTicks} ticks  ` +
    `clock ${signedPercent(latest.clockRate - 1)}`,
    ...ROWS.map(([label, read]) => barLine(label, graph.samples, read, columns)),
    ...graph.channels.filter(hasTraffic).map(channelLine),
  ];
  return lines.map((line) => line.slice(0, columns));
}

const ROWS: readonly (readonly [string, (sample: NetgraphSample) => number])[] = [
  ["rtt", (sample) => sample.rttMs],
  ["loss", (sample) => Math.max(sample.lossIn, sample.lossOut)],
  ["in", (sample) => sample.bytesInPerSecond],
  ["out", (sample) => sample.bytesOutPerSecond],
  ["error", (sample) => sample.predictionError],
];

/** The newest samples as bars, the highest of them as high as a line. */
function barLine(
  label: string,
  samples: readonly NetgraphSample[],
  read: (sample: NetgraphSample) => number,
  columns: number,
): string {
  const shown = samples.slice(-(columns - LABEL_COLUMNS)).map(read);
  const highest = Math.max(...shown);
  const bars = shown.map((value) => {
    if (!(value > 0)) return BARS[0];
    return BARS[Math.max(1, Math.round(value / highest * (BARS.length - 1)))];
  });
  return label.padEnd(LABEL_COLUMNS) + bars.join("");
}

function channelLine({ name, bytesIn, bytesOut, messagesIn, messagesOut }: ChannelTraffic): string {
  return `${name}: in ${bytesIn} B / ${messagesIn}, out ${bytesOut} B / ${messagesOut}`;
}

function hasTraffic({ messagesIn, messagesOut }: ChannelTraffic): boolean {
  return messagesIn + messagesOut > 0;
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

function signedPercent(share: number): string {
  const text = `${(share * 100).toFixed(1)} %`;
  return share >= 0 ? `+${text}` : text;
}

function rate(bytesPerSecond: number): string {
  return `${(bytesPerSecond / 1000).toFixed(1)} KB/s`;
}
