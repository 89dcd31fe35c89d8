/**
 * The frames of one opened packet as JSON, with messages by name.
 *
 * @module
 */
import { hasSequence } from "../../protocol/channel_config.ts";
import { FrameError, FrameTable, FrameType, parseFrames } from "../../protocol/frames.ts";
import {
  type DecodedMessage,
  type Json,
  readVarint,
  refusalName,
  varintEnd,
  type WireTable,
} from "../../schema/mod.ts";

/** Parts of messages that are not complete yet; one per session and direction. */
export type PartStore = Map<string, Map<number, Uint8Array>>;

/** Whose packet it is. */
export interface FrameSource {
  /** Which end sent it. */
  readonly sender: "client" | "server";
  /** The version of the protocol that both ends speak. */
  readonly table: WireTable;
  /** Parts that came before. */
  readonly parts: PartStore;
}

/** The frames of `bytes[start..end)`; a text that names the fault when they are malformed. */
export function framesToJson(
  bytes: Uint8Array,
  start: number,
  end: number,
  source: FrameSource,
): Json[] | string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const table = new FrameTable();
  const sequenced = Uint8Array.from(source.table.channels, (c) => hasSequence(c.delivery) ? 1 : 0);
  const error = parseFrames(view, start, end, sequenced, table);
  if (error !== FrameError.none) return faultName(error);
  const frames: Json[] = [];
  for (let row = 0; row < table.count; row++) frames.push(frameToJson(view, table, row, source));
  return frames;
}

function frameToJson(view: DataView, table: FrameTable, row: number, source: FrameSource): Json {
  const start = table.start[row]!;
  const end = table.end[row]!;
  const value = table.value[row]!;
  switch (table.type[row]) {
    case FrameType.ping:
      return { frame: "PING" };
    case FrameType.ack:
      return ackToJson(view, start, end);
    case FrameType.close:
      return {
        frame: "CLOSE",
        code: value,
        reason: new TextDecoder().decode(body(view, start, end)),
      };
    case FrameType.pathChallenge:
      return { frame: "PATH_CHALLENGE", data: body(view, start, end).toHex() };
    case FrameType.pathResponse:
      return { frame: "PATH_RESPONSE", data: body(view, start, end).toHex() };
    case FrameType.time:
      return { frame: "TIME", tick: value, microseconds: view.getUint16(start + 4, true) };
    case FrameType.credit:
      return { frame: "CREDIT", channel: table.channel[row]!, limit: value };
    case FrameType.probe:
      return { frame: "PROBE", bytes: end - start };
    case FrameType.message:
      return messageFrame(view, table, row, source);
    default:
      return fragmentFrame(view, table, row, source);
  }
}

function ackToJson(view: DataView, start: number, end: number): Json {
  const runs: number[] = [readVarint(view, start + 3, end)];
  let at = varintEnd();
  const ranges = view.getUint8(at++);
  for (let i = 0; i < ranges * 2; i++) {
    runs.push(readVarint(view, at, end));
    at = varintEnd();
  }
  return {
    frame: "ACK",
    largest: view.getUint16(start, true),
    delay: view.getUint8(start + 2),
    // The first run, then a gap and a run by turns.
    runs,
  };
}

function messageFrame(view: DataView, table: FrameTable, row: number, source: FrameSource): Json {
  const channel = table.channel[row]!;
  const isSequenced = hasSequence(source.table.channels[channel]!.delivery);
  return {
    frame: "MESSAGE",
    channel,
    ...(isSequenced ? { sequence: table.sequence[row]! } : {}),
    bytes: table.end[row]! - table.start[row]!,
    ...messageToJson(view, table.start[row]!, table.end[row]!, channel, source),
  };
}

function fragmentFrame(view: DataView, table: FrameTable, row: number, source: FrameSource): Json {
  const channel = table.channel[row]!;
  const sequence = table.sequence[row]!;
  const part = table.value[row]!;
  const partCount = table.partCount[row]!;
  const bytes = body(view, table.start[row]!, table.end[row]!);
  const whole = joined(source.parts, `${channel} ${sequence} ${partCount}`, part, partCount, bytes);
  return {
    frame: "FRAGMENT",
    channel,
    sequence,
    part,
    partCount,
    bytes: bytes.byteLength,
    ...(whole === undefined ? {} : {
      completes: messageToJson(
        new DataView(whole.buffer, whole.byteOffset, whole.byteLength),
        0,
        whole.byteLength,
        channel,
        source,
      ),
    }),
  };
}

/** Adds a part; the message when it was the missing one, and never again after that. */
function joined(
  store: PartStore,
  key: string,
  part: number,
  partCount: number,
  bytes: Uint8Array,
): Uint8Array | undefined {
  const parts = store.get(key) ?? new Map<number, Uint8Array>();
  store.set(key, parts);
  if (parts.has(part)) return undefined;
  parts.set(part, bytes);
  if (parts.size < partCount) return undefined;
  const whole: number[] = [];
  for (let i = 0; i < partCount; i++) whole.push(...parts.get(i)!);
  return Uint8Array.from(whole);
}

function messageToJson(
  view: DataView,
  start: number,
  end: number,
  channel: number,
  source: FrameSource,
): { [key: string]: Json } {
  const into: DecodedMessage = { message: undefined, value: undefined };
  const result = source.table.read(source.sender, channel, view, start, end, into);
  const message: { [key: string]: Json } = into.message === undefined
    ? {}
    : { message: into.message.name };
  if (result < 0) return { ...message, refused: refusalName(result) };
  const entry = source.table.entries[into.message!.index]!;
  return { ...message, value: entry.codec.toJSON(into.value) };
}

function body(view: DataView, start: number, end: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + start, end - start).slice();
}

function faultName(error: FrameError): string {
  for (const [name, value] of Object.entries(FrameError)) if (value === error) return name;
  return "unknown";
}
