/**
 * Packet layouts: the first byte that tells packets apart, and the header of DATA packets.
 *
 * Implements docs/protocol.md, "First byte" and "DATA packets". Says nothing of what stands inside
 * the encryption (`frames.ts`) nor of the handshake's bodies (`handshake_packets.ts`).
 *
 * @module
 */

/** First bytes of the packets that are not DATA. */
export const PacketType = {
  /** Client to server: opens a handshake. */
  hello: 0x40,
  /** Server to client: repeat the HELLO with this cookie. */
  retry: 0x41,
  /** Server to client: the handshake's answer, acceptance or authenticated refusal. */
  accept: 0x42,
  /** Server to client: the wire versions it speaks; a hint, never obeyed before the timeout. */
  version: 0x43,
  /** Server to client: the connection id of a DATA packet is unknown. */
  reset: 0x44,
  /** Client to server: who are you? Padded so that the reply is never larger. */
  query: 0x48,
  /** Server to client: name, players, capacity, protocol id, static key. */
  queryReply: 0x49,
} as const;

/** The families that the first byte of a datagram separates. */
export const PacketFamily = {
  /** Dropped and counted. */
  unknown: 0,
  /** 0x00-0x03: a STUN binding, answered by relays. */
  stun: 1,
  /** 0x20-0x3F: a session packet. */
  data: 2,
  /** 0x40-0x4F: handshake and query. */
  handshake: 3,
  /** 0x90-0x9F, 0xDC, 0xDD: a msgpack array of the legacy protocol. */
  legacy: 4,
  /** 0xE0-0xEF: a relay frame. */
  relay: 5,
} as const;

/** One of {@link PacketFamily}. */
export type PacketFamily = typeof PacketFamily[keyof typeof PacketFamily];

/** The wire version that this code speaks; second byte of every handshake packet. */
export const WIRE_VERSION = 1;

/** Smallest DATA packet: first byte, one byte of packet number, one frame byte, tag. */
export const MIN_DATA_BYTES = 1 + 1 + 1 + 16;

/** Where the connection id of a client-to-server DATA packet starts: a fixed place for filters. */
export const CONNECTION_ID_OFFSET = 1;

const DATA_FIXED_BITS = 0x20;
const KEY_PHASE_BIT = 0x10;
const CONNECTION_ID_BIT = 0x08;

/** Which family a datagram belongs to, by its first byte alone. */
export function packetFamily(firstByte: number): PacketFamily {
  if ((firstByte & 0xe0) === DATA_FIXED_BITS) return PacketFamily.data;
  if ((firstByte & 0xf0) === 0x40) return PacketFamily.handshake;
  if ((firstByte & 0xf0) === 0xe0) return PacketFamily.relay;
  if ((firstByte & 0xf0) === 0x90 || firstByte === 0xdc || firstByte === 0xdd) {
    return PacketFamily.legacy;
  }
  if (firstByte < 4) return PacketFamily.stun;
  return PacketFamily.unknown;
}

/** The key phase, 0 or 1, in the first byte of a DATA packet. */
export function keyPhaseOf(firstByte: number): number {
  return (firstByte & KEY_PHASE_BIT) >>> 4;
}

/** Whether a DATA packet with this first byte carries its connection id. */
export function hasConnectionId(firstByte: number): boolean {
  return (firstByte & CONNECTION_ID_BIT) !== 0;
}

/** Length of a DATA packet's header in bytes, or 0 when the reserved bit is set. */
export function dataHeaderBytes(firstByte: number): number {
  if ((firstByte & 0x01) !== 0) return 0;
  return 1 + (hasConnectionId(firstByte) ? 4 : 0) + (((firstByte >>> 1) & 3) + 1);
}

/** The connection id at byte 1, little-endian. The caller has checked that five bytes are there. */
export function readConnectionId(bytes: Uint8Array): number {
  return (bytes[1]! | (bytes[2]! << 8) | (bytes[3]! << 16) | (bytes[4]! << 24)) >>> 0;
}

/** The truncated packet number of a DATA packet whose header was measured by {@link dataHeaderBytes}. */
export function readTruncatedPacketNumber(bytes: Uint8Array, headerBytes: number): number {
  let value = 0;
  const length = ((bytes[0]! >>> 1) & 3) + 1;
  for (let i = length; i > 0; i--) value = value * 256 + bytes[headerBytes - length + i - 1]!;
  return value;
}

/**
 * Writes the header of a DATA packet.
 *
 * @param connectionId The receiver's connection id, or -1 to leave it out.
 * @returns The header's length in bytes.
 */
export function writeDataHeader(
  into: Uint8Array,
  keyPhase: number,
  connectionId: number,
  packetNumber: number,
  packetNumberBytes: number,
): number {
  let offset = 1;
  let first = DATA_FIXED_BITS | (keyPhase << 4) | ((packetNumberBytes - 1) << 1);
  if (connectionId >= 0) {
    first |= CONNECTION_ID_BIT;
    into[1] = connectionId;
    into[2] = connectionId >>> 8;
    into[3] = connectionId >>> 16;
    into[4] = connectionId >>> 24;
    offset = 5;
  }
  into[0] = first;
  // The low 32 bits of a number below 2^53; `| 0` wraps as the truncation does.
  let low = packetNumber % 0x1_0000_0000 | 0;
  for (let i = 0; i < packetNumberBytes; i++) {
    into[offset++] = low;
    low >>>= 8;
  }
  return offset;
}

/**
 * How many bytes of packet number the receiver needs to rebuild it (RFC 9000, appendix A.2): the
 * truncation must cover twice the span of packets that it may not have seen yet.
 *
 * @param largestAcked The largest packet number that the receiver acknowledged, or -1.
 */
export function packetNumberBytes(packetNumber: number, largestAcked: number): number {
  const span = (packetNumber - largestAcked) * 2;
  if (span <= 0xff) return 1;
  if (span <= 0xffff) return 2;
  if (span <= 0xff_ffff) return 3;
  return 4;
}

/**
 * Rebuilds a packet number from its truncation (RFC 9000, appendix A.3).
 *
 * @param largest The largest packet number received so far, or -1.
 */
export function expandPacketNumber(truncated: number, bytes: number, largest: number): number {
  const expected = largest + 1;
  const window = 2 ** (8 * bytes);
  const half = window / 2;
  const candidate = expected - (expected % window) + truncated;
  if (candidate <= expected - half && candidate < Number.MAX_SAFE_INTEGER - window) {
    return candidate + window;
  }
  if (candidate > expected + half && candidate >= window) return candidate - window;
  return candidate;
}
