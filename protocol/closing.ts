/**
 * The end of a session on the wire: CLOSE, repeated over three probe timeouts.
 *
 * @module
 */
import { MAX_CLOSE_REASON_BYTES } from "./frames.ts";

/** Times that CLOSE leaves unasked. */
const CLOSE_REPEATS = 3;

/** Times that CLOSE leaves at most because the peer goes on talking: it has not heard it. */
const MAX_ANSWERS = 8;

/** Packets that were under way when we closed ask for nothing; a CLOSE every so often is enough. */
const ANSWER_INTERVAL_MS = 50;

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
  #sentAtMs = -Infinity;
  #answers = 0;
  #repeats: number;

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

  /** Notes that the peer sent something else than CLOSE: it leaves once more. */
  onPeerTalks(nowMs: number): void {
    if (this.#answers >= MAX_ANSWERS || this.#sent < this.#repeats) return;
    if (nowMs < this.#sentAtMs + ANSWER_INTERVAL_MS) return;
    this.#answers++;
    this.#repeats++;
    this.#dueMs = nowMs;
  }

  /** Notes that CLOSE left. */
  onSent(probeTimeoutMs: number, nowMs: number): void {
    this.#sent++;
    this.#sentAtMs = nowMs;
    this.#dueMs = nowMs + probeTimeoutMs;
  }
}
