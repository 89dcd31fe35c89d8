/**
 * What a client lacks in a frame, and which of it goes out when not all of it can.
 *
 * @module
 */
import { LADDER } from "../../schema/sync/snapshot_format.ts";
import type { Track } from "./track.ts";
import { grown } from "./record_cache.ts";

/** Bits of the op and the baseline of most records, and of some gaps that grow when others wait. */
const OP_BITS = 5;

/** Bits of a removal's op. */
const REMOVAL_BITS = 3;

/** Bits around the records of a datagram. */
const DATAGRAM_BITS = 80;

/** More urgent than anything that waits. */
const MAX_URGENCY = 2 ** 21;

/** Scratch memory of all viewers of a world: one at a time fills and empties it. */
export class Selection {
  /** Records that were added. */
  count = 0;
  /** Whose they are. */
  readonly tracks: Track[] = [];
  /** Of which entity. */
  slots: Int32Array<ArrayBuffer> = new Int32Array(256);
  /** Number in the cache of the track; -1 for a removal. */
  records: Int32Array<ArrayBuffer> = new Int32Array(256);
  /** Baseline; 0 for a spawn. */
  bases: Int32Array<ArrayBuffer> = new Int32Array(256);
  #bits = new Int32Array(256);
  #keys = new Float64Array(256);
  #chosen = new Uint8Array(256);
  #totalBits = 0;
  #isEverything = true;

  /** Empties it. */
  begin(): void {
    this.count = 0;
    this.#totalBits = 0;
  }

  /** Adds an update or a spawn. */
  add(track: Track, slot: number, record: number, base: number): void {
    this.#push(track, slot, record, track.cache.bits[record]! + OP_BITS);
    this.bases[this.count - 1] = base;
  }

  /** Adds the end of an entity. */
  addRemoval(track: Track, slot: number): void {
    this.#push(track, slot, -1, REMOVAL_BITS);
  }

  /**
   * Chooses what goes out, the most urgent first.
   *
   * @returns How many have to wait.
   */
  choose(budgetBits: number): number {
    this.#isEverything = this.#totalBits + DATAGRAM_BITS <= budgetBits * 0.95;
    if (this.#isEverything) return 0;
    const { count } = this;
    const keys = this.#keys;
    for (let i = 0; i < count; i++) {
      const waited = this.records[i]! < 0
        ? MAX_URGENCY
        : this.tracks[i]!.urgency[this.slots[i]!]! * 16;
      // One number for both: sorting needs no function, and equals stay in their order.
      keys[i] = -Math.floor(Math.min(waited, MAX_URGENCY)) * 1_048_576 + i;
    }
    keys.subarray(0, count).sort();
    this.#chosen.fill(0, 0, count);
    let left = budgetBits - DATAGRAM_BITS * Math.ceil(budgetBits / 8_000);
    let waiting = 0;
    for (let k = 0; k < count; k++) {
      const key = keys[k]!;
      const i = key - Math.floor(key / 1_048_576) * 1_048_576;
      const bits = this.#bits[i]!;
      if (bits > left && k > 0) {
        waiting++;
        continue;
      }
      left -= bits;
      this.#chosen[i] = 1;
    }
    return waiting;
  }

  /** Whether a record was chosen. */
  isChosen(i: number): boolean {
    return this.#isEverything || this.#chosen[i] === 1;
  }

  #push(track: Track, slot: number, record: number, bits: number): void {
    const i = this.count++;
    if (i === this.slots.length) this.#grow();
    const isFirst = i === 0 || this.tracks[i - 1] !== track;
    const gap = isFirst ? LADDER.long : slot - this.slots[i - 1]!;
    const gapBits = gap < LADDER.short ? 1 : gap < LADDER.middle ? 5 : gap < LADDER.long ? 9 : 20;
    this.tracks[i] = track;
    this.slots[i] = slot;
    this.records[i] = record;
    this.#bits[i] = bits + gapBits;
    this.#totalBits += bits + gapBits;
  }

  #grow(): void {
    const size = this.slots.length * 2;
    this.slots = grown(this.slots, size);
    this.records = grown(this.records, size);
    this.bases = grown(this.bases, size);
    this.#bits = grown(this.#bits, size);
    this.#keys = new Float64Array(size);
    this.#chosen = new Uint8Array(size);
  }
}
