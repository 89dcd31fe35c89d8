/**
 * The argument checks that every backend's `seal` and `open` share, so that all refuse the same.
 *
 * @module
 */
import { TAG_BYTES } from "./backend.ts";

/**
 * Most bytes of associated data, text and tag together: the largest UDP length field.
 * It bounds the scratch memory in which foreign buffers are sealed.
 */
export const MAX_SEALED_BYTES = 65_535;

/**
 * Refuses what a caller must not seal.
 *
 * A packet number that is not a whole number would silently become another one's nonce, and a nonce
 * used twice gives the key stream away: hence the check here, where it cannot be forgotten.
 *
 * @throws RangeError on a bad packet number, on offsets out of order, when the buffer has no room for
 * the tag or was detached by a growing heap, or above {@link MAX_SEALED_BYTES}.
 */
export function assertCanSeal(
  packetNumber: number,
  buffer: Uint8Array,
  aadStart: number,
  textStart: number,
  textEnd: number,
): void {
  if (!isPacketNumber(packetNumber)) {
    throw new RangeError(
      `Cannot seal packet ${packetNumber}: a packet number is 0 to 2^53 - 1, whole`,
    );
  }
  if (!isRange(buffer, aadStart, textStart, textEnd + TAG_BYTES)) {
    throw new RangeError(
      `Cannot seal bytes ${textStart} to ${textEnd} with associated data from ${aadStart} ` +
        `and a tag in a buffer of ${buffer.byteLength} bytes${detachedNote(buffer)}`,
    );
  }
}

/** Whether `open` has a range to work on. What a peer sent decides its length, so this never throws. */
export function canOpen(
  packetNumber: number,
  buffer: Uint8Array,
  aadStart: number,
  textStart: number,
  end: number,
): boolean {
  return isPacketNumber(packetNumber) && isRange(buffer, aadStart, textStart, end);
}

function isPacketNumber(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/**
 * Whether `end` leaves room for a tag after `textStart` and the whole lies in the buffer.
 * `value >>> 0 === value` holds for whole numbers of 0 to 2^32 - 1 only. What gets past this with a
 * negative length would make libsodium abort, for the whole process.
 */
function isRange(buffer: Uint8Array, aadStart: number, textStart: number, end: number): boolean {
  return (aadStart >>> 0) === aadStart && (textStart >>> 0) === textStart && (end >>> 0) === end &&
    aadStart <= textStart && textStart <= end - TAG_BYTES && end <= buffer.byteLength &&
    end - aadStart <= MAX_SEALED_BYTES;
}

function detachedNote(buffer: Uint8Array): string {
  const { buffer: memory } = buffer;
  return memory instanceof ArrayBuffer && memory.detached ? ", which a growing heap detached" : "";
}
