/**
 * The backend of the packet path: libsodium in WebAssembly, called raw, on buffers in its own heap.
 *
 * One heap serves a process. At load time one block of it is reserved: a scratch area for keys, nonces
 * and foreign buffers, then the slab that `allocate` hands out. Nothing is reserved later, because a
 * WebAssembly memory that grows detaches every view of it. Should other users of libsodium in the
 * process make it grow all the same, this backend takes the new views, and a view handed out before
 * has length 0 and is refused: never a write to a wrong place. Copies of this module in one process, as
 * an application and a library make that import Tickwire from two URLs, share one backend.
 *
 * A packet of 100 bytes takes a fifth to a seventh of what it takes node:crypto, a forged one a
 * thirtieth to a fortieth, and nine tenths of this is the raw call (bench/crypto_bench.ts).
 *
 * @module
 */
import { hmac } from "npm:@noble/hashes@2.4.0/hmac.js";
import { blake2b } from "npm:@noble/hashes@2.4.0/blake2.js";
import { sha256 } from "npm:@noble/hashes@2.4.0/sha2.js";
import {
  assertKeyBytes,
  assertSize,
  type CryptoBackend,
  KEY_BYTES,
  MAC128_BYTES,
  type PacketKey,
  TAG_BYTES,
} from "./backend.ts";
import { loadRawSodium, type RawSodium } from "./raw_sodium.ts";
import { assertCanSeal, canOpen } from "./sealed_range.ts";

/** Default slab: more than 8,000 datagram buffers of 1.5 KiB. Untouched pages cost no memory. */
export const DEFAULT_SLAB_BYTES = 12 * 1024 * 1024;

/** Where libsodium's memory ends. A slab has to stay below, beside the module's own few hundred KiB. */
export const MAX_SLAB_BYTES = 2 * 1024 * 1024 * 1024;

/** Bytes of a SipHash-2-4 key. */
export const SIPHASH_KEY_BYTES = 16;

/** Bytes of a SipHash-2-4 result. */
export const SIPHASH_BYTES = 8;

/** Pieces of the slab start on a cache line. */
const ALIGN_BYTES = 64;

/** Left free in the heap, so that a few calls of libsodium's wrappers elsewhere do not make it grow. */
const HEADROOM_BYTES = 512 * 1024;

// The scratch area: where each thing lies, in bytes from its start.
const KEY_AT = 0;
const NONCE_AT = 32;
const RESULT_AT = 64;
const DATA_AT = 128;
const DATA_BYTES = 65_536;
const SCRATCH_BYTES = DATA_AT + DATA_BYTES;

/** How {@link loadSodium} reserves memory. */
export interface SodiumOptions {
  /** Bytes for `allocate`, 0 to {@link MAX_SLAB_BYTES}; {@link DEFAULT_SLAB_BYTES} if not given. */
  readonly slabBytes?: number;
}

/** The libsodium backend. {@link loadSodium} makes the one of this process. */
export class SodiumBackend implements CryptoBackend {
  /** Which implementation this is. */
  readonly name = "libsodium";

  /** Bytes that `allocate` could hand out when nothing was handed out yet. */
  readonly slabBytes: number;

  readonly #sodium: RawSodium;
  readonly #scratch: number;
  readonly #slabEnd: number;
  #slabNext: number;
  #heap: Uint8Array<ArrayBuffer>;
  #words: Uint32Array<ArrayBuffer>;

  /**
   * Reserves the scratch area and the slab. {@link loadSodium} calls this once per process.
   *
   * @throws RangeError when the heap cannot hold them.
   */
  constructor(sodium: RawSodium, slabBytes: number) {
    const headroom = sodium._malloc(HEADROOM_BYTES);
    const block = sodium._malloc(ALIGN_BYTES + SCRATCH_BYTES + slabBytes);
    if (headroom !== 0) sodium._free(headroom);
    if (block === 0) {
      throw new RangeError(`Cannot reserve ${slabBytes} bytes in the heap of libsodium`);
    }
    this.#sodium = sodium;
    this.#scratch = aligned(block);
    this.#slabNext = this.#scratch + SCRATCH_BYTES;
    this.#slabEnd = this.#slabNext + slabBytes;
    this.slabBytes = slabBytes;
    this.#heap = sodium.HEAPU8;
    this.#words = new Uint32Array(this.#heap.buffer);
  }

  /**
   * Takes `sizeBytes` bytes of the slab, aligned to 64 bytes, for good.
   *
   * @throws RangeError when the slab has not that much left.
   */
  allocate(sizeBytes: number): Uint8Array<ArrayBuffer> {
    assertSize(sizeBytes);
    const start = this.#slabNext;
    if (sizeBytes > this.#slabEnd - start) {
      throw new RangeError(
        `Cannot allocate ${sizeBytes} bytes: ${
          this.#slabEnd - start
        } of the ${this.slabBytes} bytes ` +
          "given to loadSodium as slabBytes are left",
      );
    }
    this.#slabNext = Math.min(aligned(start + sizeBytes), this.#slabEnd);
    return new Uint8Array(this.#refreshed().buffer, start, sizeBytes);
  }

  /** See {@link CryptoBackend.seal}. */
  seal(
    key: PacketKey,
    packetNumber: number,
    buffer: Uint8Array,
    aadStart: number,
    textStart: number,
    textEnd: number,
  ): void {
    assertCanSeal(packetNumber, buffer, aadStart, textStart, textEnd);
    const heap = this.#refreshed();
    this.#placeKey(key, packetNumber);
    if (buffer.buffer === heap.buffer) {
      const at = buffer.byteOffset;
      this.#encrypt(at + aadStart, at + textStart, at + textEnd);
      return;
    }
    const at = this.#scratch + DATA_AT;
    heap.set(buffer.subarray(aadStart, textEnd), at);
    const text = at + textStart - aadStart;
    const end = at + textEnd - aadStart;
    this.#encrypt(at, text, end);
    buffer.set(heap.subarray(text, end + TAG_BYTES), textStart);
  }

  /** See {@link CryptoBackend.open}. */
  open(
    key: PacketKey,
    packetNumber: number,
    buffer: Uint8Array,
    aadStart: number,
    textStart: number,
    end: number,
  ): boolean {
    if (!canOpen(packetNumber, buffer, aadStart, textStart, end)) return false;
    const heap = this.#refreshed();
    this.#placeKey(key, packetNumber);
    if (buffer.buffer === heap.buffer) {
      const at = buffer.byteOffset;
      return this.#decrypt(at + aadStart, at + textStart, at + end);
    }
    // Two subarray calls beat a loop over the bytes threefold at 100 bytes and twentyfold at 1,200.
    const at = this.#scratch + DATA_AT;
    heap.set(buffer.subarray(aadStart, end), at);
    const text = at + textStart - aadStart;
    const sealedEnd = at + end - aadStart;
    const isAuthentic = this.#decrypt(at, text, sealedEnd);
    buffer.set(heap.subarray(text, sealedEnd - TAG_BYTES), textStart);
    return isAuthentic;
  }

  /** See {@link CryptoBackend.x25519PublicKey}. */
  x25519PublicKey(secretKey: Uint8Array): Uint8Array {
    assertKeyBytes(secretKey, "An X25519 secret key");
    const heap = this.#refreshed();
    const secret = this.#place(secretKey, 0);
    this.#sodium._crypto_scalarmult_base(this.#scratch + RESULT_AT, secret);
    heap.fill(0, secret, secret + KEY_BYTES);
    return this.#result(KEY_BYTES);
  }

  /** See {@link CryptoBackend.x25519}. */
  x25519(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
    assertKeyBytes(secretKey, "An X25519 secret key");
    assertKeyBytes(publicKey, "An X25519 public key");
    const heap = this.#refreshed();
    const secret = this.#place(secretKey, 0);
    const theirs = this.#place(publicKey, KEY_BYTES);
    const status = this.#sodium._crypto_scalarmult(this.#scratch + RESULT_AT, secret, theirs);
    heap.fill(0, secret, secret + KEY_BYTES);
    return status === 0 ? this.#result(KEY_BYTES) : undefined;
  }

  /** See {@link CryptoBackend.sha256}. The build of libsodium has none; noble takes 3 us for 64 bytes. */
  sha256(data: Uint8Array): Uint8Array {
    return sha256(data);
  }

  /** See {@link CryptoBackend.hmacSha256}. */
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
    if (key.byteLength + data.byteLength > DATA_BYTES) return hmac(sha256, key, data);
    const heap = this.#refreshed();
    const salt = this.#place(key, 0);
    const input = this.#place(data, key.byteLength);
    this.#sodium._crypto_kdf_hkdf_sha256_extract(
      this.#scratch + RESULT_AT,
      salt,
      key.byteLength,
      input,
      data.byteLength,
    );
    // Keys and inputs of the key schedule are secrets: none stays behind in the heap.
    heap.fill(0, salt, input + data.byteLength);
    return this.#result(KEY_BYTES);
  }

  /** See {@link CryptoBackend.mac128}. */
  mac128(key: Uint8Array, data: Uint8Array): Uint8Array {
    assertKeyBytes(key, "A MAC key");
    if (data.byteLength > DATA_BYTES) return blake2b(data, { key, dkLen: MAC128_BYTES });
    const heap = this.#refreshed();
    heap.set(key, this.#scratch + KEY_AT);
    this.#sodium._crypto_generichash(
      this.#scratch + RESULT_AT,
      MAC128_BYTES,
      this.#place(data, 0),
      data.byteLength,
      0,
      this.#scratch + KEY_AT,
      KEY_BYTES,
    );
    return this.#result(MAC128_BYTES);
  }

  /**
   * The 8-byte SipHash-2-4 of up to 65,536 bytes: the tag of relay hops, where 64 bits keep strangers
   * out and the sessions' own AEAD guards the content. Data in memory of `allocate` is read in place.
   *
   * @param into Takes the hash, at its start; a new array if not given, which takes longer than the hash.
   * @returns `into`.
   * @throws RangeError unless the key has 16 bytes and `into` at least 8, or when there is more data.
   */
  sipHash24(key: Uint8Array, data: Uint8Array, into: Uint8Array = new Uint8Array(8)): Uint8Array {
    if (key.byteLength !== SIPHASH_KEY_BYTES) {
      throw new RangeError(`A SipHash key has ${SIPHASH_KEY_BYTES} bytes, not ${key.byteLength}`);
    }
    if (data.byteLength > DATA_BYTES) {
      throw new RangeError(
        `Cannot hash ${data.byteLength} bytes: the limit is ${DATA_BYTES} bytes`,
      );
    }
    if (into.byteLength < SIPHASH_BYTES) {
      throw new RangeError(`A SipHash has ${SIPHASH_BYTES} bytes, not ${into.byteLength}`);
    }
    const heap = this.#refreshed();
    const keyAt = this.#scratch + KEY_AT;
    const resultAt = this.#scratch + RESULT_AT;
    // Loops, since at these sizes a call of set, slice or fill costs more than the hash itself.
    for (let i = 0; i < SIPHASH_KEY_BYTES; i++) heap[keyAt + i] = key[i]!;
    const input = data.buffer === heap.buffer ? data.byteOffset : this.#place(data, 0);
    this.#sodium._crypto_shorthash(resultAt, input, data.byteLength, 0, keyAt);
    for (let i = 0; i < SIPHASH_BYTES; i++) into[i] = heap[resultAt + i]!;
    return into;
  }

  /** The current view of the heap. Emscripten makes a new one when the memory grew. */
  #refreshed(): Uint8Array<ArrayBuffer> {
    const heap = this.#sodium.HEAPU8;
    if (heap !== this.#heap) {
      this.#heap = heap;
      this.#words = new Uint32Array(heap.buffer);
    }
    return heap;
  }

  /** The nonce is the IV xor the packet number in the last eight bytes (docs/protocol.md, "Packet protection"). */
  #placeKey(key: PacketKey, packetNumber: number): void {
    const words = this.#words;
    const { keyWords, ivWords } = key;
    const keyAt = (this.#scratch + KEY_AT) >>> 2;
    for (let i = 0; i < 8; i++) words[keyAt + i] = keyWords[i]!;
    const nonceAt = (this.#scratch + NONCE_AT) >>> 2;
    words[nonceAt] = ivWords[0]!;
    words[nonceAt + 1] = ivWords[1]! ^ packetNumber;
    words[nonceAt + 2] = ivWords[2]! ^ (packetNumber / 0x1_0000_0000);
  }

  #encrypt(aad: number, text: number, textEnd: number): void {
    this.#sodium._crypto_aead_chacha20poly1305_ietf_encrypt(
      text,
      0,
      text,
      textEnd - text,
      0,
      aad,
      text - aad,
      0,
      0,
      this.#scratch + NONCE_AT,
      this.#scratch + KEY_AT,
    );
  }

  #decrypt(aad: number, text: number, end: number): boolean {
    return this.#sodium._crypto_aead_chacha20poly1305_ietf_decrypt(
      text,
      0,
      0,
      text,
      end - text,
      0,
      aad,
      text - aad,
      0,
      this.#scratch + NONCE_AT,
      this.#scratch + KEY_AT,
    ) === 0;
  }

  /** Copies `bytes` to `offset` of the scratch data; callers have checked the size and refreshed the heap. */
  #place(bytes: Uint8Array, offset: number): number {
    const at = this.#scratch + DATA_AT + offset;
    this.#heap.set(bytes, at);
    return at;
  }

  /** Takes the result out of the heap and leaves zeros, since it may be a secret. */
  #result(sizeBytes: number): Uint8Array {
    const at = this.#scratch + RESULT_AT;
    const result = this.#heap.slice(at, at + sizeBytes);
    this.#heap.fill(0, at, at + sizeBytes);
    return result;
  }
}

function aligned(pointer: number): number {
  return Math.ceil(pointer / ALIGN_BYTES) * ALIGN_BYTES;
}

/** Where the module of libsodium keeps the backend that lives in its heap. 1 is the backend's own version. */
const BACKEND = Symbol.for("tickwire.sodium.1");

/** libsodium's module, which all copies of this one share, and what they keep there. */
interface SharedSodium extends RawSodium {
  [BACKEND]?: SodiumBackend;
}

let loading: Promise<SodiumBackend> | undefined;

/**
 * Loads libsodium and reserves its memory; every later call gives the same backend.
 *
 * @throws RangeError when `slabBytes` is out of bounds, does not fit in memory, or is more than the backend was loaded with:
 * the slab cannot grow, so whoever needs the largest one has to load it first.
 */
export async function loadSodium(options: SodiumOptions = {}): Promise<SodiumBackend> {
  const { slabBytes } = options;
  const isSlab = slabBytes === undefined || Number.isSafeInteger(slabBytes) && slabBytes >= 0 &&
      slabBytes <= MAX_SLAB_BYTES;
  if (!isSlab) {
    throw new RangeError(`A slab has 0 to ${MAX_SLAB_BYTES} bytes, not ${slabBytes}`);
  }
  loading ??= startLoading(slabBytes ?? DEFAULT_SLAB_BYTES);
  const backend = await loading;
  if (slabBytes !== undefined && slabBytes > backend.slabBytes) {
    throw new RangeError(
      `Cannot give a slab of ${slabBytes} bytes: libsodium is loaded with one of ${backend.slabBytes} bytes`,
    );
  }
  return backend;
}

function startLoading(slabBytes: number): Promise<SodiumBackend> {
  const attempt = loadRawSodium().then((sodium: SharedSodium) =>
    sodium[BACKEND] ??= new SodiumBackend(sodium, slabBytes)
  );
  // A slab that did not fit must not fail every later call too.
  attempt.catch(() => loading = undefined);
  return attempt;
}
