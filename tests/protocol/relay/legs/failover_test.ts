import assert from "node:assert/strict";
import {
  Failover,
  type FailoverRoute,
  ROUTE_VETO_MS,
  RouteRank,
} from "../../../../protocol/relay/legs/failover.ts";
import { RouteHealth } from "../../../../protocol/relay/legs/route_health.ts";

class FakeRoute implements FailoverRoute {
  readonly health = new RouteHealth();
  isUsable = true;
  rank: number;
  vetoUntilMs = -Infinity;

  constructor(rank: number, rttMs = 40) {
    this.rank = rank;
    this.health.rtt.sample(rttMs, 0, 0);
  }
}

/** A primary that is active, and a standby. */
function pair(): { failover: Failover<FakeRoute>; primary: FakeRoute; standby: FakeRoute } {
  const failover = new Failover<FakeRoute>();
  const [primary, standby] = [new FakeRoute(RouteRank.relayed), new FakeRoute(RouteRank.spare)];
  assert.equal(failover.evaluate([primary, standby], 0), "promoted");
  assert.equal(failover.active, primary);
  return { failover, primary, standby };
}

/** Asks a route at a time, and hears nothing since then. */
function ask(route: FakeRoute, atMs: number): void {
  route.health.onHeard(atMs);
  route.health.onPing(atMs);
}

Deno.test("a silent route gets company and is left for the first that is heard", () => {
  const { failover, primary, standby } = pair();
  const routes = [primary, standby];
  ask(primary, 1_000);
  assert.equal(failover.evaluate(routes, 1_159), "none");
  assert.equal(failover.evaluate(routes, 1_160), "doubt");
  assert.equal(failover.active, primary);
  assert.equal(failover.backup, standby);
  assert.equal(failover.onHeard(standby, false, 1_200), "switched");
  assert.equal(failover.active, standby);
  assert.equal(failover.backup, undefined);
});

Deno.test("a route that was only late is kept", () => {
  const { failover, primary, standby } = pair();
  ask(primary, 1_000);
  failover.evaluate([primary, standby], 1_200);
  assert.equal(failover.onHeard(primary, false, 1_210), "cleared");
  assert.equal(failover.active, primary);
  assert.equal(failover.backup, undefined);
});

Deno.test("what comes down does not answer a doubt about the way up; a PONG does", () => {
  for (const isPong of [false, true]) {
    const { failover, primary, standby } = pair();
    for (let i = 0; i < 3; i++) primary.health.onPing(1_000 + 100 * i);
    primary.health.onHeard(1_240);
    assert.equal(failover.evaluate([primary, standby], 1_249), "none");
    assert.equal(failover.evaluate([primary, standby], 1_250), "doubt");
    assert.equal(failover.onHeard(primary, isPong, 1_260), isPong ? "cleared" : "none");
    assert.equal(failover.isDoubting, !isPong);
  }
});

Deno.test("the only route is doubted, and kept", () => {
  const failover = new Failover<FakeRoute>();
  const only = new FakeRoute(RouteRank.relayed);
  failover.evaluate([only], 0);
  ask(only, 0);
  assert.equal(failover.evaluate([only], 500), "doubt");
  assert.equal(failover.active, only);
  assert.equal(failover.backup, undefined);
});

Deno.test("a route that comes while the active one is doubted is taken for company", () => {
  const { failover, primary, standby } = pair();
  standby.isUsable = false;
  ask(primary, 0);
  assert.equal(failover.evaluate([primary, standby], 500), "doubt");
  standby.isUsable = true;
  assert.equal(failover.evaluate([primary, standby], 510), "doubt");
  assert.equal(failover.backup, standby);
});

Deno.test("the best of several is the company: undoubted, by rank, then by round trip", () => {
  const { failover, primary } = pair();
  const far = new FakeRoute(RouteRank.spare, 90);
  const near = new FakeRoute(RouteRank.spare, 30);
  const last = new FakeRoute(RouteRank.lastResort, 5);
  const dead = new FakeRoute(RouteRank.preferred, 1);
  ask(dead, 0);
  ask(primary, 0);
  failover.evaluate([primary, far, last, dead, near], 500);
  assert.equal(failover.backup, near);
});

Deno.test("a route of better rank takes over once it is measured, and not before its veto ends", () => {
  const { failover, primary, standby } = pair();
  const direct = new FakeRoute(RouteRank.preferred);
  direct.vetoUntilMs = 1_000;
  const unmeasured = new FakeRoute(RouteRank.preferred);
  unmeasured.health.reset();
  const routes = [primary, standby, unmeasured, direct];
  assert.equal(failover.evaluate(routes, 999), "none");
  assert.equal(failover.evaluate(routes, 1_000), "promoted");
  assert.equal(failover.active, direct);
});

Deno.test("a route that failed is not returned to for its rank alone for half a minute", () => {
  const { failover, primary, standby } = pair();
  ask(primary, 0);
  failover.evaluate([primary, standby], 500);
  failover.onHeard(standby, true, 520);
  primary.health.onHeard(600);
  primary.health.onPong(1, 600);
  assert.equal(failover.evaluate([primary, standby], 520 + ROUTE_VETO_MS - 1), "none");
  assert.equal(failover.evaluate([primary, standby], 520 + ROUTE_VETO_MS), "promoted");
});

Deno.test("a route that ends leaves its place to its company, or to nobody", () => {
  const { failover, primary, standby } = pair();
  ask(primary, 0);
  failover.evaluate([primary, standby], 500);
  failover.remove(primary);
  assert.equal(failover.active, standby);
  assert.equal(failover.isDoubting, false);
  failover.remove(standby);
  assert.equal(failover.active, undefined);
});
