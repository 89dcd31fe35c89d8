import assert from "node:assert/strict";
import type { ClientLegEvent } from "../../../../protocol/relay/legs/client_leg_options.ts";
import { RouteNeeds } from "../../../../protocol/relay/legs/route_needs.ts";

/** When a client asks for other routes that hears of a drain every second, and what chance said. */
function askedAtMs(chance: number, seconds: number): number[] {
  const asked: number[] = [];
  let nowMs = 0;
  const needs = new RouteNeeds(
    { epochMs: 0, random: (into) => void into.fill(chance) },
    (event: ClientLegEvent) => {
      assert.deepEqual(event.kind === "routes-needed" && event.reason, "drain");
      asked.push(nowMs);
    },
  );
  for (; nowMs < seconds * 1_000; nowMs += 1_000) needs.onDrain(seconds - nowMs / 1_000, nowMs);
  return asked;
}

Deno.test("clients of a relay that drains ask within the first third of the time, each at its own moment", () => {
  assert.equal(askedAtMs(0, 60)[0], 0);
  assert.equal(askedAtMs(128, 60)[0], 11_000);
  assert.equal(askedAtMs(255, 60)[0], 20_000);
});

Deno.test("however long a relay stays, its clients ask within half a minute", () => {
  assert.equal(askedAtMs(255, 600)[0], 30_000);
});

Deno.test("a client that got no other routes asks again while the relay drains", () => {
  const asked = askedAtMs(255, 60);
  assert.ok(asked.length > 2, asked.join());
  assert.ok(asked.every((atMs, i) => i === 0 || atMs - asked[i - 1]! >= 5_000), asked.join());
});

Deno.test("a client that is not told how long a relay stays asks at once", () => {
  const reasons: unknown[] = [];
  const needs = new RouteNeeds(
    { epochMs: 0, random: (into) => void into.fill(255) },
    (event) => reasons.push(event),
  );
  needs.onDrain(0, 7);
  assert.deepEqual(reasons, [{ kind: "routes-needed", reason: "drain", withinS: 0 }]);
});
