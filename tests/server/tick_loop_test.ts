import assert from "node:assert/strict";
import { MAX_CATCH_UP_TICKS, TickLoop } from "../../server/tick_loop.ts";
import type { Clock } from "../../transport/clock.ts";
import { Random } from "../../transport/random.ts";
import { VirtualClock } from "../../transport/virtual_clock.ts";

/** A clock whose timers come late by up to `latenessMs`, as those of every platform do. */
function lateClock(clock: VirtualClock, random: Random, latenessMs: number): Clock {
  return {
    nowMs: () => clock.nowMs(),
    setTimer: (atMs, callback) => clock.setTimer(atMs + random.unit() * latenessMs, callback),
    clearTimer: (id) => clock.clearTimer(id),
  };
}

/** A clock on which work takes time: reading it after {@link spend} shows what was spent. */
class WorkClock implements Clock {
  readonly virtual = new VirtualClock();
  #spentMs = 0;

  nowMs(): number {
    return Math.max(this.virtual.nowMs(), this.#spentMs);
  }

  setTimer(atMs: number, callback: () => void): number {
    return this.virtual.setTimer(Math.max(atMs, this.nowMs()), callback);
  }

  clearTimer(id: number): void {
    this.virtual.clearTimer(id);
  }

  /** Works for a while, during which nothing else happens. */
  spend(durationMs: number): void {
    this.#spentMs = this.nowMs() + durationMs;
  }
}

for (const tickHz of [20, 30, 60, 64, 1_000]) {
  Deno.test(`tick loop: no drift over 10,000 ticks at ${tickHz} Hz with late timers`, () => {
    const periodMs = 1_000 / tickHz;
    const latenessMs = Math.min(2.5, periodMs * 0.9);
    const virtual = new VirtualClock();
    const loop: TickLoop = new TickLoop(
      lateClock(virtual, new Random(7), latenessMs),
      tickHz,
      (tick, startedAtMs) => {
        ticks.push(tick);
        worstMs = Math.max(worstMs, startedAtMs - tick * periodMs);
        earliestMs = Math.min(earliestMs, startedAtMs - tick * periodMs);
      },
    );
    const ticks: number[] = [];
    let worstMs = 0;
    let earliestMs = Infinity;
    loop.start();
    virtual.run(10_000 * periodMs + latenessMs);
    loop.stop();
    assert.deepEqual(ticks.slice(0, 3), [1, 2, 3]);
    assert.equal(ticks.length, 10_000);
    assert.equal(ticks.at(-1), 10_000);
    // Each tick is late by its own timer at most: what earlier ones were late does not add up.
    assert.ok(worstMs <= latenessMs + 1e-6, `${worstMs} ms late`);
    assert.ok(earliestMs >= -1e-6, `${earliestMs} ms early`);
    assert.deepEqual([loop.counters.skipped, loop.counters.overruns], [0, 0]);
  });
}

Deno.test("tick loop: a stall is caught up with, in order", () => {
  const clock = new WorkClock();
  const ticks: [tick: number, atMs: number, dueMs: number][] = [];
  const loop = new TickLoop(clock, 100, (tick, startedAtMs, dueMs) => {
    ticks.push([tick, startedAtMs, dueMs]);
    if (tick === 2) clock.spend(35);
  });
  loop.start();
  clock.virtual.run(80);
  loop.stop();
  assert.deepEqual(ticks, [
    [1, 10, 10],
    [2, 20, 20],
    [3, 55, 30],
    [4, 55, 40],
    [5, 55, 50],
    [6, 60, 60],
    [7, 70, 70],
    [8, 80, 80],
  ]);
  const { counters } = loop;
  assert.equal(counters.ticks, 8);
  assert.equal(counters.overruns, 1);
  assert.equal(counters.skipped, 0);
  assert.equal(counters.longestMs, 35);
  assert.equal(counters.totalMs, 35);
  assert.equal(counters.lastMs, 0);
});

for (const stallMs of [60, 70, 1_000, 100_000]) {
  Deno.test(`tick loop: after ${stallMs} ms at most ${MAX_CATCH_UP_TICKS} ticks run at once`, () => {
    const clock = new WorkClock();
    const ticks: number[] = [];
    const loop = new TickLoop(clock, 100, (tick) => {
      ticks.push(tick);
      if (tick === 1) clock.spend(stallMs);
    });
    loop.start();
    clock.virtual.run(10 + stallMs);
    loop.stop();
    const due = Math.floor((10 + stallMs) / 10);
    const missed = due - 1;
    const run = Math.min(missed, MAX_CATCH_UP_TICKS);
    assert.deepEqual(ticks, [1, ...Array.from({ length: run }, (_, i) => due - run + 1 + i)]);
    assert.equal(loop.counters.skipped, missed - run);
    assert.equal(loop.counters.ticks + loop.counters.skipped, due);
  });
}

Deno.test("tick loop: every tick that takes longer than a period is an overrun", () => {
  const clock = new WorkClock();
  const loop: TickLoop = new TickLoop(clock, 100, (tick) => {
    if (tick === 40) loop.stop();
    clock.spend(tick % 4 === 0 ? 10.5 : 2);
  });
  loop.start();
  clock.virtual.run(1_000);
  assert.equal(loop.counters.ticks, 40);
  assert.equal(loop.counters.overruns, 10);
});

Deno.test("tick loop: stop inside a tick is the last of it, also while catching up", () => {
  const clock = new WorkClock();
  const ticks: number[] = [];
  const loop: TickLoop = new TickLoop(clock, 100, (tick) => {
    ticks.push(tick);
    if (tick === 1) clock.spend(40);
    if (tick === 3) loop.stop();
  });
  loop.start();
  clock.virtual.run(1_000);
  assert.deepEqual(ticks, [1, 2, 3]);
  assert.equal(clock.virtual.pendingEvents, 0);
});

Deno.test("tick loop: a tick that throws does not end it", () => {
  const virtual = new VirtualClock();
  const ticks: number[] = [];
  const loop = new TickLoop(virtual, 100, (tick) => {
    ticks.push(tick);
    if (tick === 2) throw new Error("a defect");
  });
  loop.start();
  assert.throws(() => virtual.run(50), /a defect/);
  virtual.run(50);
  loop.stop();
  assert.deepEqual(ticks, [1, 2, 3, 4, 5]);
});
