/**
 * The cryptographic primitives that the protocol runs on, as one small interface.
 *
 * Two backends implement it: libsodium in WebAssembly (`sodium.ts`, the packet path in Deno and Node)
 * and noble (`noble.ts`, plain JavaScript for browsers). One vector suite runs on both.
 * Nothing here draws random bytes: secrets and nonces come in as arguments.
 *
 * @module
 */

/** Bytes of a ChaCha20-Poly1305 authentication tag (RFC 8439, section 2.8). */
export const TAG_BYTES = 16;

/** Bytes of an X25519 key, secret or public (RFC 7748). */
export const KEY_BYTES = 32;

/** Bytes of a ChaCha20-Poly1305 nonce and of an IV (RFC 8439, section 2.8). */
export const NONCE_BYTES = 12;

/** Bytes of {@link CryptoBackend.mac128}. */
export const MAC128_BYTES = 16;

/**
 * A ChaCha20-Poly1305 key with its 96-bit IV, laid out for the packet path.
 *
 * The nonce of packet `n` is the IV xor the 64-bit little-endian `n` in its last eight bytes
 * (docs/protocol.md, "Packet protection"). With an IV of zeros this is the nonce of the Noise
 * framework, so one primitive serves packets, handshakes and tickets.
 */
export interface PacketKey {
  /** The 256-bit key as eight little-endian words. */
  readonly keyWords: Uint32Array;
  /** The 96-bit IV as three little-endian words. */
  readonly ivWords: Uint32Array;
}

/** The primitives. Offsets and lengths are bytes; every method is synchronous and deterministic. */
export interface CryptoBackend {
  /** Which implementation this is. */
  readonly name: "libsodium" | "noble";

  /**
   * Reserves `sizeBytes` bytes in which {@link seal} and {@link open} work without a copy.
   * Memory stays reserved for the life of the process: callers pool it.
   *
   * @throws RangeError when the size is not a whole number of bytes or the backend's memory is exhausted.
   */
  allocate(sizeBytes: number): Uint8Array<ArrayBuffer>;

  /**
   * Encrypts `buffer[textStart..textEnd)` in place and writes the tag at `textEnd`.
   * The associated data is `buffer[aadStart..textStart)`.
   * Buffers that {@link allocate} gave are sealed in place, any other is copied in and out.
   *
   * @throws RangeError when the packet number is not a whole number of 0 to 2^53 - 1, when the buffer
   * has no room for the tag, or when the range with its tag is over 65,535 bytes.
   */
  seal(
    key: PacketKey,
    packetNumber: number,
    buffer: Uint8Array,
    aadStart: number,
    textStart: number,
    textEnd: number,
  ): void;

  /**
   * Authenticates and decrypts `buffer[textStart..end)` in place, the last 16 bytes being the tag.
   * The plaintext is then `buffer[textStart..end - 16)`. Never throws on what came off the wire.
   *
   * A range that does not authenticate is wiped: its text is zeros afterwards, on every backend, so
   * nothing unauthenticated can be read by mistake. Pick the key before the call: there is no second try.
   *
   * @returns `false` when the tag does not match (text wiped) or the range is too short, too long or
   * outside of the buffer (nothing touched).
   */
  open(
    key: PacketKey,
    packetNumber: number,
    buffer: Uint8Array,
    aadStart: number,
    textStart: number,
    end: number,
  ): boolean;

  /**
   * The X25519 public key of a 32-byte secret (RFC 7748).
   *
   * @throws RangeError unless the secret has 32 bytes.
   */
  x25519PublicKey(secretKey: Uint8Array): Uint8Array;

  /**
   * The X25519 shared secret, or `undefined` when the public key is of low order (all-zero result).
   *
   * @throws RangeError unless both keys have 32 bytes.
   */
  x25519(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined;

  /** SHA-256 (FIPS 180-4). */
  sha256(data: Uint8Array): Uint8Array;

  /** HMAC-SHA-256 (RFC 2104). Key and data may have any length. */
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;

  /**
   * A 128-bit keyed BLAKE2b (RFC 7693) of `data`, for cookies and reset tokens that only their issuer reads.
   *
   * @throws RangeError unless the key has 32 bytes.
   */
  mac128(key: Uint8Array, data: Uint8Array): Uint8Array;
}

/**
 * Packs a 32-byte key and a 12-byte IV for {@link CryptoBackend.seal} and {@link CryptoBackend.open}.
 *
 * @throws RangeError on other lengths.
 */
export function packetKey(
  key: Uint8Array,
  iv: Uint8Array = new Uint8Array(NONCE_BYTES),
): PacketKey {
  assertKeyBytes(key, "A packet key");
  if (iv.byteLength !== NONCE_BYTES) {
    throw new RangeError(`An IV has ${NONCE_BYTES} bytes, not ${iv.byteLength}`);
  }
  return { keyWords: littleEndianWords(key), ivWords: littleEndianWords(iv) };
}

/** Throws a RangeError unless `bytes` is as long as an X25519 key or a 256-bit secret. */
export function assertKeyBytes(bytes: Uint8Array, what: string): void {
  if (bytes.byteLength !== KEY_BYTES) {
    throw new RangeError(`${what} has ${KEY_BYTES} bytes, not ${bytes.byteLength}`);
  }
}

/** Throws a RangeError unless `sizeBytes` can be a size: typed arrays would cut 1.5 to 1 without a word. */
export function assertSize(sizeBytes: number): void {
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) {
    throw new RangeError(`Cannot allocate ${sizeBytes} bytes`);
  }
}

function littleEndianWords(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = new Uint32Array(bytes.byteLength / 4);
  for (let i = 0; i < words.length; i++) words[i] = view.getUint32(i * 4, true);
  return words;
}
