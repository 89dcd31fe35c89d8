/**
 * Every backend, for suites that must hold on each.
 *
 * @module
 */
import type { CryptoBackend } from "../../../protocol/crypto/backend.ts";
import { nobleBackend } from "../../../protocol/crypto/noble.ts";
import { loadSodium, type SodiumBackend } from "../../../protocol/crypto/sodium.ts";

/** The one libsodium backend of this process. */
export const sodium: SodiumBackend = await loadSodium();

/** All backends. */
export const BACKENDS: readonly CryptoBackend[] = [sodium, nobleBackend()];

/** Bytes that differ from their neighbors: `start`, `start + 1`, and so on modulo 256. */
export function countingBytes(sizeBytes: number, start = 0): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: sizeBytes }, (_, i) => start + i);
}
