import assert from "node:assert/strict";
import { Keepalive } from "../../protocol/keepalive.ts";

/** Intervals between PINGs while nothing else is sent. */
function intervals(keepalive: Keepalive, count: number): number[] {
  const result: number[] = [];
  let nowMs = 0;
  for (let i = 0; i < count; i++) {
    const { deadlineMs } = keepalive;
    result.push(deadlineMs - nowMs);
    nowMs = deadlineMs;
    keepalive.onPing();
    keepalive.onSent(nowMs);
  }
  return result;
}

Deno.test("intervals grow by half up to a third of the timeout", () => {
  const grown = intervals(new Keepalive(1_000, 9_000, 0), 6);
  assert.deepEqual(grown, [1_000, 1_500, 2_250, 3_000, 3_000, 3_000]);
});

Deno.test("intervals never exceed 15 s, however long the timeout", () => {
  assert.equal(intervals(new Keepalive(1_000, 600_000, 0), 20).at(-1), 15_000);
});

Deno.test("a base beyond a third of the timeout is cut: two PINGs may be lost", () => {
  assert.deepEqual(intervals(new Keepalive(10_000, 9_000, 0), 2), [3_000, 3_000]);
});

Deno.test("activity brings the base interval back, any packet postpones the next PING", () => {
  const keepalive = new Keepalive(1_000, 9_000, 0);
  intervals(keepalive, 4);
  keepalive.onSent(50_000);
  assert.equal(keepalive.deadlineMs, 53_000);
  keepalive.onActivity();
  assert.equal(keepalive.deadlineMs, 51_000);
});

Deno.test("a peer that announces a timeout of nothing does not make us send for ever", () => {
  for (const timeout of [0, 1, 100]) {
    for (const interval of intervals(new Keepalive(1_000, timeout, 0), 3)) {
      assert.ok(interval >= 33);
    }
  }
  assert.equal(intervals(new Keepalive(0, 10_000, 0), 1)[0], 50);
});
