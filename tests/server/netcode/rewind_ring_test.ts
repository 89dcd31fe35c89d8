import assert from "node:assert/strict";
import fc from "fast-check";
import { entity, t } from "../../../schema/mod.ts";
import { RewindRing } from "../../../server/netcode/rewind_ring.ts";

const Target = entity({ x: t.f64().lerp({ snap: 100 }), crouched: t.bool() });

function ring(options = {}) {
  return new RewindRing<string, { x: number; crouched: boolean }>(Target, {
    tickHz: 60,
    ...options,
  });
}

/** Somebody at 2 x tick who crouches from tick 10 on. */
function recorded(from: number, to: number, options = {}) {
  const made = ring(options);
  for (let tick = from; tick <= to; tick++) {
    made.record("ann", tick, { x: tick * 2, crouched: tick >= 10 });
  }
  return made;
}

function at(made: ReturnType<typeof ring>, tick: number, key = "ann") {
  const into = made.create();
  return made.sampleAt(key, tick, into) ? into : undefined;
}

Deno.test("RewindRing knows where somebody was, between ticks too", () => {
  const made = recorded(0, 19);
  assert.deepEqual(at(made, 9.5), { x: 19, crouched: false });
  assert.deepEqual(at(made, 10), { x: 20, crouched: true });
  assert.deepEqual(at(made, 19), { x: 38, crouched: true });
  assert.deepEqual(at(made, 19.9), { x: 38, crouched: true }, "the future is not known");
});

Deno.test("RewindRing: nobody was where nobody was, or longer ago than is kept", () => {
  const made = recorded(5, 40);
  assert.equal(made.capacityTicks, 20, "300 ms, and both ends");
  assert.equal(at(made, 20), undefined);
  assert.deepEqual(at(made, 21), { x: 42, crouched: true });
  assert.equal(at(recorded(5, 9), 4.9), undefined);
  assert.equal(at(made, 41), undefined);
  assert.equal(at(made, NaN), undefined);
  assert.equal(at(made, -1), undefined);
  assert.equal(at(made, 30, "bob"), undefined);
  made.remove("ann");
  assert.equal(at(made, 30), undefined);
  assert.equal(made.size, 0);
});

Deno.test("RewindRing copies what it records", () => {
  const made = ring();
  const value = { x: 1, crouched: false };
  made.record("ann", 3, value);
  value.x = 99;
  assert.equal(at(made, 3)?.x, 1);
});

Deno.test("RewindRing believes a claim up to the measured way and the cap", () => {
  const made = ring();
  const tickOf = (drawnBehind: number, rttMs: number) =>
    made.tickOf({ tick: 1_000, drawnBehind, rttMs });
  assert.equal(tickOf(6, 80), 994, "100 ms is less than 80 + 50 + 100");
  assert.ok(Math.abs(tickOf(30, 80) - (1_000 - 0.230 * 60)) < 1e-9, "more than the line explains");
  assert.ok(Math.abs(tickOf(30, 800) - (1_000 - 0.300 * 60)) < 1e-9, "the cap");
  assert.equal(tickOf(0, 80), 1_000);
  for (const nonsense of [NaN, -5, -Infinity]) assert.equal(tickOf(nonsense, 80), 1_000);
  assert.ok(Math.abs(tickOf(Infinity, 800) - 982) < 1e-9);
  assert.equal(made.tickOf({ tick: 3, drawnBehind: 10, rttMs: 80 }), 0);
});

Deno.test("RewindRing switched off judges the present", () => {
  const made = recorded(0, 20, { maxRewindMs: 0, interpolationMs: 0 });
  const tick = made.tickOf({ tick: 20, drawnBehind: 9, rttMs: 100 });
  assert.equal(tick, 20);
  assert.equal(at(made, tick)?.x, 40);
});

Deno.test("RewindRing: whatever is claimed, everybody who is there all the time is found", () => {
  const made = recorded(0, 500);
  fc.assert(
    fc.property(
      fc.double(),
      fc.double({ min: 0, max: 5_000, noNaN: true }),
      (drawnBehind, rttMs) => {
        const tick = made.tickOf({ tick: 500, drawnBehind, rttMs });
        assert.ok(tick <= 500 && tick >= 482 - 1e-9, `${tick}`);
        const found = at(made, tick);
        assert.ok(found !== undefined && Math.abs(found.x - tick * 2) < 1e-9);
      },
    ),
  );
});

Deno.test("RewindRing refuses ticks and options that cannot be", () => {
  for (const tick of [-1, 0.5, NaN]) {
    assert.throws(() => ring().record("ann", tick, { x: 0, crouched: false }), RangeError);
  }
  for (
    const options of [{ tickHz: 0 }, { maxRewindMs: -1 }, { maxRewindMs: 20_000 }, {
      interpolationMs: NaN,
    }, { slackMs: -1 }]
  ) {
    assert.throws(() => ring(options), RangeError, JSON.stringify(options));
  }
});
