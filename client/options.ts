/**
 * Options of {@link connect} with their defaults.
 *
 * @module
 */
import { checkSessionLimits } from "../protocol/check_limits.ts";
import type { CryptoBackend } from "../protocol/crypto/backend.ts";
import type { SessionLimits } from "../protocol/limits.ts";
import type { Clock } from "../transport/clock.ts";
import type { ImpairmentOptions } from "../transport/impairment.ts";
import type { RelayGrant } from "../protocol/relay/relay_grant.ts";
import type { Fetch } from "../transport/director_http.ts";
import type { DatagramPipe } from "../transport/pipe.ts";
import type { RecordInput } from "../transport/record_options.ts";

/** What a server told of itself before it was trusted. */
export interface UntrustedServer {
  /** Host name or IP literal as it stands in the URL. */
  readonly hostname: string;
  /** Port. */
  readonly port: number;
  /** The public key that it claims, 32 bytes. */
  readonly key: Uint8Array;
  /** The same in base64url, as it stands in connect URLs. */
  readonly keyText: string;
  /** What it calls itself. */
  readonly name: string;
  /** The game that it claims to run. */
  readonly game: string;
}

/**
 * What is thought of a server's key: `false` refuses it, `true` takes it, and so does a function, which
 * is called once the server has proven that the key is its own: the time to remember it.
 */
export type TrustVerdict = boolean | (() => void | Promise<void>);

/** Decides about a key that nobody vouched for. */
export type TrustServer = (server: UntrustedServer) => TrustVerdict | Promise<TrustVerdict>;

/** A connect ticket: base64url text, or the bytes. */
export type TicketText = string | Uint8Array;

/** A grant as a director gave it: JSON as text or parsed, or with its bytes. */
export type GrantInput = string | Readonly<Record<string, unknown>> | RelayGrant;

/** Gets a grant from a game's back end. */
export type GrantGiver = () => GrantInput | Promise<GrantInput>;

/** Where a client's datagrams, time and random bytes come from, for tests and other transports. */
export interface ClientEnvironment {
  /** Moves datagrams. Taken over: the client closes it when it ends, and `connect` when it throws. */
  readonly pipe?: DatagramPipe;
  /** Time and timers. */
  readonly clock?: Clock;
  /** Fills a buffer with random bytes. */
  readonly random?: (into: Uint8Array) => void;
  /** Keys and tags. */
  readonly crypto?: CryptoBackend;
  /** Wall clock, milliseconds since 1970: leases of relays expire by it. */
  readonly wallClockMs?: () => number;
  /** Sends requests to directors. */
  readonly fetch?: Fetch;
}

/** Options of {@link connect}. */
export interface ConnectOptions {
  /**
   * A connect ticket as its issuer gave it, or a function that gets one. A ticket is good for one
   * session: with a function, a client that lost its session can ask for another ticket.
   */
  readonly ticket?: TicketText | (() => TicketText | Promise<TicketText>);
  /**
   * A grant of a director, or a function that gets one: the way to the server leads through relays, and the
   * URL is empty. With a function, a client that lost its session asks for another grant. Join URLs need
   * no grant.
   */
  readonly relay?: GrantInput | GrantGiver;
  /** Where the player is, `v1:fra=12,ams=17`, for the choice of relays. Default: joining measures it. */
  readonly pingLocation?: string;
  /** Anything for the server's authorize hook, at most 512 bytes; text is sent as UTF-8. */
  readonly auth?: string | Uint8Array;
  /**
   * Decides about a server whose key is not in the URL. Without it such a URL is refused: whoever
   * answers first could be anybody. `knownServers` remembers whom it trusted.
   */
  readonly trustServer?: TrustServer;
  /** How long the server may take to answer, to a question as well as to a handshake. Default 5,000 ms. */
  readonly timeoutMs?: number;
  /**
   * Whether a session that ended by silence or a restart of the server, and could not be resumed, is
   * followed by a new one. Default true. Messages of the old session that were not acknowledged are
   * lost; `"reconnected"` tells. A server that says goodbye is never called again.
   */
  readonly reconnect?: boolean;
  /** For how long a new session is tried for before the client is disconnected. Default 60,000 ms. */
  readonly reconnectTimeoutMs?: number;
  /** Limits of the session: its timeout, keepalive, rates, queues, the size of datagrams. */
  readonly sessionLimits?: Partial<SessionLimits>;
  /** Packets that {@link Client.trace} remembers, 0 to 65,536. Default 0. */
  readonly traceDatagrams?: number;
  /** Local address to send from. Default: any. */
  readonly localHostname?: string;
  /** Local port to send from. Default 0: any. */
  readonly localPort?: number;
  /** Impairs the client's own traffic, for trying things out. */
  readonly sim?: ImpairmentOptions | string;
  /** Ends the attempt to connect; later it means nothing. */
  readonly signal?: AbortSignal;
  /**
   * Records everything that happens to a file, to be replayed bit by bit with `tools/replay.ts`. Whoever
   * has the file can read what was said. Default: nothing.
   */
  readonly record?: RecordInput;
  /** Replaces socket, clock, randomness or cryptography. */
  readonly environment?: ClientEnvironment;
}

/** @throws RangeError or TypeError for options out of bounds. */
export function checkConnectOptions(options: ConnectOptions): void {
  const { timeoutMs = 1, reconnectTimeoutMs = 0, sessionLimits = {}, traceDatagrams } = options;
  if (!(timeoutMs > 0)) {
    throw new RangeError(`Cannot connect within ${timeoutMs} ms: "timeoutMs" is above 0`);
  }
  if (!(reconnectTimeoutMs >= 0)) {
    throw new RangeError(
      `Cannot reconnect within ${reconnectTimeoutMs} ms: "reconnectTimeoutMs" is 0 and more`,
    );
  }
  checkSessionLimits(
    traceDatagrams === undefined ? sessionLimits : { ...sessionLimits, traceDatagrams },
  );
}
