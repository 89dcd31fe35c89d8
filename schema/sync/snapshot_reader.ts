/**
 * Takes snapshots apart, and refuses what no writer makes. Knows nothing of what the records hold.
 *
 * @module
 */
import { Refusal } from "../refusal.ts";
import {
  AGE_BITS,
  EPOCH_BITS,
  FRAME_BITS,
  FRAME_MODULUS,
  LADDER,
  MAX_BASELINE_AGE,
  MAX_SLOTS,
} from "./snapshot_format.ts";
import { WordReader } from "./word_stream.ts";

/** Told of the records of a snapshot, in their order. */
export interface SnapshotVisitor {
  /**
   * A snapshot begins.
   *
   * @param frame The low 24 bits of its frame.
   * @returns The whole number of the frame, or -1 to leave the snapshot alone.
   */
  begin(epoch: number, frame: number, tick: number): number;
  /**
   * An update; reads its fields. Before it acts on them it looks whether the reader passed its end.
   *
   * @param base The frame of its baseline, which may be below 0.
   * @returns 0, or a negated reason.
   */
  update(type: number, slot: number, base: number, input: WordReader): number;
  /** A spawn; as {@link update}. */
  spawn(type: number, slot: number, input: WordReader): number;
  /** An entity is gone, or out of sight. */
  remove(type: number, slot: number, isDespawn: boolean): void;
}

/** Reads snapshots of one protocol version. */
export class SnapshotReader {
  readonly #input = new WordReader();
  readonly #types: number;
  readonly #typeBits: number;
  #frame = 0;
  #base = -1;

  /** @param types How many entity types there are; `typeBits` bits number them. */
  constructor(types: number, typeBits: number) {
    this.#types = types;
    this.#typeBits = typeBits;
  }

  /**
   * Reads a snapshot. What stands before a refused record has been told.
   *
   * @returns 0, or a negated reason of `Refusal`. Never throws for any bytes.
   */
  read(bytes: Uint8Array, visitor: SnapshotVisitor): number {
    const input = this.#input;
    input.reset(bytes);
    const epoch = input.take(EPOCH_BITS);
    const truncated = input.take(FRAME_BITS);
    const tick = input.take(32) >>> 0;
    if (input.isPastEnd) return -Refusal.short;
    const frame = visitor.begin(epoch, truncated, tick);
    if (frame < 0) return 0;
    this.#frame = frame;
    this.#base = -1;
    while (input.take(1) === 1) {
      const fault = this.#readSection(visitor);
      if (fault < 0) return fault;
    }
    if (input.isPastEnd) return -Refusal.short;
    const padding = input.end - input.position;
    if (padding >= 8) return -Refusal.trailing;
    return padding > 0 && input.take(padding) !== 0 ? -Refusal.padding : 0;
  }

  #readSection(visitor: SnapshotVisitor): number {
    const input = this.#input;
    const type = this.#typeBits === 0 ? 0 : input.take(this.#typeBits);
    if (type >= this.#types) return -Refusal.tag;
    let slot = -1;
    for (let count = 0;; count++) {
      const gap = this.#readGap();
      // A section without a record is one that no writer begins.
      if (gap === 0) return count === 0 ? -Refusal.count : 0;
      slot += gap;
      if (slot >= MAX_SLOTS) return -Refusal.range;
      const fault = this.#readRecord(visitor, type, slot);
      if (fault < 0) return fault;
      if (input.isPastEnd) return -Refusal.short;
    }
  }

  /** The distance to the next slot, 0 at the end of the section. */
  #readGap(): number {
    const input = this.#input;
    if (input.take(1) === 0) return 1;
    if (input.take(1) === 0) return LADDER.short + input.take(3);
    if (input.take(1) === 0) return LADDER.middle + input.take(6);
    return input.take(1) === 0 ? LADDER.long + input.take(16) : 0;
  }

  #readRecord(visitor: SnapshotVisitor, type: number, slot: number): number {
    const input = this.#input;
    if (input.take(1) === 0) {
      const fault = this.#readBase();
      return fault < 0 ? fault : visitor.update(type, slot, this.#base, input);
    }
    if (input.take(1) === 0) return visitor.spawn(type, slot, input);
    const isLeave = input.take(1) === 1;
    // Nothing but the op tells of a removal: what lies past the end must not.
    if (input.isPastEnd) return -Refusal.short;
    visitor.remove(type, slot, !isLeave);
    return 0;
  }

  #readBase(): number {
    const input = this.#input;
    if (input.take(1) === 0) return this.#base === -1 ? -Refusal.tag : 0;
    const age = input.take(AGE_BITS);
    if (age > 0) {
      this.#base = this.#frame - age;
    } else {
      const distance = (this.#frame - input.take(FRAME_BITS)) & (FRAME_MODULUS - 1);
      if (distance <= MAX_BASELINE_AGE) return -Refusal.varint;
      this.#base = this.#frame - distance;
    }
    // Frames are numbered from 1.
    return this.#base < 1 ? -Refusal.range : 0;
  }
}
