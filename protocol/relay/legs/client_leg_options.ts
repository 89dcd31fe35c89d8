/**
 * What makes a client leg, and what it tells its owner.
 *
 * @module
 */
import type { Address } from "../../address.ts";
import type { CryptoBackend } from "../../crypto/backend.ts";
import type { RelayGrant, RelayRoute } from "../relay_grant.ts";
import type { SipHasher } from "../siphash.ts";
import type { RouteKind } from "./client_route.ts";

/** What makes a client leg. */
export interface ClientLegOptions {
  /** What the director granted. */
  readonly grant: RelayGrant;
  /** Hashes tags. */
  readonly hasher: SipHasher;
  /** Seals what the two ends say about a direct path. */
  readonly crypto: CryptoBackend;
  /** Fills a buffer with random bytes from a cryptographic source. */
  readonly random: (into: Uint8Array) => void;
  /** Wall clock, milliseconds since 1970, at `nowMs` 0: tickets expire by it. */
  readonly epochMs: number;
  /** Idle time after which a PING keeps NATs open, 1,000 to 30,000 ms. Default 15,000; 8,000 is for short-lived NATs. */
  readonly keepaliveMs?: number;
  /** Addresses of this machine that the server may try; used where the grant allows direct paths. */
  readonly localAddresses?: readonly Address[];
}

/** Why a client needs other routes than it has. */
export type RoutesNeededReason =
  /** A relay of the active route drains. */
  | "drain"
  /** Nothing is heard over any route. */
  | "failed"
  /** The tickets expire soon. */
  | "expiring"
  /** A relay closed a route for good. */
  | "closed";

/** What a client leg tells its owner. */
export type ClientLegEvent =
  /** A route was bound for the first time, or anew. `observed` is where its relay sees us. */
  | {
    readonly kind: "bound";
    readonly route: RouteKind;
    readonly observed: Address;
    readonly elapsedMs: number;
  }
  /** Data leaves on another route from now on; `gapMs` is how long nothing had been heard. */
  | {
    readonly kind: "switched";
    readonly route: RouteKind;
    readonly isFailover: boolean;
    readonly gapMs: number;
  }
  /** The lease of a route runs down: give fresh blobs to {@link ClientLeg.renew}. Asked again every 5 s. */
  | { readonly kind: "renew"; readonly route: RelayRoute }
  /** Fetch a new grant and give it to {@link ClientLeg.update}. Asked again every 5 s. */
  | {
    readonly kind: "routes-needed";
    readonly reason: RoutesNeededReason;
    /** Seconds that are left, or 0 when nobody knows. */
    readonly withinS: number;
  }
  /** The server ended the relay session. */
  | { readonly kind: "closed" };
