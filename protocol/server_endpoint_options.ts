/**
 * What makes a server endpoint.
 *
 * @module
 */
import type { ProtocolCore } from "../schema/mod.ts";
import type { CryptoBackend } from "./crypto/backend.ts";
import type { EndpointLimits, SessionLimits } from "./limits.ts";

/** What makes a server endpoint. */
export interface ServerEndpointOptions {
  /** The game's protocol. */
  readonly protocol: ProtocolCore;
  /** The backend of keys and tags. */
  readonly crypto: CryptoBackend;
  /** Fills a buffer with random bytes from a cryptographic source. */
  readonly random: (into: Uint8Array) => void;
  /** The server's X25519 secret key, 32 bytes. Clients know its public half. */
  readonly staticSecret: Uint8Array;
  /** Wall clock, milliseconds since 1970, at `nowMs` 0. */
  readonly epochMs: number;
  /** Keys shared with issuers of connect tickets. */
  readonly ticketKeys?: readonly Uint8Array[];
  /** Whether clients without a ticket are refused. */
  readonly requireTicket?: boolean;
  /** Whether {@link ServerEndpoint.pollAuthorization} decides about every new session. */
  readonly authorizes?: boolean;
  /** What the server calls itself in answers to queries. */
  readonly name?: string;
  /** Whether queries may read the schema, so that a mismatch can be explained. */
  readonly isDevelopment?: boolean;
  /** Limits over all sessions. */
  readonly limits?: Partial<EndpointLimits>;
  /** Limits of each session. */
  readonly sessionLimits?: Partial<SessionLimits>;
}
