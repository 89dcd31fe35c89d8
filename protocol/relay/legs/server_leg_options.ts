/**
 * What makes a server leg.
 *
 * @module
 */
import type { Address } from "../../address.ts";
import type { CryptoBackend } from "../../crypto/backend.ts";
import type { RelayKey } from "../hop_ticket.ts";
import type { SipHasher } from "../siphash.ts";

/** What makes a server leg. */
export interface ServerLegOptions {
  /** Keys that directors seal this server's tickets with; two while they are replaced. */
  readonly relayKeys: readonly RelayKey[];
  /** Hashes tags. */
  readonly hasher: SipHasher;
  /** Opens tickets and signals. */
  readonly crypto: CryptoBackend;
  /** Fills a buffer with random bytes from a cryptographic source. */
  readonly random: (into: Uint8Array) => void;
  /** Wall clock, milliseconds since 1970, at `nowMs` 0: tickets expire by it. */
  readonly epochMs: number;
  /** IP literals of the relays that may bind; frames from elsewhere are refused and counted. Default: any. */
  readonly relayAddresses?: readonly string[];
  /** Addresses that clients may try to reach without relays, besides those that relays see. */
  readonly publicAddresses?: readonly Address[];
  /** Relay sessions at once. Default 4,096. */
  readonly maxSessions?: number;
  /** Silence after which a session is forgotten. Default 90,000 ms: the lease of relays and half as much. */
  readonly sessionIdleMs?: number;
  /** The lease that clients are told to renew within, 1 to 65,535 s. Default 60. */
  readonly leaseS?: number;
  /** Idle time after which an anchor is asked, ms. Default 15,000. */
  readonly keepaliveMs?: number;
}

/** The defaults of limits. */
export const DEFAULT_SERVER_LEG_LIMITS = {
  maxSessions: 4_096,
  sessionIdleMs: 90_000,
  leaseS: 60,
} as const;
