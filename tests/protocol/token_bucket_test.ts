import assert from "node:assert/strict";
import fc from "fast-check";
import { KeyedBuckets, TokenBucket } from "../../protocol/token_bucket.ts";

Deno.test("a bucket gives its burst at once and then its rate", () => {
  const bucket = new TokenBucket(10, 3, 0);
  assert.deepEqual([1, 2, 3, 4].map(() => bucket.take(1, 0)), [true, true, true, false]);
  assert.equal(bucket.take(1, 99), false);
  assert.equal(bucket.take(1, 100), true);
  assert.equal(bucket.take(1, 100), false);
});

Deno.test("a bucket never holds more than its burst", () => {
  const bucket = new TokenBucket(10, 3, 0);
  assert.equal(bucket.available(1e9), 3);
  assert.equal(bucket.isFull(1e9), true);
});

Deno.test("spend() goes into debt, down to one burst", () => {
  const bucket = new TokenBucket(10, 3, 0);
  bucket.spend(4, 0);
  assert.equal(bucket.available(0), -1);
  bucket.spend(100, 0);
  assert.equal(bucket.available(0), -3);
  assert.equal(bucket.readyAtMs(1, 0), 400);
});

Deno.test("who sleeps until readyAtMs() finds the tokens there, whatever the rounding", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.001, max: 1e7, noNaN: true }),
      fc.double({ min: 1, max: 1e5, noNaN: true }),
      fc.double({ min: 0, max: 1e12, noNaN: true }),
      fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { maxLength: 20 }),
      (perSecond, capacity, startMs, spends) => {
        const bucket = new TokenBucket(perSecond, capacity, startMs);
        let nowMs = startMs;
        for (const spend of spends) {
          bucket.spend(spend * capacity, nowMs);
          for (let sleeps = 0; bucket.available(nowMs) < 1; sleeps++) {
            assert.ok(sleeps < 4, `still ${bucket.available(nowMs)} tokens after ${sleeps} sleeps`);
            const readyAtMs = bucket.readyAtMs(1, nowMs);
            assert.ok(readyAtMs > nowMs, "sleeping until now is no sleep");
            nowMs = readyAtMs;
          }
        }
      },
    ),
    { seed: 4, numRuns: 1_000 },
  );
});

Deno.test("a bucket without a rate never fills, one of infinite rate never runs dry", () => {
  const dry = new TokenBucket(0, 1, 0);
  assert.equal(dry.take(1, 0), true);
  assert.equal(dry.take(1, 1e9), false);
  assert.equal(dry.readyAtMs(1, 1e9), Infinity);
  const endless = new TokenBucket(Infinity, 5, 0);
  endless.spend(5, 0);
  assert.equal(endless.take(5, 1), true);
});

Deno.test("a clock that is set back gives nothing and takes nothing, and the rate goes on from there", () => {
  const bucket = new TokenBucket(10, 5, 3_600_000);
  for (let i = 0; i < 5; i++) bucket.take(1, 3_600_000);
  assert.equal(bucket.take(1, 0), false);
  assert.equal(bucket.take(1, 100), true, "100 ms later by the new clock");
});

Deno.test("configure() keeps the tokens up to the new burst", () => {
  const bucket = new TokenBucket(10, 10, 0);
  bucket.configure(1, 4, 0);
  assert.equal(bucket.available(0), 4);
  bucket.take(4, 0);
  assert.equal(bucket.available(1_000), 1);
});

Deno.test("each key has its own bucket", () => {
  const buckets = new KeyedBuckets(1, 2);
  assert.deepEqual(["a", "a", "a", "b"].map((key) => buckets.take(key, 0)), [
    true,
    true,
    false,
    true,
  ]);
  assert.equal(buckets.size, 2);
});

Deno.test("a flood of keys holds no more than the limit, and evicts full buckets first", () => {
  const buckets = new KeyedBuckets(1, 1, 20);
  buckets.take("dry", 0);
  for (let i = 0; i < 10_000; i++) {
    buckets.take(`flood ${i}`, i);
    assert.ok(buckets.size <= 20);
  }
  const fresh = new KeyedBuckets(0.001, 1, 16);
  fresh.take("dry", 0);
  for (let i = 0; i < 15; i++) fresh.take(`${i}`, 0);
  // All 16 are dry: the oldest has to go, whoever it is.
  fresh.take("one more", 0);
  assert.equal(fresh.size, 16);
  assert.equal(fresh.take("1", 0), false, "the others are remembered");
});
