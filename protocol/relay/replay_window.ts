/**
 * Replay windows over the last 1,024 sequence numbers, for many sessions in flat arrays.
 *
 * Implements docs/relay_protocol.md, "Sequence numbers". Frames that overtake one another on the way pass;
 * a frame seen before or older than the window does not. Unlike `received_packets.ts` it acknowledges
 * nothing, so thousands of windows are two arrays.
 *
 * @module
 */
import { Replay } from "../received_packets.ts";

/** Sequence numbers that a window covers: two seconds of 500 frames a second. */
export const RELAY_WINDOW_FRAMES = 1_024;

/** 32-bit words of one window. */
export const RELAY_WINDOW_WORDS: number = RELAY_WINDOW_FRAMES / 32;

/** A number of windows, addressed by index. All start empty: any sequence number may come first. */
export class ReplayWindows {
  /** The bitmaps, {@link RELAY_WINDOW_WORDS} words each. */
  readonly bits: Int32Array;
  /** Largest sequence number of each window, or -1. */
  readonly largest: Float64Array;
  /** First sequence number since each window was reset: where loss is counted from. */
  readonly first: Float64Array;
  /** Frames that each window took since it was reset. */
  readonly taken: Float64Array;

  /** Makes `count` windows. */
  constructor(count: number) {
    this.bits = new Int32Array(count * RELAY_WINDOW_WORDS);
    this.largest = new Float64Array(count).fill(-1);
    this.first = new Float64Array(count);
    this.taken = new Float64Array(count);
  }

  /** Judges a sequence number without changing anything: one of `Replay`. */
  judge(index: number, sequence: number): number {
    const largest = this.largest[index]!;
    if (sequence > largest) return Replay.fresh;
    if (sequence <= largest - RELAY_WINDOW_FRAMES) return Replay.tooOld;
    const place = sequence % RELAY_WINDOW_FRAMES;
    const word = this.bits[index * RELAY_WINDOW_WORDS + (place >>> 5)]!;
    return (word >>> (place & 31) & 1) === 1 ? Replay.duplicate : Replay.fresh;
  }

  /** Notes an authentic frame that {@link judge} called fresh; whether it is the newest so far. */
  mark(index: number, sequence: number): boolean {
    const largest = this.largest[index]!;
    const isNewest = sequence > largest;
    if (isNewest) {
      if (this.taken[index] === 0) this.first[index] = sequence;
      this.#advance(index, largest, sequence);
    } else if (sequence < this.first[index]!) this.first[index] = sequence;
    const place = sequence % RELAY_WINDOW_FRAMES;
    this.bits[index * RELAY_WINDOW_WORDS + (place >>> 5)]! |= 1 << (place & 31);
    this.taken[index]!++;
    return isNewest;
  }

  /** Empties a window. */
  reset(index: number): void {
    const start = index * RELAY_WINDOW_WORDS;
    this.bits.fill(0, start, start + RELAY_WINDOW_WORDS);
    this.largest[index] = -1;
    this.first[index] = 0;
    this.taken[index] = 0;
  }

  /** Frames that were skipped since the window was reset and have not come: lost on this hop, or late. */
  missing(index: number): number {
    if (this.taken[index] === 0) return 0;
    return this.largest[index]! - this.first[index]! + 1 - this.taken[index]!;
  }

  #advance(index: number, largest: number, sequence: number): void {
    const start = index * RELAY_WINDOW_WORDS;
    if (sequence - largest > RELAY_WINDOW_FRAMES) {
      this.bits.fill(0, start, start + RELAY_WINDOW_WORDS);
    } else {
      for (let skipped = largest + 1; skipped < sequence; skipped++) {
        const place = skipped % RELAY_WINDOW_FRAMES;
        this.bits[start + (place >>> 5)]! &= ~(1 << (place & 31));
      }
      const place = sequence % RELAY_WINDOW_FRAMES;
      this.bits[start + (place >>> 5)]! &= ~(1 << (place & 31));
    }
    this.largest[index] = sequence;
  }
}
