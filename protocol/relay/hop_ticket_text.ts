/**
 * The text of a hop ticket: its fields, their 104 bytes, and what is refused on either side of the seal.
 *
 * Implements docs/relay_protocol.md, "Hop ticket". Sealing and opening are in `hop_ticket.ts`.
 *
 * @module
 */
import { type Address, formatIp, parseIp } from "../address.ts";
import { RELAY_VERSION } from "./relay_frame.ts";
import { SIPHASH_KEY_BYTES } from "./siphash.ts";

/** Bytes of the text. */
export const HOP_TICKET_TEXT_BYTES = 104;

/** Most hops of a route: three relays and the server. */
export const MAX_ROUTE_HOPS = 4;

/** Flags of a hop ticket. The two highest bits are the exposure: {@link exposureOf}. */
export const HopFlag = {
  /** The hop before is the one that binds: a client, or a server that binds an anchor. */
  first: 1,
  /** There is no next hop. */
  last: 2,
  /** The hop before may change its address. */
  rebindOk: 4,
  /** The session has another route besides this one. */
  multipath: 8,
  /** The address of the hop before is not to be shown to anyone. */
  hideIp: 16,
  /** A server behind NAT binds a place where routes to it end: its id is the session id. */
  anchor: 32,
} as const;

/** How much of its address a server shows to clients. */
export type Exposure = "never" | "fallback" | "prefer";

const EXPOSURES: readonly Exposure[] = ["never", "fallback", "prefer"];
const EXPOSURE_SHIFT = 6;

/** What one hop is told of a route. */
export interface HopTicket {
  /** Bits of {@link HopFlag}, and the exposure. */
  flags: number;
  /** Place in the route: 0 for the first relay. */
  hopIndex: number;
  /** Version of the path, 0 to 255. */
  epoch: number;
  /** The relay session, 64 bits. */
  sessionId: bigint;
  /** When it expires, in seconds since 1970. */
  notAfterS: number;
  /** Label of frames between the hop before and this one, both ways. */
  labelIn: number;
  /** Label of frames between this hop and the next, both ways. */
  labelOut: number;
  /** Shard of the next relay. */
  nextShard: number;
  /** The next hop; `100::<anchor id>` names an anchor, and `undefined` stands for none. */
  next: Address | undefined;
  /** Key of frames between the hop before and this one, 16 bytes. */
  keyPrev: Uint8Array;
  /** Key of frames between this hop and the next, 16 bytes; at a server, that of a direct path. */
  keyNext: Uint8Array;
  /** Kilobits (1,000) a second from the client, 0 to 65,535; 0 for no limit. */
  kbpsUp: number;
  /** Kilobits a second to the client. */
  kbpsDown: number;
  /** Frames a second from the client, 0 to 65,535; 0 for no limit. */
  ppsUp: number;
  /** Frames a second to the client. */
  ppsDown: number;
  /** Mebibytes of both directions together; 0 for no limit. */
  maxMiB: number;
  /** {@link sourceHashOf} the address of the hop before; 0 for any. */
  sourceHash: bigint;
  /** Names this ticket, 64 bits. */
  ticketId: bigint;
}

/** The exposure that a ticket's flags hold; what no director writes counts as `"never"`. */
export function exposureOf(flags: number): Exposure {
  return EXPOSURES[flags >>> EXPOSURE_SHIFT & 3] ?? "never";
}

/** The bits of an exposure, for {@link HopTicket.flags}. */
export function exposureBits(exposure: Exposure): number {
  return EXPOSURES.indexOf(exposure) << EXPOSURE_SHIFT;
}

/** A ticket to read into. */
export function emptyTicket(): HopTicket {
  return {
    flags: 0,
    hopIndex: 0,
    epoch: 0,
    sessionId: 0n,
    notAfterS: 0,
    labelIn: 0,
    labelOut: 0,
    nextShard: 0,
    next: undefined,
    keyPrev: new Uint8Array(SIPHASH_KEY_BYTES),
    keyNext: new Uint8Array(SIPHASH_KEY_BYTES),
    kbpsUp: 0,
    kbpsDown: 0,
    ppsUp: 0,
    ppsDown: 0,
    maxMiB: 0,
    sourceHash: 0n,
    ticketId: 0n,
  };
}

/**
 * Writes the 104 bytes of a ticket that {@link assertTicket} took.
 *
 * @throws TypeError when the address of the next hop is no IP literal.
 */
export function writeTicketText(text: Uint8Array, ticket: HopTicket): void {
  const view = new DataView(text.buffer, text.byteOffset, text.byteLength);
  text[0] = RELAY_VERSION;
  text[1] = ticket.flags;
  text[2] = ticket.hopIndex;
  text[3] = ticket.epoch;
  view.setBigUint64(4, ticket.sessionId, true);
  view.setUint32(12, ticket.notAfterS, true);
  view.setUint32(16, ticket.labelIn, true);
  view.setUint32(20, ticket.labelOut, true);
  text[24] = ticket.nextShard;
  if (ticket.next !== undefined) {
    view.setUint16(26, ticket.next.port, true);
    if (!parseIp(ticket.next.hostname, text, 28)) {
      throw new TypeError(`"${ticket.next.hostname}" is no IPv4 or IPv6 address literal`);
    }
  }
  text.set(ticket.keyPrev, 44);
  text.set(ticket.keyNext, 60);
  view.setUint16(76, ticket.kbpsUp, true);
  view.setUint16(78, ticket.kbpsDown, true);
  view.setUint16(80, ticket.ppsUp, true);
  view.setUint16(82, ticket.ppsDown, true);
  view.setUint32(84, ticket.maxMiB, true);
  view.setBigUint64(88, ticket.sourceHash, true);
  view.setBigUint64(96, ticket.ticketId, true);
}

/** Reads 104 bytes; `false` when they are of another version, or say what no director seals. */
export function readTicketText(text: Uint8Array, hops: number, ticket: HopTicket): boolean {
  if (text[0] !== RELAY_VERSION) return false;
  const view = new DataView(text.buffer, text.byteOffset, text.byteLength);
  ticket.flags = text[1]!;
  ticket.hopIndex = text[2]!;
  ticket.epoch = text[3]!;
  ticket.sessionId = view.getBigUint64(4, true);
  ticket.notAfterS = view.getUint32(12, true);
  ticket.labelIn = view.getUint32(16, true);
  ticket.labelOut = view.getUint32(20, true);
  ticket.nextShard = text[24]!;
  const port = view.getUint16(26, true);
  ticket.next = port === 0 ? undefined : { hostname: formatIp(text, 28), port };
  ticket.keyPrev.set(text.subarray(44, 60));
  ticket.keyNext.set(text.subarray(60, 76));
  ticket.kbpsUp = view.getUint16(76, true);
  ticket.kbpsDown = view.getUint16(78, true);
  ticket.ppsUp = view.getUint16(80, true);
  ticket.ppsDown = view.getUint16(82, true);
  ticket.maxMiB = view.getUint32(84, true);
  ticket.sourceHash = view.getBigUint64(88, true);
  ticket.ticketId = view.getBigUint64(96, true);
  return isConsistent(ticket, hops);
}

/** What a director that keeps to the document never seals. */
function isConsistent(ticket: HopTicket, hops: number): boolean {
  const isLast = (ticket.flags & HopFlag.last) !== 0;
  return hops >= 1 && hops <= MAX_ROUTE_HOPS && ticket.hopIndex < hops &&
    isLast === (ticket.hopIndex === hops - 1) && isLast === (ticket.next === undefined);
}

/**
 * Refuses a ticket that no hop would take.
 *
 * @param hops Hops of the whole route.
 * @throws RangeError when a field is out of its bounds, or flags, place and next hop contradict each other.
 */
export function assertTicket(ticket: HopTicket, hops: number): void {
  const { keyPrev, keyNext } = ticket;
  assertBytes("keyPrev", keyPrev, SIPHASH_KEY_BYTES);
  assertBytes("keyNext", keyNext, SIPHASH_KEY_BYTES);
  const { notAfterS, labelIn, labelOut, maxMiB, kbpsUp, kbpsDown, ppsUp, ppsDown } = ticket;
  const { flags, hopIndex, epoch, nextShard } = ticket;
  assertBelow(2 ** 8, { flags, hopIndex, epoch, nextShard });
  assertBelow(2 ** 16, { kbpsUp, kbpsDown, ppsUp, ppsDown });
  assertBelow(2 ** 32, { notAfterS, labelIn, labelOut, maxMiB });
  const { sessionId, sourceHash, ticketId } = ticket;
  for (const [name, value] of Object.entries({ sessionId, sourceHash, ticketId })) {
    if (value !== BigInt.asUintN(64, value)) {
      throw new RangeError(`"${name}" is a number of 64 bits, not ${value}`);
    }
  }
  if (ticket.next !== undefined && !(ticket.next.port >= 1 && ticket.next.port <= 65_535)) {
    throw new RangeError(`The port of "next" is 1 to 65,535, not ${ticket.next.port}`);
  }
  if (isConsistent(ticket, hops)) return;
  throw new RangeError(
    `A ticket for hop ${hopIndex} of ${hops} has the flag "last" and no next hop at the end, ` +
      `and only there; a route has 1 to ${MAX_ROUTE_HOPS} hops`,
  );
}

/** Throws a RangeError unless an array has this length. */
export function assertBytes(name: string, bytes: Uint8Array, sizeBytes: number): void {
  if (bytes.byteLength === sizeBytes) return;
  throw new RangeError(`"${name}" has ${sizeBytes} bytes, not ${bytes.byteLength}`);
}

/** Throws a RangeError unless every value is a whole number from 0 up to, not including, `end`. */
export function assertBelow(end: number, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (Number.isInteger(value) && value >= 0 && value < end) continue;
    throw new RangeError(`"${name}" is a whole number of 0 to ${end - 1}, not ${value}`);
  }
}
