/**
 * Picks routes by measurement: what a director asks, and what tells it when a better one is worth a move.
 *
 * @module
 */
import { Random } from "../../transport/random.ts";
import { type FoundRoute, planRoute, routeCostMs } from "./plan_routes.ts";
import { RelayVetoes } from "./relay_vetoes.ts";
import type { RouteHysteresis } from "./route_hysteresis.ts";
import { type ProblemOptions, routeProblem } from "./route_problem.ts";
import type { PlannedRelay, RoutePlan, RouteRequest } from "./route_request.ts";

/** What it costs a standby route to be in the network of a provider of the primary: both may fail at once. */
const SAME_PROVIDER_MS = 10;

/**
 * What is tried one after the other: relays that nobody measured are better than none, and so, at last,
 * are relays that failed.
 */
const ATTEMPTS = [
  { allowVetoed: false, allowUnknownFronts: false },
  { allowVetoed: false, allowUnknownFronts: true },
  { allowVetoed: true, allowUnknownFronts: false },
  { allowVetoed: true, allowUnknownFronts: true },
] as const;

/** How a planner works. */
export interface RoutePlannerOptions {
  /** Decides among routes that are equally good. Any integer. */
  readonly seed: number;
}

/**
 * Plans routes, and remembers which relays failed.
 *
 * @example
 * ```ts
 * import { MeshMatrix } from "./mesh_matrix.ts";
 * import { RoutePlanner } from "./route_planner.ts";
 *
 * const mesh = new MeshMatrix();
 * mesh.put("ams-1", [{ to: "fra-1", p95RttMs: 8, jitterMs: 1, loss: 0 }], 0);
 * const planner = new RoutePlanner({ seed: 1 });
 * const plan = planner.plan({
 *   pingLocation: "v1:ams=5,fra=60",
 *   serverRegion: "fra",
 *   relays: [
 *     { id: "ams-1", region: "ams", load: 0, state: "active" },
 *     { id: "fra-1", region: "fra", load: 0, state: "active" },
 *   ],
 *   mesh,
 * }, 0);
 * console.assert(plan?.primary.join(" ") === "ams-1 fra-1");
 * ```
 */
export class RoutePlanner {
  readonly #random: Random;
  readonly #vetoes = new RelayVetoes();

  /** Makes a planner that knows of no failures. */
  constructor({ seed }: RoutePlannerOptions) {
    this.#random = new Random(seed);
  }

  /** The routes for a new session; `undefined` when none leads there. */
  plan(request: RouteRequest, nowMs: number): RoutePlan | undefined {
    for (const attempt of ATTEMPTS) {
      const isVetoed = ({ id }: PlannedRelay): boolean =>
        !attempt.allowVetoed && this.#vetoes.has(id, nowMs);
      const options = { allowUnknownFronts: attempt.allowUnknownFronts, isExcluded: isVetoed };
      const primary = this.#primary(request, options, nowMs);
      if (primary !== undefined) return this.#withStandby(request, options, primary, nowMs);
    }
    return undefined;
  }

  /**
   * What a route costs now, in milliseconds: `Infinity` when a relay of it is gone, drains, is full or
   * failed lately, or when nothing is known any more of a path between them.
   */
  costMs(route: readonly string[], request: RouteRequest, nowMs: number): number {
    const { relays } = request;
    const options: ProblemOptions = {
      allowUnknownFronts: true,
      isExcluded: ({ id }) => this.#vetoes.has(id, nowMs),
    };
    // A session keeps all its relays even when new ones would get fewer.
    const problem = routeProblem({ ...request, maxRelays: 3 }, options, nowMs);
    const path = route.map((id) => relays.findIndex((relay) => relay.id === id));
    return path.includes(-1) ? Infinity : routeCostMs(problem, path);
  }

  /**
   * Looks whether a running session should move; returns where to. The session keeps one
   * {@link RouteHysteresis} for all its looks.
   */
  review(
    current: readonly string[],
    hysteresis: RouteHysteresis,
    request: RouteRequest,
    nowMs: number,
  ): RoutePlan | undefined {
    const plan = this.plan(request, nowMs);
    const candidateMs = plan === undefined || plan.isLastResort ? Infinity : plan.costMs;
    const currentMs = this.costMs(current, request, nowMs);
    return hysteresis.shouldSwitch(currentMs, candidateMs, nowMs) ? plan : undefined;
  }

  /** Notes that a relay failed: it is left out for five minutes, as long as there is another way. */
  reportFailure(relayId: string, nowMs: number): void {
    this.#vetoes.add(relayId, nowMs);
  }

  /** Ends that early: the relay is known to work again. */
  reportRecovery(relayId: string): void {
    this.#vetoes.lift(relayId);
  }

  #primary(
    request: RouteRequest,
    options: ProblemOptions,
    nowMs: number,
  ): FoundRoute | undefined {
    const problem = routeProblem(request, options, nowMs);
    const { frontRelay, relays } = request;
    if (frontRelay !== undefined) {
      const entryMs = problem.entryMs.map((costMs, place) =>
        relays[place]!.id === frontRelay ? costMs : Infinity
      );
      const kept = planRoute({ ...problem, entryMs }, this.#random);
      if (kept !== undefined) return kept;
    }
    return planRoute(problem, this.#random);
  }

  #withStandby(
    request: RouteRequest,
    options: ProblemOptions,
    primary: FoundRoute,
    nowMs: number,
  ): RoutePlan {
    const { relays } = request;
    const used = primary.path.map((place) => relays[place]!);
    const usedIds = used.map(({ id }) => id);
    const providers = new Set(used.map(({ provider }) => provider));
    providers.delete(undefined);
    const others: ProblemOptions = {
      ...options,
      isExcluded: (relay) => options.isExcluded(relay) || usedIds.includes(relay.id),
      extraMs: ({ provider }) => providers.has(provider) ? SAME_PROVIDER_MS : 0,
    };
    const spare = planRoute(routeProblem(request, others, nowMs), this.#random) ??
      planRoute(
        routeProblem(request, { ...others, allowUnknownFronts: true }, nowMs),
        this.#random,
      );
    const standby = spare?.path.map((place) => relays[place]!.id);
    const isVetoed = (id: string): boolean => this.#vetoes.has(id, nowMs);
    return {
      primary: usedIds,
      costMs: primary.costMs,
      ...(spare === undefined || standby === undefined
        ? {}
        : { standby, standbyCostMs: spare.costMs }),
      isLastResort: usedIds.some(isVetoed),
    };
  }
}
