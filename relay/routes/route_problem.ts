/**
 * Turns what is known of a player, a server and a fleet into costs.
 *
 * @module
 */
import { loadCostMs, pathCostMs, type PathQuality, RELAY_COST_MS } from "./path_quality.ts";
import { parsePingLocation, type PingLocation } from "../../protocol/relay/survey/ping_location.ts";
import type { RouteProblem } from "./plan_routes.ts";
import type { PlannedRelay, RouteRequest } from "./route_request.ts";

/** A path of which nothing is known: worse than anything on one continent. */
export const UNKNOWN_PATH_MS = 100;

/** From a relay to a server in its own region, unless it was measured. */
export const SAME_REGION_MS = 2;

/** To relays of the region that a player named first; every further region costs as much more. */
const PREFERRED_REGION_MS = 30;
const NEXT_REGION_MS = 10;

/** By how much more jitter, in ms, or loss, as a share, a relay is worse than the direct path: noise is no reason. */
const JITTER_TOLERANCE_MS = 1;
const LOSS_TOLERANCE = 0.005;

/** What to leave out, and what to let pass. */
export interface ProblemOptions {
  /** Whether relays to which nothing was measured may be the first. */
  readonly allowUnknownFronts: boolean;
  /** Whether a relay is out of the question. */
  readonly isExcluded: (relay: PlannedRelay) => boolean;
  /** What a relay costs besides, in milliseconds. */
  readonly extraMs?: (relay: PlannedRelay) => number;
}

/** The costs of a request. */
export function routeProblem(
  request: RouteRequest,
  options: ProblemOptions,
  nowMs: number,
): RouteProblem {
  const { relays, mesh } = request;
  const client = new ClientLegs(request, options.allowUnknownFronts);
  const isUsable = (relay: PlannedRelay): boolean =>
    relay.state === "active" && loadCostMs(relay.load) < Infinity && !options.isExcluded(relay);
  const usable = relays.map(isUsable);
  const server = new ServerLegs(request, isUsable, nowMs);
  const legs = (costMs: (relay: PlannedRelay) => number): number[] =>
    relays.map((relay, place) => usable[place] ? costMs(relay) : Infinity);
  return {
    relayMs: legs((relay) => ownCostMs(relay) + (options.extraMs?.(relay) ?? 0)),
    entryMs: legs((relay) => client.costMs(relay)),
    exitMs: legs((relay) => server.costMs(relay)),
    linkMs: (from, to) => {
      const quality = mesh.quality(relays[from]!.id, relays[to]!.id, nowMs);
      return quality === undefined ? Infinity : pathCostMs(quality);
    },
    maxRelays: relayLimit(request.maxRelays),
  };
}

function ownCostMs({ load, egressCostMs = 0 }: PlannedRelay): number {
  return RELAY_COST_MS + loadCostMs(load) + egressCostMs;
}

function relayLimit(maxRelays = 2): 1 | 2 | 3 {
  return maxRelays >= 3 ? 3 : maxRelays >= 2 ? 2 : 1;
}

/** From the client to relays. */
class ClientLegs {
  readonly #request: RouteRequest;
  readonly #location: PingLocation;
  readonly #allowUnknown: boolean;

  constructor(request: RouteRequest, allowUnknownFronts: boolean) {
    const { clientPaths, clientRttMs, pingLocation = "" } = request;
    this.#request = request;
    this.#location = parsePingLocation(pingLocation) ?? new Map();
    const known = (clientPaths?.size ?? 0) + (clientRttMs?.size ?? 0) + this.#location.size;
    this.#allowUnknown = allowUnknownFronts || known === 0;
  }

  costMs({ id, region }: PlannedRelay): number {
    const { clientPaths, clientRttMs, direct } = this.#request;
    const path = clientPaths?.get(id);
    if (path !== undefined) {
      return direct !== undefined && isWorse(path, direct) ? Infinity : pathCostMs(path);
    }
    const rttMs = clientRttMs?.get(id) ?? this.#location.get(region);
    if (rttMs !== undefined) return rttMs >= 0 ? rttMs : Infinity;
    return this.#allowUnknown ? this.#preferenceMs(region) : Infinity;
  }

  #preferenceMs(region: string): number {
    const place = this.#request.regions?.indexOf(region) ?? -1;
    if (place === -1) return UNKNOWN_PATH_MS;
    return Math.min(UNKNOWN_PATH_MS, PREFERRED_REGION_MS + place * NEXT_REGION_MS);
  }
}

function isWorse(path: PathQuality, direct: PathQuality): boolean {
  return path.jitterMs > direct.jitterMs + JITTER_TOLERANCE_MS ||
    path.loss > direct.loss + LOSS_TOLERANCE;
}

/** From relays to the server. */
class ServerLegs {
  readonly #request: RouteRequest;
  readonly #nowMs: number;
  readonly #exits: ReadonlySet<string> | undefined;
  /** Relays next to the server: what is between them and others is between the server and others. */
  readonly #neighbors: readonly string[];

  constructor(
    request: RouteRequest,
    isUsable: (relay: PlannedRelay) => boolean,
    nowMs: number,
  ) {
    const { relays, serverRegion, exitRelays } = request;
    this.#request = request;
    this.#nowMs = nowMs;
    const neighbors = relays.filter(({ region }) => region === serverRegion);
    this.#neighbors = neighbors.map(({ id }) => id);
    // A region without a relay to use is reached from elsewhere.
    this.#exits = exitRelays !== undefined
      ? new Set(exitRelays)
      : neighbors.some(isUsable)
      ? new Set(this.#neighbors)
      : undefined;
  }

  costMs({ id, region }: PlannedRelay): number {
    const { serverPaths, serverRegion } = this.#request;
    if (this.#exits !== undefined && !this.#exits.has(id)) return Infinity;
    const path = serverPaths?.get(id);
    if (path !== undefined) return pathCostMs(path);
    return region === serverRegion ? SAME_REGION_MS : this.#estimateMs(id);
  }

  #estimateMs(relayId: string): number {
    const { mesh } = this.#request;
    let bestMs = Infinity;
    for (const neighbor of this.#neighbors) {
      const quality = mesh.quality(neighbor, relayId, this.#nowMs);
      if (quality !== undefined) bestMs = Math.min(bestMs, pathCostMs(quality));
    }
    return bestMs === Infinity ? UNKNOWN_PATH_MS : bestMs + SAME_REGION_MS;
  }
}
