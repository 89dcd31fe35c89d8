/**
 * The 64-bit id of a game, in clear text in every HELLO: for filters and relays on the way.
 *
 * @module
 */
import type { CryptoBackend } from "./crypto/backend.ts";

const ENCODER = new TextEncoder();

/** First eight bytes of the SHA-256 of `"tickwire game "` and the protocol's name. */
export function appIdOf(crypto: CryptoBackend, protocolName: string): Uint8Array {
  return crypto.sha256(ENCODER.encode(`tickwire game ${protocolName}`)).slice(0, 8);
}
