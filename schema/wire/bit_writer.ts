/**
 * A run-time bit cursor that writes serialize 1.0 bits: least significant bit first, little-endian.
 *
 * The interpreter and the tools write through it. Generated codecs do not: their bit offsets are
 * known at compile time, which is 5 to 8 times faster.
 *
 * @module
 */
import { writeBytes } from "./bytes.ts";

/** Writes bits to a `DataView`, never beyond the byte that holds the last bit written. */
export class BitWriter {
  #view: DataView = EMPTY_VIEW;
  /** The next byte to store; two at a time until {@link align}. */
  #byte = 0;
  /** Bits not stored yet, in the low `#pending` bits; always fewer than 16 between calls. */
  #scratch = 0;
  #pending = 0;

  /** Starts over at byte `offset` of `view`. The caller has checked that what it will write fits. */
  reset(view: DataView, offset: number): void {
    this.#view = view;
    this.#byte = offset;
    this.#scratch = 0;
    this.#pending = 0;
  }

  /** The byte offset of the cursor, when aligned. */
  get byteOffset(): number {
    return this.#byte;
  }

  /** How many bits of the current byte are taken, 0 when at a byte boundary. */
  get pendingBits(): number {
    return this.#pending & 7;
  }

  /** Writes the low `bits` bits of `value`, 0 to 32; higher bits are ignored. */
  writeBits(value: number, bits: number): void {
    if (bits > 16) {
      this.#push(value & 0xffff, 16);
      this.#push((value >>> 16) & ((1 << (bits - 16)) - 1), bits - 16);
    } else {
      this.#push(value & ((1 << bits) - 1), bits);
    }
  }

  /** Writes an unsigned integer of up to 53 bits: its low 32 bits first, then the rest. */
  writeWide(value: number, bits: number): void {
    if (bits <= 32) {
      this.writeBits(value, bits);
    } else {
      this.writeBits(value, 32);
      this.writeBits(Math.floor(value / 4_294_967_296), bits - 32);
    }
  }

  /** Pads with zero bits to the next byte boundary and stores what is pending. */
  align(): void {
    while (this.#pending > 0) {
      this.#view.setUint8(this.#byte++, this.#scratch);
      this.#scratch >>>= 8;
      this.#pending -= 8;
    }
    this.#scratch = 0;
    this.#pending = 0;
  }

  /** Aligns, then writes whole bytes. */
  writeBytes(bytes: Uint8Array): void {
    this.align();
    this.#byte = writeBytes(this.#view, this.#byte, bytes);
  }

  /** Moves an aligned cursor over bytes that somebody else wrote. */
  skipTo(byteOffset: number): void {
    this.#byte = byteOffset;
  }

  /** At most 16 bits join at most 15 pending ones, so 32-bit integer arithmetic is enough. */
  #push(value: number, bits: number): void {
    const scratch = this.#scratch | (value << this.#pending);
    const pending = this.#pending + bits;
    if (pending >= 16) {
      this.#view.setUint16(this.#byte, scratch, true);
      this.#byte += 2;
      this.#scratch = scratch >>> 16;
      this.#pending = pending - 16;
    } else {
      this.#scratch = scratch;
      this.#pending = pending;
    }
  }
}

const EMPTY_VIEW = new DataView(new ArrayBuffer(0));
