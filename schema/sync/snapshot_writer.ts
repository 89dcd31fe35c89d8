/**
 * Puts records into snapshots of limited size. Knows nothing of what the records hold.
 *
 * @module
 */
import {
  AGE_BITS,
  EPOCH_BITS,
  FRAME_BITS,
  FRAME_MODULUS,
  LADDER,
  MAX_BASELINE_AGE,
  SNAPSHOT_END_BITS,
} from "./snapshot_format.ts";
import { WordWriter } from "./word_stream.ts";

/** How an entity goes out of a client's sight. */
export const Removal = {
  /** It is gone for everybody. */
  despawn: 3,
  /** This client sees it no more. */
  leave: 7,
} as const;

/** One of {@link Removal}. */
export type RemovalOp = typeof Removal[keyof typeof Removal];

/** Writes one snapshot after the other into the same memory. */
export class SnapshotWriter {
  readonly #out: WordWriter;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #typeBits: number;
  readonly #limitBits: number;
  #frame = 0;
  #type = -1;
  #slot = -1;
  #base = -1;
  #records = 0;

  /**
   * @param typeBits Bits of an entity type's number.
   * @param maxBytes Largest snapshot.
   */
  constructor(typeBits: number, maxBytes: number) {
    const buffer = new ArrayBuffer((maxBytes + 15) & ~3);
    this.#out = new WordWriter(new Int32Array(buffer));
    this.#bytes = new Uint8Array(buffer);
    this.#typeBits = typeBits;
    this.#limitBits = maxBytes * 8;
  }

  /** Records in the current snapshot. */
  get records(): number {
    return this.#records;
  }

  /** Size of the current snapshot if it ended now. */
  get sizeBytes(): number {
    const bits = this.#out.position + (this.#type === -1 ? 1 : SNAPSHOT_END_BITS);
    return (bits + 7) >>> 3;
  }

  /** Begins a snapshot. `limitBytes` may be below the size that the writer was made for. */
  begin(epoch: number, frame: number, tick: number): void {
    const out = this.#out;
    out.position = 0;
    out.put(epoch | (frame % FRAME_MODULUS) << EPOCH_BITS, EPOCH_BITS + FRAME_BITS);
    out.put(tick | 0, 32);
    this.#frame = frame;
    this.#type = -1;
    this.#slot = -1;
    this.#base = -1;
    this.#records = 0;
  }

  /**
   * Adds an update. Within a type, slots ascend.
   *
   * @param base The frame of the baseline.
   * @param words The record's fields from word `at`, `bits` bits.
   * @returns False when the record does not fit any more.
   */
  update(
    type: number,
    slot: number,
    base: number,
    words: Int32Array,
    at: number,
    bits: number,
    limitBits: number = this.#limitBits,
  ): boolean {
    const isSame = base === this.#base;
    const age = this.#frame - base;
    const isFar = age > MAX_BASELINE_AGE;
    const ageBits = isSame ? 2 : isFar ? 2 + AGE_BITS + FRAME_BITS : 2 + AGE_BITS;
    // Two zeros, of the op and of the same baseline as before, go with the gap.
    if (!this.#place(type, slot, ageBits + bits, limitBits, isSame ? 2 : 0)) return false;
    const out = this.#out;
    if (!isSame) {
      out.put(2 | (isFar ? 0 : age << 2), 2 + AGE_BITS);
      if (isFar) out.put(base % FRAME_MODULUS, FRAME_BITS);
      this.#base = base;
    }
    out.append(words, at, bits);
    return true;
  }

  /** Adds a spawn; as {@link update}. */
  spawn(
    type: number,
    slot: number,
    words: Int32Array,
    at: number,
    bits: number,
    limitBits: number = this.#limitBits,
  ): boolean {
    if (!this.#place(type, slot, 2 + bits, limitBits)) return false;
    this.#out.put(1, 2);
    this.#out.append(words, at, bits);
    return true;
  }

  /** Adds the end of an entity; as {@link update}. */
  remove(type: number, slot: number, op: RemovalOp, limitBits: number = this.#limitBits): boolean {
    if (!this.#place(type, slot, 3, limitBits)) return false;
    this.#out.put(op, 3);
    return true;
  }

  /** Ends the snapshot. The bytes are valid until the next one begins. */
  finish(): Uint8Array<ArrayBuffer> {
    const out = this.#out;
    if (this.#type === -1) out.put(0, 1);
    else out.put(15, SNAPSHOT_END_BITS);
    const size = (out.position + 7) >>> 3;
    return this.#bytes.subarray(0, size);
  }

  /** Writes what stands before the op of a record, if all of it fits, and some zeros, which `bits` counts. */
  #place(type: number, slot: number, bits: number, limitBits: number, zeros = 0): boolean {
    const isNew = type !== this.#type;
    const gap = isNew ? slot + 1 : slot - this.#slot;
    const gapBits = gap < LADDER.short ? 1 : gap < LADDER.middle ? 5 : gap < LADDER.long ? 9 : 20;
    const sectionBits = isNew ? 1 + this.#typeBits + (this.#type === -1 ? 0 : 4) : 0;
    const out = this.#out;
    const end = out.position + sectionBits + gapBits + bits + SNAPSHOT_END_BITS;
    if (end > limitBits || end > this.#limitBits) return false;
    if (isNew) this.#beginSection(type);
    const code = gapBits === 1
      ? 0
      : gapBits === 5
      ? 1 | (gap - LADDER.short) << 2
      : gapBits === 9
      ? 3 | (gap - LADDER.middle) << 3
      : 7 | (gap - LADDER.long) << 4;
    out.put(code, gapBits + zeros);
    this.#slot = slot;
    this.#records++;
    return true;
  }

  #beginSection(type: number): void {
    const out = this.#out;
    if (this.#type !== -1) out.put(15, 4);
    out.put(1 | type << 1, 1 + this.#typeBits);
    this.#type = type;
  }
}
