import assert from "node:assert/strict";
import fc from "fast-check";
import { InputQueue } from "../../../server/netcode/input_queue.ts";

Deno.test("InputQueue hands each input out at its tick", () => {
  const queue = new InputQueue<string>(10);
  for (const tick of [12, 10, 11]) assert.equal(queue.push(tick, `at ${tick}`), "queued");
  assert.equal(queue.depth, 3);
  assert.deepEqual([10, 11, 12].map((tick) => queue.take(tick)), ["at 10", "at 11", "at 12"]);
  assert.equal(queue.depth, 0);
  assert.equal(queue.counters.missing, 0);
});

Deno.test("InputQueue: late, early, double and impossible inputs are counted and dropped", () => {
  const queue = new InputQueue<string>(10, { aheadTicks: 4 });
  assert.equal(queue.push(9, "x"), "late");
  assert.equal(queue.push(13, "a"), "queued");
  assert.equal(queue.push(14, "x"), "early");
  assert.equal(queue.push(13, "x"), "duplicate");
  for (const tick of [NaN, -1, 10.5, Infinity, 2 ** 60]) {
    assert.equal(queue.push(tick, "x"), "malformed");
  }
  assert.equal(queue.take(13), "a");
  assert.deepEqual(queue.counters, {
    queued: 1,
    duplicate: 1,
    late: 1,
    early: 1,
    malformed: 5,
    missing: 0,
  });
});

Deno.test("InputQueue: the last input stands in for missing ones, for a while", () => {
  const queue = new InputQueue<string>(0, { repeatTicks: 2 });
  assert.equal(queue.take(0), undefined, "nothing came yet, so nothing is missing");
  assert.equal(queue.counters.missing, 0);
  queue.push(1, "a");
  assert.deepEqual([1, 2, 3, 4, 5].map((tick) => queue.take(tick)), [
    "a",
    "a",
    "a",
    undefined,
    undefined,
  ]);
  assert.equal(queue.counters.missing, 4);
  queue.push(6, "b");
  assert.deepEqual([6, 7].map((tick) => queue.take(tick)), ["b", "b"]);
});

Deno.test("InputQueue: what waits for ticks that the server skipped is dropped", () => {
  const queue = new InputQueue<string>(0);
  for (const tick of [1, 2, 3, 50]) queue.push(tick, `at ${tick}`);
  assert.equal(queue.take(3), "at 3");
  assert.equal(queue.depth, 1);
  assert.equal(queue.take(1_000_000), "at 3", "repeated");
  assert.equal(queue.depth, 0);
  assert.equal(queue.push(1_000_001, "on"), "queued");
});

Deno.test("InputQueue reports the smallest margin and what was missing since the last time", () => {
  const queue = new InputQueue<string>(10);
  assert.equal(queue.report(), undefined);
  queue.push(14, "a");
  queue.push(12, "b");
  assert.deepEqual(queue.report(), { marginTicks: 2, missing: 0 });
  assert.equal(queue.report(), undefined);
  for (let tick = 10; tick <= 15; tick++) queue.take(tick);
  assert.deepEqual(queue.report(), { marginTicks: -1, missing: 2 }, "13 and 15");
  queue.push(13, "late");
  assert.deepEqual(queue.report(), { marginTicks: -3, missing: 0 });
});

Deno.test("InputQueue refuses options that cannot be", () => {
  for (
    const options of [{ aheadTicks: 0 }, { aheadTicks: 1.5 }, { aheadTicks: 1_025 }, {
      repeatTicks: -1,
    }]
  ) {
    assert.throws(() => new InputQueue(0, options), RangeError);
  }
});

Deno.test("InputQueue: whatever comes, each tick gets its own input, an older one or none", () => {
  const event = fc.oneof(
    fc.record({ push: fc.oneof(fc.integer({ min: -20, max: 100 }), fc.double()) }),
    fc.record({ skip: fc.integer({ min: 1, max: 9 }) }),
  );
  fc.assert(fc.property(fc.array(event, { maxLength: 200 }), (events) => {
    const queue = new InputQueue<number>(50, { aheadTicks: 16 });
    const queued = new Set<number>();
    let tick = 49;
    for (const item of events) {
      if ("push" in item) {
        const target = Number.isInteger(item.push) ? tick + item.push : item.push;
        if (queue.push(target, target) === "queued") {
          assert.ok(target > tick && target <= tick + 16 && !queued.has(target));
          queued.add(target);
        }
        continue;
      }
      tick += item.skip;
      const input = queue.take(tick);
      if (queued.has(tick)) assert.equal(input, tick);
      else if (input !== undefined) assert.ok(input < tick && queued.has(input));
      assert.ok(queue.depth >= 0 && queue.depth <= 16);
    }
  }));
});
