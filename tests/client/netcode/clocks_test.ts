import assert from "node:assert/strict";
import { printFigures } from "../../simulation/netcode_figures.ts";
import fc from "fast-check";
import { PredictionClock } from "../../../client/netcode/prediction_clock.ts";
import { RenderClock } from "../../../client/netcode/render_clock.ts";
import { ServerClock } from "../../../client/netcode/server_clock.ts";
import { Random } from "../../../transport/random.ts";

const HZ = 60;
const ticks = (ms: number): number => ms * HZ / 1000;

/** Frames over a line with jitter, to a client that draws; returns the worst error of the last half, in ms. */
function followServer(
  { jitterMs = 0, drift = 0, seconds = 60, loss = 0, seed = 1, stepAtMs = Infinity, stepMs = 0 },
) {
  const clock = new ServerClock({ tickHz: HZ });
  const random = new Random(seed);
  const oneWayMs = 40;
  const pending: { tick: number; atMs: number }[] = [];
  let worstMs = 0;
  let last = -1;
  const serverMs = (ms: number): number => 5_000 + ms * (1 + drift) + (ms >= stepAtMs ? stepMs : 0);
  for (let ms = 0; ms < seconds * 1000; ms += 5) {
    if (ms % 200 === 0 && random.unit() >= loss) {
      pending.push({ tick: ticks(serverMs(ms)), atMs: ms + oneWayMs + random.unit() * jitterMs });
    }
    for (const frame of pending.splice(0)) {
      if (frame.atMs <= ms) clock.addSample(frame.tick, frame.atMs);
      else pending.push(frame);
    }
    if (ms % 20 !== 0) continue;
    const tick = clock.advance(ms, oneWayMs);
    if (clock.steps === 0) assert.ok(tick >= last, `${tick} after ${last}`);
    last = tick;
    const errorMs = Math.abs(tick - ticks(serverMs(ms))) * 1000 / HZ;
    if (ms > seconds * 500) worstMs = Math.max(worstMs, errorMs);
  }
  return { clock, worstMs };
}

Deno.test("ServerClock knows the server's tick to a fraction on a steady line", () => {
  const { clock, worstMs } = followServer({});
  assert.ok(worstMs < 0.01, `${worstMs} ms`);
  assert.equal(clock.steps, 0);
});

Deno.test("ServerClock keeps within 5 ms at 40 ms of jitter and 10 % loss", () => {
  for (const seed of [1, 2, 3]) {
    const { clock, worstMs } = followServer({ jitterMs: 40, loss: 0.1, seed, seconds: 120 });
    printFigures(`seed ${seed}: worst ${worstMs.toFixed(2)} ms`);
    assert.ok(worstMs < 5, `${worstMs} ms`);
    assert.equal(clock.steps, 0);
  }
});

Deno.test("ServerClock measures the drift between two clocks", () => {
  for (const drift of [200e-6, -200e-6]) {
    const { clock, worstMs } = followServer({ drift, seconds: 240 });
    printFigures(
      `drift ${(clock.drift * 1e6).toFixed(0)} of ${drift * 1e6} ppm, worst ${
        worstMs.toFixed(2)
      } ms`,
    );
    assert.ok(Math.abs(clock.drift - drift) < 20e-6, `${clock.drift}`);
    assert.ok(worstMs < 1, `${worstMs} ms`);
  }
});

Deno.test("ServerClock steps when a clock is set, forward or back, and is right again", () => {
  for (const stepMs of [900, -900, 100_000]) {
    const { clock, worstMs } = followServer({ stepAtMs: 10_000, stepMs });
    assert.equal(clock.steps, 1);
    assert.ok(worstMs < 0.01, `${worstMs} ms`);
  }
});

Deno.test("ServerClock knows nothing before the first frame and after a reset", () => {
  const clock = new ServerClock({ tickHz: HZ });
  assert.equal(clock.tick, -1);
  assert.equal(clock.advance(5, 1), -1);
  clock.addSample(NaN, 5);
  clock.addSample(3, Infinity);
  assert.equal(clock.isKnown, false);
  clock.addSample(600, 1_000);
  assert.equal(clock.advance(1_000, 50), 603);
  clock.reset();
  assert.equal(clock.tick, -1);
  assert.equal(clock.isKnown, false);
  for (
    const options of [{ tickHz: 0 }, { tickHz: NaN }, { tickHz: 1, slew: 0 }, {
      tickHz: 1,
      stepMs: 0,
    }]
  ) {
    assert.throws(() => new ServerClock(options), RangeError);
  }
});

Deno.test("ServerClock never goes back or gives NaN, whatever comes, unless it counts a step", () => {
  const event = fc.record({
    tick: fc.oneof(fc.double(), fc.double({ min: 0, max: 1e6, noNaN: true })),
    gapMs: fc.oneof(fc.integer({ min: -500, max: 500 }), fc.integer({ min: 0, max: 30 })),
    isFrame: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(event, { maxLength: 200 }), (events) => {
    const clock = new ServerClock({ tickHz: HZ });
    let nowMs = 0;
    let last = -1;
    let steps = 0;
    for (const { tick, gapMs, isFrame } of events) {
      nowMs += gapMs;
      if (isFrame) clock.addSample(tick, nowMs);
      const now = clock.advance(nowMs, 20);
      assert.ok(!Number.isNaN(now));
      if (clock.steps === steps && last >= 0) assert.ok(now >= last, `${now} after ${last}`);
      last = now;
      steps = clock.steps;
    }
  }));
});

Deno.test("PredictionClock runs ahead by the way and a margin", () => {
  const clock = new PredictionClock({ tickHz: HZ });
  assert.equal(clock.tick, -1);
  assert.equal(clock.advance(0, -1, 50, 0), -1);
  assert.equal(clock.advance(0, 100, 50, 0), 100 + 3 + 2);
  assert.equal(clock.advance(1_000, 160, 50, 0), 165);
  assert.equal(clock.rate, 1);
});

Deno.test("PredictionClock makes up for late inputs by a few percent, and once", () => {
  const clock = new PredictionClock({ tickHz: HZ });
  clock.advance(0, 100, 0, 0);
  clock.report(102, -2);
  clock.report(102, -2);
  let last = clock.tick;
  for (let ms = 10; ms <= 3_000; ms += 10) {
    const tick = clock.advance(ms, 100 + ticks(ms), 0, 0);
    const step = tick - last;
    assert.ok(step >= 0.6 * 0.96 - 1e-9 && step <= 0.6 * 1.04 + 1e-9, `${step}`);
    last = tick;
  }
  assert.ok(Math.abs(clock.tick - (100 + ticks(3_000) + 2 + 3)) < 1e-6, "three ticks more");
  assert.equal(clock.steps, 0);
});

Deno.test("PredictionClock shortens the lead slowly, and only after seconds without need", () => {
  const clock = new PredictionClock({ tickHz: HZ });
  clock.advance(0, 100, 0, 0);
  for (let i = 0; i < 15; i++) clock.report(103 + i, 7);
  assert.equal(clock.extraTicks, 2);
  clock.report(118, 5);
  assert.equal(clock.extraTicks, 2 - 1.5, "half of what is beyond two");
  for (let i = 0; i < 100; i++) clock.report(200 + i, 1);
  assert.ok(clock.extraTicks >= 0.5, "a margin of one is what is wanted");
});

Deno.test("PredictionClock: one close call among many easy inputs keeps the lead", () => {
  const clock = new PredictionClock({ tickHz: HZ });
  clock.advance(0, 100, 0, 0);
  for (let i = 0; i < 16; i++) clock.report(103 + i, i === 4 ? 2 : 9);
  assert.equal(clock.extraTicks, 2);
});

Deno.test("PredictionClock jumps when it is far off, and waits when it is far ahead", () => {
  const clock = new PredictionClock({ tickHz: HZ });
  clock.advance(0, 100, 0, 0);
  assert.equal(clock.advance(10, 500, 0, 0), 502);
  assert.equal(clock.steps, 1);
  assert.equal(clock.advance(20, 470, 0, 0), 502, "stands");
  assert.equal(clock.rate, 0);
  assert.equal(clock.advance(30, 100, 0, 0), 102, "the server began anew");
  assert.equal(clock.steps, 2);
  clock.reset();
  assert.deepEqual([clock.tick, clock.steps], [-1, 0]);
});

Deno.test("PredictionClock never goes back or gives NaN, whatever is reported, unless it counts a step", () => {
  const event = fc.record({
    gapMs: fc.integer({ min: -100, max: 400 }),
    serverTick: fc.double({ min: -1, max: 2_000, noNaN: true }),
    marginTicks: fc.oneof(fc.integer({ min: -128, max: 127 }), fc.constant(NaN)),
    reportTick: fc.integer({ min: 0, max: 3_000 }),
  });
  fc.assert(fc.property(fc.array(event, { maxLength: 150 }), (events) => {
    const clock = new PredictionClock({ tickHz: HZ });
    let nowMs = 0;
    let last = -1;
    let steps = 0;
    for (const { gapMs, serverTick, marginTicks, reportTick } of events) {
      nowMs += gapMs;
      clock.report(reportTick, marginTicks);
      const tick = clock.advance(nowMs, serverTick, 20, 5);
      assert.ok(Number.isFinite(tick) && clock.rate >= 0 && clock.rate <= 1.04 + 1e-9);
      if (clock.steps === steps && last >= 0) {
        assert.ok(tick >= last - 1e-9, `${tick} after ${last}`);
      }
      last = tick;
      steps = clock.steps;
    }
  }));
});

/** Snapshots over a line; returns the share of frames whose tick was newer than the newest snapshot. */
function draw({ jitterMs = 0, loss = 0, everyTicks = 1, seed = 1, seconds = 30 }) {
  const clock = new RenderClock({ tickHz: HZ });
  const random = new Random(seed);
  const arriving: { tick: number; atMs: number }[] = [];
  let frames = 0;
  let starved = 0;
  let last = -1;
  for (let ms = 0; ms < seconds * 1000; ms += 5) {
    const tick = Math.floor(ticks(ms));
    if (ticks(ms - 5) < tick && tick % everyTicks === 0 && random.unit() >= loss) {
      arriving.push({ tick, atMs: ms + 40 + random.unit() * jitterMs });
    }
    for (const snapshot of arriving.splice(0)) {
      if (snapshot.atMs <= ms) clock.addSnapshot(snapshot.tick, ticks(ms));
      else arriving.push(snapshot);
    }
    if (ms % 15 !== 0) continue;
    const drawn = clock.advance(ticks(ms));
    assert.ok(drawn >= last, `${drawn} after ${last}`);
    last = drawn;
    if (ms < 5_000) continue;
    frames++;
    if (drawn > clock.newestTick) starved++;
  }
  return { clock, starved: starved / frames };
}

Deno.test("RenderClock draws as late as the line needs: way, pause, jitter and loss", () => {
  const rows = [
    { jitterMs: 0, from: 40, to: 70 },
    { jitterMs: 0, everyTicks: 3, from: 85, to: 110 },
    { jitterMs: 40, from: 60, to: 105 },
    { jitterMs: 40, loss: 0.1, everyTicks: 3, from: 110, to: 200 },
  ];
  for (const { from, to, ...line } of rows) {
    const { clock, starved } = draw(line);
    printFigures(
      `${JSON.stringify(line)}: ${clock.delayMs.toFixed(0)} ms, starved ${
        (starved * 100).toFixed(1)
      } %`,
    );
    assert.ok(clock.delayMs >= from && clock.delayMs <= to, `${clock.delayMs} ms`);
    assert.ok(starved < 0.06, `${starved}`);
    assert.equal(clock.steps, 0);
  }
});

Deno.test("RenderClock: a dead line is jumped over, not crept after", () => {
  const clock = new RenderClock({ tickHz: HZ });
  for (let tick = 0; tick < 60; tick++) {
    clock.addSnapshot(tick, tick + 3);
    clock.advance(tick + 3);
  }
  const before = clock.delayMs;
  clock.addSnapshot(600, 603);
  assert.equal(clock.delayMs, before, "silence is not jitter");
  const { steps } = clock;
  clock.advance(603);
  assert.ok(clock.tick > 590);
  // Time went on steadily, so nothing jumped but what was drawn.
  assert.ok(clock.steps - steps <= 1);
});

Deno.test("RenderClock: pauses in which nothing is sent do not make it draw later", () => {
  const clock = new RenderClock({ tickHz: HZ });
  let tick = 0;
  for (let i = 0; i < 200; i++) {
    tick += i % 10 === 0 ? 120 : 1;
    clock.addSnapshot(tick, tick + 3);
  }
  assert.ok(clock.delayMs < 80, `${clock.delayMs} ms`);
});

Deno.test("RenderClock keeps the bounds it was given", () => {
  const early = new RenderClock({ tickHz: HZ, minDelayMs: 100 });
  early.addSnapshot(10, 10);
  assert.equal(Math.round(early.delayMs), 100);
  const late = new RenderClock({ tickHz: HZ, maxDelayMs: 50 });
  late.addSnapshot(10, 12);
  late.addSnapshot(11, 60);
  assert.ok(late.delayMs <= 50);
  for (
    const options of [
      { tickHz: 0 },
      { tickHz: HZ, onTime: 0.4 },
      { tickHz: HZ, minDelayMs: -1 },
      { tickHz: HZ, minDelayMs: 20, maxDelayMs: 10 },
      { tickHz: HZ, maxDilation: 0 },
    ]
  ) {
    assert.throws(() => new RenderClock(options), RangeError);
  }
});

Deno.test("RenderClock never goes back or gives NaN, whatever arrives, unless it counts a step", () => {
  const event = fc.record({
    gap: fc.double({ min: -2, max: 30, noNaN: true }),
    tick: fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.constant(NaN)),
    isSnapshot: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(event, { maxLength: 200 }), (events) => {
    const clock = new RenderClock({ tickHz: HZ });
    let serverTick = 0;
    let last = -1;
    let steps = 0;
    for (const { gap, tick, isSnapshot } of events) {
      serverTick = Math.max(0, serverTick + gap);
      if (isSnapshot) clock.addSnapshot(tick, serverTick);
      const drawn = clock.advance(serverTick);
      assert.ok(Number.isFinite(drawn) && Number.isFinite(clock.delayMs));
      if (clock.steps === steps && last >= 0) assert.ok(drawn >= last, `${drawn} after ${last}`);
      last = drawn;
      steps = clock.steps;
    }
  }));
});
