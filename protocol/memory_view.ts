/**
 * One view per memory instead of one per packet.
 *
 * Datagram buffers are slices of one large memory (libsodium's heap). A `DataView` over the whole of
 * it, kept while the memory stays the same, saves an allocation per packet.
 *
 * @module
 */

/** Views of the whole memory that the last buffer lies in. Offsets in it are `byteOffset` and more. */
export class MemoryView {
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#bytes.buffer);

  /** The memory as bytes. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The memory as a view. */
  get view(): DataView {
    return this.#view;
  }

  /** Points at the memory of a buffer. */
  pointAt(buffer: Uint8Array): void {
    if (buffer.buffer === this.#view.buffer) return;
    this.#bytes = new Uint8Array(buffer.buffer);
    this.#view = new DataView(buffer.buffer);
  }
}
