/**
 * From a label to the slot of its session: a hash table in two typed arrays, since every frame asks it.
 *
 * Linear probing, at most half full, and removal by shifting back, so that there are no graves to walk
 * over. Labels are a director's random numbers, so a multiplicative hash spreads them.
 *
 * @module
 */

const FREE = -1;

/** A table of a fixed size. */
export class LabelTable {
  readonly #labels: Uint32Array;
  readonly #slots: Int32Array;
  readonly #mask: number;

  /** Makes room for `capacity` labels. */
  constructor(capacity: number) {
    let size = 16;
    while (size < capacity * 2) size *= 2;
    this.#labels = new Uint32Array(size);
    this.#slots = new Int32Array(size).fill(FREE);
    this.#mask = size - 1;
  }

  /** The slot of a label, or -1. */
  find(label: number): number {
    let at = this.#home(label);
    while (true) {
      const slot = this.#slots[at]!;
      if (slot === FREE || this.#labels[at] === label) return slot;
      at = (at + 1) & this.#mask;
    }
  }

  /** Adds a label that is not in the table. */
  add(label: number, slot: number): void {
    let at = this.#home(label);
    while (this.#slots[at] !== FREE) at = (at + 1) & this.#mask;
    this.#labels[at] = label;
    this.#slots[at] = slot;
  }

  /** Takes a label out, if it is in. */
  remove(label: number): void {
    let hole = this.#home(label);
    while (this.#labels[hole] !== label || this.#slots[hole] === FREE) {
      if (this.#slots[hole] === FREE) return;
      hole = (hole + 1) & this.#mask;
    }
    for (let at = (hole + 1) & this.#mask; this.#slots[at] !== FREE; at = (at + 1) & this.#mask) {
      const home = this.#home(this.#labels[at]!);
      // What lies at or behind its home before the hole must stay: a search would not find it there.
      if (((at - home) & this.#mask) < ((at - hole) & this.#mask)) continue;
      this.#labels[hole] = this.#labels[at]!;
      this.#slots[hole] = this.#slots[at]!;
      hole = at;
    }
    this.#slots[hole] = FREE;
  }

  #home(label: number): number {
    return (Math.imul(label, 0x9e37_79b1) >>> 8) & this.#mask;
  }
}
