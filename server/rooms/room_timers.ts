/**
 * Timers that count ticks: the same on every machine and in every replay.
 *
 * @module
 */

interface Entry {
  dueTick: number;
  readonly everyTicks: number;
  readonly callback: () => void;
  isCancelled: boolean;
}

/** Timers of one room, in the order in which they are due, then in which they were set. */
export class RoomTimers {
  readonly #entries: Entry[] = [];

  /** Timers that are set. */
  get size(): number {
    return this.#entries.length;
  }

  /**
   * Sets a timer. Returns what cancels it.
   *
   * @param everyTicks Period of a timer that repeats; 0 for one that does not.
   */
  set(dueTick: number, everyTicks: number, callback: () => void): () => void {
    const entry: Entry = { dueTick, everyTicks, callback, isCancelled: false };
    this.#insert(entry);
    return () => {
      if (entry.isCancelled) return;
      entry.isCancelled = true;
      const index = this.#entries.indexOf(entry);
      if (index >= 0) this.#entries.splice(index, 1);
    };
  }

  /** Takes the next timer that is due; one that repeats is set again. */
  pollDue(tick: number): (() => void) | undefined {
    const first = this.#entries[0];
    if (first === undefined || first.dueTick > tick) return undefined;
    this.#entries.shift();
    if (first.everyTicks > 0) {
      first.dueTick += first.everyTicks;
      this.#insert(first);
    } else {
      first.isCancelled = true;
    }
    return first.callback;
  }

  /** Forgets all. */
  clear(): void {
    for (const entry of this.#entries) entry.isCancelled = true;
    this.#entries.length = 0;
  }

  #insert(entry: Entry): void {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#entries[middle]!.dueTick <= entry.dueTick) low = middle + 1;
      else high = middle;
    }
    this.#entries.splice(low, 0, entry);
  }
}
