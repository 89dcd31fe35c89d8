import assert from "node:assert/strict";
import {
  INITIAL_RTT_MS,
  MAX_PROBE_TIMEOUT_MS,
  RttEstimator,
} from "../../protocol/rtt_estimator.ts";

Deno.test("before the first sample a round trip of 100 ms is assumed", () => {
  const rtt = new RttEstimator();
  assert.equal(rtt.hasSample, false);
  assert.equal(rtt.smoothedMs, INITIAL_RTT_MS);
  assert.equal(rtt.minimumMs, 0);
  assert.equal(rtt.queueingMs, 0);
  assert.equal(rtt.probeTimeoutMs, 100 + 4 * 50 + 25);
});

Deno.test("the first sample is taken as it is, later ones by an eighth (RFC 9002, 5.3)", () => {
  const rtt = new RttEstimator();
  rtt.sample(80, 0, 0);
  assert.deepEqual([rtt.smoothedMs, rtt.variationMs, rtt.latestMs], [80, 40, 80]);
  rtt.sample(160, 0, 10);
  assert.deepEqual([rtt.smoothedMs, rtt.variationMs], [90, 50]);
});

Deno.test("the time that the peer held its acknowledgement is taken off, but never below the minimum", () => {
  const rtt = new RttEstimator();
  rtt.sample(50, 20, 0);
  assert.equal(rtt.latestMs, 50, "the minimum is the sample itself");
  rtt.sample(75, 20, 1);
  assert.equal(rtt.latestMs, 55);
  rtt.sample(60, 20, 2);
  assert.equal(rtt.latestMs, 60, "40 would be below the minimum");
});

Deno.test("a peer that claims to hold acknowledgements for ever is believed for 100 ms at most", () => {
  const rtt = new RttEstimator();
  rtt.sample(20, 0, 0);
  rtt.sample(500, 127.5, 1);
  assert.equal(rtt.latestMs, 400);
});

Deno.test("the minimum is forgotten after 10 to 20 s, so that a longer route is no queue for ever", () => {
  const rtt = new RttEstimator();
  rtt.sample(30, 0, 0);
  for (let nowMs = 1_000; nowMs <= 9_000; nowMs += 1_000) rtt.sample(90, 0, nowMs);
  assert.equal(rtt.minimumMs, 30);
  for (let nowMs = 10_000; nowMs <= 30_000; nowMs += 1_000) rtt.sample(90, 0, nowMs);
  assert.equal(rtt.minimumMs, 90);
  assert.ok(rtt.queueingMs < 1);
});

Deno.test("queueing is what round trips take beyond the minimum", () => {
  const rtt = new RttEstimator();
  rtt.sample(40, 0, 0);
  for (let i = 1; i < 100; i++) rtt.sample(140, 0, i);
  assert.ok(Math.abs(rtt.queueingMs - 100) < 0.1, `${rtt.queueingMs}`);
});

Deno.test("jitter is the smoothed difference between neighbouring samples (RFC 3550, 6.4.1)", () => {
  const rtt = new RttEstimator();
  rtt.sample(50, 0, 0);
  rtt.sample(66, 0, 1);
  assert.equal(rtt.jitterMs, 1);
  for (let i = 0; i < 500; i++) rtt.sample(i % 2 === 0 ? 50 : 60, 0, i + 2);
  assert.ok(Math.abs(rtt.jitterMs - 10) < 0.1, `${rtt.jitterMs}`);
});

Deno.test("the probe timeout has a floor of 5 ms of variation and a ceiling of 1 s", () => {
  const steady = new RttEstimator();
  for (let i = 0; i < 200; i++) steady.sample(10, 0, i);
  assert.ok(Math.abs(steady.probeTimeoutMs - (10 + 5 + 25)) < 0.1, `${steady.probeTimeoutMs}`);
  const slow = new RttEstimator();
  slow.sample(5_000, 0, 0);
  assert.equal(slow.probeTimeoutMs, MAX_PROBE_TIMEOUT_MS);
});

Deno.test("loss is judged after 9/8 of the larger of newest and smoothed round trip, 1 ms at least", () => {
  const rtt = new RttEstimator();
  rtt.sample(80, 0, 0);
  assert.equal(rtt.lossDelayMs, 90);
  rtt.sample(160, 0, 1);
  assert.equal(rtt.lossDelayMs, 180);
  const local = new RttEstimator();
  local.sample(0, 0, 0);
  assert.equal(local.lossDelayMs, 1);
});

Deno.test("a sample of no time or less, by a clock that was set back, breaks nothing", () => {
  const rtt = new RttEstimator();
  rtt.sample(-3_600_000, 0, 0);
  rtt.sample(0, 0, -5);
  assert.ok(rtt.smoothedMs > 0 && Number.isFinite(rtt.smoothedMs));
  assert.ok(rtt.minimumMs > 0);
});

Deno.test("reset() forgets the path", () => {
  const rtt = new RttEstimator();
  rtt.sample(10, 0, 0);
  rtt.sample(12, 0, 1);
  rtt.reset();
  assert.equal(rtt.hasSample, false);
  assert.equal(rtt.smoothedMs, INITIAL_RTT_MS);
  rtt.sample(200, 0, 2);
  assert.equal(rtt.minimumMs, 200);
});
