/**
 * Which route the client sends on, and when on two at once.
 *
 * The whole decision is local to the client: no director is asked and no relay knows. A route under
 * suspicion gets company before it is left: everything goes out twice until one of the two is heard, and
 * the server, which answers on every route that it hears copies from, does the same. The session's own
 * packet numbers remove what arrives twice.
 *
 * @module
 */
import type { RouteHealth } from "./route_health.ts";

/** A route that was left is not returned to for its rank alone before this time has passed. */
export const ROUTE_VETO_MS = 30_000;

/** Ranks by which a healthy route takes over from a healthy one: lower is better. */
export const RouteRank = {
  /** The direct path, where it is preferred. */
  preferred: 0,
  /** The route over relays that the director chose, or the one that took its place. */
  relayed: 1,
  /** The other one. What was left for a failure stays here, so that nothing switches back and forth. */
  spare: 2,
  /** The direct path, where it is the last resort. */
  lastResort: 3,
  /** A route that is about to go: its relay drains, or it was replaced. */
  leaving: 4,
} as const;

/** What the decision needs to know of a route. */
export interface FailoverRoute {
  /** Measurements. */
  readonly health: RouteHealth;
  /** Whether it carries data: it is bound, or the direct path is proven. */
  readonly isUsable: boolean;
  /** One of {@link RouteRank}. */
  readonly rank: number;
  /** Until when it does not take over for its rank alone. */
  vetoUntilMs: number;
}

/** Why a route is doubted. */
type Doubt = "silent" | "unanswered" | "unusable";

/** What a change of routes was. */
export type RouteChange = "none" | "doubt" | "cleared" | "switched" | "promoted";

/** The decision's state. */
export class Failover<Route extends FailoverRoute> {
  #active: Route | undefined;
  #backup: Route | undefined;
  #doubt: Doubt | undefined;
  /** When the first doubt about the present outage arose; for the gap that is reported. */
  doubtedAtMs: number = Infinity;

  /** The route that data leaves on. */
  get active(): Route | undefined {
    return this.#active;
  }

  /** The second route that data leaves on; there while the first is doubted. */
  get backup(): Route | undefined {
    return this.#backup;
  }

  /** Whether the active route is doubted. */
  get isDoubting(): boolean {
    return this.#doubt !== undefined;
  }

  /** Forgets a route that ends. */
  remove(route: Route): void {
    if (this.#backup === route) this.#backup = undefined;
    if (this.#active !== route) return;
    this.#active = this.#backup;
    this.#backup = undefined;
    this.#clear();
  }

  /** Looks at all routes; call it when something may have become due. */
  evaluate(routes: readonly Route[], nowMs: number): RouteChange {
    const active = this.#active;
    if (active === undefined) {
      this.#active = bestOf(routes, undefined, nowMs);
      this.#clear();
      return this.#active === undefined ? "none" : "promoted";
    }
    const doubt = doubtOf(active, nowMs);
    if (doubt !== undefined) return this.#onDoubt(routes, doubt, nowMs);
    // A doubt that arose from silence ends when something is heard, not when time passes: see onHeard.
    if (this.#doubt !== undefined) return "none";
    return this.#promote(routes, active, nowMs);
  }

  /**
   * Notes an authentic frame.
   *
   * @param isPong Whether it proves the way there as well as the way back.
   */
  onHeard(route: Route, isPong: boolean, nowMs: number): RouteChange {
    if (this.#doubt === undefined) return "none";
    if (route === this.#active) {
      // What is heard does not answer a doubt about the way there.
      if (this.#doubt === "unanswered" && !isPong) return "none";
      if (!route.isUsable) return "none";
      this.#backup = undefined;
      this.#clear();
      return "cleared";
    }
    if (route !== this.#backup) return "none";
    this.#active!.vetoUntilMs = nowMs + ROUTE_VETO_MS;
    this.#active = route;
    this.#backup = undefined;
    this.#clear();
    return "switched";
  }

  #onDoubt(routes: readonly Route[], doubt: Doubt, nowMs: number): RouteChange {
    const wasDoubting = this.#doubt !== undefined;
    if (!wasDoubting) this.doubtedAtMs = nowMs;
    // A doubt about the way there is not forgotten for a doubt that a mere frame would end.
    if (this.#doubt !== "unanswered") this.#doubt = doubt;
    const { active } = this;
    if (this.#backup === undefined || doubtOf(this.#backup, nowMs) !== undefined) {
      const other = bestOf(routes, active, nowMs);
      if (other !== undefined && other !== this.#backup) {
        this.#backup = other;
        return "doubt";
      }
    }
    return wasDoubting ? "none" : "doubt";
  }

  #promote(routes: readonly Route[], active: Route, nowMs: number): RouteChange {
    for (const route of routes) {
      const isBetter = route !== active && route.isUsable && route.rank < active.rank;
      if (!isBetter || nowMs < route.vetoUntilMs || !route.health.rtt.hasSample) continue;
      if (doubtOf(route, nowMs) !== undefined) continue;
      this.#active = route;
      return "promoted";
    }
    return "none";
  }

  #clear(): void {
    this.#doubt = undefined;
    this.doubtedAtMs = Infinity;
  }
}

function doubtOf(route: FailoverRoute, nowMs: number): Doubt | undefined {
  if (!route.isUsable) return "unusable";
  if (route.health.isUnanswered(nowMs)) return "unanswered";
  return route.health.isSilent(nowMs) ? "silent" : undefined;
}

/** The best usable route besides one: undoubted before doubted, then by rank, then by round trip. */
function bestOf<Route extends FailoverRoute>(
  routes: readonly Route[],
  besides: Route | undefined,
  nowMs: number,
): Route | undefined {
  let best: Route | undefined;
  let bestScore = Infinity;
  for (const route of routes) {
    if (route === besides || !route.isUsable) continue;
    const isDoubted = doubtOf(route, nowMs) !== undefined;
    const score = (isDoubted ? 1e9 : 0) + route.rank * 1e6 + route.health.rtt.smoothedMs;
    if (score < bestScore) {
      best = route;
      bestScore = score;
    }
  }
  return best;
}
