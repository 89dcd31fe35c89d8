/**
 * What a director asks of whoever picks routes. `relay/routes/` answers it by measurement; anything with
 * this shape will do.
 *
 * @module
 */
import type { RouteHysteresis } from "../routes/route_hysteresis.ts";

/** A relay that may be part of a route. */
export interface PlannedRelay {
  /** Its id. */
  readonly id: string;
  /** Its region. */
  readonly region: string;
  /** Part of its capacity that is in use, 0 to 1 and a little above. */
  readonly load: number;
  /** A draining relay takes no new routes. */
  readonly state: "active" | "draining";
  /** Whose network it is in. */
  readonly provider?: string | undefined;
  /** What its operator would rather pay than use it, in milliseconds. */
  readonly egressCostMs?: number | undefined;
}

/** What relays measured of each other. `relay/routes/mesh_matrix.ts` is one. */
export interface PlannerMesh {
  /** The path between two relays, or `undefined` when nothing is known of it. */
  quality(relayA: string, relayB: string, nowMs: number): {
    readonly p95RttMs: number;
    readonly jitterMs: number;
    readonly loss: number;
  } | undefined;
}

/** What a route is asked for. */
export interface PlanRequest {
  /** Round trips that the client measured, milliseconds by relay id. */
  readonly clientRttMs?: ReadonlyMap<string, number>;
  /** Where the client is, by regions: `v1:fra=12,ams=17`. */
  readonly pingLocation?: string;
  /** Regions that the client prefers, best first, when nothing was measured. */
  readonly regions?: readonly string[];
  /** Region of the server. */
  readonly serverRegion: string;
  /** The only relays that reach the server, when it sits behind NAT. */
  readonly exitRelays?: readonly string[];
  /** First relay of the primary route, when a session moves and keeps it. */
  readonly frontRelay?: string;
  /** All relays. */
  readonly relays: readonly PlannedRelay[];
  /** What is between them. */
  readonly mesh: PlannerMesh;
  /** Most relays of a route, 1 to 3. */
  readonly maxRelays: number;
}

/** Relay ids of one or two routes, the first relay first. */
export interface Plan {
  /** The route to begin with, 1 to 3 relays. */
  readonly primary: readonly string[];
  /** Another one that shares no relay with it. */
  readonly standby?: readonly string[];
}

/** Picks routes. */
export interface RoutePlanner {
  /** The routes, or `undefined` when none leads there. */
  plan(request: PlanRequest, nowMs: number): Plan | undefined;
  /**
   * Where a session should move that has been on a worse route for long enough, or `undefined`. Without
   * this, sessions move only when they have to.
   */
  review?(
    current: readonly string[],
    hysteresis: RouteHysteresis,
    request: PlanRequest,
    nowMs: number,
  ): Plan | undefined;
}
