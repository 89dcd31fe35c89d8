import assert from "node:assert/strict";
import { VirtualClock } from "../../transport/virtual_clock.ts";

Deno.test("VirtualClock fires timers at their time, in order of setting at the same time", () => {
  const clock = new VirtualClock();
  const fired: string[] = [];
  const note = (name: string) => (): void => {
    fired.push(`${name}@${clock.nowMs()}`);
  };
  clock.setTimer(20, note("late"));
  clock.setTimer(10.5, note("first"));
  clock.setTimer(10.5, note("second"));
  clock.setTimer(Infinity, note("never"));
  clock.run(10.4);
  assert.deepEqual(fired, []);
  clock.run(10.5);
  assert.deepEqual(fired, ["first@10.5", "second@10.5"]);
  clock.run(1e9);
  assert.deepEqual(fired, ["first@10.5", "second@10.5", "late@20"]);
  assert.equal(clock.nowMs(), 1e9);
});

Deno.test("VirtualClock takes a time that has passed for now, after what is due already", () => {
  const clock = new VirtualClock();
  clock.run(100);
  const fired: string[] = [];
  clock.setTimer(100, () => fired.push("due"));
  clock.setTimer(5, () => fired.push(`late@${clock.nowMs()}`));
  assert.deepEqual(fired, [], "no timer fires inside setTimer");
  clock.run(100);
  assert.deepEqual(fired, ["due", "late@100"]);
});

Deno.test("VirtualClock.clearTimer forgets a timer and ignores handles that are unknown or expired", () => {
  const clock = new VirtualClock();
  let fired = 0;
  const first = clock.setTimer(1, () => fired++);
  const second = clock.setTimer(1, () => fired++);
  clock.clearTimer(first);
  clock.clearTimer(first);
  clock.clearTimer(999);
  clock.run(1);
  assert.equal(fired, 1);
  // The place of the expired timer in the queue belongs to another one now.
  clock.setTimer(2, () => fired++);
  clock.clearTimer(second);
  clock.run(2);
  assert.equal(fired, 2);
});

Deno.test("VirtualClock keeps no trace of deadlines that were replaced", () => {
  const clock = new VirtualClock();
  let timer = clock.setTimer(10_000, () => {});
  for (let count = 0; count < 10_000; count++) {
    clock.clearTimer(timer);
    timer = clock.setTimer(10_000 + count, () => {});
  }
  assert.equal(clock.pendingEvents, 1);
});

Deno.test("VirtualClock refuses NaN, going back and running for ever", () => {
  const clock = new VirtualClock();
  clock.run(10);
  assert.throws(() => clock.setTimer(NaN, () => {}), RangeError);
  for (const untilMs of [9, NaN, Infinity]) {
    assert.throws(() => clock.run(untilMs), RangeError);
    assert.throws(() => clock.runUntil(() => true, untilMs), RangeError);
  }
});

Deno.test("VirtualClock.runUntil stops where the predicate holds, or at the limit", () => {
  const clock = new VirtualClock();
  let count = 0;
  for (let atMs = 1; atMs <= 5; atMs++) clock.setTimer(atMs, () => count++);
  assert.equal(clock.runUntil(() => count === 0, 100), true);
  assert.equal(clock.nowMs(), 0);
  assert.equal(clock.runUntil(() => count === 3, 100), true);
  assert.equal(clock.nowMs(), 3);
  assert.equal(clock.runUntil(() => count === 9, 4.5), false);
  assert.deepEqual([clock.nowMs(), count], [4.5, 4]);
});

Deno.test("VirtualClock refuses to be run from inside an event, and can be run after one has thrown", () => {
  const clock = new VirtualClock();
  clock.setTimer(1, () => clock.run(2));
  assert.throws(() => clock.run(5), /being run already/);
  assert.equal(clock.nowMs(), 1);
  clock.run(5);
  assert.equal(clock.nowMs(), 5);
});

Deno.test("VirtualClock reports a timer that re-arms itself in the past instead of hanging", () => {
  const clock = new VirtualClock();
  const rearm = (): void => {
    clock.setTimer(clock.nowMs() - 1, rearm);
  };
  clock.setTimer(7, rearm);
  assert.throws(() => clock.run(100), /Time stands still at 7 ms/);
});

Deno.test("VirtualClock takes any number of events as long as time goes on", () => {
  const clock = new VirtualClock();
  let remaining = 600_000;
  const again = (): void => {
    if (--remaining > 0) clock.setTimer(clock.nowMs(), again);
  };
  for (const atMs of [1, 2]) {
    clock.setTimer(atMs, () => {
      remaining = 600_000;
      again();
    });
  }
  clock.run(3);
  assert.equal(remaining, 0);
});

Deno.test("VirtualClock.runAsync lets every promise settle before time goes on", async () => {
  const clock = new VirtualClock();
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => clock.setTimer(clock.nowMs() + ms, resolve));
  const times: number[] = [];
  clock.setTimer(1.5, () => {});
  (async () => {
    for (let round = 0; round < 3; round++) {
      await sleep(1);
      // A long chain of microtasks takes no simulated time.
      for (let step = 0; step < 50; step++) await undefined;
      times.push(clock.nowMs());
    }
  })();
  await clock.runAsync(10);
  assert.deepEqual(times, [1, 2, 3]);
  assert.equal(clock.nowMs(), 10);
});

Deno.test("VirtualClock.settle returns the value, throws the reason, and stops at the moment", async () => {
  const clock = new VirtualClock();
  const after = <Value>(atMs: number, value: () => Value): Promise<Value> =>
    new Promise<void>((resolve) => clock.setTimer(atMs, resolve)).then(value);
  clock.setTimer(1_000, () => {});
  assert.equal(await clock.settle(after(30, () => "value")), "value");
  assert.equal(clock.nowMs(), 30);
  const failing = after(40, () => {
    throw new TypeError("reason");
  });
  await assert.rejects(clock.settle(failing), TypeError);
  assert.equal(clock.nowMs(), 40);
  assert.equal(await clock.settle(Promise.resolve(5)), 5);
});

Deno.test("VirtualClock.settle fails when the limit passes or nothing is left to happen", async () => {
  const clock = new VirtualClock();
  const never = new Promise<void>(() => {});
  await assert.rejects(clock.settle(never), /nothing is left to happen after 0 ms/);
  clock.setTimer(500, () => {});
  await assert.rejects(clock.settle(never, 400), /not settled by 400 ms/);
});

Deno.test("VirtualClock refuses a second driver while the first awaits", async () => {
  const clock = new VirtualClock();
  clock.setTimer(5, () => {});
  const running = clock.runAsync(10);
  assert.throws(() => clock.run(20), /being run already/);
  await running;
  clock.run(20);
});
