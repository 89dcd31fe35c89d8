/**
 * How the line is and what the netcode does about it, over the last seconds: what a netgraph shows.
 *
 * A view model: plain numbers, no picture. `netgraph_lines.ts` draws it in text.
 *
 * @module
 */

/** What is read each frame. Counts go up only; a new session may begin them anew. */
export interface NetgraphReading {
  /** Smoothed round-trip time. */
  readonly rttMs: number;
  /** Its jitter. */
  readonly jitterMs: number;
  /** Packets of ours of which is known what became of them. */
  readonly packetsSettled: number;
  /** Those of them that were lost. */
  readonly packetsLost: number;
  /** Packets that arrived. */
  readonly packetsReceived: number;
  /** Packets of the server that did not. */
  readonly packetsMissing: number;
  /** Bytes sent. */
  readonly bytesSent: number;
  /** Bytes that arrived. */
  readonly bytesReceived: number;
  /** Whether something waits because the line may not carry more now. */
  readonly isChoked: boolean;
  /** How far behind the server's present the others are drawn. */
  readonly interpolationDelayMs: number;
  /** What was last left to see of a correction, in units of the game; 0 when all was right. */
  readonly predictionError: number;
  /** How many ticks too early the latest input came, as the server reported last. */
  readonly inputMarginTicks: number;
  /** Speed of the prediction's clock against time. */
  readonly clockRate: number;
}

/** One column of the graph. */
export interface NetgraphSample {
  /** When it ended. */
  readonly atMs: number;
  /** Smoothed round-trip time. */
  readonly rttMs: number;
  /** Its jitter. */
  readonly jitterMs: number;
  /** Share of our packets that were lost in this time, 0 to 1. */
  readonly lossOut: number;
  /** Share of the server's packets that did not arrive in this time, 0 to 1. */
  readonly lossIn: number;
  /** Share of frames in which something had to wait, 0 to 1. */
  readonly choke: number;
  /** Bytes sent, per second. */
  readonly bytesOutPerSecond: number;
  /** Bytes that arrived, per second. */
  readonly bytesInPerSecond: number;
  /** See {@link NetgraphReading.interpolationDelayMs}. */
  readonly interpolationDelayMs: number;
  /** The largest in this time; see {@link NetgraphReading.predictionError}. */
  readonly predictionError: number;
  /** See {@link NetgraphReading.inputMarginTicks}. */
  readonly inputMarginTicks: number;
  /** See {@link NetgraphReading.clockRate}. */
  readonly clockRate: number;
}

/** Messages of one channel since the count began. Bytes are those of messages, without headers. */
export interface ChannelTraffic {
  /** The channel's name. */
  readonly name: string;
  /** Messages sent. */
  messagesOut: number;
  /** Their bytes. */
  bytesOut: number;
  /** Messages that came. */
  messagesIn: number;
  /** Their bytes. */
  bytesIn: number;
}

/** Options of {@link Netgraph}. */
export interface NetgraphOptions {
  /** Time of one column, above 0. Default 100 ms. */
  readonly intervalMs?: number;
  /** Columns that are kept, 1 to 10,000. Default 120. */
  readonly columns?: number;
}

/** The model. */
export class Netgraph {
  /** Traffic by channel, in the protocol's order; empty unless it is counted. */
  readonly channels: ChannelTraffic[] = [];
  readonly #intervalMs: number;
  readonly #columns: number;
  readonly #samples: NetgraphSample[] = [];
  #begin: NetgraphReading | undefined;
  #beginMs = 0;
  #frames = 0;
  #chokedFrames = 0;
  #largestError = 0;

  /**
   * An empty graph.
   *
   * @throws RangeError for options out of bounds.
   */
  constructor({ intervalMs = 100, columns = 120 }: NetgraphOptions = {}) {
    if (!(intervalMs > 0)) throw new RangeError(`Cannot graph columns of ${intervalMs} ms`);
    if (!Number.isInteger(columns) || columns < 1 || columns > 10_000) {
      throw new RangeError(`Cannot graph ${columns} columns: there are 1 to 10,000`);
    }
    this.#intervalMs = intervalMs;
    this.#columns = columns;
  }

  /** The columns, oldest first. */
  get samples(): readonly NetgraphSample[] {
    return this.#samples;
  }

  /** The newest column; `undefined` before the first is full. */
  get latest(): NetgraphSample | undefined {
    return this.#samples.at(-1);
  }

  /** Takes a reading, once per frame. */
  record(nowMs: number, reading: NetgraphReading): void {
    if (this.#begin === undefined || nowMs < this.#beginMs) return this.#start(nowMs, reading);
    this.#frames++;
    if (reading.isChoked) this.#chokedFrames++;
    this.#largestError = Math.max(this.#largestError, reading.predictionError);
    const elapsedMs = nowMs - this.#beginMs;
    if (elapsedMs < this.#intervalMs) return;
    if (this.#samples.length === this.#columns) this.#samples.shift();
    this.#samples.push(this.#sampleOf(this.#begin, reading, nowMs, elapsedMs));
    this.#start(nowMs, reading);
  }

  #start(nowMs: number, reading: NetgraphReading): void {
    this.#begin = reading;
    this.#beginMs = nowMs;
    this.#frames = 0;
    this.#chokedFrames = 0;
    this.#largestError = 0;
  }

  #sampleOf(
    begin: NetgraphReading,
    end: NetgraphReading,
    atMs: number,
    elapsedMs: number,
  ): NetgraphSample {
    const lost = growth(begin.packetsLost, end.packetsLost);
    const settled = growth(begin.packetsSettled, end.packetsSettled);
    const missing = growth(begin.packetsMissing, end.packetsMissing);
    const received = growth(begin.packetsReceived, end.packetsReceived);
    const perSecond = 1000 / elapsedMs;
    return {
      atMs,
      rttMs: end.rttMs,
      jitterMs: end.jitterMs,
      lossOut: share(lost, settled),
      lossIn: share(missing, received + missing),
      choke: share(this.#chokedFrames, this.#frames),
      bytesOutPerSecond: growth(begin.bytesSent, end.bytesSent) * perSecond,
      bytesInPerSecond: growth(begin.bytesReceived, end.bytesReceived) * perSecond,
      interpolationDelayMs: end.interpolationDelayMs,
      predictionError: this.#largestError,
      inputMarginTicks: end.inputMarginTicks,
      clockRate: end.clockRate,
    };
  }
}

/** A count that went down belongs to a new session, or a packet was late and not lost. */
function growth(before: number, after: number): number {
  return Math.max(0, after - before);
}

function share(part: number, whole: number): number {
  return whole > 0 ? Math.min(1, part / whole) : 0;
}
