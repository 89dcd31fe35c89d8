/**
 * What a replay shows: which things, and each as a line or as JSON.
 *
 * @module
 */
import type { CoreReplay } from "../protocol/recording/core_replay.ts";
import type { ReplayedThing } from "../protocol/recording/replayed_thing.ts";
import { encodeJson } from "../protocol/recording/recording_header.ts";
import type { DecodedMessage } from "../schema/mod.ts";

/** Which things are shown. */
export interface ReplayFilter {
  /** Seconds after the beginning. */
  readonly fromSeconds: number;
  /** Seconds after the beginning. */
  readonly toSeconds: number;
  /** Only this session; `undefined` for all, and for what is about none. */
  readonly peer: number | undefined;
  /** Only messages of this name. */
  readonly message: string | undefined;
  /** Whether datagrams are shown, with their frames. */
  readonly packets: boolean;
}

/** A thing as it is shown; its keys are those of the JSON. */
export interface ShownThing {
  /** Seconds after the beginning. */
  readonly seconds: number;
  /** Number of the record. */
  readonly record: number;
  /** What happened. */
  readonly what: ReplayedThing["what"];
  /** Session; -1 for none. */
  readonly peer: number;
  /** Of messages: their name, `?` when the schema refuses the bytes. */
  readonly message?: string;
  /** Of messages: their value. */
  readonly value?: unknown;
  /** Of datagrams: the other end. */
  readonly address?: string;
  /** Of datagrams and messages. */
  readonly sizeBytes?: number;
  /** Of datagrams of a session: their frames. */
  readonly frames?: string;
  /** Of events, calls and the end. */
  readonly text?: string;
}

/** Characters of a value that a line shows. */
const LONGEST_VALUE = 300;

const ARROWS: Readonly<Record<ReplayedThing["what"], string>> = {
  in: "<<",
  out: ">>",
  received: "<-",
  sent: "->",
  event: "**",
  call: "()",
  tick: "..",
  end: "==",
};

/** What is to be shown of a thing; `undefined` when it is not. */
export function viewOf(
  thing: ReplayedThing,
  replay: CoreReplay,
  startedAtMs: number,
  filter: ReplayFilter,
): ShownThing | undefined {
  const seconds = (thing.atMs - startedAtMs) / 1000;
  if (seconds < filter.fromSeconds || seconds > filter.toSeconds) return undefined;
  if (filter.peer !== undefined && thing.session !== filter.peer) return undefined;
  const { record, what, session: peer } = thing;
  const shown = { seconds, record, what, peer };
  switch (thing.what) {
    case "in":
    case "out": {
      if (!filter.packets || filter.message !== undefined) return undefined;
      const { address: { hostname, port }, bytes } = thing;
      const frames = replay.session(peer)?.trace?.read().at(-1)?.frames;
      const sizeBytes = bytes.byteLength;
      return { ...shown, address: `${hostname} ${port}`, sizeBytes, ...(frames && { frames }) };
    }
    case "sent":
    case "received": {
      const message = messageOf(thing, replay);
      if (filter.message !== undefined && message.message !== filter.message) return undefined;
      return { ...shown, ...message, sizeBytes: thing.bytes.byteLength };
    }
    case "tick":
      return filter.packets && filter.message === undefined
        ? { ...shown, text: String(thing.tick) }
        : undefined;
    default:
      return filter.message === undefined ? { ...shown, text: thing.text } : undefined;
  }
}

/** A message, decoded. */
function messageOf(
  thing: ReplayedThing & { readonly what: "sent" | "received" },
  replay: CoreReplay,
): { readonly message: string; readonly value: unknown } {
  const { bytes, channel, session } = thing;
  const table = replay.tableOf(session);
  const isFromUs = thing.what === "sent";
  const sender = (replay.role === "server") === isFromUs ? "server" : "client";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const into: DecodedMessage = { message: undefined, value: undefined };
  const end = table?.read(sender, channel, view, 0, bytes.byteLength, into) ?? -1;
  if (end < 0 || into.message === undefined) return { message: "?", value: bytes };
  return { message: into.message.name, value: into.value };
}

/** A line for people. Control characters of players' texts stay escaped: it goes to a terminal. */
export function lineOf(shown: ShownThing): string {
  const { seconds, record, what, peer, message, value, address, sizeBytes, frames, text } = shown;
  const who = peer < 0 ? "" : `peer ${peer}`;
  const head = `${seconds.toFixed(6).padStart(12)} ${String(record).padStart(8)} ${ARROWS[what]} ${
    who.padEnd(8)
  }`;
  const size = sizeBytes === undefined ? "" : ` (${sizeBytes} B)`;
  const body = message !== undefined
    ? `${message} ${cut(encodeJson(value))}${size}`
    : address !== undefined
    ? `${address}${size}${frames === undefined ? "" : ` ${frames}`}`
    : `${what} ${text ?? ""}`;
  return escapeControls(`${head} ${body}`);
}

/** A line is to be read: who wants all of a long value asks for JSON. */
function cut(text: string): string {
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}…`;
}

/** One JSON object. */
export function jsonOf(shown: ShownThing): string {
  return encodeJson(shown);
}

function escapeControls(text: string): string {
  // deno-lint-ignore no-control-regex -- these are what must not reach a terminal.
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (control) => {
    return `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
