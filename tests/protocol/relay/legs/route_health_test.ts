import assert from "node:assert/strict";
import { RouteHealth } from "../../../../protocol/relay/legs/route_health.ts";

/** A route of 40 ms that was heard at 1,000 ms. */
function measured(): RouteHealth {
  const health = new RouteHealth();
  for (let i = 0; i < 40; i++) {
    const id = health.onPing(i * 10);
    assert.ok(health.onPong(id, i * 10 + 40));
  }
  health.onHeard(1_000);
  return health;
}

Deno.test("a route that nobody asks is never silent, however long nothing comes", () => {
  const health = measured();
  assert.equal(health.isSilent(1e9), false);
  assert.equal(health.silentAtMs, Infinity);
});

Deno.test("a route that was asked is silent after four round trips, and not below 150 ms", () => {
  const health = measured();
  health.onPing(1_010);
  assert.equal(Math.round(health.silentAtMs), 1_160);
  assert.equal(health.isSilent(health.silentAtMs - 0.1), false);
  assert.equal(health.isSilent(health.silentAtMs), true);
  const near = new RouteHealth();
  near.onPong(near.onPing(0), 2);
  near.onHeard(1_000);
  near.onPing(1_000);
  assert.equal(near.silentAtMs, 1_150);
});

Deno.test("a route that was idle for long gets its round trip before it counts as silent", () => {
  const health = measured();
  health.onPing(60_000);
  assert.ok(health.silentAtMs >= 60_040);
  assert.equal(health.isSilent(60_030), false);
});

Deno.test("anything that is heard ends a silence; only a PONG ends the wait for one", () => {
  const health = measured();
  for (const atMs of [2_000, 2_250, 2_500]) health.onPing(atMs);
  health.onHeard(2_510);
  assert.equal(health.isSilent(9_000), false);
  assert.equal(health.isUnanswered(2_510), true);
  assert.ok(health.onPong(43, 2_520));
  assert.equal(health.isUnanswered(9_000), false);
});

Deno.test("two missing PONGs are no reason to worry, three are", () => {
  const health = measured();
  health.onPing(2_000);
  health.onPing(2_100);
  assert.equal(health.isUnanswered(1e6), false);
  health.onPing(2_200);
  assert.equal(health.isUnanswered(2_249), false);
  assert.equal(health.isUnanswered(2_250), true);
});

Deno.test("a PONG counts once, and only for a PING of the last eight", () => {
  const health = new RouteHealth();
  const first = health.onPing(0);
  assert.equal(health.onPong(first + 1, 10), false);
  assert.equal(health.onPong(0, 10), false);
  assert.equal(health.onPong(first, 10), true);
  assert.equal(health.onPong(first, 20), false);
  const old = health.onPing(100);
  for (let i = 0; i < 8; i++) health.onPing(200 + i);
  assert.equal(health.onPong(old, 300), false);
});

Deno.test("a hint is a doubt at once, until something comes", () => {
  const health = measured();
  health.onHint(1_050);
  assert.equal(health.isSilent(1_050), true);
  health.onHeard(1_060);
  assert.equal(health.isSilent(1_060), false);
});
