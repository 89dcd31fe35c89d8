/**
 * The inputs of one peer by tick: early ones wait, late ones are dropped, missing ones are made up for.
 *
 * Bounded whatever the peer sends. Knows nothing of peers and messages; ticks come as arguments.
 *
 * @module
 */

/** Options of {@link InputQueue}. */
export interface InputQueueOptions {
  /** Inputs for more than this many ticks ahead are refused. 1 to 1,024, default 64. */
  readonly aheadTicks?: number;
  /** For how many ticks in a row the last input stands in for missing ones. 0 and more, default 15. */
  readonly repeatTicks?: number;
}

/** What became of an input. */
export type InputVerdict = "queued" | "duplicate" | "late" | "early" | "malformed";

/** What a queue counted. */
export interface InputCounters {
  /** Inputs that wait or waited for their tick. */
  queued: number;
  /** Second inputs for a tick; the first counts. */
  duplicate: number;
  /** Inputs for a tick that has run. */
  late: number;
  /** Inputs for a tick too far ahead. */
  early: number;
  /** Inputs whose tick is no tick. */
  malformed: number;
  /** Ticks that ran without an input. */
  missing: number;
}

/** The queue. */
export class InputQueue<Input> {
  /** Live counts. */
  readonly counters: InputCounters = {
    queued: 0,
    duplicate: 0,
    late: 0,
    early: 0,
    malformed: 0,
    missing: 0,
  };
  readonly #ticks: Float64Array;
  readonly #inputs: (Input | undefined)[];
  readonly #repeatTicks: number;
  #nextTick: number;
  #last: Input | undefined;
  #repeated = 0;
  #depth = 0;
  #margin = Infinity;
  #missingSinceReport = 0;

  /**
   * @param nextTick The tick that is run next.
   * @throws RangeError for options out of bounds.
   */
  constructor(nextTick: number, options: InputQueueOptions = {}) {
    const { aheadTicks = 64, repeatTicks = 15 } = options;
    if (!Number.isInteger(aheadTicks) || aheadTicks < 1 || aheadTicks > 1_024) {
      throw new RangeError(`Cannot queue ${aheadTicks} ticks ahead: aheadTicks is 1 to 1,024`);
    }
    if (!(repeatTicks >= 0)) throw new RangeError(`Cannot repeat for ${repeatTicks} ticks`);
    this.#ticks = new Float64Array(aheadTicks + 1).fill(-1);
    this.#inputs = new Array(aheadTicks + 1).fill(undefined);
    this.#repeatTicks = repeatTicks;
    this.#nextTick = nextTick;
  }

  /** Inputs that wait. */
  get depth(): number {
    return this.#depth;
  }

  /** The tick that is run next. */
  get nextTick(): number {
    return this.#nextTick;
  }

  /**
   * Takes an input as it came.
   *
   * @param tick What the peer says it is for; any number is safe.
   */
  push(tick: number, input: Input): InputVerdict {
    const verdict = this.#judge(tick);
    this.counters[verdict]++;
    if (verdict === "queued") {
      const slot = tick % this.#ticks.length;
      this.#ticks[slot] = tick;
      this.#inputs[slot] = input;
      this.#depth++;
    }
    if (verdict !== "duplicate" && verdict !== "malformed") {
      this.#margin = Math.min(this.#margin, tick - this.#nextTick);
    }
    return verdict;
  }

  /**
   * The input for a tick that is run now. Ticks are taken in ascending order; what waits for ticks that
   * were skipped is dropped.
   *
   * @returns The last one again when there is none, for a while; then, and before the first, `undefined`.
   */
  take(tick: number): Input | undefined {
    while (this.#nextTick < tick && this.#depth > 0) this.#remove(this.#nextTick++);
    this.#nextTick = Math.max(this.#nextTick, tick + 1);
    const input = this.#remove(tick);
    if (input !== undefined) {
      this.#last = input;
      this.#repeated = 0;
      return input;
    }
    // Before the first input nothing is missed: the peer is still getting ready.
    if (this.#last === undefined) return undefined;
    this.counters.missing++;
    this.#missingSinceReport++;
    this.#margin = Math.min(this.#margin, -1);
    if (++this.#repeated > this.#repeatTicks) return undefined;
    return this.#last;
  }

  /** What to tell the peer since the last call; `undefined` when nothing came and nothing was missed. */
  report(): { readonly marginTicks: number; readonly missing: number } | undefined {
    if (this.#margin === Infinity) return undefined;
    const report = { marginTicks: this.#margin, missing: this.#missingSinceReport };
    this.#margin = Infinity;
    this.#missingSinceReport = 0;
    return report;
  }

  #judge(tick: number): InputVerdict {
    if (!Number.isSafeInteger(tick) || tick < 0) return "malformed";
    if (tick < this.#nextTick) return "late";
    if (tick >= this.#nextTick + this.#ticks.length - 1) return "early";
    return this.#ticks[tick % this.#ticks.length] === tick ? "duplicate" : "queued";
  }

  #remove(tick: number): Input | undefined {
    const slot = tick % this.#ticks.length;
    if (this.#ticks[slot] !== tick) return undefined;
    const input = this.#inputs[slot];
    this.#ticks[slot] = -1;
    this.#inputs[slot] = undefined;
    this.#depth--;
    return input;
  }
}
