/**
 * Frames: what stands inside the encryption of a DATA packet.
 *
 * Implements docs/protocol.md, "Frames". {@link parseFrames} checks every frame of a packet before
 * any is applied, so that a packet counts whole or not at all; it allocates nothing.
 *
 * @module
 */
import { readVarint, varintEnd } from "../schema/mod.ts";

/** First bytes of the frames below 0x40. */
export const FrameType = {
  /** Fills a packet. */
  pad: 0x00,
  /** Asks for an acknowledgement. */
  ping: 0x01,
  /** Acknowledges ranges of packet numbers. */
  ack: 0x02,
  /** Ends the session with a code and a reason. */
  close: 0x03,
  /** Eight bytes to be echoed from a new path. */
  pathChallenge: 0x04,
  /** The echo. */
  pathResponse: 0x05,
  /** The sender's tick and the microseconds since it began. */
  time: 0x06,
  /** How many bytes a reliable channel may carry in all. */
  credit: 0x07,
  /** Asks for an acknowledgement of a packet of this size; the rest of the packet is zeros. */
  probe: 0x08,
  /** A whole message; the low five bits are the channel. */
  message: 0x40,
  /** A part of a message; the low six bits are the channel. */
  fragment: 0x80,
} as const;

/** Bit of MESSAGE that says that a length follows. */
export const MESSAGE_LENGTH_BIT = 0x20;
/** Bit of FRAGMENT that says that a length follows. */
export const FRAGMENT_LENGTH_BIT = 0x40;
/** Channel number of MESSAGE that means "a varint follows". */
export const MESSAGE_CHANNEL_ESCAPE = 31;
/** Channel number of FRAGMENT that means "a varint follows". */
export const FRAGMENT_CHANNEL_ESCAPE = 63;

/** Most frames in one packet. */
export const MAX_FRAMES_PER_PACKET = 64;
/** Longest reason of a CLOSE frame in bytes of UTF-8. */
export const MAX_CLOSE_REASON_BYTES = 200;
/** Smallest part of a message but the last one, so that a parts table cannot outgrow its message. */
export const MIN_PART_BYTES = 256;

/** Why a packet's frames were refused. */
export const FrameError = {
  none: 0,
  empty: 1,
  tooManyFrames: 2,
  unknownType: 3,
  truncated: 4,
  badVarint: 5,
  badAck: 6,
  badClose: 7,
  badPadding: 8,
  unknownChannel: 9,
  badFragment: 10,
} as const;

/** One of {@link FrameError}. */
export type FrameError = typeof FrameError[keyof typeof FrameError];

/** The frames of one packet as columns; PAD frames are left out. Reused from packet to packet. */
export class FrameTable {
  /** Number of frames. */
  count = 0;
  /** Whether the peer must be sent an acknowledgement. */
  isAckEliciting = false;
  /** One of {@link FrameType}. */
  readonly type = new Uint8Array(MAX_FRAMES_PER_PACKET);
  /** Channel of MESSAGE, FRAGMENT and CREDIT. */
  readonly channel = new Int32Array(MAX_FRAMES_PER_PACKET);
  /** 16-bit sequence of MESSAGE and FRAGMENT. */
  readonly sequence = new Int32Array(MAX_FRAMES_PER_PACKET);
  /** Part of FRAGMENT; code of CLOSE; tick of TIME; limit of CREDIT. */
  readonly value = new Float64Array(MAX_FRAMES_PER_PACKET);
  /** Number of parts of FRAGMENT. */
  readonly partCount = new Float64Array(MAX_FRAMES_PER_PACKET);
  /** First byte of the body. */
  readonly start = new Int32Array(MAX_FRAMES_PER_PACKET);
  /** First byte behind the body. */
  readonly end = new Int32Array(MAX_FRAMES_PER_PACKET);
}

/**
 * Parses the frames of `view[offset..end)` into `table`.
 *
 * @param hasSequence Per channel, 1 when its messages carry a sequence; its length is the number of channels.
 * @returns One of {@link FrameError}; on any but `none` the table is meaningless.
 */
export function parseFrames(
  view: DataView,
  offset: number,
  end: number,
  hasSequence: Uint8Array,
  table: FrameTable,
): FrameError {
  table.count = 0;
  table.isAckEliciting = false;
  let at = offset;
  let seen = 0;
  if (at >= end) return FrameError.empty;
  while (at < end) {
    const type = view.getUint8(at);
    if (type === FrameType.pad) {
      at++;
      continue;
    }
    if (++seen > MAX_FRAMES_PER_PACKET) return FrameError.tooManyFrames;
    const next = type >= FrameType.fragment
      ? parseFragment(view, at, end, hasSequence, table)
      : type >= FrameType.message
      ? parseMessage(view, at, end, hasSequence, table)
      : parseControl(view, at, end, type, table);
    if (next < 0) return -next as FrameError;
    at = next;
  }
  return FrameError.none;
}

function parseMessage(
  view: DataView,
  offset: number,
  end: number,
  hasSequence: Uint8Array,
  table: FrameTable,
): number {
  const first = view.getUint8(offset);
  let at = offset + 1;
  let channel = first & 0x1f;
  if (channel === MESSAGE_CHANNEL_ESCAPE) {
    channel = readVarint(view, at, end);
    if (channel < MESSAGE_CHANNEL_ESCAPE) return -FrameError.badVarint;
    at = varintEnd();
  }
  if (channel >= hasSequence.length) return -FrameError.unknownChannel;
  const row = table.count;
  table.type[row] = FrameType.message;
  table.channel[row] = channel;
  table.sequence[row] = 0;
  if (hasSequence[channel] === 1) {
    if (end - at < 2) return -FrameError.truncated;
    table.sequence[row] = view.getUint16(at, true);
    at += 2;
  }
  return parseBody(view, at, end, (first & MESSAGE_LENGTH_BIT) !== 0, table);
}

function parseFragment(
  view: DataView,
  offset: number,
  end: number,
  hasSequence: Uint8Array,
  table: FrameTable,
): number {
  const first = view.getUint8(offset);
  let at = offset + 1;
  let channel = first & 0x3f;
  if (channel === FRAGMENT_CHANNEL_ESCAPE) {
    channel = readVarint(view, at, end);
    if (channel < FRAGMENT_CHANNEL_ESCAPE) return -FrameError.badVarint;
    at = varintEnd();
  }
  if (channel >= hasSequence.length) return -FrameError.unknownChannel;
  if (end - at < 2) return -FrameError.truncated;
  const row = table.count;
  table.type[row] = FrameType.fragment;
  table.channel[row] = channel;
  table.sequence[row] = view.getUint16(at, true);
  const part = readVarint(view, at + 2, end);
  if (part < 0) return -FrameError.badVarint;
  const partCount = readVarint(view, varintEnd(), end);
  if (partCount < 0) return -FrameError.badVarint;
  if (partCount < 2 || part >= partCount) return -FrameError.badFragment;
  table.value[row] = part;
  table.partCount[row] = partCount;
  const next = parseBody(view, varintEnd(), end, (first & FRAGMENT_LENGTH_BIT) !== 0, table);
  if (next < 0) return next;
  const size = table.end[row]! - table.start[row]!;
  if (size === 0 || (part < partCount - 1 && size < MIN_PART_BYTES)) return -FrameError.badFragment;
  return next;
}

/** The body of a MESSAGE or FRAGMENT whose row is filled in; without a length it ends the packet. */
function parseBody(
  view: DataView,
  offset: number,
  end: number,
  hasLength: boolean,
  table: FrameTable,
): number {
  let at = offset;
  let bodyEnd = end;
  if (hasLength) {
    const length = readVarint(view, at, end);
    if (length < 0) return -FrameError.badVarint;
    at = varintEnd();
    bodyEnd = at + length;
    if (bodyEnd > end) return -FrameError.truncated;
  }
  table.start[table.count] = at;
  table.end[table.count] = bodyEnd;
  table.count++;
  table.isAckEliciting = true;
  return bodyEnd;
}

function parseControl(
  view: DataView,
  offset: number,
  end: number,
  type: number,
  table: FrameTable,
): number {
  const at = offset + 1;
  switch (type) {
    case FrameType.ping:
      return addRow(table, type, at, at, true);
    case FrameType.ack:
      return parseAck(view, at, end, table);
    case FrameType.close:
      return parseClose(view, at, end, table);
    case FrameType.pathChallenge:
    case FrameType.pathResponse:
      return end - at < 8 ? -FrameError.truncated : addRow(table, type, at, at + 8, true);
    case FrameType.time:
      if (end - at < 6) return -FrameError.truncated;
      table.value[table.count] = view.getUint32(at, true);
      return addRow(table, type, at, at + 6, false);
    case FrameType.credit:
      return parseCredit(view, at, end, table);
    case FrameType.probe:
      for (let i = at; i < end; i++) if (view.getUint8(i) !== 0) return -FrameError.badPadding;
      return addRow(table, type, at, end, true);
    default:
      return -FrameError.unknownType;
  }
}

function addRow(
  table: FrameTable,
  type: number,
  start: number,
  end: number,
  isAckEliciting: boolean,
): number {
  table.type[table.count] = type;
  table.start[table.count] = start;
  table.end[table.count] = end;
  table.count++;
  if (isAckEliciting) table.isAckEliciting = true;
  return end;
}

/** Checks the ranges and notes in `value` how many packet numbers they span, largest included. */
function parseAck(view: DataView, offset: number, end: number, table: FrameTable): number {
  if (end - offset < 5) return -FrameError.truncated;
  let span = readVarint(view, offset + 3, end);
  if (span < 0) return -FrameError.badVarint;
  if (span === 0) return -FrameError.badAck;
  let at = varintEnd();
  if (at >= end) return -FrameError.truncated;
  const ranges = view.getUint8(at++);
  if (ranges > 31) return -FrameError.badAck;
  for (let i = 0; i < ranges; i++) {
    const gap = readVarint(view, at, end);
    if (gap < 0) return -FrameError.badVarint;
    const run = readVarint(view, varintEnd(), end);
    if (run < 0) return -FrameError.badVarint;
    if (gap === 0 || run === 0) return -FrameError.badAck;
    at = varintEnd();
    span += gap + run;
  }
  table.value[table.count] = span;
  return addRow(table, FrameType.ack, offset, at, false);
}

function parseClose(view: DataView, offset: number, end: number, table: FrameTable): number {
  const code = readVarint(view, offset, end);
  if (code < 0) return -FrameError.badVarint;
  const at = varintEnd();
  if (at >= end) return -FrameError.truncated;
  const length = view.getUint8(at);
  if (length > MAX_CLOSE_REASON_BYTES) return -FrameError.badClose;
  if (at + 1 + length > end) return -FrameError.truncated;
  table.value[table.count] = code;
  return addRow(table, FrameType.close, at + 1, at + 1 + length, false);
}

function parseCredit(view: DataView, offset: number, end: number, table: FrameTable): number {
  const channel = readVarint(view, offset, end);
  if (channel < 0) return -FrameError.badVarint;
  const limit = readVarint(view, varintEnd(), end);
  if (limit < 0) return -FrameError.badVarint;
  table.channel[table.count] = channel;
  table.value[table.count] = limit;
  return addRow(table, FrameType.credit, offset, varintEnd(), true);
}
