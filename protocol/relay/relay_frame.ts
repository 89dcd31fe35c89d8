/**
 * The frame that travels on every hop of a route: a header of 20 bytes, then what it carries.
 *
 * Implements docs/relay_protocol.md, "Frame". Reading and writing of header fields and of the tag, and
 * nothing else: no state, no addresses. Every function works on the start of the array that it is given.
 *
 * @module
 */
import type { SipHasher } from "./siphash.ts";

/** What a frame is. The first byte of a frame is 0xE0 and this. */
export const RelayFrameType = {
  data: 0,
  bind: 1,
  retry: 2,
  bound: 3,
  renew: 4,
  renewed: 5,
  pathChallenge: 6,
  pathResponse: 7,
  ping: 8,
  pong: 9,
  close: 10,
  noSession: 11,
  qosPing: 12,
  qosPong: 13,
  mesh: 14,
  signal: 15,
} as const;

/** One of the values of {@link RelayFrameType}. */
export type RelayFrameType = typeof RelayFrameType[keyof typeof RelayFrameType];

/** Flags of a frame, in the low five bits of its third byte. */
export const RelayFlag = {
  /** Towards the client. Under the tag, so that one key serves both directions. */
  downstream: 1,
  /** A relay on the way drains: ask for another route. */
  drain: 2,
  /** The sender sends this packet on more than one route. */
  duplicate: 4,
  /** Sent to probe a path, not to move an application on. */
  probe: 8,
  /** PING and PONG: between the ends of the route; without it, to the next hop and back. */
  echo: 16,
} as const;

/** Version of the frame and of tickets. */
export const RELAY_VERSION = 1;

/** High bits of the first byte of every frame. */
export const RELAY_FIRST_BYTE = 0xe0;

/** Bytes of the header. */
export const RELAY_HEADER_BYTES = 20;

/** Most bytes that a frame carries. With the header this fits the IPv6 minimum MTU of 1,280. */
export const RELAY_MAX_INNER_BYTES = 1_212;

/** Most bytes of a frame. */
export const RELAY_MAX_FRAME_BYTES: number = RELAY_HEADER_BYTES + RELAY_MAX_INNER_BYTES;

/** Bytes of a DATA frame's payload that its tag covers: the rest is sealed end to end anyway. */
export const RELAY_DATA_TAGGED_BYTES = 32;

/** Bytes of the header that the tag covers. */
const TAGGED_HEADER_BYTES = 12;

const TAG_AT = 12;

/** The fields of a header, without the tag. */
export interface RelayHeader {
  /** What the frame is. */
  readonly type: RelayFrameType;
  /** Shard of the relay that the frame goes to, 0 to 255; 0 where there is none. */
  readonly shard: number;
  /** Bits of {@link RelayFlag}. */
  readonly flags: number;
  /** Version of the path, 0 to 255. */
  readonly epoch: number;
  /** Names the session on this hop, a u32. */
  readonly label: number;
  /** Sequence number on this hop and direction, of which the low 32 bits travel. */
  readonly sequence: number;
}

/** Whether a datagram with this first byte is a relay frame. */
export function isRelayFrame(firstByte: number): boolean {
  return (firstByte & 0xf0) === RELAY_FIRST_BYTE;
}

/** Writes the first 12 bytes. The tag comes last: {@link writeFrameTag}. */
export function writeRelayHeader(into: Uint8Array, header: RelayHeader): void {
  into[0] = RELAY_FIRST_BYTE | header.type;
  into[1] = header.shard;
  into[2] = RELAY_VERSION << 5 | header.flags;
  into[3] = header.epoch;
  writeU32(into, 4, header.label);
  writeSequence(into, header.sequence);
}

/** What the frame is; the caller has checked {@link isRelayFrame}. */
export function frameType(frame: Uint8Array): RelayFrameType {
  // Four bits, and all sixteen values are types.
  return (frame[0]! & 0x0f) as RelayFrameType;
}

/** Shard that the frame is for. */
export function frameShard(frame: Uint8Array): number {
  return frame[1]!;
}

/** Version of the frame. */
export function frameVersion(frame: Uint8Array): number {
  return frame[2]! >>> 5;
}

/** Bits of {@link RelayFlag}. */
export function frameFlags(frame: Uint8Array): number {
  return frame[2]! & 0x1f;
}

/** Version of the path. */
export function frameEpoch(frame: Uint8Array): number {
  return frame[3]!;
}

/** Label on the hop that the frame came over. */
export function frameLabel(frame: Uint8Array): number {
  return readU32(frame, 4);
}

/** Low 32 bits of the sequence number; {@link expandSequence} rebuilds the rest. */
export function frameSequenceLow(frame: Uint8Array): number {
  return readU32(frame, 8);
}

/** Writes the low 32 bits of a sequence number below 2^53. */
export function writeSequence(into: Uint8Array, sequence: number): void {
  writeU32(into, 8, sequence % 0x1_0000_0000);
}

/**
 * Rebuilds a sequence number from its low 32 bits: the one nearest to what is expected next.
 *
 * @param largest Largest sequence number received so far, or -1.
 */
export function expandSequence(low: number, largest: number): number {
  const expected = largest + 1;
  const candidate = expected - (expected % 0x1_0000_0000) + low;
  if (candidate <= expected - 0x8000_0000) return candidate + 0x1_0000_0000;
  if (candidate > expected + 0x8000_0000 && candidate >= 0x1_0000_0000) {
    return candidate - 0x1_0000_0000;
  }
  return candidate;
}

/** Bytes 12 to 15 as a u32, for comparisons. */
export function frameTagLow(frame: Uint8Array): number {
  return readU32(frame, TAG_AT);
}

/** Bytes 16 to 19 as a u32, for comparisons. */
export function frameTagHigh(frame: Uint8Array): number {
  return readU32(frame, TAG_AT + 4);
}

/**
 * Writes the tag of a frame of `sizeBytes` bytes whose every other byte is in place.
 *
 * @param key Holds the hop's 16-byte key at `keyAt`.
 * @throws RangeError when the key is too short or the frame is longer than {@link RELAY_MAX_FRAME_BYTES}.
 */
export function writeFrameTag(
  hasher: SipHasher,
  key: Uint8Array,
  keyAt: number,
  frame: Uint8Array,
  sizeBytes: number,
): void {
  digestFrame(hasher, key, keyAt, frame, sizeBytes);
  writeU32(frame, TAG_AT, hasher.low);
  writeU32(frame, TAG_AT + 4, hasher.high);
}

/**
 * Whether a frame carries the tag of this key. The caller has checked that it has 20 to
 * {@link RELAY_MAX_FRAME_BYTES} bytes.
 */
export function isFrameAuthentic(
  hasher: SipHasher,
  key: Uint8Array,
  keyAt: number,
  frame: Uint8Array,
  sizeBytes: number,
): boolean {
  digestFrame(hasher, key, keyAt, frame, sizeBytes);
  // Both words at once: how much of a guess is right must not show in time.
  return ((hasher.low ^ readU32(frame, TAG_AT)) | (hasher.high ^ readU32(frame, TAG_AT + 4))) === 0;
}

/** Writes a little-endian u32. */
export function writeU32(into: Uint8Array, at: number, value: number): void {
  into[at] = value;
  into[at + 1] = value >>> 8;
  into[at + 2] = value >>> 16;
  into[at + 3] = value >>> 24;
}

/** Reads a little-endian u32. */
export function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24) >>> 0;
}

/** Copied by a loop: the tagged part of a DATA frame is 46 bytes, where calls of `set` cost more. */
function digestFrame(
  hasher: SipHasher,
  key: Uint8Array,
  keyAt: number,
  frame: Uint8Array,
  sizeBytes: number,
): void {
  const { input } = hasher;
  const payloadBytes = sizeBytes - RELAY_HEADER_BYTES;
  const isCut = frame[0] === RELAY_FIRST_BYTE && payloadBytes > RELAY_DATA_TAGGED_BYTES;
  const taggedBytes = isCut ? RELAY_DATA_TAGGED_BYTES : payloadBytes;
  for (let i = 0; i < TAGGED_HEADER_BYTES; i++) input[i] = frame[i]!;
  input[TAGGED_HEADER_BYTES] = payloadBytes;
  input[TAGGED_HEADER_BYTES + 1] = payloadBytes >>> 8;
  const start = TAGGED_HEADER_BYTES + 2;
  for (let i = 0; i < taggedBytes; i++) input[start + i] = frame[RELAY_HEADER_BYTES + i]!;
  hasher.digest(key, keyAt, start + taggedBytes);
}
