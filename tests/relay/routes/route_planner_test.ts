import assert from "node:assert/strict";
import fc from "fast-check";
import { MeshMatrix } from "../../../relay/routes/mesh_matrix.ts";
import type { PathQuality } from "../../../relay/routes/path_quality.ts";
import { RouteHysteresis } from "../../../relay/routes/route_hysteresis.ts";
import { RoutePlanner } from "../../../relay/routes/route_planner.ts";
import type { PlannedRelay, RouteRequest } from "../../../relay/routes/route_request.ts";

const relay = (id: string, more: Partial<PlannedRelay> = {}): PlannedRelay => ({
  id,
  region: id.split("-")[0]!,
  load: 0,
  state: "active",
  ...more,
});

const path = (p95RttMs: number, jitterMs = 0, loss = 0): PathQuality => ({
  p95RttMs,
  jitterMs,
  loss,
});

/** A mesh in which the named pairs are so far from each other. */
function meshOf(rttsMs: Readonly<Record<string, number>>, nowMs = 0): MeshMatrix {
  const mesh = new MeshMatrix();
  const links = new Map<
    string,
    { to: string; p95RttMs: number; jitterMs: number; loss: number }[]
  >();
  for (const [pair, rttMs] of Object.entries(rttsMs)) {
    const [from = "", to = ""] = pair.split(" ");
    links.set(from, [...links.get(from) ?? [], { to, ...path(rttMs) }]);
  }
  for (const [from, all] of links) mesh.put(from, all, nowMs);
  return mesh;
}

/** Ams and fra are 8 ms apart, par is 10 from both. The player is near ams, the server in fra. */
const REQUEST: RouteRequest = {
  pingLocation: "v1:ams=5,fra=60,par=30",
  serverRegion: "fra",
  relays: [relay("ams-1"), relay("fra-1"), relay("fra-2"), relay("par-1")],
  mesh: meshOf({
    "ams-1 fra-1": 8,
    "ams-1 fra-2": 14,
    "ams-1 par-1": 10,
    "par-1 fra-1": 10,
    "par-1 fra-2": 10,
    "fra-1 fra-2": 1,
  }),
};

const planner = (): RoutePlanner => new RoutePlanner({ seed: 1 });

Deno.test("the primary is the best route that was measured, the standby shares no relay with it", () => {
  const plan = planner().plan(REQUEST, 0);
  assert.deepEqual(plan, {
    primary: ["ams-1", "fra-1"],
    costMs: 5 + 1 + 8 + 1 + 2,
    standby: ["par-1", "fra-2"],
    standbyCostMs: 30 + 1 + 10 + 1 + 2,
    isLastResort: false,
  });
});

Deno.test("round trips of the client itself count before its location, and qualities before both", () => {
  const near = { ...REQUEST, clientRttMs: new Map([["fra-2", 9]]) };
  assert.deepEqual(planner().plan(near, 0)?.primary, ["fra-2"]);
  const lossy = { ...near, clientPaths: new Map([["fra-2", path(9, 0, 0.02)]]) };
  assert.deepEqual(planner().plan(lossy, 0)?.primary, ["ams-1", "fra-1"]);
});

Deno.test("relays that drain, are down, full or gone are on no route; busy ones are if it is worth it", () => {
  const change = (id: string, more: Partial<PlannedRelay>): RouteRequest => ({
    ...REQUEST,
    relays: REQUEST.relays.map((it) => it.id === id ? { ...it, ...more } : it),
  });
  const out: Partial<PlannedRelay>[] = [
    { state: "draining" },
    { state: "down" },
    { load: 0.95 },
    { load: NaN },
  ];
  for (const more of out) {
    const plan = planner().plan(change("fra-1", more), 0);
    assert.deepEqual(plan?.primary, ["ams-1", "fra-2"], JSON.stringify(more));
    assert.ok(!plan?.standby?.includes("fra-1"));
  }
  assert.deepEqual(planner().plan(change("fra-1", { load: 0.62 }), 0)?.primary[1], "fra-1");
  assert.deepEqual(planner().plan(change("fra-1", { load: 0.9 }), 0)?.primary[1], "fra-2");
  assert.deepEqual(planner().plan(change("fra-1", { egressCostMs: 20 }), 0)?.primary[1], "fra-2");
});

Deno.test("a server behind NAT is reached through its anchors only, wherever these are", () => {
  const anchored = { ...REQUEST, exitRelays: ["par-1"] };
  const plan = planner().plan(anchored, 0);
  assert.deepEqual(plan?.primary, ["ams-1", "par-1"]);
  // From par to the server it is as far as from par to the nearest relay of its region.
  assert.equal(plan?.costMs, 5 + 1 + 10 + 1 + (10 + 2));
  assert.equal(plan?.standby, undefined, "every other route would share the one anchor");
  assert.equal(planner().plan({ ...REQUEST, exitRelays: [] }, 0), undefined);
  const measured = { ...anchored, serverPaths: new Map([["par-1", path(3)]]) };
  assert.equal(planner().plan(measured, 0)?.costMs, 5 + 1 + 10 + 1 + 3);
});

Deno.test("a region without a relay to use is reached from its neighbors", () => {
  for (const more of [{ state: "draining" as const }, { load: 0.95 }]) {
    const relays = REQUEST.relays.map((it) => it.region === "fra" ? { ...it, ...more } : it);
    const plan = planner().plan({ ...REQUEST, relays }, 0);
    assert.deepEqual(plan?.primary, ["ams-1"]);
    assert.equal(plan?.costMs, 5 + 1 + (8 + 2));
  }
  const nowhere = planner().plan({ ...REQUEST, serverRegion: "syd" }, 0);
  assert.deepEqual(nowhere?.primary, ["ams-1"]);
});

Deno.test("three relays are taken when they are allowed and worth it", () => {
  const request: RouteRequest = {
    ...REQUEST,
    pingLocation: "v1:ams=5",
    relays: [relay("ams-1"), relay("par-1"), relay("fra-1")],
    mesh: meshOf({ "ams-1 par-1": 10, "par-1 fra-1": 10, "ams-1 fra-1": 90 }),
  };
  assert.deepEqual(planner().plan(request, 0)?.primary, ["ams-1", "fra-1"]);
  for (const maxRelays of [3, 4]) {
    const plan = planner().plan({ ...request, maxRelays }, 0);
    assert.deepEqual(plan?.primary, ["ams-1", "par-1", "fra-1"]);
  }
  assert.equal(planner().plan({ ...request, maxRelays: 0 }, 0)?.primary.length, 1);
});

Deno.test("measurements between relays that have expired are no way; unmeasured fronts are better than none", () => {
  const plan = planner().plan(REQUEST, 10_001);
  // Nothing is known between regions any more, so the route goes straight to the region of the server.
  assert.equal(plan?.primary.length, 1);
  assert.ok(plan?.primary[0]?.startsWith("fra-"));
  const far = { ...REQUEST, pingLocation: "v1:syd=3" };
  assert.deepEqual(planner().plan(far, 0)?.primary.length, 1);
  assert.equal(planner().plan(far, 0)?.costMs, 100 + 1 + 2);
});

Deno.test("who measured nothing goes to the region that they prefer, or to that of the server", () => {
  const { pingLocation: _, ...unknown } = REQUEST;
  assert.deepEqual(
    planner().plan({ ...unknown, regions: ["ams", "fra"] }, 0)?.primary.at(-1)?.slice(0, 3),
    "fra",
  );
  assert.deepEqual(planner().plan({ ...unknown, regions: ["par"] }, 0)?.primary[0], "par-1");
  const plan = planner().plan({ ...unknown, pingLocation: "hello" }, 0);
  assert.equal(plan?.primary.length, 1);
  assert.ok(plan?.primary[0]?.startsWith("fra-"));
});

Deno.test("no front is worse than the direct path in jitter or loss, if that may be used", () => {
  const request: RouteRequest = {
    ...REQUEST,
    direct: path(80, 2, 0.01),
    mesh: meshOf({ "ams-1 fra-1": 8, "par-1 fra-1": 10 }),
    clientPaths: new Map([
      ["ams-1", path(5, 3.1, 0)],
      ["fra-1", path(60, 0, 0.016)],
      ["par-1", path(30, 3, 0.015)],
    ]),
  };
  const { pingLocation: _, ...measured } = request;
  const plan = planner().plan(measured, 0);
  assert.equal(plan?.primary[0], "par-1");
  assert.equal(plan?.standby?.[0], "fra-2", "which was not measured, and so not found worse");
  const { direct: __, ...relayed } = measured;
  assert.equal(planner().plan(relayed, 0)?.primary[0], "ams-1");
});

Deno.test("a relay that failed is left out for five minutes while there is another way", () => {
  const vetoing = planner();
  vetoing.reportFailure("fra-1", 0);
  const plan = vetoing.plan(REQUEST, 0);
  assert.deepEqual(plan?.primary, ["ams-1", "fra-2"]);
  assert.ok(!plan?.standby?.includes("fra-1"));
  vetoing.reportFailure("fra-2", 0);
  const around = vetoing.plan(REQUEST, 0);
  assert.deepEqual([around?.primary, around?.isLastResort], [["ams-1"], false]);
  for (const id of ["ams-1", "par-1"]) vetoing.reportFailure(id, 0);
  const last = vetoing.plan(REQUEST, 0);
  assert.deepEqual([last?.primary, last?.isLastResort], [["ams-1", "fra-1"], true]);
  vetoing.reportRecovery("fra-2");
  assert.deepEqual(vetoing.plan(REQUEST, 0)?.primary, ["fra-2"]);
  const fresh = meshOf({ "ams-1 fra-1": 8 }, 300_000);
  assert.deepEqual(vetoing.plan({ ...REQUEST, mesh: fresh }, 300_000)?.primary, ["ams-1", "fra-1"]);
});

Deno.test("a standby is in another provider's network, if that costs 10 ms at most", () => {
  const request = (otherMs: number): RouteRequest => ({
    clientRttMs: new Map([["fra-1", 10], ["fra-2", 20], ["fra-3", otherMs]]),
    serverRegion: "fra",
    relays: [
      relay("fra-1", { provider: "north" }),
      relay("fra-2", { provider: "north" }),
      relay("fra-3", { provider: "south" }),
    ],
    mesh: new MeshMatrix(),
  });
  assert.deepEqual(planner().plan(request(24), 0)?.standby, ["fra-3"]);
  assert.deepEqual(planner().plan(request(36), 0)?.standby, ["fra-2"]);
});

Deno.test("a session that moves keeps its front relay while there is a way with it", () => {
  const moved = { ...REQUEST, frontRelay: "par-1" };
  assert.deepEqual(planner().plan(moved, 0)?.primary[0], "par-1");
  const relays = REQUEST.relays.filter(({ id }) => id !== "par-1");
  assert.deepEqual(planner().plan({ ...moved, relays }, 0)?.primary[0], "ams-1");
});

Deno.test("a session moves after 30 s on a worse route, and at once from one that is gone", () => {
  const hysteresis = new RouteHysteresis();
  const measured = (nowMs: number): RouteRequest => ({
    ...REQUEST,
    mesh: meshOf({ "ams-1 fra-1": 8, "par-1 fra-2": 10 }, nowMs),
  });
  const look = (current: readonly string[], nowMs: number, by = planner()) =>
    by.review(current, hysteresis, measured(nowMs), nowMs)?.primary;
  for (let nowMs = 0; nowMs < 30_000; nowMs += 1_000) {
    assert.equal(look(["ams-1", "fra-1"], nowMs), undefined);
  }
  for (let nowMs = 30_000; nowMs < 60_000; nowMs += 1_000) {
    assert.equal(look(["par-1", "fra-2"], nowMs), undefined);
  }
  assert.deepEqual(look(["par-1", "fra-2"], 60_000), ["ams-1", "fra-1"]);
  assert.deepEqual(look(["par-9", "fra-2"], 61_000), ["ams-1", "fra-1"]);
  const failing = planner();
  failing.reportFailure("fra-1", 62_000);
  assert.ok(!look(["ams-1", "fra-1"], 62_000, failing)?.includes("fra-1"));
  for (const { id } of REQUEST.relays) failing.reportFailure(id, 63_000);
  assert.equal(look(["ams-1", "fra-1"], 63_000, failing), undefined, "nowhere to go");
});

Deno.test("a session keeps three relays though new ones would get two", () => {
  const route = ["ams-1", "par-1", "fra-1"];
  assert.equal(
    planner().costMs(route, { ...REQUEST, maxRelays: 2 }, 0),
    5 + 1 + 10 + 1 + 10 + 1 + 2,
  );
});

const region = fc.constantFrom("ams", "fra", "par");
const quality = fc.record({
  p95RttMs: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constant(Infinity)),
  jitterMs: fc.integer({ min: 0, max: 20 }),
  loss: fc.constantFrom(0, 0.01, 0.5, 1),
});

Deno.test("whatever is known, a plan uses relays that exist, are usable and differ", () => {
  const fleets = fc.record({
    relays: fc.array(
      fc.record({
        region,
        load: fc.double({ min: 0, max: 1.2, noNaN: true }),
        state: fc.constantFrom("active" as const, "draining" as const, "down" as const),
      }),
      { maxLength: 8 },
    ),
    links: fc.array(fc.tuple(fc.nat(7), fc.nat(7), quality), { maxLength: 30 }),
    paths: fc.array(fc.tuple(fc.nat(9), quality), { maxLength: 5 }),
    direct: fc.option(quality, { nil: undefined }),
    serverRegion: region,
    failed: fc.array(fc.nat(7), { maxLength: 3 }),
    maxRelays: fc.integer({ min: 1, max: 3 }),
    ageMs: fc.constantFrom(0, 9_000, 11_000),
  });
  let plans = 0;
  fc.assert(
    fc.property(fleets, ({ relays, links, paths, failed, ageMs, ...request }) => {
      const ids = relays.map((_, at) => `r${at}`);
      const mesh = new MeshMatrix();
      for (const from of new Set(links.map(([from]) => from))) {
        const own = links.filter(([of]) => of === from);
        mesh.put(`r${from}`, own.map(([, to, it]) => ({ to: `r${to}`, ...it })), 0);
      }
      const vetoing = planner();
      for (const at of failed) vetoing.reportFailure(`r${at}`, ageMs);
      const plan = vetoing.plan({
        ...request,
        relays: relays.map((it, at) => ({ id: ids[at]!, ...it })),
        mesh,
        clientPaths: new Map(paths.map(([at, it]) => [`r${at}`, it])),
      }, ageMs);
      if (plan === undefined) return;
      plans++;
      const all = [...plan.primary, ...plan.standby ?? []];
      assert.equal(new Set(all).size, all.length, "no relay twice");
      for (const id of all) {
        const { state, load } = relays[ids.indexOf(id)]!;
        assert.ok(state === "active" && load < 0.95);
      }
      for (const route of [plan.primary, plan.standby ?? ["x"]]) {
        assert.ok(route.length >= 1 && route.length <= request.maxRelays);
      }
      assert.ok(plan.costMs < Infinity && plan.costMs >= 0);
      const hasFailed = plan.primary.some((id) => failed.includes(ids.indexOf(id)));
      assert.equal(plan.isLastResort, hasFailed);
    }),
    { seed: 3, numRuns: 1_000 },
  );
  assert.ok(plans > 400, `${plans}`);
});
