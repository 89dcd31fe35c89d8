/**
 * Identities of wires: 64 bits of SHA-256 over the text that fixes the bytes.
 *
 * @module
 */
import { sha256 } from "npm:@noble/hashes@2.4.0/sha2.js";

/** Bytes of an id. 64 bits tell honest schemas apart; nothing relies on them against forgery. */
export const WIRE_ID_BYTES = 8;

const encoder = new TextEncoder();

/** The first eight bytes of SHA-256 of the text in UTF-8. */
export function wireId(text: string): Uint8Array {
  return sha256(encoder.encode(text)).slice(0, WIRE_ID_BYTES);
}

/** An id in lowercase hexadecimal digits. */
export function idToHex(id: Uint8Array): string {
  return Array.from(id, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
