/**
 * When a request without an answer is repeated: after 100 ms, then 1.5 times later each time up to
 * 500 ms, 20 % more or less, for 5 s. At 20 % loss of either direction, that leaves one request in
 * 10^5 without an answer (docs/protocol.md, "Handshake").
 *
 * @module
 */

const FIRST_DELAY_MS = 100;
const GROWTH = 1.5;
const MAX_DELAY_MS = 500;
const JITTER = 0.2;

/** How long a request is repeated. */
export const REQUEST_TIMEOUT_MS = 5_000;

/** Times of one request. */
export class ResendSchedule {
  readonly #random: (into: Uint8Array) => void;
  readonly #endMs: number;
  readonly #byte = new Uint8Array(1);
  #delayMs = FIRST_DELAY_MS;
  #nextMs: number;
  #attempts = 0;

  /** @param random Jitters the delays, so that clients of a restarted server do not march in step. */
  constructor(random: (into: Uint8Array) => void, nowMs: number, timeoutMs = REQUEST_TIMEOUT_MS) {
    this.#random = random;
    this.#nextMs = nowMs;
    this.#endMs = nowMs + timeoutMs;
  }

  /** Times sent so far. */
  get attempts(): number {
    return this.#attempts;
  }

  /** When to look again. */
  get deadlineMs(): number {
    return Math.min(this.#nextMs, this.#endMs);
  }

  /** Whether the time for an answer is over. */
  isOver(nowMs: number): boolean {
    return nowMs >= this.#endMs;
  }

  /** Whether the request is to be sent now; the next time is then set. */
  take(nowMs: number): boolean {
    if (nowMs < this.#nextMs || this.isOver(nowMs)) return false;
    this.#attempts++;
    this.#random(this.#byte);
    const jitter = 1 + JITTER * (this.#byte[0]! / 127.5 - 1);
    this.#nextMs = nowMs + this.#delayMs * jitter;
    this.#delayMs = Math.min(this.#delayMs * GROWTH, MAX_DELAY_MS);
    return true;
  }
}
