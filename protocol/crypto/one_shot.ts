/**
 * Sealing of one small message into an array of its own: for handshakes and tickets, not for packets,
 * which are sealed where they were built.
 *
 * @module
 */
import { type CryptoBackend, type PacketKey, TAG_BYTES } from "./backend.ts";

/** `plaintext` sealed under `key` and nonce number `packetNumber`: ciphertext, then tag. */
export function sealOneShot(
  crypto: CryptoBackend,
  key: PacketKey,
  packetNumber: number,
  associatedData: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const textStart = associatedData.byteLength;
  const textEnd = textStart + plaintext.byteLength;
  const buffer = new Uint8Array(textEnd + TAG_BYTES);
  buffer.set(associatedData);
  buffer.set(plaintext, textStart);
  crypto.seal(key, packetNumber, buffer, 0, textStart, textEnd);
  return buffer.slice(textStart);
}

/** The plaintext of what {@link sealOneShot} made, or `undefined` when it is too short or forged. */
export function openOneShot(
  crypto: CryptoBackend,
  key: PacketKey,
  packetNumber: number,
  associatedData: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const textStart = associatedData.byteLength;
  const end = textStart + sealed.byteLength;
  const buffer = new Uint8Array(end);
  buffer.set(associatedData);
  buffer.set(sealed, textStart);
  if (!crypto.open(key, packetNumber, buffer, 0, textStart, end)) return undefined;
  return buffer.slice(textStart, end - TAG_BYTES);
}
