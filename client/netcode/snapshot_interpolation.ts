/**
 * Many things of one kind, each drawn where it was a moment ago.
 *
 * One {@link RenderClock} for all, since they come in the same packets; one {@link SnapshotBuffer} for
 * each. Whoever receives snapshots pushes them and says which tick was heard; whoever draws samples.
 *
 * @module
 */
import { Interpolator, type Shape } from "../../schema/sync/interpolator.ts";
import type { RenderClock } from "./render_clock.ts";
import { type PushResult, SnapshotBuffer, type SnapshotBufferOptions } from "./snapshot_buffer.ts";

/** Options of {@link SnapshotInterpolation}. */
export interface SnapshotInterpolationOptions {
  /** Snapshots that are kept of each thing, 2 to 1,024. Default 32. */
  readonly capacity?: number;
  /** How long a thing goes on as it went when nothing is heard any more. Default 100 ms. */
  readonly extrapolationMs?: number;
  /** Snapshots further apart than this lie around a rest. Default 250 ms. */
  readonly motionMs?: number;
}

/** The things of one kind, by key: entity numbers, player names. Made by `Netcode.interpolate`. */
export class SnapshotInterpolation<Key, T> {
  readonly #clock: RenderClock;
  readonly #serverTick: () => number;
  readonly #interpolator: Interpolator<T>;
  readonly #options: SnapshotBufferOptions;
  readonly #buffers = new Map<Key, { readonly buffer: SnapshotBuffer<T>; readonly drawn: T }>();

  /**
   * Use `Netcode.interpolate` instead.
   *
   * @param shape What the things are; `.lerp()` and `.slerp()` of its fields say what moves smoothly.
   * @param serverTick The server's tick now.
   */
  constructor(
    shape: Shape<T>,
    clock: RenderClock,
    tickHz: number,
    serverTick: () => number,
    options: SnapshotInterpolationOptions = {},
  ) {
    const { capacity = 32, extrapolationMs = 100, motionMs = 250 } = options;
    this.#clock = clock;
    this.#serverTick = serverTick;
    this.#interpolator = new Interpolator(shape);
    this.#options = {
      capacity,
      extrapolationTicks: extrapolationMs * tickHz / 1000,
      motionTicks: motionMs * tickHz / 1000,
    };
    // What is wrong with the options is told now, not with the first snapshot.
    new SnapshotBuffer(this.#interpolator, this.#options);
  }

  /** The keys of everything of which a snapshot came. */
  keys(): IterableIterator<Key> {
    return this.#buffers.keys();
  }

  /**
   * Takes a snapshot of one thing.
   *
   * @throws RangeError when the tick is not finite or below 0.
   */
  push(key: Key, tick: number, value: T): PushResult {
    let entry = this.#buffers.get(key);
    if (entry === undefined) {
      const buffer = new SnapshotBuffer(this.#interpolator, this.#options);
      entry = { buffer, drawn: this.#interpolator.create() };
      this.#buffers.set(key, entry);
    }
    return entry.buffer.push(tick, value);
  }

  /** The snapshots of a tick came. Call it once per packet, after {@link push}; it steers the delay. */
  heard(tick: number): void {
    this.#clock.addSnapshot(tick, this.#serverTick());
  }

  /**
   * Where to draw a thing now: valid until the next call for the same thing. `undefined` before its
   * first snapshot is due.
   */
  sample(key: Key): Readonly<T> | undefined {
    return this.sampleAt(key, this.#clock.tick);
  }

  /** Where a thing was at a tick, with its fraction. Else as {@link sample}. */
  sampleAt(key: Key, tick: number): Readonly<T> | undefined {
    const entry = this.#buffers.get(key);
    if (entry === undefined) return undefined;
    const isThere = entry.buffer.sampleAt(tick, entry.drawn, this.#clock.newestTick);
    return isThere ? entry.drawn : undefined;
  }

  /** A thing is gone. */
  remove(key: Key): void {
    this.#buffers.delete(key);
  }

  /** Everything is gone: another session. */
  clear(): void {
    this.#buffers.clear();
  }
}
