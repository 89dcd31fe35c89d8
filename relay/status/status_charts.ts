/**
 * The drawings of the status page, as inline SVG: regions by regions, and the last two minutes.
 *
 * @module
 */
import { type Html, html } from "./html_text.ts";
import type { RegionCell, RegionMatrix } from "./relay_snapshot.ts";
import { counted, milliseconds, percent } from "./status_words.ts";

/** Regions that a page has room for. */
const MAX_REGIONS = 16;

const CELL_WIDTH = 66;
const CELL_HEIGHT = 40;
const LABEL_WIDTH = 92;
const LABEL_HEIGHT = 28;

/** Round trips in ms up to which a cell has each color; what a player feels. */
const STEPS = [20, 50, 100, 180] as const;

/** Names of colors, from good to bad; the style sheet defines them. */
const GRADES = ["a", "b", "c", "d", "e"] as const;

/** What the colors mean, for people. */
export function matrixLegend(): Html {
  const bounds = ["up to 20 ms", "up to 50", "up to 100", "up to 180", "more"];
  return html`
    <p class="legend">
      ${GRADES.map((grade, at) =>
        html`
          <span><i class="swatch ${grade}"></i>${bounds[at]!}</span>
        `
      )}
      <span><i class="swatch lost"></i>nothing comes back</span>
      <span><i class="swatch none"></i>not measured</span>
    </p>
  `;
}

/**
 * The matrix as a drawing; with more than 16 regions, the 16 that have the most relays.
 *
 * @param ownRegion The region whose name stands out.
 */
export function matrixChart(matrix: RegionMatrix, ownRegion: string): Html {
  const labelClass = (place: number): string =>
    matrix.regions[place] === ownRegion ? "label self" : "label";
  const places = matrix.regions
    .map((_, place) => place)
    .sort((a, b) => matrix.relays[b]! - matrix.relays[a]! || a - b)
    .slice(0, MAX_REGIONS)
    .sort((a, b) => a - b);
  const width = LABEL_WIDTH + places.length * CELL_WIDTH;
  const height = LABEL_HEIGHT + places.length * CELL_HEIGHT;
  const columns = places.map((place, at) =>
    html`
      <text class="${labelClass(place)}" x="${LABEL_WIDTH +
        (at + 0.5) * CELL_WIDTH}" y="18" text-anchor="middle">${short(
          matrix.regions[place]!,
          8,
        )}</text>
    `
  );
  const rows = places.map((place, at) => {
    const y = LABEL_HEIGHT + at * CELL_HEIGHT;
    const middle = y + CELL_HEIGHT / 2 + 4;
    const cells = places.map((other, column) =>
      cellOf(matrix, place, other, LABEL_WIDTH + column * CELL_WIDTH, y)
    );
    return html`
      <text class="${labelClass(place)}" x="${LABEL_WIDTH - 10}" y="${middle}"
        text-anchor="end">${short(
          matrix.regions[place]!,
          11,
        )}</text>${cells}
    `;
  });
  return html`
    <svg
      class="matrix"
      role="img"
      aria-label="Round trips between regions"
      viewBox="0 0 ${width} ${height}"
      style="max-width:${width}px"
    >${columns}${rows}</svg>
  `;
}

/** How many regions a page leaves out. */
export function hiddenRegions({ regions }: RegionMatrix): number {
  return Math.max(0, regions.length - MAX_REGIONS);
}

function cellOf(matrix: RegionMatrix, row: number, column: number, x: number, y: number): Html {
  const cell = matrix.cells[row]![column]!;
  const [width, height] = [CELL_WIDTH - 3, CELL_HEIGHT - 3];
  const center = x + width / 2;
  const title = describeCell(matrix.regions[row]!, matrix.regions[column]!, cell);
  const loss = cell.pairs > 0 && cell.p95RttMs !== undefined && cell.loss > 0
    ? html`
      <text class="small" x="${center}" y="${y + 31}" text-anchor="middle">${percent(
        cell.loss,
      )} lost</text>
    `
    : undefined;
  return html`
    <g class="cell ${gradeOf(cell)}"><title>${title}</title><rect
        x="${x}"
        y="${y}"
        width="${width}"
        height="${height}"
        rx="4"
      /><text x="${center}" y="${y +
        (loss === undefined ? 23 : 18)}" text-anchor="middle">${cellText(
          cell,
        )}</text>${loss}</g>
  `;
}

function cellText({ pairs, p95RttMs }: RegionCell): string {
  if (pairs === 0) return "–";
  return p95RttMs === undefined ? "lost" : milliseconds(p95RttMs);
}

function gradeOf({ pairs, p95RttMs }: RegionCell): string {
  if (pairs === 0) return "none";
  if (p95RttMs === undefined) return "lost";
  const step = STEPS.findIndex((bound) => p95RttMs <= bound);
  return step === -1 ? GRADES.at(-1)! : GRADES[step]!;
}

function describeCell(from: string, to: string, cell: RegionCell): string {
  const where = from === to ? `within ${from}` : `${from} and ${to}`;
  if (cell.pairs === 0) return `${where}: not measured`;
  const { p95RttMs, jitterMs, loss, pairs } = cell;
  if (p95RttMs === undefined) return `${where}: nothing comes back`;
  return `${where}: 95 % of round trips take at most ${milliseconds(p95RttMs)}, ` +
    `jitter ${milliseconds(jitterMs)}, ${percent(loss)} lost; best of ${counted(pairs, "pair")}`;
}

/** A line of values, oldest first, with a filled area below. */
export function sparkline(values: readonly number[]): Html | undefined {
  if (values.length < 2) return undefined;
  const [width, height] = [240, 48];
  const highest = Math.max(1, ...values);
  const points = values.map((value, at) => {
    const x = at / (values.length - 1) * width;
    const y = height - 2 - value / highest * (height - 4);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return html`
    <svg class="spark" role="img" aria-label="Frames per second lately"
      viewBox="0 0 ${width} ${height}" preserveAspectRatio="none">
      <polygon
        points="0,${height} ${points.join(" ")} ${width},${height}"
      />
      <polyline points="${points.join(" ")}" />
    </svg>
  `;
}

function short(text: string, characters: number): string {
  const letters = [...text];
  return letters.length <= characters ? text : `${letters.slice(0, characters - 1).join("")}…`;
}
