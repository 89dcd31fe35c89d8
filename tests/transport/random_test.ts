import assert from "node:assert/strict";
import fc from "fast-check";
import { Random, seedFor } from "../../transport/random.ts";

Deno.test("Random gives the sequence of the authors' xoshiro128** from state 1, 2, 3, 4", () => {
  // Output of the C code at https://prng.di.unimi.it/xoshiro128starstar.c
  const expected = [
    11520,
    0,
    5927040,
    70819200,
    2031721883,
    1637235492,
    1287239034,
    3734860849,
    3729100597,
    4258142804,
  ];
  const random = Random.fromState([1, 2, 3, 4]);
  assert.deepEqual(expected.map(() => random.uint32()), expected);
});

Deno.test("Random repeats itself for the same seed and not for neighbours", () => {
  const draw = (seed: number): string => new Random(seed).bytes(16).join();
  const seeds = [0, 1, 2, -1, 2 ** 31, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER];
  assert.equal(new Set(seeds.map(draw)).size, seeds.length);
  for (const seed of seeds) assert.equal(draw(seed), draw(seed));
});

Deno.test("Random refuses seeds that are no integers", () => {
  for (const seed of [NaN, Infinity, 0.5, 2 ** 53]) {
    assert.throws(() => new Random(seed), RangeError);
  }
});

Deno.test("Random.below stays below its bound and reaches every value", () => {
  const random = new Random(5);
  for (const bound of [1, 2, 3, 7]) {
    const seen = new Set(Array.from({ length: 200 }, () => random.below(bound)));
    assert.deepEqual([...seen].sort(), Array.from({ length: bound }, (_, value) => value));
  }
  assert.ok(random.below(2 ** 32) < 2 ** 32);
  for (const bound of [0, -1, 1.5, 2 ** 32 + 1, NaN]) {
    assert.throws(() => random.below(bound), RangeError);
  }
});

Deno.test("Random.chance never happens at 0, always at 1, and about as often as said between", () => {
  const random = new Random(6);
  const hits = (probability: number): number => {
    let count = 0;
    for (let draw = 0; draw < 10_000; draw++) if (random.chance(probability)) count++;
    return count;
  };
  assert.equal(hits(0), 0);
  assert.equal(hits(1), 10_000);
  // Five standard deviations.
  assert.ok(Math.abs(hits(0.3) - 3_000) < 230);
});

Deno.test("Random.shuffled and pick keep the items as they are", () => {
  fc.assert(
    fc.property(fc.integer(), fc.array(fc.integer(), { minLength: 1 }), (seed, items) => {
      const random = new Random(seed);
      assert.deepEqual(random.shuffled(items).sort(), items.slice().sort());
      assert.ok(items.includes(random.pick(items)));
    }),
    { seed: 1 },
  );
  const random = new Random(7);
  const orders = new Set(Array.from({ length: 200 }, () => random.shuffled([1, 2, 3]).join()));
  assert.equal(orders.size, 6);
  assert.throws(() => random.pick([]), RangeError);
});

Deno.test("seedFor tells texts and seeds apart", () => {
  const seeds = ["a>b", "b>a", "", "ab"].flatMap((text) =>
    [0, 1, 2 ** 32].map((seed) => seedFor(text, seed))
  );
  assert.equal(new Set(seeds).size, seeds.length);
});
