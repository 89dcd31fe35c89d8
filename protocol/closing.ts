/**
 * The end of a session on the wire: CLOSE, repeated over three probe timeouts.
 *
 * @module
 */
import { MAX_CLOSE_REASON_BYTES } from "./frames.ts";

/** Times that CLOSE leaves unasked. */
const CLOSE_REPEATS = 3;

const ENCODER = new TextEncoder();

/** Cuts a reason to 200 bytes of UTF-8 without splitting a character. */
export function encodeCloseReason(reason: string): Uint8Array {
  const bytes = new Uint8Array(MAX_CLOSE_REASON_BYTES);
  const { written } = ENCODER.encodeInto(reason, bytes);
  return bytes.slice(0, written);
}

/** When CLOSE leaves, and when it has been said often enough. */
export class Closing {
  /** Code of the CLOSE frame. */
  readonly code: number;
  /** Its reason in UTF-8, at most 200 bytes. */
  readonly reason: Uint8Array;
  #sent = 0;
  #dueMs: number;
  readonly #repeats: number;

  /** @param repeats Times that CLOSE leaves: three for who closes, one for who answers. */
  constructor(code: number, reason: Uint8Array, nowMs: number, repeats = CLOSE_REPEATS) {
    this.code = code;
    this.reason = reason;
    this.#dueMs = nowMs;
    this.#repeats = repeats;
  }

  /** When something is to be done: CLOSE leaves, or {@link isOver}. */
  get deadlineMs(): number {
    return this.#dueMs;
  }

  /** Whether CLOSE leaves now. */
  isDue(nowMs: number): boolean {
    return this.#sent < this.#repeats && nowMs >= this.#dueMs;
  }

  /** Whether the last CLOSE has had its time. */
  isOver(nowMs: number): boolean {
    return this.#sent >= this.#repeats && nowMs >= this.#dueMs;
  }

  /** Notes that CLOSE left. */
  onSent(probeTimeoutMs: number, nowMs: number): void {
    this.#sent++;
    this.#dueMs = nowMs + probeTimeoutMs;
  }
}
