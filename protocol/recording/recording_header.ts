/**
 * The first chunk of a recording: who made it, of what, and which secrets are in it.
 *
 * @module
 */
import { type DeclaredProtocol } from "./declared_protocol.ts";
import { RecordingError } from "./recording_error.ts";

/** A header. */
export interface RecordingHeader {
  /** Which end was recorded. */
  readonly role: "server" | "client";
  /** What both ends say to each other, whole. */
  readonly protocol: DeclaredProtocol;
  /** Version of Tickwire. */
  readonly tickwire: string;
  /** Version of Deno, or of what else ran it. */
  readonly runtime: string;
  /** When it began, milliseconds since 1970. */
  readonly startedAtMs: number;
  /** Whether long-lived keys are in it, which its maker had to ask for. */
  readonly hasKeys: boolean;
  /** Options of the server above the core; `undefined` in a client's recording. */
  readonly server?: RecordedServerOptions | undefined;
  /** The game module and its arguments, where a host told them. */
  readonly game?: RecordedGame | undefined;
}

/** What a server does beside its endpoint. */
export interface RecordedServerOptions {
  /** Ticks a second; 0 for none. */
  readonly tickHz: number;
  /** When handlers run. */
  readonly dispatch: "tick" | "immediate";
  /** Whether its pipe delivered several datagrams in a turn. */
  readonly deliversInBatches: boolean;
  /** Largest datagram that its pipe took. */
  readonly maxDatagramBytes: number;
}

/** Which game was played. */
export interface RecordedGame {
  /** Path or URL; empty for the one that is built in. */
  readonly module: string;
  /** What stood after `--`. */
  readonly args: readonly string[];
  /** Seed of `Math.random`, where the host has replaced it. */
  readonly mathSeed?: number | undefined;
}

/** The header as bytes: JSON, so that any program can read who made a recording. */
export function encodeHeader(header: RecordingHeader): Uint8Array {
  return new TextEncoder().encode(encodeJson(header));
}

/** @throws RecordingError `corrupt` when it is no header. */
export function decodeHeader(bytes: Uint8Array): RecordingHeader {
  try {
    const header = decodeJson(new TextDecoder().decode(bytes));
    if (typeof header === "object" && header !== null && "role" in header && "protocol" in header) {
      // Boundary cast: its checksum held, so one of us wrote it; what is taken from it is checked on use.
      return header as RecordingHeader;
    }
  } catch (error) {
    throw new RecordingError("corrupt", "The recording's header cannot be read", { cause: error });
  }
  throw new RecordingError("corrupt", "The recording's header lacks its parts");
}

/** JSON with bytes and with the numbers that JSON does not have. */
export function encodeJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (item instanceof Uint8Array) return { "~bytes": item.toBase64() };
    if (typeof item === "number" && !Number.isFinite(item)) return { "~number": String(item) };
    if (typeof item === "bigint") return { "~bigint": String(item) };
    return item;
  });
}

/** Reads what {@link encodeJson} wrote. @throws SyntaxError */
export function decodeJson(text: string): unknown {
  return JSON.parse(text, (_, item: unknown) => {
    if (typeof item !== "object" || item === null) return item;
    if ("~bytes" in item) return Uint8Array.fromBase64(String(item["~bytes"]));
    if ("~number" in item) return Number(item["~number"]);
    if ("~bigint" in item) return BigInt(String(item["~bigint"]));
    return item;
  });
}
