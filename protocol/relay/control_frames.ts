/**
 * What control frames carry: the bodies of BIND, RETRY, BOUND, PING, PONG and the rest.
 *
 * Implements docs/relay_protocol.md, "Control frames". Relays and the ends of routes write and read them
 * here, so that there is one copy of every layout. Offsets are from the start of the frame.
 *
 * @module
 */
import { type Address, formatIp, IP_BYTES, parseIp } from "../address.ts";
import { HOP_TICKET_BYTES, MAX_ROUTE_HOPS } from "./hop_ticket.ts";
import { readU32, RELAY_HEADER_BYTES, writeU32 } from "./relay_frame.ts";

/** Bytes of a cookie. */
export const RELAY_COOKIE_BYTES = 16;

/** Where a BIND and a RETRY have their cookie. */
export const COOKIE_AT: number = RELAY_HEADER_BYTES;

/** Where a BIND has its bind id. */
export const BIND_ID_AT: number = COOKIE_AT + RELAY_COOKIE_BYTES;

/** Where the tickets of a BIND begin. */
export const BIND_TICKETS_AT: number = BIND_ID_AT + 8;

/** A BIND has at least this many bytes, so that its answers stay below 0.15 of it. */
export const MIN_BIND_BYTES = 512;

/** Most bytes of a BIND. */
export const MAX_BIND_BYTES: number = BIND_TICKETS_AT + MAX_ROUTE_HOPS * HOP_TICKET_BYTES;

/** Bytes of a RETRY. */
export const RETRY_FRAME_BYTES: number = RELAY_HEADER_BYTES + RELAY_COOKIE_BYTES;

/** Bytes of a BOUND. */
export const BOUND_FRAME_BYTES: number = RELAY_HEADER_BYTES + 32;

/** Bytes of a RENEWED. */
export const RENEWED_FRAME_BYTES: number = RELAY_HEADER_BYTES + 4;

/** Bytes of what a PATH_CHALLENGE asks and a PATH_RESPONSE repeats. */
export const PATH_TOKEN_BYTES = 8;

/** Bytes of a PATH_CHALLENGE and of a PATH_RESPONSE. */
export const PATH_FRAME_BYTES: number = RELAY_HEADER_BYTES + PATH_TOKEN_BYTES;

/** Least bytes of a PING, which keep its answer smaller than it is. */
export const MIN_PING_BYTES: number = RELAY_HEADER_BYTES + 16;

/** Most bytes of a PING. */
export const MAX_PING_BYTES: number = RELAY_HEADER_BYTES + 64;

/** Bytes of what a PING asks and a PONG repeats. */
export const PING_TOKEN_BYTES = 8;

/** Bytes of a PONG. */
export const PONG_FRAME_BYTES: number = RELAY_HEADER_BYTES + 12;

/** Where a PONG says in how many seconds a relay on the way closes; 0 when none does. */
export const PONG_DRAIN_AT: number = RELAY_HEADER_BYTES + PING_TOKEN_BYTES;

/** Bytes of a CLOSE. */
export const CLOSE_FRAME_BYTES: number = RELAY_HEADER_BYTES + 1;

/** Bytes of a NO_SESSION: a header alone. */
export const NO_SESSION_FRAME_BYTES: number = RELAY_HEADER_BYTES;

/** Why a route is closed, in a CLOSE. */
export const RelayCloseCode = {
  /** An end has no more use for it. */
  done: 0,
  /** Neither renewed nor held. */
  expired: 1,
  /** Nothing was heard from the hop before. */
  idle: 2,
  /** The director revoked the session. */
  revoked: 3,
  /** All bytes that the ticket allows are used up. */
  quota: 4,
  /** A drain has come to its end. */
  drained: 5,
  /** Shed, because the relay has more to do than it can. */
  shed: 6,
  /** A newer path of the session has taken its place. */
  replaced: 7,
} as const;

/** One of the values of {@link RelayCloseCode}. */
export type RelayCloseCode = typeof RelayCloseCode[keyof typeof RelayCloseCode];

const OBSERVED_BYTES = IP_BYTES + 2;
const OBSERVED_AT: number = RELAY_HEADER_BYTES;
const LEASE_AT: number = OBSERVED_AT + OBSERVED_BYTES;
const NOT_AFTER_AT: number = LEASE_AT + 2;
const BOUND_ID_AT: number = NOT_AFTER_AT + 4;

/** The observed address is masked with bytes 4 to 11 of the header. */
const MASK_AT = 4;
const MASK_BYTES = 8;

/** What a BOUND says. */
export interface BoundBody {
  /** Address under which the first relay hears the client. */
  readonly observed: Address;
  /** Silence after which a relay forgets the session, in seconds. */
  readonly leaseS: number;
  /** When the first ticket on the way expires, in seconds since 1970. */
  readonly notAfterS: number;
  /** That of the BIND which it answers. */
  readonly bindId: bigint;
}

/** Bytes of a BIND with this many tickets. */
export function bindFrameBytes(tickets: number): number {
  return Math.max(MIN_BIND_BYTES, BIND_TICKETS_AT + tickets * HOP_TICKET_BYTES);
}

/**
 * Writes everything behind the header of a BIND.
 *
 * @param cookie What the last RETRY said, or `undefined` for zeros.
 * @param tickets One ticket of 144 bytes per hop that is left, the receiver's first.
 * @returns The size of the frame.
 */
export function writeBindBody(
  frame: Uint8Array,
  bindId: bigint,
  tickets: Uint8Array,
  cookie?: Uint8Array,
): number {
  const sizeBytes = bindFrameBytes(tickets.byteLength / HOP_TICKET_BYTES);
  frame.fill(0, COOKIE_AT, sizeBytes);
  if (cookie !== undefined) frame.set(cookie.subarray(0, RELAY_COOKIE_BYTES), COOKIE_AT);
  writeU64(frame, BIND_ID_AT, bindId);
  frame.set(tickets, BIND_TICKETS_AT);
  return sizeBytes;
}

/** The bind id of a BIND. */
export function readBindId(frame: Uint8Array): bigint {
  return readU64(frame, BIND_ID_AT);
}

/**
 * Writes everything behind the header of a BOUND; the header has to be there, since it masks the address.
 *
 * @returns {@link BOUND_FRAME_BYTES}.
 */
export function writeBoundBody(frame: Uint8Array, body: BoundBody): number {
  writeObserved(frame, body.observed);
  frame[LEASE_AT] = body.leaseS;
  frame[LEASE_AT + 1] = body.leaseS >>> 8;
  writeU32(frame, NOT_AFTER_AT, body.notAfterS);
  writeU64(frame, BOUND_ID_AT, body.bindId);
  return BOUND_FRAME_BYTES;
}

/** Reads a BOUND of {@link BOUND_FRAME_BYTES} bytes. */
export function readBoundBody(frame: Uint8Array): BoundBody {
  const plain = new Uint8Array(OBSERVED_BYTES);
  for (let i = 0; i < OBSERVED_BYTES; i++) plain[i] = frame[OBSERVED_AT + i]! ^ maskAt(frame, i);
  return {
    observed: { hostname: formatIp(plain), port: plain[IP_BYTES]! | plain[IP_BYTES + 1]! << 8 },
    leaseS: frame[LEASE_AT]! | frame[LEASE_AT + 1]! << 8,
    notAfterS: readU32(frame, NOT_AFTER_AT),
    bindId: readBoundId(frame),
  };
}

/** The bind id of a BOUND. */
export function readBoundId(frame: Uint8Array): bigint {
  return readU64(frame, BOUND_ID_AT);
}

/**
 * Writes the observed address of a BOUND whose header is in place: some NAT boxes rewrite their own
 * address wherever they find it, so it is masked (as in RFC 8489, section 14.2).
 */
export function writeObserved(frame: Uint8Array, observed: Address): void {
  parseIp(observed.hostname, frame, OBSERVED_AT);
  frame[OBSERVED_AT + IP_BYTES] = observed.port;
  frame[OBSERVED_AT + IP_BYTES + 1] = observed.port >>> 8;
  for (let i = 0; i < OBSERVED_BYTES; i++) frame[OBSERVED_AT + i]! ^= maskAt(frame, i);
}

/** Makes a BOUND promise no more than this relay does. */
export function lowerBound(frame: Uint8Array, leaseS: number, notAfterS: number): void {
  if (leaseS < (frame[LEASE_AT]! | frame[LEASE_AT + 1]! << 8)) {
    frame[LEASE_AT] = leaseS;
    frame[LEASE_AT + 1] = leaseS >>> 8;
  }
  if (notAfterS < readU32(frame, NOT_AFTER_AT)) writeU32(frame, NOT_AFTER_AT, notAfterS);
}

/**
 * Writes what a PONG repeats of its PING, and that nothing drains.
 *
 * @returns {@link PONG_FRAME_BYTES}.
 */
export function writePongBody(frame: Uint8Array, ping: Uint8Array): number {
  for (let i = 0; i < PING_TOKEN_BYTES; i++) {
    frame[RELAY_HEADER_BYTES + i] = ping[RELAY_HEADER_BYTES + i]!;
  }
  frame.fill(0, PONG_DRAIN_AT, PONG_FRAME_BYTES);
  return PONG_FRAME_BYTES;
}

/** Seconds until a relay on the way closes, or 0. */
export function readPongDrainS(frame: Uint8Array): number {
  return frame[PONG_DRAIN_AT]! | frame[PONG_DRAIN_AT + 1]! << 8;
}

/** Lets a PONG say that a relay closes in `seconds`, unless another one closes earlier. */
export function lowerPongDrain(frame: Uint8Array, seconds: number): void {
  const before = readPongDrainS(frame);
  if (before !== 0 && before <= seconds) return;
  frame[PONG_DRAIN_AT] = seconds;
  frame[PONG_DRAIN_AT + 1] = seconds >>> 8;
}

/** Writes a little-endian u64. */
export function writeU64(into: Uint8Array, at: number, value: bigint): void {
  writeU32(into, at, Number(value & 0xffff_ffffn));
  writeU32(into, at + 4, Number(value >> 32n & 0xffff_ffffn));
}

/** Reads a little-endian u64. */
export function readU64(bytes: Uint8Array, at: number): bigint {
  return BigInt(readU32(bytes, at + 4)) << 32n | BigInt(readU32(bytes, at));
}

function maskAt(frame: Uint8Array, index: number): number {
  return frame[MASK_AT + index % MASK_BYTES]!;
}
