import assert from "node:assert/strict";
import type { SessionSnapshot } from "../../relay/status/relay_snapshot.ts";
import { type RelayLook, traceSession } from "../../tools/relay_path.ts";

const ID = "00000000000000ab";

function session(more: Partial<SessionSnapshot> = {}): SessionSnapshot {
  return {
    sessionId: ID,
    epoch: 1,
    state: "active",
    isAnchor: false,
    ageMs: 10_000,
    expiresInMs: 50_000,
    silentMs: 20,
    framesUp: 0,
    bytesUp: 0,
    framesDown: 0,
    bytesDown: 0,
    refused: 0,
    missingUp: 0,
    missingDown: 0,
    rebinds: 0,
    ...more,
  };
}

function look(
  relayId: string,
  takenAtMs: number,
  sessions: readonly SessionSnapshot[],
  routes: readonly (readonly string[])[] = [],
): RelayLook {
  const cell = (p95RttMs: number) => ({ p95RttMs, jitterMs: 0, loss: 0, pairs: 1 });
  return {
    relayId,
    region: relayId.slice(0, 3),
    takenAtMs,
    state: "active",
    sessions,
    routes: routes.map((relays) => ({ relays, primary: 1, standby: 0, costMs: undefined })),
    regionMatrix: {
      regions: ["ams", "fra"],
      relays: [1, 1],
      cells: [[cell(1), cell(9)], [cell(9), cell(1)]],
    },
  };
}

Deno.test("two relays of one path are a chain, with rates, loss and round trip of each hop", () => {
  const chain = [["ams-1", "fra-1"]];
  const then = { framesUp: 100, bytesUp: 10_000, framesDown: 50, bytesDown: 5_000 };
  const before = [
    look("fra-1", 1_000, [session({ ...then, missingUp: 1 })], chain),
    look("ams-1", 1_000, [session(then)], chain),
  ];
  const up = { framesUp: 220, bytesUp: 22_000 };
  const now = [
    look("fra-1", 3_000, [session({ ...then, ...up, missingUp: 31, rebinds: 1 })], chain),
    look("ams-1", 3_000, [
      session({ ...then, ...up, framesDown: 110, missingDown: 20, rebinds: 2, refused: 3 }),
    ], chain),
  ];
  const [route, ...more] = traceSession(ID, now, before);
  assert.deepEqual(more, []);
  assert.deepEqual(route!.relays, ["ams-1", "fra-1"]);
  assert.deepEqual([route!.isCarrying, route!.rebinds, route!.refused], [true, 3, 3]);
  const [first, middle, last] = route!.hops;
  assert.deepEqual([first!.from, first!.to, first!.p95RttMs], ["client", "ams-1", undefined]);
  assert.deepEqual(first!.up, { framesPerSecond: 60, bitsPerSecond: 48_000, loss: 0 });
  assert.equal(first!.down.framesPerSecond, undefined, "only the client knows");
  assert.equal(middle!.p95RttMs, 9);
  assert.equal(middle!.up.loss, 30 / 150);
  assert.equal(middle!.down.loss, 20 / 80);
  assert.deepEqual([last!.from, last!.to], ["fra-1", "server"]);
  assert.equal(last!.up.loss, undefined, "only the server knows");
});

Deno.test("a standby is a route of its own, even where others go through both relays", () => {
  const chain = [["ams-1", "fra-1"]];
  const looks = (takenAtMs: number, frames: number): RelayLook[] => [
    look("ams-1", takenAtMs, [session({ framesUp: 10 + takenAtMs / 1_000 })], chain),
    look("fra-1", takenAtMs, [session({ framesUp: frames })], chain),
  ];
  const routes = traceSession(ID, looks(2_000, 1_060), looks(1_000, 1_000));
  assert.deepEqual(routes.map(({ relays }) => relays), [["fra-1"], ["ams-1"]]);
  assert.deepEqual(routes.map(({ isCarrying }) => isCarrying), [true, false]);
});

Deno.test("other sessions and anchors are no routes; what was never seen before has no rate", () => {
  const others = [session({ sessionId: "00000000000000cd" }), session({ isAnchor: true })];
  assert.deepEqual(traceSession(ID, [look("fra-1", 1_000, others)], []), []);
  const [route] = traceSession(ID, [look("fra-1", 1_000, [session({ framesUp: 5 })])], []);
  assert.equal(route!.hops[0]!.up.framesPerSecond, undefined);
  assert.equal(route!.isCarrying, false);
});

Deno.test("a session that was moved has routes of two epochs until the old ones end", () => {
  const looks = [look("fra-1", 1_000, [session(), session({ epoch: 2 })])];
  const routes = traceSession(ID, looks, looks);
  assert.deepEqual(routes.map(({ epoch }) => epoch), [2, 1]);
});
