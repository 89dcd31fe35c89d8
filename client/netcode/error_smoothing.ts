/**
 * Hides corrections: what the player saw fades into what is right.
 *
 * The difference halves every `halfLifeMs`, so that a correction is never seen as a jump. Takes time as
 * an argument.
 *
 * @module
 */
import type { Interpolator } from "../../schema/sync/interpolator.ts";

/** What is left when a difference has halved this often is not seen any more. */
const FADED_AFTER_HALVES = 24;

/** The difference that is still seen. */
export class ErrorSmoothing<T> {
  readonly #interpolator: Interpolator<T>;
  readonly #halfLifeMs: number;
  readonly #differences: Float64Array;
  #atMs = 0;
  #fadedMs = Infinity;

  /**
   * @param halfLifeMs 0 shows corrections at once.
   * @throws RangeError when that is below 0 or not finite.
   */
  constructor(interpolator: Interpolator<T>, halfLifeMs: number) {
    if (!(halfLifeMs >= 0 && halfLifeMs < Infinity)) {
      throw new RangeError(`Cannot smooth with a half-life of ${halfLifeMs} ms`);
    }
    this.#interpolator = interpolator;
    this.#halfLifeMs = halfLifeMs;
    this.#differences = new Float64Array(interpolator.differenceLength);
  }

  /** Length of the difference that is left: in units of the fields, all of them together. */
  get size(): number {
    let sum = 0;
    for (const difference of this.#differences) sum += difference * difference;
    return Math.sqrt(sum);
  }

  /** A correction: from now on `seen` fades into `real`. Both are of this moment. */
  begin(seen: T, real: T, nowMs: number): void {
    this.#interpolator.difference(seen, real, this.#differences);
    this.#atMs = nowMs;
    this.#fadedMs = 0;
    if (this.#halfLifeMs === 0) this.clear();
  }

  /** Moves a value by what is left of the difference. */
  apply(value: T, nowMs: number): void {
    if (this.#fadedMs === Infinity) return;
    // A clock that was set back must not make a difference grow.
    const elapsedMs = Math.max(0, nowMs - this.#atMs);
    this.#atMs = nowMs;
    this.#fadedMs += elapsedMs;
    if (this.#fadedMs > this.#halfLifeMs * FADED_AFTER_HALVES) return this.clear();
    const factor = 2 ** (-elapsedMs / this.#halfLifeMs);
    for (let i = 0; i < this.#differences.length; i++) this.#differences[i]! *= factor;
    this.#interpolator.shift(value, this.#differences);
  }

  /** Forgets the difference. */
  clear(): void {
    this.#differences.fill(0);
    this.#fadedMs = Infinity;
  }
}
