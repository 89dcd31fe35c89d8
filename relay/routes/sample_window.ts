/**
 * The probes of the last ten seconds, and what they say about a path.
 *
 * Holds results in the order in which probes were sent. Reads no clock.
 *
 * @module
 */
import { percentile } from "../../protocol/relay/survey/percentile.ts";
import type { PathQuality } from "./path_quality.ts";

/** How long a probe counts. */
export const WINDOW_MS = 10_000;

/** Results that must be in before they are a measurement: the first ones after a start say little. */
export const MIN_RESULTS = 4;

/** Probes that are remembered: 10 s at 2 Hz, and room for three times as many. */
const CAPACITY = 64;

/** What a window knows, with the median that costs leave out. */
export interface WindowQuality extends PathQuality {
  /** Median of the round trip in milliseconds; `Infinity` when nothing came back. */
  readonly p50RttMs: number;
  /** Probes that were answered or lost. */
  readonly results: number;
}

/** A sliding window over the results of probes. */
export class SampleWindow {
  /** Round trips by place; `Infinity` for a probe that was lost. */
  readonly #rttMs = new Float64Array(CAPACITY);
  readonly #sentAtMs = new Float64Array(CAPACITY);
  #first = 0;
  #size = 0;

  /** Results in the window, as of the last call. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds the result of a probe; probes are added in the order in which they were sent.
   *
   * @param rttMs The round trip, or `Infinity` when it was lost.
   */
  add(sentAtMs: number, rttMs: number): void {
    if (this.#size === CAPACITY) this.#forgetFirst();
    const place = (this.#first + this.#size++) % CAPACITY;
    this.#sentAtMs[place] = sentAtMs;
    this.#rttMs[place] = rttMs;
  }

  /** Forgets everything, as after the address of the other end has changed. */
  clear(): void {
    this.#size = 0;
  }

  /** What the last ten seconds say; `undefined` with fewer than {@link MIN_RESULTS} results. */
  quality(nowMs: number): WindowQuality | undefined {
    while (this.#size > 0 && this.#sentAtMs[this.#first]! <= nowMs - WINDOW_MS) this.#forgetFirst();
    if (this.#size < MIN_RESULTS) return undefined;
    const answered: number[] = [];
    let steps = 0;
    for (let index = 0; index < this.#size; index++) {
      const rttMs = this.#rttMs[(this.#first + index) % CAPACITY]!;
      if (rttMs === Infinity) continue;
      if (answered.length > 0) steps += Math.abs(rttMs - answered.at(-1)!);
      answered.push(rttMs);
    }
    const jitterMs = answered.length < 2 ? 0 : steps / (answered.length - 1);
    const loss = 1 - answered.length / this.#size;
    answered.sort((a, b) => a - b);
    return {
      p50RttMs: percentile(answered, 0.5),
      p95RttMs: percentile(answered, 0.95),
      jitterMs,
      loss,
      results: this.#size,
    };
  }

  #forgetFirst(): void {
    this.#first = (this.#first + 1) % CAPACITY;
    this.#size--;
  }
}
