/**
 * Beacons: clients measure how far they are from a relay before they are anyone's session.
 *
 * Implements docs/relay_protocol.md, "Beacons". A director hands out tokens; without one a relay is silent,
 * and a QOS_PONG is half as large as its QOS_PING, so nothing is reflected larger than it came.
 *
 * @module
 */
import { readU32, RELAY_HEADER_BYTES, writeU32 } from "./relay_frame.ts";
import type { RelayKey } from "./hop_ticket.ts";
import { PureSipHasher, type SipHasher } from "./siphash.ts";

/** Bytes of a token. */
export const BEACON_TOKEN_BYTES = 16;

/** Bytes that a QOS_PONG repeats of its QOS_PING. */
export const BEACON_NONCE_BYTES = 8;

/** Bytes of a QOS_PING. */
export const QOS_PING_BYTES: number = RELAY_HEADER_BYTES + 44;

/** Bytes of a QOS_PONG. */
export const QOS_PONG_BYTES: number = RELAY_HEADER_BYTES + 12;

/** Where a QOS_PING has its token. */
export const BEACON_TOKEN_AT: number = RELAY_HEADER_BYTES;

/** Where a QOS_PING has its nonce. */
export const BEACON_NONCE_AT: number = RELAY_HEADER_BYTES + BEACON_TOKEN_BYTES;

/** Where a QOS_PONG has its nonce. */
export const PONG_NONCE_AT: number = RELAY_HEADER_BYTES;

/** Where a QOS_PONG says how busy the relay is, 0 to 255 for 0 to its ceiling. */
export const PONG_LOAD_AT: number = RELAY_HEADER_BYTES + BEACON_NONCE_BYTES;

/** Where a QOS_PONG says whether the relay drains: 1 or 0. */
export const PONG_DRAINS_AT: number = PONG_LOAD_AT + 1;

/** What the hash of a token begins with, so that no gate tag or source hash is ever one. */
const DOMAIN: Uint8Array = new TextEncoder().encode("tickwire beacon ");

/**
 * A token with which a client may ping one shard of a relay until `notAfterS`, in seconds since 1970:
 * key id, shard, two zeros, u32 `notAfterS`, 8 bytes of SipHash under the relay's gate key.
 */
export function issueBeaconToken(key: RelayKey, shard: number, notAfterS: number): Uint8Array {
  const token = new Uint8Array(BEACON_TOKEN_BYTES);
  token[0] = key.keyId;
  token[1] = shard;
  writeU32(token, 4, notAfterS);
  const hasher = new PureSipHasher();
  digestToken(hasher, key, token, 0);
  writeU32(token, 8, hasher.low);
  writeU32(token, 12, hasher.high);
  return token;
}

/** Whether the 16 bytes at `at` are a token of this key, expired or not. */
export function isBeaconToken(
  hasher: SipHasher,
  key: RelayKey,
  bytes: Uint8Array,
  at: number,
): boolean {
  digestToken(hasher, key, bytes, at);
  return ((hasher.low ^ readU32(bytes, at + 8)) | (hasher.high ^ readU32(bytes, at + 12))) === 0;
}

/** When a token expires, in seconds since 1970. */
export function beaconNotAfterS(bytes: Uint8Array, at: number): number {
  return readU32(bytes, at + 4);
}

function digestToken(hasher: SipHasher, key: RelayKey, bytes: Uint8Array, at: number): void {
  const { input } = hasher;
  for (let i = 0; i < DOMAIN.byteLength; i++) input[i] = DOMAIN[i]!;
  for (let i = 0; i < 8; i++) input[DOMAIN.byteLength + i] = bytes[at + i]!;
  hasher.digest(key.gateKey, 0, DOMAIN.byteLength + 8);
}
