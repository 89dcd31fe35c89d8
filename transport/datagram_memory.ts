/**
 * Memory for a pipe's buffers inside the heap of a cryptographic backend, where packets are sealed and
 * opened in place.
 *
 * The backend gives its slab away for good; a process that starts one server after the other, as tests
 * do, would soon have none left. So what a closed pipe had is kept here for the next one, and whoever
 * finds the slab empty gets ordinary memory: correct everywhere, and some copies slower.
 *
 * @module
 */
import type { CryptoBackend } from "../protocol/crypto/backend.ts";

/** What closed pipes gave back, by backend: another heap is another memory. */
const returned = new WeakMap<CryptoBackend, Uint8Array[]>();

/** The memory of one pipe. */
export class DatagramMemory {
  readonly #crypto: CryptoBackend;
  #lent: Uint8Array[] = [];

  /** @param crypto Whose slab is taken from. */
  constructor(crypto: CryptoBackend) {
    this.#crypto = crypto;
  }

  /** Lends `sizeBytes` bytes until {@link release}. Bound, to be passed as a pipe's `allocate`. */
  readonly allocate = (sizeBytes: number): Uint8Array => {
    const bytes = this.#reuse(sizeBytes) ?? this.#takeFromSlab(sizeBytes);
    if (bytes === undefined) return new Uint8Array(sizeBytes);
    this.#lent.push(bytes);
    return bytes;
  };

  /** Takes everything back. Call it once the pipe is closed: nothing may read or write it any more. */
  release(): void {
    const kept = returned.get(this.#crypto) ?? [];
    kept.push(...this.#lent);
    returned.set(this.#crypto, kept);
    this.#lent = [];
  }

  #reuse(sizeBytes: number): Uint8Array | undefined {
    const kept = returned.get(this.#crypto);
    // Views of a heap that has grown are empty, and so never fit.
    const index = kept?.findIndex((bytes) => bytes.byteLength === sizeBytes) ?? -1;
    return index === -1 ? undefined : kept?.splice(index, 1)[0];
  }

  #takeFromSlab(sizeBytes: number): Uint8Array | undefined {
    try {
      return this.#crypto.allocate(sizeBytes);
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }
}
