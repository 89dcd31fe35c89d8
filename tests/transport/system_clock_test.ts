import assert from "node:assert/strict";
import { SystemClock } from "../../transport/system_clock.ts";

for (const precise of [false, true]) {
  const kind = precise ? "precise" : "ordinary";

  Deno.test(`an ordinary or ${kind} SystemClock is never early, not even by a part of a millisecond`, async () => {
    const clock = new SystemClock({ precise });
    const startMs = clock.nowMs();
    const aheadMs = [-5, 0, 0.1, 0.5, 0.999, 1.001, 2.2, 3.7];
    const earliness = await Promise.all(
      aheadMs.map((ahead) =>
        new Promise<number>((resolve) =>
          clock.setTimer(startMs + ahead, () => resolve(startMs + ahead - clock.nowMs()))
        )
      ),
    );
    for (const earlyMs of earliness) assert.ok(earlyMs <= 0, `early by ${earlyMs} ms`);
    assert.equal(clock.pendingTimers, 0);
  });

  Deno.test(`a ${kind} SystemClock never calls back from inside setTimer`, async () => {
    const clock = new SystemClock({ precise });
    let fired = false;
    const done = new Promise<void>((resolve) =>
      clock.setTimer(clock.nowMs() - 1, () => {
        fired = true;
        resolve();
      })
    );
    assert.equal(fired, false);
    await done;
  });

  // The sanitizers fail this test if a timer of the platform is left behind.
  Deno.test(`a ${kind} SystemClock leaves nothing behind of timers that were cleared`, async () => {
    const clock = new SystemClock({ precise });
    const now = clock.nowMs();
    const timers = [now - 1, now, now + 1, now + 5, now + 1e6, now + 1e12, Infinity]
      .map((atMs) => clock.setTimer(atMs, () => assert.fail("a cleared timer has fired")));
    for (const timer of timers) clock.clearTimer(timer);
    for (const timer of timers) clock.clearTimer(timer);
    clock.clearTimer(12_345);
    assert.equal(clock.pendingTimers, 0);
    await new Promise<void>((resolve) => clock.setTimer(now + 8, resolve));
  });
}

Deno.test("SystemClock waits for times beyond the limit of setTimeout instead of firing at once", async () => {
  const clock = new SystemClock();
  let fired = false;
  const timer = clock.setTimer(clock.nowMs() + 2 ** 31, () => {
    fired = true;
  });
  await new Promise<void>((resolve) => clock.setTimer(clock.nowMs() + 3, resolve));
  assert.equal(fired, false);
  clock.clearTimer(timer);
});

Deno.test("SystemClock refuses NaN", () => {
  assert.throws(() => new SystemClock().setTimer(NaN, () => {}), RangeError);
});
