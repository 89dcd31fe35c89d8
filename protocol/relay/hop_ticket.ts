/**
 * Hop tickets: what a director seals for one hop of a route, and what a director hands to a client.
 *
 * Implements docs/relay_protocol.md, "Hop ticket". A hop opens its ticket without asking anyone: the gate
 * tag refuses strangers' bytes for a tenth of a microsecond, and only what passes it is decrypted.
 *
 * @module
 */
import { IP_BYTES, parseIp } from "../address.ts";
import {
  type CryptoBackend,
  KEY_BYTES,
  NONCE_BYTES,
  packetKey,
  TAG_BYTES,
} from "../crypto/backend.ts";
import { nobleBackend } from "../crypto/noble.ts";
import {
  assertBelow,
  assertBytes,
  assertTicket,
  emptyTicket,
  HOP_TICKET_TEXT_BYTES,
  type HopTicket,
  readTicketText,
  writeTicketText,
} from "./hop_ticket_text.ts";
import { readU32, RELAY_VERSION, writeU32 } from "./relay_frame.ts";
import { PureSipHasher, SIPHASH_KEY_BYTES, type SipHasher } from "./siphash.ts";

export {
  type Exposure,
  exposureBits,
  exposureOf,
  HopFlag,
  type HopTicket,
  MAX_ROUTE_HOPS,
} from "./hop_ticket_text.ts";
export type { RelayGrant, RelayRoute, RelayRouteHop } from "./relay_grant.ts";

/** Bytes of a sealed hop ticket. */
export const HOP_TICKET_BYTES = 144;

/** Keys that a director shares with one relay, or with one server as the last hop. */
export interface RelayKey {
  /** Which key this is, 0 to 255: two are alive while they are replaced. */
  keyId: number;
  /** Seals tickets: 32 bytes. */
  aeadKey: Uint8Array;
  /** Tags them: 16 bytes. */
  gateKey: Uint8Array;
}

/** What a ticket says in the clear. */
export interface HopTicketClear {
  /** Shard of the hop that the ticket is for. */
  readonly shard: number;
  /** Hops of the whole route, the server included: 1 to {@link MAX_ROUTE_HOPS}, the same in each ticket. */
  readonly hops: number;
}

/** Why a ticket does not open; {@link TicketProblem.none} when it does. */
export const TicketProblem = { none: 0, gate: 1, sealed: 2, content: 3 } as const;

/** One of the values of {@link TicketProblem}. */
export type TicketProblem = typeof TicketProblem[keyof typeof TicketProblem];

// Offsets in a sealed ticket.
const NONCE_AT = 4;
const TEXT_AT = NONCE_AT + NONCE_BYTES;
const GATE_AT = TEXT_AT + HOP_TICKET_TEXT_BYTES + TAG_BYTES;

/** Serves callers that bring no backend: tickets are few, and noble runs everywhere. */
const NOBLE: CryptoBackend = nobleBackend();

/**
 * The hash by which a ticket names the address that it is for. The port does not count: nobody knows it
 * beforehand. Never 0.
 *
 * @throws TypeError when the hostname is no IP literal.
 */
export function sourceHashOf(
  hostname: string,
  gateKey: Uint8Array,
  hasher: SipHasher = new PureSipHasher(),
): bigint {
  if (!parseIp(hostname, hasher.input)) {
    throw new TypeError(`"${hostname}" is no IPv4 or IPv6 address literal`);
  }
  hasher.digest(gateKey, 0, IP_BYTES);
  return BigInt(hasher.high >>> 0) << 32n | BigInt(hasher.low >>> 0) || 1n;
}

/**
 * Seals a ticket of {@link HOP_TICKET_BYTES} bytes for one hop.
 *
 * @param nonce 12 random bytes, never used before under this key.
 * @throws RangeError when a field is out of its bounds or a key has another length.
 * @throws TypeError when the next hop's address is no IP literal.
 */
export function sealHopTicket(
  ticket: HopTicket,
  key: RelayKey,
  clear: HopTicketClear,
  nonce: Uint8Array,
  crypto: CryptoBackend = NOBLE,
): Uint8Array {
  assertTicket(ticket, clear.hops);
  assertBytes("aeadKey", key.aeadKey, KEY_BYTES);
  assertBytes("gateKey", key.gateKey, SIPHASH_KEY_BYTES);
  assertBytes("nonce", nonce, NONCE_BYTES);
  assertBelow(2 ** 8, { keyId: key.keyId, shard: clear.shard });
  const bytes = new Uint8Array(HOP_TICKET_BYTES);
  bytes[0] = RELAY_VERSION;
  bytes[1] = key.keyId;
  bytes[2] = clear.shard;
  bytes[3] = clear.hops;
  writeTicketText(bytes.subarray(TEXT_AT, TEXT_AT + HOP_TICKET_TEXT_BYTES), ticket);
  // The associated data stands right before the text while it is sealed; then the nonce takes its place.
  bytes.copyWithin(TEXT_AT - NONCE_AT, 0, NONCE_AT);
  const aead = packetKey(key.aeadKey, nonce);
  crypto.seal(aead, 0, bytes, TEXT_AT - NONCE_AT, TEXT_AT, TEXT_AT + HOP_TICKET_TEXT_BYTES);
  bytes.set(nonce, NONCE_AT);
  const hasher = new PureSipHasher();
  digestGate(hasher, key, bytes, 0);
  writeU32(bytes, GATE_AT, hasher.low);
  writeU32(bytes, GATE_AT + 4, hasher.high);
  return bytes;
}

/** Opens tickets into an object of its own, which the next call overwrites. */
export class HopTicketOpener {
  /** What the last ticket that opened says. Its keys are overwritten too. */
  readonly ticket: HopTicket = emptyTicket();
  /** The key that opened it. */
  key: RelayKey | undefined;
  readonly #crypto: CryptoBackend;
  readonly #hasher: SipHasher;
  readonly #scratch = new Uint8Array(NONCE_AT + HOP_TICKET_TEXT_BYTES + TAG_BYTES);

  /** Opens with this backend and hashes with this hasher. */
  constructor(crypto: CryptoBackend, hasher: SipHasher) {
    this.#crypto = crypto;
    this.#hasher = hasher;
  }

  /**
   * Opens the ticket at `at`; the caller has checked that 144 bytes are there. Never throws on them.
   *
   * @param keys Keys that are alive.
   */
  open(bytes: Uint8Array, at: number, keys: readonly RelayKey[]): TicketProblem {
    const key = bytes[at] === RELAY_VERSION ? keyOf(keys, bytes[at + 1]!) : undefined;
    if (key === undefined) return TicketProblem.gate;
    digestGate(this.#hasher, key, bytes, at);
    const { low, high } = this.#hasher;
    const gate = at + GATE_AT;
    if (((low ^ readU32(bytes, gate)) | (high ^ readU32(bytes, gate + 4))) !== 0) {
      return TicketProblem.gate;
    }
    const scratch = this.#scratch;
    scratch.set(bytes.subarray(at, at + NONCE_AT));
    scratch.set(bytes.subarray(at + TEXT_AT, at + GATE_AT), NONCE_AT);
    const aead = packetKey(key.aeadKey, bytes.subarray(at + NONCE_AT, at + TEXT_AT));
    if (!this.#crypto.open(aead, 0, scratch, 0, NONCE_AT, scratch.byteLength)) {
      return TicketProblem.sealed;
    }
    const text = scratch.subarray(NONCE_AT, NONCE_AT + HOP_TICKET_TEXT_BYTES);
    if (!readTicketText(text, bytes[at + 3]!, this.ticket)) return TicketProblem.content;
    this.key = key;
    return TicketProblem.none;
  }
}

/** Opens a ticket of exactly 144 bytes; `undefined` when it is not for these keys, forged or malformed. */
export function openHopTicket(
  bytes: Uint8Array,
  keys: readonly RelayKey[],
  crypto: CryptoBackend = NOBLE,
): HopTicket | undefined {
  if (bytes.byteLength !== HOP_TICKET_BYTES) return undefined;
  const opener = new HopTicketOpener(crypto, new PureSipHasher());
  return opener.open(bytes, 0, keys) === TicketProblem.none ? opener.ticket : undefined;
}

/** Hops of the whole route, as a ticket says in the clear. */
export function ticketHops(bytes: Uint8Array, at: number): number {
  return bytes[at + 3]!;
}

/** The live key with this id. */
export function keyOf(keys: readonly RelayKey[], keyId: number): RelayKey | undefined {
  for (const key of keys) if (key.keyId === keyId) return key;
  return undefined;
}

function digestGate(hasher: SipHasher, key: RelayKey, bytes: Uint8Array, at: number): void {
  const { input } = hasher;
  for (let i = 0; i < GATE_AT; i++) input[i] = bytes[at + i]!;
  hasher.digest(key.gateKey, 0, GATE_AT);
}
