/**
 * Which of many sessions must be looked at next: a binary heap of deadlines.
 *
 * Deadlines move with every packet, mostly later. The heap is lazy about that: an item is only moved
 * when its deadline comes closer, and an item that surfaces too early is put back by its owner.
 *
 * @module
 */

/** What stands in a {@link DeadlineHeap}. */
export interface Deadlined {
  /** When the item wants to be looked at; changed through {@link DeadlineHeap.set} only. */
  heapDeadlineMs: number;
  /** Position in the heap, or -1. */
  heapIndex: number;
}

/** A min-heap by deadline. */
export class DeadlineHeap<T extends Deadlined> {
  readonly #items: T[] = [];

  /** Items in the heap. */
  get size(): number {
    return this.#items.length;
  }

  /** The earliest deadline, or `Infinity`. */
  get earliestMs(): number {
    return this.#items[0]?.heapDeadlineMs ?? Infinity;
  }

  /** Makes sure that the item surfaces no later than `deadlineMs`. */
  schedule(item: T, deadlineMs: number): void {
    if (item.heapIndex === -1) {
      if (deadlineMs === Infinity) return;
      item.heapDeadlineMs = deadlineMs;
      item.heapIndex = this.#items.length;
      this.#items.push(item);
      this.#up(item.heapIndex);
    } else if (deadlineMs < item.heapDeadlineMs) {
      item.heapDeadlineMs = deadlineMs;
      this.#up(item.heapIndex);
    }
  }

  /** Takes out the earliest item whose deadline has passed. */
  popDue(nowMs: number): T | undefined {
    const first = this.#items[0];
    if (first === undefined || first.heapDeadlineMs > nowMs) return undefined;
    this.remove(first);
    return first;
  }

  /** Takes an item out, if it is in. */
  remove(item: T): void {
    const index = item.heapIndex;
    if (index === -1) return;
    item.heapIndex = -1;
    const last = this.#items.pop()!;
    if (last === item) return;
    this.#items[index] = last;
    last.heapIndex = index;
    this.#up(index);
    this.#down(last.heapIndex);
  }

  #up(start: number): void {
    let index = start;
    const item = this.#items[index]!;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#items[parentIndex]!;
      if (parent.heapDeadlineMs <= item.heapDeadlineMs) break;
      this.#items[index] = parent;
      parent.heapIndex = index;
      index = parentIndex;
    }
    this.#items[index] = item;
    item.heapIndex = index;
  }

  #down(start: number): void {
    let index = start;
    const item = this.#items[index]!;
    const size = this.#items.length;
    while (true) {
      let child = index * 2 + 1;
      if (child >= size) break;
      if (
        child + 1 < size &&
        this.#items[child + 1]!.heapDeadlineMs < this.#items[child]!.heapDeadlineMs
      ) child++;
      const other = this.#items[child]!;
      if (other.heapDeadlineMs >= item.heapDeadlineMs) break;
      this.#items[index] = other;
      other.heapIndex = index;
      index = child;
    }
    this.#items[index] = item;
    item.heapIndex = index;
  }
}
