/**
 * When a silent client must say something, so that NATs keep their mapping and the server its faith.
 *
 * @module
 */

/** The interval grows to this while nothing but keepalives travels; NATs forget UDP after 30 s and more (RFC 4787). */
const MAX_KEEPALIVE_MS = 15_000;

/** Two keepalives may be lost before the timeout. */
const KEEPALIVES_PER_TIMEOUT = 3;

const GROWTH = 1.5;

/** Never faster, whatever timeout the peer announces: 0 would make us send for ever. */
const MIN_KEEPALIVE_MS = 50;

/** An interval that grows while nothing happens. */
export class Keepalive {
  readonly #baseMs: number;
  readonly #maxMs: number;
  #intervalMs: number;
  #lastSentMs: number;

  /** @param idleTimeoutMs The smaller one of both ends; the interval stays below a third of it. */
  constructor(keepaliveMs: number, idleTimeoutMs: number, nowMs: number) {
    const longestMs = Math.min(MAX_KEEPALIVE_MS, idleTimeoutMs / KEEPALIVES_PER_TIMEOUT);
    this.#maxMs = Math.max(longestMs, MIN_KEEPALIVE_MS);
    this.#baseMs = Math.max(Math.min(keepaliveMs, this.#maxMs), MIN_KEEPALIVE_MS);
    this.#intervalMs = this.#baseMs;
    this.#lastSentMs = nowMs;
  }

  /** When the next PING is due. */
  get deadlineMs(): number {
    return this.#lastSentMs + this.#intervalMs;
  }

  /** Notes any packet sent. */
  onSent(nowMs: number): void {
    this.#lastSentMs = nowMs;
  }

  /** Notes that the application sent something: the path must stay lively. */
  onActivity(): void {
    this.#intervalMs = this.#baseMs;
  }

  /** Notes that a PING was sent for want of anything else. */
  onPing(): void {
    this.#intervalMs = Math.min(this.#intervalMs * GROWTH, this.#maxMs);
  }
}
