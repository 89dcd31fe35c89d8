/**
 * The raw WebAssembly exports of libsodium.js that Tickwire calls, typed.
 *
 * The documented wrapper functions allocate and copy on every call and throw on a forged packet:
 * they take 2.2 to 19 times as long as the raw call for 100 bytes. So the packet path calls the
 * exports with pointers into the module's heap. Pointers are byte offsets; a 64-bit length is two
 * 32-bit arguments, low word first; a pointer of 0 means "not wanted".
 *
 * @module
 */
import sodium from "npm:libsodium-wrappers@0.8.4";

/** The part of the Emscripten module that `sodium.ts` uses. */
export interface RawSodium {
  /** The heap. Emscripten replaces it by a new view when the memory grew, and the old one is detached. */
  readonly HEAPU8: Uint8Array<ArrayBuffer>;

  /** Reserves heap memory, growing the heap where needed; 0 when there is none. */
  _malloc(sizeBytes: number): number;

  /** Returns memory of {@link _malloc}. */
  _free(pointer: number): void;

  /** Seals `text` to `out`, which may be the same pointer; the tag follows the ciphertext. */
  _crypto_aead_chacha20poly1305_ietf_encrypt(
    out: number,
    outLengthPointer: number,
    text: number,
    textLength: number,
    textLengthHigh: number,
    aad: number,
    aadLength: number,
    aadLengthHigh: number,
    secretNonce: number,
    nonce: number,
    key: number,
  ): number;

  /** Opens `sealed` to `out`, which may be the same pointer; -1 and an `out` of zeros when it is forged. */
  _crypto_aead_chacha20poly1305_ietf_decrypt(
    out: number,
    outLengthPointer: number,
    secretNonce: number,
    sealed: number,
    sealedLength: number,
    sealedLengthHigh: number,
    aad: number,
    aadLength: number,
    aadLengthHigh: number,
    nonce: number,
    key: number,
  ): number;

  /** X25519; -1 when the result is all zeros. */
  _crypto_scalarmult(out: number, secretKey: number, publicKey: number): number;

  /** X25519 with the base point. */
  _crypto_scalarmult_base(out: number, secretKey: number): number;

  /** HKDF-Extract with SHA-256, which is HMAC-SHA-256 with `salt` as its key (RFC 5869, section 2.2). */
  _crypto_kdf_hkdf_sha256_extract(
    out: number,
    salt: number,
    saltLength: number,
    input: number,
    inputLength: number,
  ): number;

  /** BLAKE2b of 16 to 64 bytes, keyed when `keyLength` is not 0. */
  _crypto_generichash(
    out: number,
    outLength: number,
    input: number,
    inputLength: number,
    inputLengthHigh: number,
    key: number,
    keyLength: number,
  ): number;

  /** SipHash-2-4 with a 16-byte key and an 8-byte result. */
  _crypto_shorthash(
    out: number,
    input: number,
    inputLength: number,
    inputLengthHigh: number,
    key: number,
  ): number;
}

/** Compiles the module on first use; resolves at once afterwards. */
export async function loadRawSodium(): Promise<RawSodium> {
  await sodium.ready;
  // The published types describe the wrapper functions only; the Emscripten module stands beside them
  // as `libsodium`. The exact version is pinned, and the tests call every function declared above.
  const { libsodium } = sodium as unknown as { readonly libsodium: RawSodium };
  return libsodium;
}
