/**
 * The signed limits of all sessions: frames and bytes a second each way, in flat arrays.
 *
 * @module
 */
import { RELAY_MAX_FRAME_BYTES } from "./relay_frame.ts";

/** Direction of a frame, as an index. */
export const RelayDirection = { up: 0, down: 1 } as const;

/** One of the values of {@link RelayDirection}. */
export type RelayDirection = typeof RelayDirection[keyof typeof RelayDirection];

/** What the caps say to a frame. */
export const CapVerdict = { pass: 0, overPps: 1, overKbps: 2 } as const;

/** One of the values of {@link CapVerdict}. */
export type CapVerdict = typeof CapVerdict[keyof typeof CapVerdict];

/** Bytes a second in one kilobit a second. */
const BYTES_PER_KILOBIT = 125;

/** Two token buckets, of frames and of bytes, per session and direction. */
export class SessionCaps {
  /** Seconds of the rate that a bucket holds. */
  burstS: number;
  readonly #perSecond: Float64Array;
  readonly #bytesPerSecond: Float64Array;
  readonly #frames: Float64Array;
  readonly #bytes: Float64Array;
  readonly #updatedMs: Float64Array;

  /** Makes buckets for `sessions` sessions. */
  constructor(sessions: number, burstS: number) {
    this.burstS = burstS;
    this.#perSecond = new Float64Array(sessions * 2);
    this.#bytesPerSecond = new Float64Array(sessions * 2);
    this.#frames = new Float64Array(sessions * 2);
    this.#bytes = new Float64Array(sessions * 2);
    this.#updatedMs = new Float64Array(sessions * 2);
  }

  /** Sets one direction's rates, 0 for none, with full buckets. */
  set(slot: number, direction: RelayDirection, pps: number, kbps: number, nowMs: number): void {
    const index = slot * 2 + direction;
    this.#setRates(index, pps, kbps);
    this.#frames[index] = this.#frameCapacity(index);
    this.#bytes[index] = this.#byteCapacity(index);
    this.#updatedMs[index] = nowMs;
  }

  /** Changes one direction's rates and leaves what was used up. */
  change(slot: number, direction: RelayDirection, pps: number, kbps: number, nowMs: number): void {
    const index = slot * 2 + direction;
    this.#refill(index, nowMs);
    this.#setRates(index, pps, kbps);
    this.#frames[index] = Math.min(this.#frames[index]!, this.#frameCapacity(index));
    this.#bytes[index] = Math.min(this.#bytes[index]!, this.#byteCapacity(index));
  }

  /** Frames a second, or `Infinity`. */
  ppsOf(slot: number, direction: RelayDirection): number {
    return this.#perSecond[slot * 2 + direction]!;
  }

  /** Kilobits a second, or `Infinity`. */
  kbpsOf(slot: number, direction: RelayDirection): number {
    return this.#bytesPerSecond[slot * 2 + direction]! / BYTES_PER_KILOBIT;
  }

  /** Takes a frame out of both buckets, or says which one has not enough and takes nothing. */
  take(slot: number, direction: RelayDirection, sizeBytes: number, nowMs: number): CapVerdict {
    const index = slot * 2 + direction;
    this.#refill(index, nowMs);
    if (this.#frames[index]! < 1) return CapVerdict.overPps;
    if (this.#bytes[index]! < sizeBytes) return CapVerdict.overKbps;
    this.#frames[index]! -= 1;
    this.#bytes[index]! -= sizeBytes;
    return CapVerdict.pass;
  }

  #setRates(index: number, pps: number, kbps: number): void {
    this.#perSecond[index] = pps === 0 ? Infinity : pps;
    this.#bytesPerSecond[index] = kbps === 0 ? Infinity : kbps * BYTES_PER_KILOBIT;
  }

  #refill(index: number, nowMs: number): void {
    const elapsedS = (nowMs - this.#updatedMs[index]!) / 1_000;
    this.#updatedMs[index] = nowMs;
    // A clock that stands still or was set back refills nothing; 0 times Infinity would be no number.
    if (!(elapsedS > 0)) return;
    const frames = this.#frames[index]! + elapsedS * this.#perSecond[index]!;
    const bytes = this.#bytes[index]! + elapsedS * this.#bytesPerSecond[index]!;
    this.#frames[index] = Math.min(frames, this.#frameCapacity(index));
    this.#bytes[index] = Math.min(bytes, this.#byteCapacity(index));
  }

  /** One frame of the largest size always fits, or a slow session could never send one. */
  #frameCapacity(index: number): number {
    return Math.max(this.#perSecond[index]! * this.burstS, 1);
  }

  #byteCapacity(index: number): number {
    return Math.max(this.#bytesPerSecond[index]! * this.burstS, RELAY_MAX_FRAME_BYTES);
  }
}
