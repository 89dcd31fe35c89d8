import assert from "node:assert/strict";
import { ImpairedLink } from "../../transport/impaired_link.ts";
import type { ImpairmentOptions } from "../../transport/impairment.ts";

const DATAGRAMS = 100_000;

/** Offers many datagrams of 100 bytes, one per millisecond; returns the arrivals of each. */
function offerMany(impairment: ImpairmentOptions, seed = 1): number[][] {
  const link = new ImpairedLink(impairment, seed);
  const arrivals: number[][] = [];
  for (let nowMs = 0; nowMs < DATAGRAMS; nowMs++) {
    const copies = link.offer(nowMs, 100);
    arrivals.push([...link.arrivalsMs.subarray(0, copies)]);
  }
  return arrivals;
}

/** Asserts a share within five standard deviations of a fair coin of that bias. */
function assertShare(count: number, total: number, share: number): void {
  const tolerance = 5 * Math.sqrt(share * (1 - share) / total);
  assert.ok(Math.abs(count / total - share) <= tolerance, `${count} of ${total}, not ${share}`);
}

Deno.test("ImpairedLink delivers everything at once when nothing is impaired", () => {
  offerMany({}).forEach((arrivals, nowMs) => assert.deepEqual(arrivals, [nowMs]));
});

for (const loss of [0.01, 0.05, 0.5]) {
  Deno.test(`ImpairedLink loses ${100 * loss} % of datagrams, independently`, () => {
    const arrivals = offerMany({ loss });
    const lost = arrivals.map(({ length }) => length === 0);
    assertShare(lost.filter(Boolean).length, DATAGRAMS, loss);
    const pairs = lost.filter((isLost, index) => isLost && lost[index + 1]).length;
    assertShare(pairs, DATAGRAMS, loss * loss);
  });
}

Deno.test("ImpairedLink loses nothing at 0 and everything at 1", () => {
  assert.ok(offerMany({ loss: 0 }).every(({ length }) => length === 1));
  assert.ok(offerMany({ loss: 1 }).every(({ length }) => length === 0));
});

Deno.test("ImpairedLink loses in bursts of the mean length and share of the Gilbert-Elliott model", () => {
  const lost = offerMany({ burstEnter: 0.01, burstLeave: 0.25 })
    .map(({ length }) => length === 0);
  // Share of time in the bad state: enter / (enter + leave). Dependent draws: bounds are wide.
  const share = lost.filter(Boolean).length / DATAGRAMS;
  assert.ok(Math.abs(share - 0.01 / 0.26) < 0.004, `share ${share}`);
  const bursts = lost.filter((isLost, index) => isLost && !lost[index - 1]).length;
  const meanLength = share * DATAGRAMS / bursts;
  assert.ok(Math.abs(meanLength - 4) < 0.4, `mean length ${meanLength}`);
});

Deno.test("ImpairedLink loses only the given share inside a burst", () => {
  const whole = offerMany({ burstEnter: 0.01, burstLeave: 0.1 });
  const half = offerMany({ burstEnter: 0.01, burstLeave: 0.1, burstLoss: 0.5 });
  const count = (arrivals: number[][]): number =>
    arrivals.filter(({ length }) => length === 0).length;
  const ratio = count(half) / count(whole);
  assert.ok(ratio > 0.4 && ratio < 0.6, `ratio ${ratio}`);
});

Deno.test("ImpairedLink duplicates the given share, each copy with a delay of its own", () => {
  const arrivals = offerMany({ duplicate: 0.1, jitterMs: 5, delayMs: 10 });
  const twice = arrivals.filter(({ length }) => length === 2);
  assertShare(twice.length, DATAGRAMS, 0.1);
  assert.ok(twice.some(([first = 0, second = 0]) => second < first));
  assert.ok(twice.some(([first = 0, second = 0]) => second > first));
});

Deno.test("ImpairedLink keeps jitter within its bounds and fills them", () => {
  const delays = offerMany({ delayMs: 50, jitterMs: 20 })
    .map(([arrivalMs = NaN], nowMs) => arrivalMs - nowMs);
  assert.ok(delays.every((delayMs) => delayMs >= 30 && delayMs <= 70));
  assertShare(delays.filter((delayMs) => delayMs < 40).length, DATAGRAMS, 0.25);
  assert.ok(
    Math.min(...delays.slice(0, 50_000)) < 30.1 && Math.max(...delays.slice(0, 50_000)) > 69.9,
  );
});

Deno.test("ImpairedLink never delivers before it was offered, however large the jitter", () => {
  const arrivals = offerMany({ delayMs: 1, jitterMs: 1_000 });
  assert.ok(arrivals.every(([arrivalMs = NaN], nowMs) => arrivalMs >= nowMs));
});

Deno.test("ImpairedLink holds back the given share so that later datagrams overtake", () => {
  const arrivals = offerMany({ delayMs: 10, reorder: 0.02, reorderDelayMs: 3.5 })
    .map(([arrivalMs = NaN]) => arrivalMs);
  const overtaken = arrivals.filter((arrivalMs, index) =>
    (arrivals[index + 1] ?? Infinity) < arrivalMs
  );
  // A held-back datagram is not overtaken by a next one that is held back as well.
  assertShare(overtaken.length, DATAGRAMS, 0.02 * 0.98);
  const late = arrivals.filter((arrivalMs, nowMs) => arrivalMs === nowMs + 13.5).length;
  assertShare(late, DATAGRAMS, 0.02);
});

Deno.test("ImpairedLink keeps order when nothing is held back and nothing jitters", () => {
  const arrivals = offerMany({ delayMs: 10, loss: 0.1, rateBytesPerSecond: 101_000 }).flat();
  assert.ok(arrivals.every((arrivalMs, index) => arrivalMs >= (arrivals[index - 1] ?? 0)));
});

Deno.test("ImpairedLink sends a burst at exactly its rate", () => {
  // 100 bytes per millisecond: datagrams of 250 bytes leave 2.5 ms apart.
  const link = new ImpairedLink({ rateBytesPerSecond: 100_000, queueBytes: 1e6, delayMs: 7 }, 1);
  for (let index = 1; index <= 20; index++) {
    assert.equal(link.offer(1_000, 250), 1);
    assert.equal(link.arrivalsMs[0], 1_000 + 2.5 * index + 7);
  }
  // After 49 ms one millisecond of the backlog of 50 is left.
  assert.equal(link.offer(1_049, 100), 1);
  assert.equal(link.arrivalsMs[0], 1_049 + 1 + 1 + 7);
});

Deno.test("ImpairedLink drops exactly what does not fit its queue, and takes it again as it drains", () => {
  const link = new ImpairedLink({ rateBytesPerSecond: 100_000, queueBytes: 1_000 }, 1);
  const copies = Array.from({ length: 12 }, () => link.offer(0, 100));
  assert.deepEqual(copies, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
  assert.equal(link.lastDrop, "queue");
  assert.equal(link.counters.queue, 2);
  assert.equal(link.offer(0.99, 100), 0);
  assert.equal(link.offer(1, 100), 1);
  assert.equal(link.lastDrop, undefined);
  assert.equal(link.arrivalsMs[0], 11);
  assert.equal(link.offer(1, 1), 0);
});

Deno.test("ImpairedLink lets a bucket pass at once after silence, and only that", () => {
  const link = new ImpairedLink({
    rateBytesPerSecond: 100_000,
    bucketBytes: 300,
    queueBytes: 1_000,
  }, 1);
  const arrivals = (nowMs: number, count: number): number[] =>
    Array.from({ length: count }, () => link.offer(nowMs, 100) && (link.arrivalsMs[0] ?? NaN));
  assert.deepEqual(arrivals(50, 5), [50, 50, 50, 51, 52]);
  // Two milliseconds settle the debt, one more fills 100 bytes; a long silence no more than 300.
  assert.deepEqual(arrivals(53, 2), [53, 54]);
  assert.deepEqual(arrivals(1_000, 4), [1_000, 1_000, 1_000, 1_001]);
});

Deno.test("ImpairedLink drops what is longer than its MTU, and only that", () => {
  const link = new ImpairedLink({ mtuBytes: 1_200, loss: 0 }, 1);
  assert.equal(link.offer(0, 1_200), 1);
  assert.equal(link.offer(0, 1_201), 0);
  assert.equal(link.lastDrop, "mtu");
  assert.equal(link.offer(0, 0), 1);
});

Deno.test("ImpairedLink decides the same for the same seed, and otherwise for another", () => {
  const bad: ImpairmentOptions = {
    delayMs: 20,
    jitterMs: 10,
    loss: 0.05,
    burstEnter: 0.01,
    duplicate: 0.02,
    reorder: 0.02,
    rateBytesPerSecond: 1e6,
  };
  const decide = (impairment: ImpairmentOptions, seed: number): string =>
    JSON.stringify(offerMany(impairment, seed).slice(0, 2_000));
  assert.equal(decide(bad, 1), decide(bad, 1));
  assert.notEqual(decide(bad, 1), decide(bad, 2));
});

Deno.test("ImpairedLink counts every datagram once", () => {
  const link = new ImpairedLink({
    loss: 0.1,
    burstEnter: 0.02,
    mtuBytes: 1_000,
    rateBytesPerSecond: 300_000,
    queueBytes: 2_000,
    duplicate: 0.1,
  }, 3);
  let copies = 0;
  for (let nowMs = 0; nowMs < 10_000; nowMs++) copies += link.offer(nowMs, 100 + nowMs % 1_000);
  const { offered, mtu, queue, loss, burst, duplicated } = link.counters;
  assert.equal(offered, 10_000);
  for (const count of [mtu, queue, loss, burst, duplicated]) assert.ok(count > 0);
  assert.equal(copies, offered - mtu - queue - loss - burst + duplicated);
});
