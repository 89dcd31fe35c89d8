/**
 * What the parts of a director share.
 *
 * @module
 */
import { canonicalHostname } from "../../protocol/address.ts";
import { decodeKey } from "../../protocol/connect_url.ts";
import type { Clock } from "../../transport/clock.ts";
import { type Directory, DirectoryError } from "../directory/directory.ts";
import type { SessionLimits } from "../directory/records.ts";
import { DirectorError } from "./director_error.ts";
import type { FleetHooks } from "./fleet_hooks.ts";
import type { KeyTree } from "./key_tree.ts";
import type { RouteTools } from "./route_builder.ts";
import type { RoutePlanner } from "./route_planner.ts";

/** What the parts of a director share. */
export interface DirectorContext {
  /** Id of this director. */
  readonly id: string;
  /** What all directors know. */
  readonly directory: Directory;
  /** Keys of relays, servers and sessions. */
  readonly keys: KeyTree;
  /** Monotonic time. */
  readonly clock: Clock;
  /** Time of day, milliseconds since 1970. */
  readonly wallClockMs: () => number;
  /** Picks routes. */
  readonly planner: RoutePlanner;
  /** Keys and random bytes for tickets. */
  readonly tools: RouteTools;
  /** Where clients reach this API, without a slash at the end; `undefined` gives no renew URLs. */
  readonly publicUrl: string | undefined;
  /** Most relays of a route, 1 to 3. */
  readonly maxRelays: number;
  /** Told of demand. */
  readonly fleet: FleetHooks;
}

/** Time between two heartbeats of a relay or server. Leases are five times as long. */
export const HEARTBEAT_MS = 2_000;

/** How long hop tickets and renewals are good. Clients renew three times in it. */
export const TICKET_LIFE_MS = 60_000;

/** Caps of a session unless an operator configured others (research/relay.md, section 6, "Limits"). */
export const DEFAULT_LIMITS: SessionLimits = {
  kbpsUp: 256,
  kbpsDown: 1_024,
  ppsUp: 128,
  ppsDown: 256,
  maxMiB: 4_096,
};

/** Tries of a write that others may come before. */
const MAX_TRIES = 5;

const ID = /^[A-Za-z0-9_-]{1,64}$/;
const HEX = /^[0-9a-f]{16}$/;

/** Throws `invalid` unless a text can be an id. */
export function checkId(what: string, id: string): void {
  if (ID.test(id)) return;
  throw new DirectorError("invalid", `"${what}" is 1 to 64 letters, digits, "_-", not "${id}"`);
}

/** Throws `invalid` unless a text is 16 hexadecimal digits. */
export function checkHex(what: string, hex: string): void {
  if (HEX.test(hex)) return;
  throw new DirectorError("invalid", `"${what}" is 16 hexadecimal digits, not "${hex}"`);
}

/** The one text of an IP literal. Throws `invalid` when it is none. */
export function checkHostname(what: string, hostname: string): string {
  const canonical = canonicalHostname(hostname);
  if (canonical !== undefined) return canonical;
  throw new DirectorError("invalid", `"${what}" is an IP address literal, not "${hostname}"`);
}

/** The 32 bytes of a key. Throws `invalid` when there are none. */
export function checkKeyText(what: string, text: string): Uint8Array {
  try {
    return decodeKey(text);
  } catch (error) {
    throw new DirectorError("invalid", `"${what}" is 43 characters of base64url`, { cause: error });
  }
}

/**
 * Repeats a read and a compared write until the write came first.
 *
 * @param attempt Returns `undefined` when another write came before.
 * @throws DirectorError `conflict` when others always come first, `away`, `no-capacity`.
 */
export async function compareAndSet<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const result = await attempt();
    if (result !== undefined) return result;
  }
  throw new DirectorError("conflict", "Others changed the same record at the same moment");
}

/** The director's error for one of the directory, or the error itself. */
export function asDirectorError(error: unknown): unknown {
  if (!(error instanceof DirectoryError)) return error;
  const code = error.code === "full" ? "no-capacity" : error.code === "key" ? "invalid" : "away";
  return new DirectorError(code, error.message, { cause: error });
}
