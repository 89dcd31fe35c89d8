/**
 * SipHash-2-4 by libsodium's raw WebAssembly call, on scratch memory in its heap: what a relay tags and
 * checks every frame with.
 *
 * @module
 */
import { loadRawSodium, type RawSodium } from "../crypto/raw_sodium.ts";
import { loadSodium } from "../crypto/sodium.ts";
import {
  assertDigestible,
  SIPHASH_INPUT_BYTES,
  SIPHASH_KEY_BYTES,
  type SipHasher,
} from "./siphash.ts";

// Where each thing lies in the scratch memory, in bytes from its start.
const KEY_AT = 0;
const RESULT_AT = 16;
const INPUT_AT = 64;
const SCRATCH_BYTES = INPUT_AT + SIPHASH_INPUT_BYTES;

/** The hasher over libsodium's heap. {@link loadSodiumSipHasher} makes the one of this process. */
export class SodiumSipHasher implements SipHasher {
  /** See {@link SipHasher.low}. */
  low = 0;
  /** See {@link SipHasher.high}. */
  high = 0;
  readonly #sodium: RawSodium;
  readonly #scratch: number;
  #input: Uint8Array;

  /** Takes 1,344 bytes of the heap, as `SodiumBackend.allocate` gives them. */
  constructor(sodium: RawSodium, scratch: Uint8Array) {
    this.#sodium = sodium;
    this.#scratch = scratch.byteOffset;
    this.#input = scratch.subarray(INPUT_AT, SCRATCH_BYTES);
  }

  /** See {@link SipHasher.input}. A heap that grew leaves the view before empty, so it is made anew. */
  get input(): Uint8Array {
    if (this.#input.byteLength === 0) {
      const at = this.#scratch + INPUT_AT;
      this.#input = this.#sodium.HEAPU8.subarray(at, at + SIPHASH_INPUT_BYTES);
    }
    return this.#input;
  }

  /** See {@link SipHasher.digest}. */
  digest(key: Uint8Array, keyAt: number, sizeBytes: number): void {
    assertDigestible(key, keyAt, sizeBytes);
    const heap = this.#sodium.HEAPU8;
    const scratch = this.#scratch;
    // A loop, since at this size a call of set costs more than the hash itself.
    for (let i = 0; i < SIPHASH_KEY_BYTES; i++) heap[scratch + KEY_AT + i] = key[keyAt + i]!;
    const at = scratch + RESULT_AT;
    this.#sodium._crypto_shorthash(at, scratch + INPUT_AT, sizeBytes, 0, scratch + KEY_AT);
    this.low = heap[at]! | heap[at + 1]! << 8 | heap[at + 2]! << 16 | heap[at + 3]! << 24;
    this.high = heap[at + 4]! | heap[at + 5]! << 8 | heap[at + 6]! << 16 | heap[at + 7]! << 24;
  }
}

let loading: Promise<SodiumSipHasher> | undefined;

/** Loads libsodium and takes the scratch memory; every later call gives the same hasher. */
export function loadSodiumSipHasher(): Promise<SodiumSipHasher> {
  loading ??= load();
  return loading;
}

async function load(): Promise<SodiumSipHasher> {
  const backend = await loadSodium();
  return new SodiumSipHasher(await loadRawSodium(), backend.allocate(SCRATCH_BYTES));
}
