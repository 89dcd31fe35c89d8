/**
 * Token buckets: one, and one per key with bounded memory.
 *
 * @module
 */

/**
 * Shortest wait that {@link TokenBucket.readyAtMs} names. What is missing to a whole token may be a
 * rounding error, and the time of day plus that is the time of day: who sleeps until then would never
 * sleep.
 */
const MIN_WAIT_MS = 0.01;

/** A bucket that refills at a steady rate up to its capacity. Tokens are packets, bytes or calls. */
export class TokenBucket {
  #tokens: number;
  #updatedMs: number;
  #perSecond: number;
  #capacity: number;

  /**
   * @param perSecond Refill rate; `Infinity` never runs dry.
   * @param capacity Largest burst.
   */
  constructor(perSecond: number, capacity: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#capacity = capacity;
    this.#tokens = capacity;
    this.#updatedMs = nowMs;
  }

  /** Changes rate and burst; tokens above the new burst are lost. */
  configure(perSecond: number, capacity: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#perSecond = perSecond;
    this.#capacity = capacity;
    this.#tokens = Math.min(this.#tokens, capacity);
  }

  /** Tokens there are now; negative after {@link spend} went into debt. */
  available(nowMs: number): number {
    this.#refill(nowMs);
    return this.#tokens;
  }

  /** Takes `count` tokens if they are there. */
  take(count: number, nowMs: number): boolean {
    this.#refill(nowMs);
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }

  /** Takes `count` tokens even into debt, down to one capacity below zero. */
  spend(count: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#tokens = Math.max(this.#tokens - count, -this.#capacity);
  }

  /** When `count` tokens will be there. */
  readyAtMs(count: number, nowMs: number): number {
    const missing = count - this.available(nowMs);
    if (missing <= 0) return nowMs;
    return nowMs + Math.max((missing * 1000) / this.#perSecond, MIN_WAIT_MS);
  }

  /** Whether the bucket is full, so that forgetting it changes nothing. */
  isFull(nowMs: number): boolean {
    return this.available(nowMs) >= this.#capacity;
  }

  #refill(nowMs: number): void {
    if (nowMs <= this.#updatedMs) {
      // A clock that was set back must not leave the bucket dry until it has caught up.
      this.#updatedMs = nowMs;
      return;
    }
    if (this.#perSecond === Infinity) this.#tokens = this.#capacity;
    else {
      const refilled = this.#tokens + ((nowMs - this.#updatedMs) * this.#perSecond) / 1000;
      this.#tokens = refilled < this.#capacity ? refilled : this.#capacity;
    }
    this.#updatedMs = nowMs;
  }
}

/** Entries looked at when a full table must make room. */
const EVICTION_SCAN = 16;

/** One bucket per key, for limits per source address. Never holds more than `maxKeys` keys. */
export class KeyedBuckets {
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #perSecond: number;
  readonly #capacity: number;
  readonly #maxKeys: number;

  /** @param maxKeys Most keys held; a spoofing flood of fresh keys evicts full buckets first. */
  constructor(perSecond: number, capacity: number, maxKeys = 65_536) {
    this.#perSecond = perSecond;
    this.#capacity = capacity;
    this.#maxKeys = maxKeys;
  }

  /** Number of keys held. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one token of `key`, or says that its bucket is dry. */
  take(key: string, nowMs: number): boolean {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      if (this.#buckets.size >= this.#maxKeys) this.#evict(nowMs);
      bucket = new TokenBucket(this.#perSecond, this.#capacity, nowMs);
      this.#buckets.set(key, bucket);
    }
    return bucket.take(1, nowMs);
  }

  /** Removes the oldest entries that are full again, and the oldest of all if none is. */
  #evict(nowMs: number): void {
    let scanned = 0;
    let removed = 0;
    let oldest: string | undefined;
    for (const [key, bucket] of this.#buckets) {
      oldest ??= key;
      if (bucket.isFull(nowMs)) {
        this.#buckets.delete(key);
        removed++;
      }
      if (++scanned === EVICTION_SCAN) break;
    }
    if (removed === 0 && oldest !== undefined) this.#buckets.delete(oldest);
  }
}
