/**
 * Control frames of a server leg that wait to leave. Bounded: what asks for more gets less.
 *
 * @module
 */
import type { Address } from "../../address.ts";
import { RELAY_HEADER_BYTES, type RelayFrameType } from "../relay_frame.ts";
import type { FrameLink } from "./frame_link.ts";

/** Frames that wait at most: one each for as many sessions as a busy server has. */
const MAX_WAITING = 4_096;

/** Longest of them: a signal with all its addresses, and room to spare. */
const SCRATCH_BYTES = 256;

interface Waiting {
  readonly frame: Uint8Array;
  readonly to: Address;
}

/** The frames. */
export class ServerOutbox {
  /** Where the frame that was taken last goes. */
  to: Address = Object.freeze({ hostname: "100::", port: 1 });
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);
  readonly #waiting: Waiting[] = [];
  #head = 0;

  /** Whether a frame waits. */
  get isEmpty(): boolean {
    return this.#head === this.#waiting.length;
  }

  /** Writes a frame with a body that is there already. */
  push(link: FrameLink, type: RelayFrameType, flags: number, body: Uint8Array, to: Address): void {
    const frame = this.begin(link, type, flags);
    frame.set(body, RELAY_HEADER_BYTES);
    this.finish(link, RELAY_HEADER_BYTES + body.byteLength, to);
  }

  /** Begins a frame; write its body, then {@link finish} it. */
  begin(link: FrameLink, type: RelayFrameType, flags: number): Uint8Array {
    link.begin(this.#scratch, type, flags);
    return this.#scratch;
  }

  /** Puts the frame that was begun behind those that wait. */
  finish(link: FrameLink, sizeBytes: number, to: Address): void {
    link.finish(this.#scratch, sizeBytes);
    this.pushRaw(this.#scratch.subarray(0, sizeBytes), to);
  }

  /** Puts a copy of a frame behind those that wait. */
  pushRaw(frame: Uint8Array, to: Address): void {
    if (this.#waiting.length - this.#head < MAX_WAITING) {
      this.#waiting.push({ frame: frame.slice(), to });
    }
  }

  /** Takes the next frame; 0 when none waits. */
  poll(into: Uint8Array): number {
    const waiting = this.#waiting[this.#head];
    if (waiting === undefined) return 0;
    if (++this.#head === this.#waiting.length) {
      this.#waiting.length = 0;
      this.#head = 0;
    }
    into.set(waiting.frame);
    this.to = waiting.to;
    return waiting.frame.byteLength;
  }
}
