/**
 * Small tokens that only their issuer, or who shares its key, can read and make: connect tickets and
 * resume tickets (docs/protocol.md, "Tickets").
 *
 * Layout: nonce (12 bytes, random), ciphertext, tag (16 bytes). With random 96-bit nonces one key is
 * good for 2^32 tokens, after which a repeated nonce is no longer improbable enough
 * (NIST SP 800-38D, section 8.3, states this bound for the same nonce length).
 *
 * @module
 */
import {
  assertKeyBytes,
  type CryptoBackend,
  NONCE_BYTES,
  packetKey,
  TAG_BYTES,
} from "./backend.ts";
import { openOneShot, sealOneShot } from "./one_shot.ts";

/** Bytes that {@link seal} adds: nonce and tag. */
export const SEALED_BOX_OVERHEAD_BYTES: number = NONCE_BYTES + TAG_BYTES;

/**
 * Seals `plaintext`; `associatedData` is authenticated and not contained.
 *
 * @param nonce 12 random bytes, never used before under this key.
 * @throws RangeError when key or nonce have another length than 32 and 12 bytes, or above 65,535 bytes
 * of associated data, plaintext and tag.
 */
export function seal(
  crypto: CryptoBackend,
  key: Uint8Array,
  nonce: Uint8Array,
  associatedData: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const sealed = sealOneShot(crypto, packetKey(key, nonce), 0, associatedData, plaintext);
  const box = new Uint8Array(NONCE_BYTES + sealed.byteLength);
  box.set(nonce);
  box.set(sealed, NONCE_BYTES);
  return box;
}

/**
 * The plaintext of a box, or `undefined` when it is too short, forged, or sealed with another key or
 * other associated data. Never throws on the bytes of `box`.
 *
 * @throws RangeError unless the key has 32 bytes.
 */
export function open(
  crypto: CryptoBackend,
  key: Uint8Array,
  associatedData: Uint8Array,
  box: Uint8Array,
): Uint8Array | undefined {
  assertKeyBytes(key, "A key");
  if (box.byteLength < SEALED_BOX_OVERHEAD_BYTES) return undefined;
  const boxKey = packetKey(key, box.subarray(0, NONCE_BYTES));
  return openOneShot(crypto, boxKey, 0, associatedData, box.subarray(NONCE_BYTES));
}
