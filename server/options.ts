/**
 * Options of {@link serve} with their defaults.
 *
 * @module
 */
import type { RefusalStatus } from "../schema/messages/mod.ts";
import type { Address } from "../protocol/address.ts";
import type { CryptoBackend } from "../protocol/crypto/backend.ts";
import type { EndpointLimits, SessionLimits } from "../protocol/limits.ts";
import type { Clock } from "../transport/clock.ts";
import type { ImpairmentOptions } from "../transport/impairment.ts";
import type { DatagramPipe } from "../transport/pipe.ts";

/** A player at the door, as the authorize hook sees it. */
export interface AuthorizeContext {
  /** Where the player is. */
  readonly address: Address;
  /** Whom the ticket's issuer vouches for; empty without a ticket. */
  readonly userId: string;
  /** What the issuer tells of the player. */
  readonly userData: Uint8Array;
  /** What the client passed as `auth`. */
  readonly auth: Uint8Array;
}

/**
 * What the authorize hook says: `true`, or an object with the user's id, lets the player in; `false`
 * or a refusal with a reason that the player reads keeps it out.
 */
export type AuthorizeResult = boolean | { readonly userId: string } | {
  readonly refused: RefusalStatus;
  readonly reason: string;
};

/** Where a server's datagrams, time and random bytes come from, for tests and other transports. */
export interface ServerEnvironment {
  /** Moves datagrams. The server closes it when it stops. */
  readonly pipe?: DatagramPipe;
  /** Time and timers. */
  readonly clock?: Clock;
  /** Fills a buffer with random bytes. */
  readonly random?: (into: Uint8Array) => void;
  /** Keys and tags. */
  readonly crypto?: CryptoBackend;
  /** Wall clock, milliseconds since 1970. */
  readonly wallClockMs?: () => number;
}

/** Options of {@link serve}. */
export interface ServeOptions<Data = undefined> {
  /** UDP port; 0 picks a free one. Default 9999. */
  readonly port?: number;
  /** Address to bind. Default `"::"`, IPv6 and IPv4. */
  readonly hostname?: string;
  /**
   * Ticks a second, 0 to 1,000. With ticks, messages and events are handled at the start of a tick
   * and everything sent leaves at its end. With 0, the default, both happen at once.
   */
  readonly tickHz?: number;
  /** Spends up to 2 ms of processor time per tick to start it on time to the microsecond. Default false. */
  readonly preciseTicks?: boolean;
  /** The server's X25519 secret key, 32 bytes. Default: a new one each time. */
  readonly key?: Uint8Array;
  /** What the server calls itself in answers to queries, at most 64 bytes. Default: the protocol's name. */
  readonly name?: string;
  /** Players at once. Default 4,096. */
  readonly maxPeers?: number;
  /** Keys shared with issuers of connect tickets. */
  readonly ticketKeys?: readonly Uint8Array[];
  /** Whether players without a ticket are refused. Default false. */
  readonly requireTicket?: boolean;
  /** Decides who gets in; may take up to 4 s. Default: everybody. */
  readonly authorize?: (context: AuthorizeContext) => AuthorizeResult | Promise<AuthorizeResult>;
  /** Makes what the game keeps with a peer. Default: `undefined`. */
  readonly peerData?: () => Data;
  /** Lets clients read the schema, so that they can explain a mismatch. Default false. */
  readonly development?: boolean;
  /** Limits over all peers. */
  readonly limits?: Partial<EndpointLimits>;
  /** Limits of each peer. */
  readonly sessionLimits?: Partial<SessionLimits>;
  /** Impairs the server's own traffic, for trying things out. */
  readonly sim?: ImpairmentOptions | string;
  /** Replaces socket, clock, randomness or cryptography. */
  readonly environment?: ServerEnvironment;
}

/** Most ticks a second: beyond it timers of 1 ms cannot keep up. */
export const MAX_TICK_HZ = 1_000;

/** @throws RangeError for options out of bounds. */
export function checkServeOptions(options: ServeOptions<unknown>): void {
  const { tickHz = 0, key, name, maxPeers = 1 } = options;
  if (!(tickHz >= 0 && tickHz <= MAX_TICK_HZ)) {
    throw new RangeError(`Cannot serve at ${tickHz} Hz: "tickHz" is 0 to ${MAX_TICK_HZ}`);
  }
  if (key !== undefined && key.byteLength !== 32) {
    throw new RangeError(`Cannot serve with a key of ${key.byteLength} bytes: a key has 32`);
  }
  if (name !== undefined && new TextEncoder().encode(name).byteLength > 64) {
    throw new RangeError(`Cannot serve as "${name}": a name has at most 64 bytes`);
  }
  if (!Number.isInteger(maxPeers) || maxPeers < 1) {
    throw new RangeError(`Cannot serve ${maxPeers} peers: "maxPeers" is an integer of 1 and more`);
  }
}
