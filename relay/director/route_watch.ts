/**
 * Whether sessions that run should move because another route has become better.
 *
 * @module
 */
import type { SessionRecord } from "../directory/records.ts";
import { RouteHysteresis } from "../routes/route_hysteresis.ts";
import type { PlanRequest, RoutePlanner } from "./route_planner.ts";

/** Between two moves of one session for a better route: each costs an epoch, of which there are 255. */
const MOVE_INTERVAL_MS = 300_000;

/** Sessions that are remembered at once; of more the ones that were looked at first are forgotten. */
const MAX_WATCHED = 16_384;

interface Watched {
  readonly hysteresis: RouteHysteresis;
  /** Before this moment it is not moved. */
  restsUntilMs: number;
}

/** Looks at sessions when they are renewed, every 20 s. A director's own memory: another one begins anew. */
export class RouteWatch {
  readonly #planner: RoutePlanner;
  readonly #watched = new Map<string, Watched>();

  /** Asks this planner. */
  constructor(planner: RoutePlanner) {
    this.#planner = planner;
  }

  /**
   * Whether the session's primary route has been worse for so long, and by so much, that a move pays off.
   *
   * @param request What would be asked for a move now: the first relay stays, and so does the player's port.
   */
  shouldMove(
    { id, primary }: Pick<SessionRecord, "id" | "primary">,
    request: PlanRequest,
    nowMs: number,
  ): boolean {
    if (this.#planner.review === undefined) return false;
    let watched = this.#watched.get(id);
    if (watched === undefined) {
      watched = { hysteresis: new RouteHysteresis(), restsUntilMs: -Infinity };
      this.#watched.set(id, watched);
      if (this.#watched.size > MAX_WATCHED) this.#forgetOldest();
    }
    if (nowMs < watched.restsUntilMs) return false;
    const current = primary.hops.map(({ relayId }) => relayId);
    const plan = this.#planner.review(current, watched.hysteresis, request, nowMs);
    if (plan === undefined || plan.primary.join() === current.join()) return false;
    watched.restsUntilMs = nowMs + MOVE_INTERVAL_MS;
    return true;
  }

  /** Forgets a session that ended. */
  forget(sessionId: string): void {
    this.#watched.delete(sessionId);
  }

  #forgetOldest(): void {
    for (const id of this.#watched.keys()) {
      this.#watched.delete(id);
      return;
    }
  }
}
