/**
 * Variable-length unsigned integers: LEB128, at most 32 bits in at most 5 bytes, minimal form only.
 * The one such encoding in Tickwire; `protocol/` uses it for frames too.
 *
 * @module
 */
import { Refusal } from "../refusal.ts";

/** Longest encoding of a 32-bit integer: 5 x 7 bits. */
export const MAX_VARINT_BYTES = 5;

let endOfLastRead = 0;

/** How many bytes {@link writeVarint} needs for `value`: 1 to 5. */
export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

/**
 * Writes `value` at `offset`.
 *
 * @returns The offset after it, or `-Refusal.short` when it does not fit the view; then nothing is written.
 * @throws RangeError when `value` is not an integer of 0 to 4,294,967,295.
 */
export function writeVarint(view: DataView, offset: number, value: number): number {
  if (value >>> 0 !== value) {
    throw new RangeError(`Cannot write varint: ${value} is not an integer of 0 to 4,294,967,295`);
  }
  if (offset + varintBytes(value) > view.byteLength) return -Refusal.short;
  let rest = value;
  let at = offset;
  while (rest > 0x7f) {
    view.setUint8(at++, (rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  view.setUint8(at++, rest);
  return at;
}

/**
 * Reads the integer at `offset`; {@link varintEnd} then tells where it ended.
 *
 * @returns The value, or `-Refusal.short` when it runs past `end`, or `-Refusal.varint` when it has
 * a needless trailing zero group or more than 32 bits. Never throws for bytes inside the view.
 */
export function readVarint(view: DataView, offset: number, end: number): number {
  if (offset >= end) return -Refusal.short;
  let byte = view.getUint8(offset);
  if (byte < 0x80) {
    endOfLastRead = offset + 1;
    return byte;
  }
  let value = byte & 0x7f;
  for (let shift = 7, at = offset + 1; shift <= 28; shift += 7, at++) {
    if (at >= end) return -Refusal.short;
    byte = view.getUint8(at);
    if (byte < 0x80) {
      if (byte === 0 || (shift === 28 && byte > 0x0f)) return -Refusal.varint;
      endOfLastRead = at + 1;
      return (value | (byte << shift)) >>> 0;
    }
    value |= (byte & 0x7f) << shift;
  }
  return -Refusal.varint;
}

/**
 * The offset after the integer that the last successful {@link readVarint} read. Module state, so
 * that reading allocates nothing: read it before the next call.
 */
export function varintEnd(): number {
  return endOfLastRead;
}
