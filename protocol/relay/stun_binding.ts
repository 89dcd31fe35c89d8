/**
 * Answers STUN Binding requests (RFC 8489, and RFC 5389 before it): tells who asks where it is seen.
 *
 * A relay does so only where its operator wants it: then the usual tools can look at NATs with it. No
 * authentication, no other addresses to answer from: what asks for that by an attribute that has to be
 * understood is told that it was not.
 *
 * An answer of 32 to 64 bytes to a request of 20 is more than came, the one exception of a relay. So it is
 * off unless switched on, and limited in all to what is no use to anybody as a reflector.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import { type Address, IP_BYTES, isIpv4, parseIp, sourceKey } from "../address.ts";
import { KeyedBuckets, TokenBucket } from "../token_bucket.ts";

/** Answers a second to one address, a /64 of IPv6 being one. */
export const STUN_ANSWERS_PER_SECOND_PER_ADDRESS = 10;

/** Answers a second in all: 100 kbit/s at the most. */
export const STUN_ANSWERS_PER_SECOND = 200;

/** Longest answer: an error that names {@link MAX_UNKNOWN} attributes, or an IPv6 address, and a fingerprint. */
export const MAX_STUN_ANSWER_BYTES = 64;

const HEADER_BYTES = 20;
const MAX_REQUEST_BYTES = 548;
const COOKIE = 0x2112_a442;
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const BINDING_ERROR = 0x0111;
const FINGERPRINT_XOR = 0x5354_554e;
const ATTRIBUTE_HEADER_BYTES = 4;
const FINGERPRINT_BYTES = 8;
const MAX_UNKNOWN = 8;
const IPV4_AT = 12;
const RATED_ADDRESSES = 1_024;

const Attribute = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  realm: 0x0014,
  nonce: 0x0015,
  messageIntegritySha256: 0x001c,
  xorMappedAddress: 0x0020,
  priority: 0x0024,
  useCandidate: 0x0025,
  padding: 0x0026,
  fingerprint: 0x8028,
} as const;

/** Attributes that have to be understood, and are: those of authentication that was not asked for, and of ICE. */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  Attribute.username,
  Attribute.messageIntegrity,
  Attribute.realm,
  Attribute.nonce,
  Attribute.messageIntegritySha256,
  Attribute.priority,
  Attribute.useCandidate,
  Attribute.padding,
]);

/** From here on attributes may be ignored. */
const OPTIONAL_ATTRIBUTES = 0x8000;

interface BindingRequest {
  readonly hasFingerprint: boolean;
  readonly unknown: readonly number[];
}

/** What came of STUN requests. */
export interface StunCounters {
  /** Requests that were answered, with an address or an error. */
  answered: number;
  /** Datagrams that are no Binding request. */
  malformed: number;
  /** Requests beyond a rate. */
  limited: number;
}

/** Answers Binding requests within limits. */
export class StunResponder {
  /** Live counters. */
  readonly counters: StunCounters = { answered: 0, malformed: 0, limited: 0 };
  readonly #total: TokenBucket;
  readonly #rates = new KeyedBuckets(
    STUN_ANSWERS_PER_SECOND_PER_ADDRESS,
    STUN_ANSWERS_PER_SECOND_PER_ADDRESS,
    RATED_ADDRESSES,
  );

  /** Begins with full buckets. */
  constructor(nowMs: number) {
    this.#total = new TokenBucket(STUN_ANSWERS_PER_SECOND, STUN_ANSWERS_PER_SECOND, nowMs);
  }

  /**
   * Writes the answer to a datagram; 0 when there is none. Never throws on what came off the wire.
   *
   * @param into Room for {@link MAX_STUN_ANSWER_BYTES} bytes.
   */
  answer(request: Uint8Array, from: Address, into: Uint8Array, nowMs: number): number {
    const { counters } = this;
    if (!isStunBinding(request)) {
      counters.malformed++;
      return 0;
    }
    // The total first: a spoofed flood shall not even fill the table of addresses.
    if (!this.#total.take(1, nowMs) || !this.#rates.take(sourceKey(from.hostname), nowMs)) {
      counters.limited++;
      return 0;
    }
    const sizeBytes = writeStunAnswer(request, from, into);
    if (sizeBytes === 0) counters.malformed++;
    else counters.answered++;
    return sizeBytes;
  }
}

/** Whether a datagram looks like a Binding request; its attributes are looked at when it is answered. */
export function isStunBinding(bytes: Uint8Array): boolean {
  const { byteLength } = bytes;
  if (byteLength < HEADER_BYTES || byteLength > MAX_REQUEST_BYTES) return false;
  const view = viewOf(bytes);
  return view.getUint16(0) === BINDING_REQUEST && view.getUint32(4) === COOKIE &&
    view.getUint16(2) === byteLength - HEADER_BYTES && byteLength % 4 === 0;
}

/**
 * Writes the answer to a request that {@link isStunBinding} took: where it came from, or what of it was not
 * understood. It has a fingerprint when the request has one.
 *
 * @returns Its size; 0 when attributes or fingerprint of the request are broken, or the source is no IP.
 */
export function writeStunAnswer(request: Uint8Array, from: Address, into: Uint8Array): number {
  const read = readAttributes(request);
  if (read === undefined) return 0;
  into.fill(0, 0, MAX_STUN_ANSWER_BYTES);
  const view = viewOf(into);
  view.setUint32(4, COOKIE);
  into.set(request.subarray(8, HEADER_BYTES), 8);
  const isError = read.unknown.length > 0;
  view.setUint16(0, isError ? BINDING_ERROR : BINDING_SUCCESS);
  const endAt = isError
    ? writeUnknown(view, read.unknown)
    : writeMappedAddress(into, view, request, from);
  if (endAt === 0) return 0;
  const sizeBytes = endAt + (read.hasFingerprint ? FINGERPRINT_BYTES : 0);
  view.setUint16(2, sizeBytes - HEADER_BYTES);
  if (read.hasFingerprint) {
    view.setUint16(endAt, Attribute.fingerprint);
    view.setUint16(endAt + 2, 4);
    view.setUint32(endAt + ATTRIBUTE_HEADER_BYTES, fingerprint(into.subarray(0, endAt)));
  }
  return sizeBytes;
}

function readAttributes(request: Uint8Array): BindingRequest | undefined {
  const view = viewOf(request);
  const unknown: number[] = [];
  let hasFingerprint = false;
  for (let at = HEADER_BYTES; at < request.byteLength;) {
    // Nothing follows a fingerprint.
    if (hasFingerprint || at + ATTRIBUTE_HEADER_BYTES > request.byteLength) return undefined;
    const type = view.getUint16(at);
    const valueBytes = view.getUint16(at + 2);
    const endAt = at + ATTRIBUTE_HEADER_BYTES + valueBytes + (-valueBytes & 3);
    if (endAt > request.byteLength) return undefined;
    if (type === Attribute.fingerprint) {
      const isRight = valueBytes === 4 &&
        view.getUint32(at + ATTRIBUTE_HEADER_BYTES) === fingerprint(request.subarray(0, at));
      if (!isRight) return undefined;
      hasFingerprint = true;
    } else if (
      type < OPTIONAL_ATTRIBUTES && !UNDERSTOOD.has(type) && unknown.length < MAX_UNKNOWN
    ) {
      unknown.push(type);
    }
    at = endAt;
  }
  return { hasFingerprint, unknown };
}

/** XOR-MAPPED-ADDRESS: port and IPv4 address XORed with the cookie, IPv6 with the transaction id as well. */
function writeMappedAddress(
  into: Uint8Array,
  view: DataView,
  request: Uint8Array,
  { hostname, port }: Address,
): number {
  const ip = new Uint8Array(IP_BYTES);
  if (!parseIp(hostname, ip)) return 0;
  const isV4 = isIpv4(ip);
  const address = isV4 ? ip.subarray(IPV4_AT) : ip;
  const at = HEADER_BYTES + ATTRIBUTE_HEADER_BYTES;
  view.setUint16(HEADER_BYTES, Attribute.xorMappedAddress);
  view.setUint16(HEADER_BYTES + 2, 4 + address.byteLength);
  view.setUint16(at, isV4 ? 1 : 2);
  view.setUint16(at + 2, port ^ COOKIE >>> 16);
  for (let i = 0; i < address.byteLength; i++) into[at + 4 + i] = address[i]! ^ request[4 + i]!;
  return at + 4 + address.byteLength;
}

/** ERROR-CODE 420 without words, and UNKNOWN-ATTRIBUTES. */
function writeUnknown(view: DataView, unknown: readonly number[]): number {
  let at = HEADER_BYTES;
  view.setUint16(at, Attribute.errorCode);
  view.setUint16(at + 2, 4);
  view.setUint16(at + 6, 4 << 8 | 20);
  at += 8;
  view.setUint16(at, Attribute.unknownAttributes);
  view.setUint16(at + 2, unknown.length * 2);
  at += ATTRIBUTE_HEADER_BYTES;
  for (const type of unknown) {
    view.setUint16(at, type);
    at += 2;
  }
  return at + (at & 2);
}

/** CRC-32 of what comes before, with a length that already counts the fingerprint. */
function fingerprint(before: Uint8Array): number {
  const bytes = before.slice();
  viewOf(bytes).setUint16(2, before.byteLength - HEADER_BYTES + FINGERPRINT_BYTES);
  return (crc32(bytes) ^ FINGERPRINT_XOR) >>> 0;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
