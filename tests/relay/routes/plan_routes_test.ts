import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type FoundRoute,
  NEAR_BEST_MS,
  planRoute,
  routeCostMs,
  type RouteProblem,
} from "../../../relay/routes/plan_routes.ts";
import { RouteHysteresis } from "../../../relay/routes/route_hysteresis.ts";
import { RelayVetoes } from "../../../relay/routes/relay_vetoes.ts";
import { Random } from "../../../transport/random.ts";

/** Every route of a problem, by trying them all. */
function allRoutes(problem: RouteProblem): FoundRoute[] {
  const places = problem.relayMs.map((_, place) => place);
  const routes: FoundRoute[] = [];
  const extend = (path: readonly number[]): void => {
    for (const place of places) {
      if (path.includes(place)) continue;
      const longer = [...path, place];
      const costMs = routeCostMs(problem, longer);
      if (costMs < Infinity) routes.push({ path: longer, costMs });
      if (longer.length < problem.maxRelays) extend(longer);
    }
  };
  extend([]);
  return routes;
}

/** Routes that may be drawn: near the best, with the fewest relays of these. */
function drawable(problem: RouteProblem): string[] {
  const routes = allRoutes(problem);
  const bestMs = Math.min(...routes.map(({ costMs }) => costMs));
  const near = routes.filter(({ costMs }) => costMs <= bestMs + NEAR_BEST_MS + 1e-6);
  const fewest = Math.min(...near.map(({ path }) => path.length));
  return near.filter(({ path }) => path.length === fewest).map(({ path }) => path.join(" ")).sort();
}

/** Few distinct values, so that equals and near equals are common; one in five is no way at all. */
const cost = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 30 }) },
  { weight: 1, arbitrary: fc.constant(Infinity) },
);

const problems: fc.Arbitrary<RouteProblem> = fc.integer({ min: 0, max: 6 }).chain((size) => {
  const costs = fc.array(cost, { minLength: size, maxLength: size });
  return fc.record({
    relayMs: costs,
    entryMs: costs,
    exitMs: costs,
    links: fc.array(costs, { minLength: size, maxLength: size }),
    maxRelays: fc.constantFrom(1 as const, 2 as const, 3 as const),
  });
}).map(({ links, ...problem }) => ({ ...problem, linkMs: (from, to) => links[from]![to]! }));

Deno.test("the planner draws from exactly the routes that trying all of them gives", () => {
  fc.assert(
    fc.property(problems, fc.integer(), (problem, seed) => {
      const expected = drawable(problem);
      const random = new Random(seed);
      const route = planRoute(problem, random);
      if (expected.length === 0) {
        assert.equal(route, undefined);
        return;
      }
      assert.ok(expected.includes(route!.path.join(" ")), `${route!.path} of ${expected}`);
      assert.ok(Math.abs(route!.costMs - routeCostMs(problem, route!.path)) < 1e-6);
    }),
    { seed: 1, numRuns: 3_000 },
  );
});

Deno.test("every route that may be drawn is drawn, about as often as the others", () => {
  const problem: RouteProblem = {
    relayMs: [0, 0, 0, 0, 0],
    entryMs: [10, 15, 11, 15.1, Infinity],
    exitMs: [0, 0, Infinity, 0, 0],
    linkMs: (from, to) => from === 2 && to === 4 ? 0 : Infinity,
    maxRelays: 2,
  };
  assert.deepEqual(drawable(problem), ["0", "1"]);
  const random = new Random(7);
  const times = new Map<string, number>();
  for (let draw = 0; draw < 1_000; draw++) {
    const path = planRoute(problem, random)!.path.join(" ");
    times.set(path, (times.get(path) ?? 0) + 1);
  }
  assert.deepEqual([...times.keys()].sort(), ["0", "1"]);
  for (const count of times.values()) assert.ok(count > 440 && count < 560, `${count}`);
});

Deno.test("more relays are taken only when they are worth more than 5 ms", () => {
  const over = (aloneMs: number): RouteProblem => ({
    relayMs: [1, 1],
    entryMs: [aloneMs, 10],
    exitMs: [2, Infinity],
    linkMs: () => 20,
    maxRelays: 2,
  });
  // Over relay 1: 10 + 1 + 20 + 1 + 2 = 34.
  assert.deepEqual(planRoute(over(36), new Random(1))?.path, [0]);
  assert.deepEqual(planRoute(over(36.1), new Random(1))?.path, [1, 0]);
});

Deno.test("the same seed draws the same routes", () => {
  const problem: RouteProblem = {
    relayMs: Array(20).fill(0),
    entryMs: Array(20).fill(10),
    exitMs: Array(20).fill(1),
    linkMs: () => 1,
    maxRelays: 3,
  };
  const draws = (seed: number): number[] => {
    const random = new Random(seed);
    return Array.from({ length: 20 }, () => planRoute(problem, random)!.path[0]!);
  };
  assert.deepEqual(draws(5), draws(5));
  assert.notDeepEqual(draws(5), draws(6));
  assert.ok(new Set(draws(5)).size > 5);
});

Deno.test("no relays, no exits, no fronts, no links: no route", () => {
  const problem: RouteProblem = {
    relayMs: [0, 0],
    entryMs: [1, Infinity],
    exitMs: [Infinity, 1],
    linkMs: () => 1,
    maxRelays: 2,
  };
  assert.deepEqual(planRoute(problem, new Random(1))?.path, [0, 1]);
  const without: Partial<RouteProblem>[] = [
    { relayMs: [], entryMs: [], exitMs: [] },
    { exitMs: [Infinity, Infinity] },
    { entryMs: [Infinity, Infinity] },
    { linkMs: () => Infinity },
    { relayMs: [Infinity, 0] },
    { maxRelays: 1 },
  ];
  for (const part of without) {
    assert.equal(
      planRoute({ ...problem, ...part }, new Random(1)),
      undefined,
      JSON.stringify(part),
    );
  }
  assert.equal(routeCostMs(problem, []), Infinity);
  assert.equal(routeCostMs({ ...problem, maxRelays: 1 }, [0, 1]), Infinity);
});

Deno.test("a session moves when the other route is better by more than 10 ms for 30 s", () => {
  const hysteresis = new RouteHysteresis();
  const switchedAt = (currentMs: number, candidateMs: number, fromMs: number): number => {
    for (let nowMs = fromMs; nowMs < fromMs + 100_000; nowMs += 1_000) {
      if (hysteresis.shouldSwitch(currentMs, candidateMs, nowMs)) return nowMs - fromMs;
    }
    return Infinity;
  };
  assert.equal(switchedAt(60, 50, 0), Infinity);
  assert.equal(switchedAt(60, 49.9, 200_000), 30_000);
  // After a move, the thirty seconds begin anew.
  assert.equal(switchedAt(60, 49.9, 231_000), 30_000);
  assert.equal(switchedAt(Infinity, 500, 400_000), 0);
  assert.equal(switchedAt(Infinity, Infinity, 500_000), Infinity);
});

Deno.test("one look at which the other route is not better begins the thirty seconds anew", () => {
  const hysteresis = new RouteHysteresis();
  for (let nowMs = 0; nowMs < 120_000; nowMs += 1_000) {
    const isDip = nowMs % 29_000 === 0;
    assert.equal(hysteresis.shouldSwitch(60, isDip ? 55 : 40, nowMs), false);
  }
});

Deno.test("noise does not move a session between routes that are equally good, whatever its seed", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 15, max: 40 }), (seed, noiseMs) => {
      const random = new Random(seed);
      const hysteresis = new RouteHysteresis();
      const measure = (): number => 50 + noiseMs * random.unit();
      let betterLooks = 0;
      for (let nowMs = 0; nowMs < 3_600_000; nowMs += 2_000) {
        const currentMs = measure();
        // The better of two: who chooses among many routes always finds one that just looks good.
        const candidateMs = Math.min(measure(), measure());
        if (candidateMs < currentMs - 10) betterLooks++;
        assert.ok(!hysteresis.shouldSwitch(currentMs, candidateMs, nowMs), `at ${nowMs} ms`);
      }
      assert.ok(betterLooks > 50, `${betterLooks}: nothing was put to the test`);
    }),
    { seed: 2, numRuns: 20 },
  );
});

Deno.test("a relay that failed is left out for five minutes, and not for ever", () => {
  const vetoes = new RelayVetoes();
  vetoes.add("fra-1", 0);
  assert.ok(vetoes.has("fra-1", 299_999) && !vetoes.has("fra-1", 300_000));
  assert.ok(!vetoes.has("ams-1", 0));
  vetoes.add("fra-1", 200_000);
  assert.ok(vetoes.has("fra-1", 499_999));
  vetoes.add("ams-1", 200_000);
  vetoes.lift("ams-1");
  assert.ok(!vetoes.has("ams-1", 200_000));
  for (let relay = 0; relay < 1_000; relay++) vetoes.add(`relay-${relay}`, relay * 10_000);
  assert.ok(vetoes.size <= 31, `${vetoes.size} are remembered`);
});
