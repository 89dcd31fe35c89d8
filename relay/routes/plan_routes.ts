/**
 * Finds routes of one to three relays through a fleet: pure search over costs that are given.
 *
 * Costs are milliseconds, add up, and are never negative; `Infinity` is "not that way". The search is
 * exact: it looks at every route that can be near the best. With F relays near the client, E near the
 * server and N in all it costs F·N + N·E for three relays, F·E for two.
 *
 * @module
 */
import type { Random } from "../../transport/random.ts";

/** A fleet as one player and one server see it. All arrays have a place per relay. */
export interface RouteProblem {
  /** What each relay itself costs: load, price. */
  readonly relayMs: readonly number[];
  /** From the client to each relay. */
  readonly entryMs: readonly number[];
  /** From each relay to the server. */
  readonly exitMs: readonly number[];
  /** From relay to relay, by place. */
  readonly linkMs: (from: number, to: number) => number;
  /** Most relays of a route. */
  readonly maxRelays: 1 | 2 | 3;
}

/** A route that was found. */
export interface FoundRoute {
  /** Places of its relays, from client to server. */
  readonly path: readonly number[];
  /** What it costs in all. */
  readonly costMs: number;
}

/**
 * Routes that cost at most so much more than the best are as good as the best, and one of them is drawn:
 * measurements are no more exact, and drawing spreads the players.
 */
export const NEAR_BEST_MS = 5;

/** Sums are compared with this tolerance: the same route may be added up in another order. */
const ROUNDING_MS = 1e-6;

/** Takes each route near the best, in a fixed order. */
type Visit = (path: readonly number[], costMs: number) => void;

/** What a route costs; `Infinity` when it cannot be gone. */
export function routeCostMs(problem: RouteProblem, path: readonly number[]): number {
  const [first] = path;
  if (first === undefined || path.length > problem.maxRelays) return Infinity;
  let costMs = problem.entryMs[first]! + problem.relayMs[first]!;
  for (let at = 1; at < path.length; at++) {
    costMs += problem.linkMs(path[at - 1]!, path[at]!) + problem.relayMs[path[at]!]!;
  }
  return costMs + problem.exitMs[path.at(-1)!]!;
}

/**
 * One of the routes that cost at most {@link NEAR_BEST_MS} more than the best: of these, one with the
 * fewest relays, by chance. `undefined` when there is no way.
 */
export function planRoute(problem: RouteProblem, random: Random): FoundRoute | undefined {
  const search = new RouteSearch(problem);
  if (search.bestMs === Infinity) return undefined;
  let found: FoundRoute | undefined;
  let equals = 0;
  search.visit(search.bestMs + NEAR_BEST_MS, (path, costMs) => {
    const fewest = found?.path.length ?? Infinity;
    if (path.length > fewest) return;
    equals = path.length < fewest ? 1 : equals + 1;
    // Each of n equals is kept with the chance of 1 in n, without a list of them.
    if (random.below(equals) === 0) found = { path, costMs };
  });
  return found;
}

/** The cheapest way to each relay with one, two and three relays, and what can follow from it. */
class RouteSearch {
  /** Cost of the best route. */
  readonly bestMs: number;
  readonly #problem: RouteProblem;
  readonly #fronts: readonly number[];
  readonly #exits: readonly number[];
  readonly #all: readonly number[];
  /** Cost up to a relay, itself included, as the first and as the second. */
  readonly #first: readonly number[];
  readonly #second: Float64Array;

  constructor(problem: RouteProblem) {
    const { relayMs, entryMs, exitMs, maxRelays } = problem;
    this.#problem = problem;
    this.#all = relayMs.map((_, place) => place).filter((place) => relayMs[place]! < Infinity);
    this.#fronts = this.#all.filter((place) => entryMs[place]! < Infinity);
    this.#exits = this.#all.filter((place) => exitMs[place]! < Infinity);
    this.#first = relayMs.map((costMs, place) => entryMs[place]! + costMs);
    this.#second = new Float64Array(relayMs.length).fill(Infinity);
    if (maxRelays === 3) this.#reachSeconds(this.#all);
    else if (maxRelays === 2) this.#reachSeconds(this.#exits);
    this.bestMs = this.#findBest();
  }

  /** Visits every route that costs at most `limitMs`. */
  visit(limitMs: number, visit: Visit): void {
    const { exitMs, maxRelays } = this.#problem;
    const limit = limitMs + ROUNDING_MS;
    for (const exit of this.#exits) {
      const alone = this.#first[exit]! + exitMs[exit]!;
      if (alone <= limit) visit([exit], alone);
      if (maxRelays >= 2) this.#visitTwo(exit, limit, visit);
      if (maxRelays === 3) this.#visitThree(exit, limit, visit);
    }
  }

  #visitTwo(exit: number, limit: number, visit: Visit): void {
    const { exitMs } = this.#problem;
    if (this.#second[exit]! + exitMs[exit]! > limit) return;
    for (const front of this.#fronts) {
      if (front === exit) continue;
      const costMs = this.#first[front]! + this.#step(front, exit) + exitMs[exit]!;
      if (costMs <= limit) visit([front, exit], costMs);
    }
  }

  #visitThree(exit: number, limit: number, visit: Visit): void {
    const { exitMs } = this.#problem;
    for (const middle of this.#all) {
      if (middle === exit) continue;
      const restMs = this.#step(middle, exit) + exitMs[exit]!;
      if (this.#second[middle]! + restMs > limit) continue;
      for (const front of this.#fronts) {
        if (front === middle || front === exit) continue;
        const costMs = this.#first[front]! + this.#step(front, middle) + restMs;
        if (costMs <= limit) visit([front, middle, exit], costMs);
      }
    }
  }

  #reachSeconds(places: readonly number[]): void {
    for (const place of places) {
      for (const front of this.#fronts) {
        if (front === place) continue;
        const costMs = this.#first[front]! + this.#step(front, place);
        if (costMs < this.#second[place]!) this.#second[place] = costMs;
      }
    }
  }

  /** A way that came back to its first relay is never better than staying there, so none is excluded. */
  #findBest(): number {
    const { exitMs, maxRelays } = this.#problem;
    let bestMs = Infinity;
    for (const exit of this.#exits) {
      const reachMs = Math.min(this.#first[exit]!, this.#second[exit]!);
      bestMs = Math.min(bestMs, reachMs + exitMs[exit]!);
      if (maxRelays < 3) continue;
      for (const middle of this.#all) {
        if (middle === exit) continue;
        bestMs = Math.min(bestMs, this.#second[middle]! + this.#step(middle, exit) + exitMs[exit]!);
      }
    }
    return bestMs;
  }

  /** From one relay to the next, that one included. */
  #step(from: number, to: number): number {
    return this.#problem.linkMs(from, to) + this.#problem.relayMs[to]!;
  }
}
