/**
 * What a replay tells: everything that happened, in order.
 *
 * @module
 */
import type { Address } from "../address.ts";

/** Something that happened in a replay. */
export type ReplayedThing =
  & {
    /** Time of the recording's clock, milliseconds. */
    readonly atMs: number;
    /** Number of the record. */
    readonly record: number;
    /** Number of the session; -1 where it is about none, or about none that is known. */
    readonly session: number;
  }
  & (
    /** A datagram came or left. */
    | { readonly what: "in" | "out"; readonly address: Address; readonly bytes: Uint8Array }
    /** The application took a message, or gave one to be sent. */
    | { readonly what: "received" | "sent"; readonly channel: number; readonly bytes: Uint8Array }
    /** An event of a session, as JSON, or what became of a message. */
    | { readonly what: "event"; readonly text: string }
    /** The application did something else. */
    | { readonly what: "call"; readonly text: string }
    /** A tick of the server. */
    | { readonly what: "tick"; readonly tick: number }
    /** The recording is over. */
    | { readonly what: "end"; readonly text: string }
  );

/** A thing before it has its place. */
export type UnplacedThing = ReplayedThing extends infer Thing
  ? Thing extends ReplayedThing ? Omit<Thing, "atMs" | "record" | "session"> : never
  : never;
