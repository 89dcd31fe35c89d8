/**
 * Blocks of bytes over the local socket between two processes of one relay.
 *
 * @module
 */

/** The part of a connection that is used. */
export interface BlockStream {
  /** Reads some bytes; `null` at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes some bytes. */
  write(bytes: Uint8Array): Promise<number>;
}

/** The table of a shard of 65,536 sessions takes 40 MB, a directory of as many more. */
const MAX_BLOCK_BYTES = 268_435_456;
const LENGTH_BYTES = 4;
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** Writes a block: its size as a u32, little-endian, and its bytes. */
export async function writeBlock(stream: BlockStream, bytes: Uint8Array): Promise<void> {
  const block = new Uint8Array(LENGTH_BYTES + bytes.byteLength);
  new DataView(block.buffer).setUint32(0, bytes.byteLength, true);
  block.set(bytes, LENGTH_BYTES);
  for (let at = 0; at < block.byteLength;) at += await stream.write(block.subarray(at));
}

/**
 * Reads a block.
 *
 * @throws RangeError when the stream ends before it does, or when it is too large to be one.
 */
export async function readBlock(stream: BlockStream): Promise<Uint8Array> {
  const head = await readExactly(stream, LENGTH_BYTES);
  const sizeBytes = new DataView(head.buffer).getUint32(0, true);
  if (sizeBytes > MAX_BLOCK_BYTES) throw new RangeError(`${sizeBytes} bytes are no block`);
  return await readExactly(stream, sizeBytes);
}

/** Writes a value as a block of JSON. */
export function writeJson(stream: BlockStream, value: unknown): Promise<void> {
  return writeBlock(stream, ENCODER.encode(JSON.stringify(value)));
}

/** Reads a block of JSON. Throws RangeError or SyntaxError when there is none. */
export async function readJson(stream: BlockStream): Promise<unknown> {
  return JSON.parse(DECODER.decode(await readBlock(stream)));
}

async function readExactly(
  stream: BlockStream,
  sizeBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes;) {
    const count = await stream.read(bytes.subarray(at));
    if (count === null) throw new RangeError("The other process left in the middle of a block");
    at += count;
  }
  return bytes;
}
