/**
 * The last states of one thing by tick, and what it looked like at any time between them.
 *
 * Snapshots may come in any order, late, twice or never. What is asked for lies between two of them as
 * a rule; beyond the newest one the thing goes on as it went for a little while, then it stands.
 *
 * @module
 */
import type { Interpolator } from "../../schema/sync/interpolator.ts";

/** Options of {@link SnapshotBuffer}. */
export interface SnapshotBufferOptions {
  /** Snapshots that are kept, 2 to 1,024. Default 32. */
  readonly capacity?: number;
  /** How far beyond the newest snapshot a thing goes on, in ticks. Default 6, a tenth of a second at 60 Hz. */
  readonly extrapolationTicks?: number;
  /**
   * Snapshots further apart than this lie around a rest, since what does not change is not sent: the
   * thing stands until this long before the newer one. In ticks, above 0. Default 15.
   */
  readonly motionTicks?: number;
}

/** What became of a snapshot. */
export type PushResult = "added" | "duplicate" | "tooOld";

/** The buffer. Keeps copies; reuses their objects. */
export class SnapshotBuffer<T> {
  readonly #interpolator: Interpolator<T>;
  readonly #extrapolationTicks: number;
  readonly #motionTicks: number;
  /** Ascending; those beyond {@link #count} are spare values. */
  readonly #ticks: Float64Array;
  readonly #values: T[] = [];
  #count = 0;
  #hasEvicted = false;

  /**
   * An empty buffer.
   *
   * @throws RangeError for options out of bounds.
   */
  constructor(interpolator: Interpolator<T>, options: SnapshotBufferOptions = {}) {
    const { capacity = 32, extrapolationTicks = 6, motionTicks = 15 } = options;
    if (!Number.isInteger(capacity) || capacity < 2 || capacity > 1_024) {
      throw new RangeError(`Cannot keep ${capacity} snapshots: capacity is 2 to 1,024`);
    }
    if (!(extrapolationTicks >= 0 && extrapolationTicks < Infinity)) {
      throw new RangeError(`Cannot extrapolate by ${extrapolationTicks} ticks`);
    }
    if (!(motionTicks > 0)) throw new RangeError(`Cannot move for ${motionTicks} ticks`);
    this.#interpolator = interpolator;
    this.#extrapolationTicks = extrapolationTicks;
    this.#motionTicks = motionTicks;
    this.#ticks = new Float64Array(capacity);
  }

  /** Snapshots that are kept now. */
  get size(): number {
    return this.#count;
  }

  /** Tick of the oldest snapshot; -1 when there is none. */
  get oldestTick(): number {
    return this.#count === 0 ? -1 : this.#ticks[0]!;
  }

  /** Tick of the newest snapshot; -1 when there is none. */
  get newestTick(): number {
    return this.#count === 0 ? -1 : this.#ticks[this.#count - 1]!;
  }

  /**
   * Takes a snapshot. The first of two of one tick counts. When the buffer is full the oldest goes.
   *
   * @param tick Finite, 0 and more.
   * @param value Copied.
   * @throws RangeError for another tick.
   */
  push(tick: number, value: T): PushResult {
    if (!(tick >= 0 && tick < Infinity)) {
      throw new RangeError(`Cannot keep a snapshot of tick ${tick}`);
    }
    let at = this.#count;
    while (at > 0 && this.#ticks[at - 1]! >= tick) at--;
    if (at < this.#count && this.#ticks[at] === tick) return "duplicate";
    const isFull = this.#count === this.#ticks.length;
    // What was thrown away once must not come back in front of what is drawn.
    if (at === 0 && isFull) return "tooOld";
    if (isFull) {
      this.#evictOldest();
      at--;
    }
    const room = this.#values.length > this.#count
      ? this.#values.pop()!
      : this.#interpolator.create();
    this.#interpolator.copy(value, room);
    this.#values.splice(at, 0, room);
    this.#ticks.copyWithin(at + 1, at, this.#count);
    this.#ticks[at] = tick;
    this.#count++;
    return "added";
  }

  /**
   * What it looked like at a tick.
   *
   * @param tick With its fraction.
   * @param into Receives it.
   * @param heardTick The newest tick of which anything was heard: when there was no news of this thing,
   * it has stopped, and does not go on beyond its newest snapshot. Default: nothing is known.
   * @returns Whether it was there: `false` before its first snapshot, and when there is none.
   */
  sampleAt(tick: number, into: T, heardTick = -1): boolean {
    const count = this.#count;
    if (count === 0 || Number.isNaN(tick)) return false;
    if (tick < this.#ticks[0]!) {
      if (!this.#hasEvicted) return false;
      this.#interpolator.copy(this.#values[0]!, into);
      return true;
    }
    let next = 1;
    while (next < count && this.#ticks[next]! <= tick) next++;
    if (next < count) this.#between(next, tick, into);
    else this.#beyond(tick, into, heardTick);
    return true;
  }

  /** Forgets everything. */
  clear(): void {
    this.#count = 0;
    this.#hasEvicted = false;
  }

  #between(next: number, tick: number, into: T): void {
    const toTick = this.#ticks[next]!;
    const fromTick = Math.max(this.#ticks[next - 1]!, toTick - this.#motionTicks);
    const share = Math.max(0, (tick - fromTick) / (toTick - fromTick));
    this.#interpolator.interpolate(this.#values[next - 1]!, this.#values[next]!, share, into);
  }

  #beyond(tick: number, into: T, heardTick: number): void {
    const last = this.#count - 1;
    const lastTick = this.#ticks[last]!;
    const goesOn = last > 0 && heardTick <= lastTick && tick > lastTick;
    if (!goesOn) return this.#interpolator.copy(this.#values[last]!, into);
    const spanTicks = Math.min(lastTick - this.#ticks[last - 1]!, this.#motionTicks);
    const beyondTicks = Math.min(tick - lastTick, this.#extrapolationTicks);
    const share = 1 + beyondTicks / spanTicks;
    this.#interpolator.interpolate(this.#values[last - 1]!, this.#values[last]!, share, into);
  }

  /** The oldest value becomes a spare one. */
  #evictOldest(): void {
    this.#values.push(this.#values.shift()!);
    this.#ticks.copyWithin(0, 1, this.#count);
    this.#count--;
    this.#hasEvicted = true;
  }
}
