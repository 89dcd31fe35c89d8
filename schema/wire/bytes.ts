/**
 * Raw bytes into and out of views.
 *
 * @module
 */

/** From this length on, a view and one native copy are faster than a loop. */
const NATIVE_FROM_BYTES = 48;

/**
 * Copies `bytes` to `offset`; the caller has checked the room.
 *
 * @returns The offset after them.
 */
export function writeBytes(view: DataView, offset: number, bytes: Uint8Array): number {
  const count = bytes.length;
  if (count >= NATIVE_FROM_BYTES) {
    new Uint8Array(view.buffer, view.byteOffset + offset, count).set(bytes);
  } else {
    for (let i = 0; i < count; i++) view.setUint8(offset + i, bytes[i] ?? 0);
  }
  return offset + count;
}

/** A copy of `count` bytes at `offset`: what is read outlives the datagram that it came in. */
export function readBytes(view: DataView, offset: number, count: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(view.buffer, view.byteOffset + offset, count).slice();
}
