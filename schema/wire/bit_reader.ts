/**
 * A run-time bit cursor that reads serialize 1.0 bits, and refuses to read past its end.
 *
 * @module
 */
import { copyBytes } from "./bytes.ts";

/**
 * Reads bits from a byte range of a `DataView`. A read that would pass the end yields 0 and sets
 * {@link failed} for good, so a caller checks once after a group of reads. Nothing is thrown.
 */
export class BitReader {
  #view: DataView = EMPTY_VIEW;
  /** The next byte to load; two at a time while there are two. */
  #byte = 0;
  #end = 0;
  /** Bits loaded and not read yet, in the low `#pending` bits. */
  #scratch = 0;
  #pending = 0;
  #failed = false;

  /** Starts over at byte `offset`; bytes at and beyond `end` do not exist for this reader. */
  reset(view: DataView, offset: number, end: number): void {
    this.#view = view;
    this.#byte = offset;
    this.#end = end;
    this.#scratch = 0;
    this.#pending = 0;
    this.#failed = false;
  }

  /** Whether a read passed the end. */
  get failed(): boolean {
    return this.#failed;
  }

  /** The byte offset of the cursor, when aligned by {@link align}. */
  get byteOffset(): number {
    return this.#byte;
  }

  /** Bits that can still be read. */
  get bitsLeft(): number {
    return (this.#end - this.#byte) * 8 + this.#pending;
  }

  /** Reads an unsigned integer of 0 to 32 bits. */
  readBits(bits: number): number {
    if (bits > 16) {
      const low = this.#pull(16);
      return (low | (this.#pull(bits - 16) << 16)) >>> 0;
    }
    return this.#pull(bits);
  }

  /** Reads an unsigned integer of up to 53 bits, low 32 bits first. */
  readWide(bits: number): number {
    if (bits <= 32) return this.readBits(bits);
    const low = this.readBits(32);
    return low + this.readBits(bits - 32) * 4_294_967_296;
  }

  /** Skips to the next byte boundary. Returns false when the skipped bits are not all zero. */
  align(): boolean {
    // Whole bytes that were loaded ahead go back; what remains in front of them is the padding.
    this.#byte -= this.#pending >> 3;
    const padding = this.#scratch & ((1 << (this.#pending & 7)) - 1);
    this.#scratch = 0;
    this.#pending = 0;
    return padding === 0;
  }

  /** Copies `count` whole bytes at a byte boundary; the empty array after a failed read. */
  readBytes(count: number): Uint8Array<ArrayBuffer> {
    if (count > this.#end - this.#byte) {
      this.#failed = true;
      return new Uint8Array(0);
    }
    // Not out of a shared chunk: handshakes are read with this cursor, and what they carry is secret.
    const bytes = new Uint8Array(count);
    copyBytes(this.#view, this.#byte, bytes);
    this.#byte += count;
    return bytes;
  }

  /** Moves an aligned cursor over bytes that somebody else read and checked. */
  skipTo(byteOffset: number): void {
    this.#byte = byteOffset;
  }

  /** At most 16 bits; at most 15 pending ones meet 16 loaded ones, so 32-bit arithmetic is enough. */
  #pull(bits: number): number {
    let scratch = this.#scratch;
    let pending = this.#pending;
    if (pending < bits) {
      const left = this.#end - this.#byte;
      if (left >= 2) {
        scratch |= this.#view.getUint16(this.#byte, true) << pending;
        this.#byte += 2;
        pending += 16;
      } else if (left === 1 && pending + 8 >= bits) {
        scratch |= this.#view.getUint8(this.#byte++) << pending;
        pending += 8;
      } else {
        this.#failed = true;
        return 0;
      }
    }
    this.#scratch = scratch >>> bits;
    this.#pending = pending - bits;
    return scratch & ((1 << bits) - 1);
  }
}

const EMPTY_VIEW = new DataView(new ArrayBuffer(0));
