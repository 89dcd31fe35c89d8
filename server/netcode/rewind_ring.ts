/**
 * Where everybody was: the last moments of the world, to judge a shot by what the shooter saw.
 *
 * A player sees the others late: by the way to him, by the way of his shot back, and by the delay with
 * which his client draws. The server knows the ways and the client tells the whole ({@link drawnBehind});
 * what it tells is believed up to what the server measured, and up to a cap, because what a shooter is
 * given is taken from who is shot around a corner.
 *
 * @module
 */
import { Interpolator, type Shape } from "../../schema/sync/interpolator.ts";

/** Options of {@link RewindRing}. */
export interface RewindRingOptions {
  /** Ticks a second, above 0. */
  readonly tickHz: number;
  /** Most that the way of packets, there and back, is rewound for. 0 and more, default 200 ms. */
  readonly maxRewindMs?: number;
  /**
   * Most that is rewound on top of it: what clients draw late on purpose, and inputs that wait for their
   * tick. No fault of a player's line, so it is not counted against the cap. 0 and more, default 100 ms.
   */
  readonly interpolationMs?: number;
  /** How much longer the way may be than it was measured. 0 and more, default 50 ms. */
  readonly slackMs?: number;
}

/** A claim about what a shooter saw. */
export interface RewindClaim {
  /** The tick that the shot is for, which is the one being run. */
  readonly tick: number;
  /** How many ticks earlier the world was that was aimed at; any number is safe. */
  readonly drawnBehind: number;
  /** The shooter's round trip as measured; `peer.rttMs`. */
  readonly rttMs: number;
}

interface Track<T> {
  /** Tick of each slot, or -1. */
  readonly ticks: Float64Array;
  readonly values: T[];
}

/** The last states of things by key. Bounded by things and by the caps; keeps copies. */
export class RewindRing<Key, T> {
  /** Ticks that are kept of each thing. */
  readonly capacityTicks: number;
  readonly #interpolator: Interpolator<T>;
  readonly #tracks = new Map<Key, Track<T>>();
  readonly #tickHz: number;
  readonly #maxRewindMs: number;
  readonly #interpolationMs: number;
  readonly #slackMs: number;

  /**
   * An empty ring.
   *
   * @param shape What the things are; between ticks they are where clients drew them.
   * @throws RangeError for options out of bounds.
   */
  constructor(shape: Shape<T>, options: RewindRingOptions) {
    const { tickHz, maxRewindMs = 200, interpolationMs = 100, slackMs = 50 } = options;
    if (!(tickHz > 0 && tickHz < Infinity)) throw new RangeError(`Cannot rewind at ${tickHz} Hz`);
    const capacityMs = maxRewindMs + interpolationMs;
    if (!(maxRewindMs >= 0 && interpolationMs >= 0 && capacityMs <= 10_000)) {
      throw new RangeError(
        `Cannot rewind by ${maxRewindMs} + ${interpolationMs} ms: both are 0 and more, 10,000 together`,
      );
    }
    if (!(slackMs >= 0)) throw new RangeError(`Cannot rewind with a slack of ${slackMs} ms`);
    this.#interpolator = new Interpolator(shape);
    this.#tickHz = tickHz;
    this.#maxRewindMs = maxRewindMs;
    this.#interpolationMs = interpolationMs;
    this.#slackMs = slackMs;
    // Both neighbours of the oldest moment, and the present.
    this.capacityTicks = Math.ceil(capacityMs * tickHz / 1000) + 2;
  }

  /** Things that are known. */
  get size(): number {
    return this.#tracks.size;
  }

  /**
   * Notes where a thing is at the end of a tick. To be called each tick for everything that can be hit;
   * a thing whose tick is left out was not there.
   *
   * @param value Copied.
   * @throws RangeError for a tick that is no whole number of 0 and more.
   */
  record(key: Key, tick: number, value: T): void {
    if (!Number.isSafeInteger(tick) || tick < 0) {
      throw new RangeError(`Cannot record tick ${tick}`);
    }
    const track = this.#tracks.get(key) ?? this.#addTrack(key);
    const slot = tick % this.capacityTicks;
    track.ticks[slot] = tick;
    this.#interpolator.copy(value, track.values[slot]!);
  }

  /** A thing is gone, and its past with it: nobody hits what is no more. */
  remove(key: Key): void {
    this.#tracks.delete(key);
  }

  /** The tick that a shot is judged in, with its fraction: what the shooter saw, as far as is believed. */
  tickOf({ tick, drawnBehind, rttMs }: RewindClaim): number {
    const wayMs = Math.min(this.#maxRewindMs, Math.max(0, rttMs) + this.#slackMs);
    const mostTicks = (wayMs + this.#interpolationMs) * this.#tickHz / 1000;
    // What is no number is no claim.
    const behindTicks = drawnBehind >= 0 ? Math.min(drawnBehind, mostTicks) : 0;
    return Math.max(0, tick - behindTicks);
  }

  /**
   * Where a thing was.
   *
   * @param tick With its fraction; a result of {@link tickOf}.
   * @param into Receives it.
   * @returns Whether it was there: `false` for ticks before it was, or that are no longer kept.
   */
  sampleAt(key: Key, tick: number, into: T): boolean {
    const track = this.#tracks.get(key);
    if (track === undefined || !(tick >= 0)) return false;
    const fromTick = Math.floor(tick);
    const from = this.#at(track, fromTick);
    if (from === undefined) return false;
    // The present has no tick after it.
    const to = this.#at(track, fromTick + 1) ?? from;
    this.#interpolator.interpolate(from, to, tick - fromTick, into);
    return true;
  }

  /** A value to sample into. */
  create(): T {
    return this.#interpolator.create();
  }

  #at(track: Track<T>, tick: number): T | undefined {
    const slot = tick % this.capacityTicks;
    return track.ticks[slot] === tick ? track.values[slot] : undefined;
  }

  #addTrack(key: Key): Track<T> {
    const track: Track<T> = {
      ticks: new Float64Array(this.capacityTicks).fill(-1),
      values: Array.from({ length: this.capacityTicks }, () => this.#interpolator.create()),
    };
    this.#tracks.set(key, track);
    return track;
  }
}
