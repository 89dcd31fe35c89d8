/**
 * Things to do in order of time: a binary heap on typed keys, first in first out among equals.
 *
 * Every entry can be taken out again, because run loops replace their deadline with every datagram and
 * a heap that only forgets on expiry would fill with dead timers. No allocation per entry.
 *
 * @module
 */

/** A place in an {@link EventQueue}; reused after its entry has gone. */
export type EventHandle = number;

/** A priority queue of items by time. */
export class EventQueue<Item> {
  /** Heap of handles; the first is the earliest. */
  #heap = new Int32Array(64);
  #size = 0;
  /** By handle: time, number of insertion, place in the heap, item. */
  #atMs = new Float64Array(64);
  #insertion = new Float64Array(64);
  #place = new Int32Array(64);
  readonly #items: (Item | undefined)[] = [];
  /** Stack of handles that are free. */
  readonly #free: EventHandle[] = [];
  #handles = 0;
  #insertions = 0;

  /** Entries in the queue. */
  get size(): number {
    return this.#size;
  }

  /** Time of the earliest entry, `Infinity` when there is none. */
  get nextMs(): number {
    return this.#size === 0 ? Infinity : this.#atMs[this.#heap[0]!]!;
  }

  /** Adds an item; the handle is good for {@link EventQueue.remove} until the item leaves. */
  push(atMs: number, item: Item): EventHandle {
    const handle = this.#free.pop() ?? this.#newHandle();
    this.#atMs[handle] = atMs;
    this.#insertion[handle] = this.#insertions++;
    this.#items[handle] = item;
    this.#siftUp(this.#size++, handle);
    return handle;
  }

  /** Takes the earliest item out; `undefined` when there is none. */
  pop(): Item | undefined {
    return this.#size === 0 ? undefined : this.remove(this.#heap[0]!);
  }

  /** Takes the item of a handle out that is in the queue. */
  remove(handle: EventHandle): Item | undefined {
    const place = this.#place[handle]!;
    const last = this.#heap[--this.#size]!;
    if (last !== handle) {
      // The last entry fills the gap, and may belong above or below it.
      if (place > 0 && this.#isBefore(last, this.#heap[(place - 1) >> 1]!)) {
        this.#siftUp(place, last);
      } else {
        this.#siftDown(place, last);
      }
    }
    const item = this.#items[handle];
    this.#items[handle] = undefined;
    this.#free.push(handle);
    return item;
  }

  #isBefore(left: EventHandle, right: EventHandle): boolean {
    const leftMs = this.#atMs[left]!;
    const rightMs = this.#atMs[right]!;
    if (leftMs !== rightMs) return leftMs < rightMs;
    return this.#insertion[left]! < this.#insertion[right]!;
  }

  #siftUp(start: number, handle: EventHandle): void {
    let place = start;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = this.#heap[parent]!;
      if (!this.#isBefore(handle, above)) break;
      this.#put(place, above);
      place = parent;
    }
    this.#put(place, handle);
  }

  #siftDown(start: number, handle: EventHandle): void {
    let place = start;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#isBefore(this.#heap[child + 1]!, this.#heap[child]!)) {
        child++;
      }
      const below = this.#heap[child]!;
      if (!this.#isBefore(below, handle)) break;
      this.#put(place, below);
      place = child;
    }
    this.#put(place, handle);
  }

  #put(place: number, handle: EventHandle): void {
    this.#heap[place] = handle;
    this.#place[handle] = place;
  }

  #newHandle(): EventHandle {
    if (this.#handles === this.#heap.length) {
      this.#heap = grown(this.#heap, Int32Array);
      this.#place = grown(this.#place, Int32Array);
      this.#atMs = grown(this.#atMs, Float64Array);
      this.#insertion = grown(this.#insertion, Float64Array);
    }
    return this.#handles++;
  }
}

function grown<Values extends Int32Array | Float64Array>(
  values: Values,
  type: new (length: number) => Values,
): Values {
  const larger = new type(values.length * 2);
  larger.set(values);
  return larger;
}
