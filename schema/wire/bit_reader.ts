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
  /** The byte that holds the next bit. */
  #byte = 0;
  /** Bits of it that have been read, 0 to 7. */
  #bit = 0;
  #end = 0;
  #failed = false;

  /** Starts over at byte `offset`; bytes at and beyond `end` do not exist for this reader. */
  reset(view: DataView, offset: number, end: number): void {
    this.#view = view;
    this.#byte = offset;
    this.#bit = 0;
    this.#end = end;
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
    return (this.#end - this.#byte) * 8 - this.#bit;
  }

  /** Reads an unsigned integer of 0 to 32 bits. */
  readBits(bits: number): number {
    const byte = this.#byte;
    const bit = this.#bit;
    const covered = bit + bits;
    if (byte + 5 > this.#end) return this.#readSlowly(bits);
    this.#byte = byte + (covered >> 3);
    this.#bit = covered & 7;
    // A whole word, wherever it begins: one load serves most reads.
    let word = this.#view.getUint32(byte, true) >>> bit;
    if (covered > 32) word |= this.#view.getUint8(byte + 4) << (32 - bit);
    return bits < 32 ? word & ((1 << bits) - 1) : word >>> 0;
  }

  /** Reads an unsigned integer of up to 53 bits, low 32 bits first. */
  readWide(bits: number): number {
    if (bits <= 32) return this.readBits(bits);
    const low = this.readBits(32);
    return low + this.readBits(bits - 32) * 4_294_967_296;
  }

  /** Skips to the next byte boundary. Returns false when the skipped bits are not all zero. */
  align(): boolean {
    if (this.#bit === 0) return true;
    const padding = this.#view.getUint8(this.#byte++) >>> this.#bit;
    this.#bit = 0;
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

  /** Byte by byte, for what lies in the last bytes. */
  #readSlowly(bits: number): number {
    if (bits > this.bitsLeft) {
      this.#failed = true;
      return 0;
    }
    if (bits === 0) return 0;
    const covered = this.#bit + bits;
    let at = this.#byte;
    let value = this.#view.getUint8(at) >>> this.#bit;
    for (let held = 8 - this.#bit; held < bits; held += 8) {
      value |= this.#view.getUint8(++at) << held;
    }
    this.#byte += covered >> 3;
    this.#bit = covered & 7;
    return bits < 32 ? value & ((1 << bits) - 1) : value >>> 0;
  }
}

const EMPTY_VIEW = new DataView(new ArrayBuffer(0));
