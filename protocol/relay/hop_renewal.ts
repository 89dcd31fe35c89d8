/**
 * Renewals: what a director seals for one hop so that a session there lives on, with fresh limits.
 *
 * Implements docs/relay_protocol.md, "Renewal". It travels in RENEW frames, which the hop's key tags, so it
 * needs no gate tag of its own.
 *
 * @module
 */
import {
  type CryptoBackend,
  KEY_BYTES,
  NONCE_BYTES,
  packetKey,
  TAG_BYTES,
} from "../crypto/backend.ts";
import { nobleBackend } from "../crypto/noble.ts";
import { keyOf, type RelayKey } from "./hop_ticket.ts";
import { assertBelow, assertBytes } from "./hop_ticket_text.ts";
import { RELAY_VERSION } from "./relay_frame.ts";

/** Bytes of a sealed renewal. */
export const HOP_RENEWAL_BYTES = 60;

/** First byte: a ticket of the same version must never pass for a renewal. */
const RENEWAL_MARK: number = 0x80 | RELAY_VERSION;

const NONCE_AT = 4;
const TEXT_AT: number = NONCE_AT + NONCE_BYTES;
const TEXT_BYTES = 28;

const NOBLE: CryptoBackend = nobleBackend();

/** What one hop is told. Limits are those of `HopTicket`, and take the place of the ones before. */
export interface HopRenewal {
  /** The relay session. */
  sessionId: bigint;
  /** When it expires now, in seconds since 1970. */
  notAfterS: number;
  /** Label of the hop before, which tells the paths of a session apart. */
  labelIn: number;
  /** Kilobits a second from the client; 0 for no limit. */
  kbpsUp: number;
  /** Kilobits a second to the client. */
  kbpsDown: number;
  /** Frames a second from the client; 0 for no limit. */
  ppsUp: number;
  /** Frames a second to the client. */
  ppsDown: number;
  /** Mebibytes of both directions since the session was bound; 0 for no limit. */
  maxMiB: number;
}

/** What a renewal says in the clear. */
export interface HopRenewalClear {
  /** Shard of the hop. */
  readonly shard: number;
  /** Place of the hop in the route. */
  readonly hopIndex: number;
}

/**
 * Seals a renewal of {@link HOP_RENEWAL_BYTES} bytes for one hop.
 *
 * @param nonce 12 random bytes, never used before under this key, for tickets neither.
 * @throws RangeError when a field is out of its bounds or a key has another length.
 */
export function sealHopRenewal(
  renewal: HopRenewal,
  key: RelayKey,
  clear: HopRenewalClear,
  nonce: Uint8Array,
  crypto: CryptoBackend = NOBLE,
): Uint8Array {
  assertRenewal(renewal);
  assertBytes("aeadKey", key.aeadKey, KEY_BYTES);
  assertBytes("nonce", nonce, NONCE_BYTES);
  assertBelow(2 ** 8, { keyId: key.keyId, shard: clear.shard, hopIndex: clear.hopIndex });
  const bytes = new Uint8Array(HOP_RENEWAL_BYTES);
  const view = new DataView(bytes.buffer, TEXT_AT);
  // The associated data stands right before the text while it is sealed; then the nonce takes its place.
  const clearBytes = [RENEWAL_MARK, key.keyId, clear.shard, clear.hopIndex];
  bytes.set(clearBytes, TEXT_AT - NONCE_AT);
  view.setBigUint64(0, renewal.sessionId, true);
  view.setUint32(8, renewal.notAfterS, true);
  view.setUint32(12, renewal.labelIn, true);
  view.setUint16(16, renewal.kbpsUp, true);
  view.setUint16(18, renewal.kbpsDown, true);
  view.setUint16(20, renewal.ppsUp, true);
  view.setUint16(22, renewal.ppsDown, true);
  view.setUint32(24, renewal.maxMiB, true);
  const aead = packetKey(key.aeadKey, nonce);
  crypto.seal(aead, 0, bytes, TEXT_AT - NONCE_AT, TEXT_AT, TEXT_AT + TEXT_BYTES);
  bytes.set(clearBytes);
  bytes.set(nonce, NONCE_AT);
  return bytes;
}

/**
 * Opens the renewal at `at`; `undefined` when it is not for these keys, forged, or fewer than 60 bytes are
 * there. Never throws on the bytes.
 */
export function openHopRenewal(
  bytes: Uint8Array,
  at: number,
  keys: readonly RelayKey[],
  crypto: CryptoBackend = NOBLE,
): HopRenewal | undefined {
  if (at + HOP_RENEWAL_BYTES > bytes.byteLength || bytes[at] !== RENEWAL_MARK) return undefined;
  const key = keyOf(keys, bytes[at + 1]!);
  if (key === undefined) return undefined;
  const scratch = new Uint8Array(NONCE_AT + TEXT_BYTES + TAG_BYTES);
  scratch.set(bytes.subarray(at, at + NONCE_AT));
  scratch.set(bytes.subarray(at + TEXT_AT, at + HOP_RENEWAL_BYTES), NONCE_AT);
  const aead = packetKey(key.aeadKey, bytes.subarray(at + NONCE_AT, at + TEXT_AT));
  if (!crypto.open(aead, 0, scratch, 0, NONCE_AT, scratch.byteLength)) return undefined;
  const view = new DataView(scratch.buffer, NONCE_AT);
  return {
    sessionId: view.getBigUint64(0, true),
    notAfterS: view.getUint32(8, true),
    labelIn: view.getUint32(12, true),
    kbpsUp: view.getUint16(16, true),
    kbpsDown: view.getUint16(18, true),
    ppsUp: view.getUint16(20, true),
    ppsDown: view.getUint16(22, true),
    maxMiB: view.getUint32(24, true),
  };
}

function assertRenewal(renewal: HopRenewal): void {
  const { sessionId, notAfterS, labelIn, kbpsUp, kbpsDown, ppsUp, ppsDown, maxMiB } = renewal;
  assertBelow(2 ** 32, { notAfterS, labelIn, maxMiB });
  assertBelow(2 ** 16, { kbpsUp, kbpsDown, ppsUp, ppsDown });
  if (sessionId !== BigInt.asUintN(64, sessionId)) {
    throw new RangeError(`"sessionId" is a number of 64 bits, not ${sessionId}`);
  }
}
