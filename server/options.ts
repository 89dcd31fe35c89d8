/**
 * Options of {@link serve} with their defaults.
 *
 * @module
 */
import type { RefusalStatus } from "../schema/messages/mod.ts";
import type { Address } from "../protocol/address.ts";
import { checkEndpointLimits, checkSessionLimits } from "../protocol/check_limits.ts";
import type { CryptoBackend } from "../protocol/crypto/backend.ts";
import type { EndpointLimits, SessionLimits } from "../protocol/limits.ts";
import type { Clock } from "../transport/clock.ts";
import type { ImpairmentOptions } from "../transport/impairment.ts";
import type { Fetch } from "../transport/director_http.ts";
import type { DatagramPipe } from "../transport/pipe.ts";
import type { RecordInput } from "../transport/record_options.ts";
import type { SpawnWorker } from "./workers/spawn_worker.ts";
import { checkRelayOptions, type ServeRelayOptions } from "./relay_options.ts";

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

/** A player that is kept out. */
export interface AuthorizeRefusal {
  /** For the player's program: the code of its `ConnectError`. `"auth"` as a rule. */
  readonly refused: RefusalStatus;
  /** For the player; what is longer than 100 bytes of UTF-8 is cut. */
  readonly reason: string;
  /** When another try may succeed, in milliseconds. Default: no advice. */
  readonly retryAfterMs?: number;
}

/**
 * What the authorize hook says: `true`, or an object with the user's id, lets the player in; `false`
 * or a refusal with a reason that the player reads keeps it out. A user has one session: whoever comes
 * with the same id again takes the place of the one before.
 */
export type AuthorizeResult = boolean | { readonly userId: string } | AuthorizeRefusal;

/** Who a new peer is, for `peerData`. */
export interface PeerIdentity {
  /** Number of the peer. */
  readonly id: number;
  /** Where it is. */
  readonly address: Address;
  /** Whom the ticket or the authorize hook vouches for; empty for anonymous peers. */
  readonly userId: string;
  /** What the issuer of its ticket tells of it. */
  readonly userData: Uint8Array;
}

/** Where a server's datagrams, time and random bytes come from, for tests and other transports. */
export interface ServerEnvironment {
  /** Moves datagrams. Taken over: the server closes it when it stops, and `serve` when it throws. */
  readonly pipe?: DatagramPipe;
  /** Time and timers. */
  readonly clock?: Clock;
  /** Fills a buffer with random bytes. */
  readonly random?: (into: Uint8Array) => void;
  /** Keys and tags. */
  readonly crypto?: CryptoBackend;
  /** Wall clock, milliseconds since 1970. */
  readonly wallClockMs?: () => number;
  /** Starts the thread of a room on a worker. */
  readonly spawnRoomWorker?: SpawnWorker;
  /** Sends requests to the director of the `relay` option. */
  readonly fetch?: Fetch;
}

/** Options of {@link serve}. */
export interface ServeOptions<Data = undefined> {
  /** UDP port; 0 picks a free one. Default 9999. */
  readonly port?: number;
  /** Address to bind. Default `"::"`, IPv6 and IPv4. */
  readonly hostname?: string;
  /**
   * Ticks a second, 0 to 1,000. 0, the default, is a server without ticks: everything happens at once.
   */
  readonly tickHz?: number;
  /**
   * When handlers run and what they send leaves. `"tick"`, the default of a server with ticks: messages
   * and events are handled at the start of a tick, and everything that was sent since the last one leaves
   * together at its end, in as few packets as possible. `"immediate"`: both happen as soon as something
   * comes, within the same turn of the event loop; ticks only run the game. Without ticks it is always so.
   */
  readonly dispatch?: "tick" | "immediate";
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
  /**
   * Decides who gets in. May take as long as `limits.authorizeTimeoutMs`, 4 s, then the player is
   * refused as busy. Default: everybody.
   */
  readonly authorize?: (context: AuthorizeContext) => AuthorizeResult | Promise<AuthorizeResult>;
  /** Makes what the game keeps with a new peer, before its `"connected"` event. Default: `undefined`. */
  readonly peerData?: (who: PeerIdentity) => Data;
  /** Lets clients read the schema, so that they can explain a mismatch. Default false. */
  readonly development?: boolean;
  /**
   * Limits over all peers, and the times of joining and coming back: for how long a handshake waits for
   * its confirmation, the authorize hook may take, a silent peer can come back.
   */
  readonly limits?: Partial<EndpointLimits>;
  /** Limits of each peer: its timeout, rates, queues, the size of datagrams. */
  readonly sessionLimits?: Partial<SessionLimits>;
  /** Packets that {@link Peer.trace} remembers of each peer, 0 to 65,536. Default 0. */
  readonly traceDatagrams?: number;
  /** Impairs the server's own traffic, for trying things out. */
  readonly sim?: ImpairmentOptions | string;
  /**
   * Lets players come through relays, by a join code or a grant: from behind NAT, without a port that is
   * forwarded, and without knowing where the server is. Default: they come to its address.
   */
  readonly relay?: ServeRelayOptions;
  /**
   * Records everything that happens to a file, to be replayed bit by bit with `tools/replay.ts`. Whoever
   * has the file can read what was said: it holds the secrets of all its sessions. Default: nothing.
   */
  readonly record?: RecordInput;
  /** Replaces socket, clock, randomness or cryptography. */
  readonly environment?: ServerEnvironment;
}

/** Most ticks a second: beyond it timers of 1 ms cannot keep up. */
export const MAX_TICK_HZ = 1_000;

/** Players at once, unless told otherwise. */
export const DEFAULT_MAX_PEERS = 4_096;

/** What an X25519 key and a key of tickets have. */
const KEY_BYTES = 32;

/** @throws RangeError or TypeError for options out of bounds. */
export function checkServeOptions(options: ServeOptions<unknown>): void {
  const { tickHz = 0, dispatch, key, name, maxPeers = 1, ticketKeys = [] } = options;
  if (!(tickHz >= 0 && tickHz <= MAX_TICK_HZ)) {
    throw new RangeError(`Cannot serve at ${tickHz} Hz: "tickHz" is 0 to ${MAX_TICK_HZ}`);
  }
  if (dispatch !== undefined && dispatch !== "tick" && dispatch !== "immediate") {
    throw new TypeError(`Cannot serve with dispatch "${dispatch}": it is "tick" or "immediate"`);
  }
  if (dispatch === "tick" && tickHz === 0) {
    throw new TypeError('Cannot dispatch by tick: give serve() a "tickHz"');
  }
  if (key !== undefined) checkKey("a key", key);
  for (const ticketKey of ticketKeys) checkKey("a ticket key", ticketKey);
  if (name !== undefined && new TextEncoder().encode(name).byteLength > 64) {
    throw new RangeError(`Cannot serve as "${name}": a name has at most 64 bytes`);
  }
  if (!Number.isInteger(maxPeers) || maxPeers < 1) {
    throw new RangeError(`Cannot serve ${maxPeers} peers: "maxPeers" is an integer of 1 and more`);
  }
  if (options.relay !== undefined) checkRelayOptions(options.relay);
  checkEndpointLimits(options.limits ?? {});
  checkSessionLimits(sessionLimitsOf(options));
}

/** `sessionLimits` with what other options add to them. */
export function sessionLimitsOf(options: ServeOptions<unknown>): Partial<SessionLimits> {
  const { sessionLimits = {}, traceDatagrams } = options;
  return traceDatagrams === undefined ? sessionLimits : { ...sessionLimits, traceDatagrams };
}

function checkKey(what: string, key: Uint8Array): void {
  if (key.byteLength === KEY_BYTES) return;
  throw new RangeError(
    `Cannot serve with ${what} of ${key.byteLength} bytes: it has ${KEY_BYTES}`,
  );
}
