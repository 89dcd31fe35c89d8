/**
 * Game messages as bytes in one buffer, which crosses from thread to thread without a copy.
 *
 * Little-endian, for this machine only: both ends are the same program, so nothing is verified.
 *
 * @module
 */

const FIRST_BYTES = 4_096;

/** Collects numbers and bytes. */
export class FrameLogWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #sizeBytes = 0;

  /** What has been written since the last {@link take}, in bytes. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Writes an integer of 32 bits. */
  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#sizeBytes, value, true);
    this.#sizeBytes += 4;
  }

  /** Writes a length and that many bytes. */
  block(bytes: Uint8Array): void {
    this.u32(bytes.byteLength);
    this.#reserve(bytes.byteLength);
    this.#bytes.set(bytes, this.#sizeBytes);
    this.#sizeBytes += bytes.byteLength;
  }

  /** Everything written since the last time, in memory that the caller may give away. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.slice(0, this.#sizeBytes);
    this.#sizeBytes = 0;
    return taken;
  }

  #reserve(sizeBytes: number): void {
    const needed = this.#sizeBytes + sizeBytes;
    if (needed <= this.#bytes.byteLength) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.byteLength));
    grown.set(this.#bytes.subarray(0, this.#sizeBytes));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Reads what a {@link FrameLogWriter} wrote. */
export class FrameLogReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Whether everything has been read. */
  get isAtEnd(): boolean {
    return this.#offset >= this.#bytes.byteLength;
  }

  /** Reads an integer of 32 bits. */
  u32(): number {
    const value = this.#view.getUint32(this.#offset, true);
    this.#offset += 4;
    return value;
  }

  /** Reads a length and that many bytes, which stay where they are. */
  block(): Uint8Array {
    const sizeBytes = this.u32();
    this.#offset += sizeBytes;
    return this.#bytes.subarray(this.#offset - sizeBytes, this.#offset);
  }
}
