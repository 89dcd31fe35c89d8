/**
 * Ids that must not come again for a while: ended tickets, revoked sessions.
 *
 * @module
 */

/** A bounded set whose members expire. */
export class RecentIds {
  readonly #untilMs = new Map<bigint, number>();
  readonly #capacity: number;

  /** Holds at most `capacity` ids; the oldest makes room. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Ids that are held, expired ones included until they make room. */
  get size(): number {
    return this.#untilMs.size;
  }

  /** Remembers an id until `untilMs`. */
  add(id: bigint, untilMs: number): void {
    this.#untilMs.delete(id);
    this.#untilMs.set(id, untilMs);
    if (this.#untilMs.size <= this.#capacity) return;
    for (const oldest of this.#untilMs.keys()) {
      this.#untilMs.delete(oldest);
      return;
    }
  }

  /** Whether an id is remembered. */
  has(id: bigint, nowMs: number): boolean {
    const untilMs = this.#untilMs.get(id);
    if (untilMs === undefined) return false;
    if (untilMs > nowMs) return true;
    this.#untilMs.delete(id);
    return false;
  }

  /** All ids with their times, oldest first. */
  entries(): IterableIterator<[bigint, number]> {
    return this.#untilMs.entries();
  }
}
