/**
 * Raw bytes into and out of views.
 *
 * What is read gets slices of shared chunks, as Node's `Buffer` does: an allocation of its own costs
 * 300 ns when small and, above 64 bytes, goes through malloc and is only freed when the garbage
 * collector gets to it. A slice costs 60 to 130 ns. The price: a kept value keeps its chunk alive,
 * and whoever transfers a value's `buffer` takes the neighbors along.
 *
 * @module
 */

/** From this length on, a native copy is faster than a loop. */
const NATIVE_FROM_BYTES = 32;

/** Size of a chunk, as in Node. */
const CHUNK_BYTES = 8_192;

/** Longer values get memory of their own: they would leave too much of a chunk unused. */
const MAX_SHARED_BYTES = CHUNK_BYTES / 2;

/** The one value without bytes. It has nothing that could change, so all may share it. */
const NO_BYTES = new Uint8Array(0);

let chunk = new Uint8Array(CHUNK_BYTES);
let chunkUsed = 0;

/**
 * Zeros of one's own, mostly in a chunk shared with others: no byte of a chunk is given out twice.
 *
 * @param count How many, at least 0.
 */
export function newBytes(count: number): Uint8Array<ArrayBuffer> {
  if (count === 0) return NO_BYTES;
  if (count > MAX_SHARED_BYTES) return new Uint8Array(count);
  // Somebody may have transferred the chunk away; then it has no bytes at all.
  if (count > chunk.length - chunkUsed) {
    chunk = new Uint8Array(CHUNK_BYTES);
    chunkUsed = 0;
  }
  const bytes = new Uint8Array(chunk.buffer, chunkUsed, count);
  chunkUsed += count;
  return bytes;
}

/** A copy of `count` bytes at `offset`: what is read outlives the datagram that it came in. */
export function readBytes(view: DataView, offset: number, count: number): Uint8Array<ArrayBuffer> {
  const bytes = newBytes(count);
  copyBytes(view, offset, bytes);
  return bytes;
}

/** Fills `into` with the bytes at `offset`. */
export function copyBytes(view: DataView, offset: number, into: Uint8Array): void {
  const count = into.length;
  if (count < NATIVE_FROM_BYTES) {
    for (let i = 0; i < count; i++) into[i] = view.getUint8(offset + i);
  } else {
    into.set(new Uint8Array(view.buffer, view.byteOffset + offset, count));
  }
}

/** All bytes of the buffer written to last: one object for all the messages of a datagram and more. */
let whole: Uint8Array = new Uint8Array(0);

/**
 * Copies `bytes` to `offset`; the caller has checked the room.
 *
 * @returns The offset after them.
 */
export function writeBytes(view: DataView, offset: number, bytes: Uint8Array): number {
  const count = bytes.length;
  if (count < NATIVE_FROM_BYTES) {
    for (let i = 0; i < count; i++) view.setUint8(offset + i, bytes[i] ?? 0);
  } else {
    if (whole.buffer !== view.buffer) whole = new Uint8Array(view.buffer);
    whole.set(bytes, view.byteOffset + offset);
  }
  return offset + count;
}
