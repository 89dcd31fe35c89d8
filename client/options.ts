/**
 * Options of {@link connect} with their defaults.
 *
 * @module
 */
import type { CryptoBackend } from "../protocol/crypto/backend.ts";
import type { SessionLimits } from "../protocol/limits.ts";
import type { Clock } from "../transport/clock.ts";
import type { ImpairmentOptions } from "../transport/impairment.ts";
import type { DatagramPipe } from "../transport/pipe.ts";

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

/** Where a client's datagrams, time and random bytes come from, for tests and other transports. */
export interface ClientEnvironment {
  /** Moves datagrams. The client closes it when it ends. */
  readonly pipe?: DatagramPipe;
  /** Time and timers. */
  readonly clock?: Clock;
  /** Fills a buffer with random bytes. */
  readonly random?: (into: Uint8Array) => void;
  /** Keys and tags. */
  readonly crypto?: CryptoBackend;
}

/** Options of {@link connect}. */
export interface ConnectOptions {
  /** A connect ticket as its issuer gave it: text, or bytes. */
  readonly ticket?: string | Uint8Array;
  /** Anything for the server's authorize hook, at most 512 bytes; text is sent as UTF-8. */
  readonly auth?: string | Uint8Array;
  /**
   * Decides about a server whose key is not in the URL. Without it such a URL is refused: whoever
   * answers first could be anybody.
   */
  readonly trustServer?: (server: UntrustedServer) => boolean | Promise<boolean>;
  /**
   * Whether a session that ended by silence or a restart of the server, and could not be resumed, is
   * followed by a new one. Default true. Messages of the old session that were not acknowledged are
   * lost; `"reconnected"` tells.
   */
  readonly reconnect?: boolean;
  /** Limits of the session. */
  readonly sessionLimits?: Partial<SessionLimits>;
  /** Local address to send from. Default: any. */
  readonly localHostname?: string;
  /** Local port to send from. Default 0: any. */
  readonly localPort?: number;
  /** Impairs the client's own traffic, for trying things out. */
  readonly sim?: ImpairmentOptions | string;
  /** Ends the attempt to connect. */
  readonly signal?: AbortSignal;
  /** Replaces socket, clock, randomness or cryptography. */
  readonly environment?: ClientEnvironment;
}
