import assert from "node:assert/strict";
import fc from "fast-check";
import { SnapshotBuffer } from "../../../client/netcode/snapshot_buffer.ts";
import { entity, t } from "../../../schema/mod.ts";
import { Interpolator } from "../../../schema/sync/interpolator.ts";

const Ball = entity({ x: t.f64().lerp({ snap: 1_000 }), lives: t.u8() });
const interpolator = new Interpolator(Ball);

/** A ball that is at 10 x tick, with as many lives as the tick. */
function filled(ticks: readonly number[], options = {}) {
  const buffer = new SnapshotBuffer(interpolator, options);
  for (const tick of ticks) buffer.push(tick, { x: tick * 10, lives: tick % 256 });
  return buffer;
}

function xAt(
  buffer: ReturnType<typeof filled>,
  tick: number,
  heardTick?: number,
): number | undefined {
  const into = interpolator.create();
  return buffer.sampleAt(tick, into, heardTick) ? into.x : undefined;
}

Deno.test("SnapshotBuffer gives what lies between two snapshots, whatever order they came in", () => {
  for (const order of [[1, 2, 3, 4], [4, 3, 2, 1], [2, 4, 1, 3]]) {
    const buffer = filled(order);
    assert.equal(xAt(buffer, 2.5), 25);
    assert.equal(xAt(buffer, 3), 30);
    assert.equal(buffer.oldestTick, 1);
    assert.equal(buffer.newestTick, 4);
  }
});

Deno.test("SnapshotBuffer tells duplicates and what is too old", () => {
  const buffer = filled([1, 2, 3], { capacity: 3 });
  assert.equal(buffer.push(2, { x: 99, lives: 0 }), "duplicate");
  assert.equal(xAt(buffer, 2), 20, "the first counts");
  assert.equal(buffer.push(4, { x: 40, lives: 0 }), "added");
  assert.equal(buffer.push(1, { x: 10, lives: 0 }), "tooOld");
  assert.equal(buffer.size, 3);
  assert.equal(buffer.oldestTick, 2);
});

Deno.test("SnapshotBuffer: nothing is there before the first snapshot", () => {
  assert.equal(xAt(filled([]), 5), undefined);
  assert.equal(xAt(filled([5]), 4.9), undefined);
  assert.equal(xAt(filled([5]), 5), 50);
  assert.equal(xAt(filled([5]), NaN), undefined);
  // What was there and is forgotten is drawn where it was last known.
  assert.equal(xAt(filled([1, 2, 3], { capacity: 2 }), 1), 20);
});

Deno.test("SnapshotBuffer goes on for a while beyond the newest, then stands", () => {
  const buffer = filled([1, 2], { extrapolationTicks: 3 });
  assert.equal(xAt(buffer, 3), 30);
  assert.equal(xAt(buffer, 5), 50);
  assert.equal(xAt(buffer, 500), 50);
  assert.equal(xAt(filled([1, 2], { extrapolationTicks: 0 }), 5), 20);
  assert.equal(xAt(filled([2]), 5), 20, "one snapshot has no speed");
});

Deno.test("SnapshotBuffer: a thing of which newer packets say nothing has stopped", () => {
  const buffer = filled([1, 2]);
  assert.equal(xAt(buffer, 4, 2), 40);
  assert.equal(xAt(buffer, 4, 3), 20);
});

Deno.test("SnapshotBuffer: a thing that rested for long does not creep", () => {
  const buffer = filled([1, 101], { motionTicks: 10 });
  assert.equal(xAt(buffer, 90), 10);
  assert.equal(xAt(buffer, 96), 510);
  assert.equal(xAt(buffer, 101), 1_010);
});

Deno.test("SnapshotBuffer copies, and reuses no object that is in use", () => {
  const buffer = filled([1, 2, 3], { capacity: 2 });
  const value = { x: 40, lives: 4 };
  buffer.push(4, value);
  value.x = -1;
  assert.equal(xAt(buffer, 4), 40);
  buffer.clear();
  assert.equal(buffer.size, 0);
  buffer.push(7, { x: 70, lives: 7 });
  buffer.push(9, { x: 90, lives: 7 });
  assert.equal(xAt(buffer, 8), 80);
});

Deno.test("SnapshotBuffer refuses ticks and options that cannot be", () => {
  for (const tick of [-1, NaN, Infinity]) {
    assert.throws(() => filled([tick]), { name: "RangeError", message: /snapshot of tick/ });
  }
  for (
    const options of [
      { capacity: 1 },
      { capacity: 2.5 },
      { capacity: 1_025 },
      { extrapolationTicks: -1 },
      { extrapolationTicks: Infinity },
      { motionTicks: 0 },
    ]
  ) {
    assert.throws(() => filled([], options), RangeError, JSON.stringify(options));
  }
});

Deno.test("SnapshotBuffer: random arrivals, losses and duplicates end as the newest ones in order", () => {
  const arrivals = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 120 });
  fc.assert(fc.property(arrivals, fc.integer({ min: 2, max: 12 }), (ticks, capacity) => {
    const buffer = filled([], { capacity });
    const kept: number[] = [];
    let hasEvicted = false;
    for (const tick of ticks) {
      const result = buffer.push(tick, { x: tick * 10, lives: 0 });
      if (kept.includes(tick)) assert.equal(result, "duplicate");
      else if (tick < (kept[0] ?? -1) && (hasEvicted || kept.length === capacity)) {
        assert.equal(result, "tooOld");
      } else {
        assert.equal(result, "added");
        kept.push(tick);
        kept.sort((a, b) => a - b);
        if (kept.length > capacity) hasEvicted = kept.shift() !== undefined;
      }
      assert.equal(buffer.size, kept.length);
      assert.equal(buffer.oldestTick, kept[0]);
      assert.equal(buffer.newestTick, kept.at(-1));
    }
    // The ball moves steadily, so every place between is known, and time forward is place forward.
    let last = -Infinity;
    for (let tick = kept[0] ?? 0; tick <= 70; tick += 0.25) {
      const x = xAt(buffer, tick);
      if (kept.length === 0) return assert.equal(x, undefined);
      assert.ok(x !== undefined && Number.isFinite(x) && x >= last, `${x} after ${last}`);
      if (kept.includes(tick)) assert.equal(x, tick * 10);
      last = x;
    }
  }));
});
