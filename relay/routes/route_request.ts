/**
 * What a route is asked for, and what the answer looks like.
 *
 * A director's `PlanRequest` is one of these; what is more here is for who knows more.
 *
 * @module
 */
import type { Mesh } from "./mesh_matrix.ts";
import type { PathQuality } from "./path_quality.ts";

/** A relay that may be part of a route. */
export interface PlannedRelay {
  /** Its id. */
  readonly id: string;
  /** Its region. */
  readonly region: string;
  /** Part of its capacity that is in use, 0 to 1 and a little above. */
  readonly load: number;
  /** Only active relays take new routes. */
  readonly state: "active" | "draining" | "down";
  /** What its operator would rather pay than use it, in milliseconds: the price of its traffic. Default 0. */
  readonly egressCostMs?: number | undefined;
  /** Whose network it is in: a standby route is in another one if possible. */
  readonly provider?: string | undefined;
}

/** What a route is asked for. */
export interface RouteRequest {
  /** Paths that the client measured, by relay id. */
  readonly clientPaths?: ReadonlyMap<string, PathQuality> | undefined;
  /** Round trips that the client measured, in milliseconds by relay id. */
  readonly clientRttMs?: ReadonlyMap<string, number> | undefined;
  /** Where the client is, by regions: `v1:fra=12,ams=17`. What is none counts as left out. */
  readonly pingLocation?: string | undefined;
  /** Regions that the client prefers, best first, when nothing was measured. */
  readonly regions?: readonly string[] | undefined;
  /**
   * The path without a relay, when the two ends may use it: no relay is the first whose jitter or loss
   * the client measured to be worse. Leave it out where they may not, lest there be no route at all.
   */
  readonly direct?: PathQuality | undefined;
  /** Region of the server. */
  readonly serverRegion: string;
  /** The only relays that reach the server, when it sits behind NAT. */
  readonly exitRelays?: readonly string[] | undefined;
  /** Paths from relays to the server, by relay id, where they were measured. */
  readonly serverPaths?: ReadonlyMap<string, PathQuality> | undefined;
  /** First relay of the primary route, if there is a way with it: a session that moves keeps it. */
  readonly frontRelay?: string | undefined;
  /** All relays. */
  readonly relays: readonly PlannedRelay[];
  /** What is between them. */
  readonly mesh: Mesh;
  /** Most relays of a route, 1 to 3; what is beyond that is taken as the nearest of these. Default 2. */
  readonly maxRelays?: number | undefined;
}

/** Relay ids of one or two routes, the first relay first. */
export interface RoutePlan {
  /** The route to begin with, 1 to 3 relays. */
  readonly primary: readonly string[];
  /** What it costs in milliseconds: above 100 usually for want of measurements. */
  readonly costMs: number;
  /** Another one that shares no relay with it, if there is one. */
  readonly standby?: readonly string[];
  /** What that one costs; `undefined` without one. */
  readonly standbyCostMs?: number;
  /** Whether a relay of the primary route failed in the last five minutes: there was no other way. */
  readonly isLastResort: boolean;
}
