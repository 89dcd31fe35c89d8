/**
 * How many wrong room codes may come from one place.
 *
 * Right codes cost nothing, so that a class behind one address can join together. Who guessed too often
 * is told nothing for a while, not even that a code is right.
 *
 * @module
 */
import { sourceKey } from "../../protocol/address.ts";
import { TokenBucket } from "../../protocol/token_bucket.ts";

/** Wrong codes at once from one source: people mistype. */
const BURST = 10;

/**
 * Wrong codes a second from one source in the long run. With 100 rooms among 64 million codes, a source
 * finds one in about 37 days.
 */
const PER_SECOND = 0.2;

/** Wrong codes a second from everybody: an attacker with many addresses meets this one. */
const TOTAL_PER_SECOND = 20;
const TOTAL_BURST = 400;

/** Sources that are remembered; what a source loses when it is forgotten is bounded by the total. */
const MAX_SOURCES = 4_096;

/** Counts wrong codes by source: an IPv4 address or an IPv6 /64. */
export class GuessLimiter {
  readonly #sources = new Map<string, TokenBucket>();
  readonly #total: TokenBucket;

  constructor(nowMs: number) {
    this.#total = new TokenBucket(TOTAL_PER_SECOND, TOTAL_BURST, nowMs);
  }

  /** Sources that are remembered. */
  get size(): number {
    return this.#sources.size;
  }

  /** Milliseconds until a code from there is looked at; 0 for now. */
  waitMs(hostname: string, nowMs: number): number {
    const atMs = Math.max(
      this.#sources.get(sourceKey(hostname))?.readyAtMs(1, nowMs) ?? nowMs,
      this.#total.readyAtMs(1, nowMs),
    );
    return Math.ceil(atMs - nowMs);
  }

  /** A code from there was wrong. */
  onWrong(hostname: string, nowMs: number): void {
    const key = sourceKey(hostname);
    let bucket = this.#sources.get(key);
    if (bucket === undefined) {
      if (this.#sources.size >= MAX_SOURCES) this.#forgetOne(nowMs);
      bucket = new TokenBucket(PER_SECOND, BURST, nowMs);
      this.#sources.set(key, bucket);
    }
    bucket.take(1, nowMs);
    this.#total.take(1, nowMs);
  }

  #forgetOne(nowMs: number): void {
    let oldest: string | undefined;
    for (const [key, bucket] of this.#sources) {
      oldest ??= key;
      if (bucket.isFull(nowMs)) {
        this.#sources.delete(key);
        return;
      }
    }
    if (oldest !== undefined) this.#sources.delete(oldest);
  }
}
