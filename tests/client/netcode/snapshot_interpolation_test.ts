import assert from "node:assert/strict";
import { RenderClock } from "../../../client/netcode/render_clock.ts";
import { SnapshotInterpolation } from "../../../client/netcode/snapshot_interpolation.ts";
import { entity, t } from "../../../schema/mod.ts";

const Ball = entity({ x: t.f64().lerp() });

/** Two balls at 10 x tick, of which snapshots come as they are sent. */
function lab(options = {}) {
  const clock = new RenderClock({ tickHz: 60 });
  let serverTick = 0;
  const balls = new SnapshotInterpolation<string, { x: number }>(
    Ball,
    clock,
    60,
    () => serverTick,
    options,
  );
  return {
    clock,
    balls,
    at: (tick: number, ...keys: string[]) => {
      serverTick = tick;
      for (const key of keys) balls.push(key, tick, { x: tick * 10 });
      balls.heard(tick);
      clock.advance(tick);
    },
  };
}

Deno.test("SnapshotInterpolation draws each thing between its own snapshots", () => {
  const { balls, at } = lab();
  at(10, "red", "blue");
  at(11, "red");
  at(12, "red", "blue");
  assert.deepEqual([...balls.keys()], ["red", "blue"]);
  assert.equal(balls.sampleAt("red", 10.5)?.x, 105);
  assert.equal(balls.sampleAt("blue", 11)?.x, 110);
  assert.equal(balls.sampleAt("green", 11), undefined);
  balls.remove("red");
  assert.equal(balls.sampleAt("red", 11), undefined);
  balls.clear();
  assert.deepEqual([...balls.keys()], []);
});

Deno.test("SnapshotInterpolation: who is left out of a packet stands, who is lost goes on for a while", () => {
  const { balls, at } = lab({ extrapolationMs: 50 });
  at(10, "red", "blue");
  at(11, "red", "blue");
  assert.equal(balls.sampleAt("blue", 13)?.x, 130, "no packet said otherwise");
  assert.equal(balls.sampleAt("blue", 99)?.x, 140, "50 ms are three ticks");
  at(12, "red");
  assert.equal(balls.sampleAt("blue", 13)?.x, 110);
  assert.equal(balls.sampleAt("red", 13)?.x, 130);
});

Deno.test("SnapshotInterpolation samples at the tick of its clock", () => {
  const { balls, clock, at } = lab();
  assert.equal(balls.sample("red"), undefined);
  for (let tick = 10; tick < 40; tick++) at(tick, "red");
  assert.ok(clock.tick > 35 && clock.tick < 39, `${clock.tick}`);
  assert.ok(Math.abs(balls.sample("red")!.x - clock.tick * 10) < 1e-9);
});

Deno.test("SnapshotInterpolation refuses options that cannot be", () => {
  for (const options of [{ capacity: 1 }, { extrapolationMs: -1 }, { motionMs: 0 }]) {
    assert.throws(() => lab(options), RangeError);
  }
});
