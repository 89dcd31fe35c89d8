import assert from "node:assert/strict";
import { completeImpairment, NO_IMPAIRMENT } from "../../transport/impairment.ts";

Deno.test("completeImpairment fills in what is left out or undefined", () => {
  assert.deepEqual(completeImpairment(), { ...NO_IMPAIRMENT });
  const impairment = completeImpairment({ loss: 0.5, seed: undefined });
  assert.deepEqual(impairment, { ...NO_IMPAIRMENT, loss: 0.5 });
});

Deno.test("completeImpairment takes both bounds of every number and nothing beyond", () => {
  const bounds: Record<string, [number, number]> = {
    delayMs: [0, 60_000],
    jitterMs: [0, 60_000],
    loss: [0, 1],
    burstEnter: [0, 1],
    burstLeave: [0, 1],
    burstLoss: [0, 1],
    duplicate: [0, 1],
    reorder: [0, 1],
    reorderDelayMs: [0, 60_000],
    rateBytesPerSecond: [1, Infinity],
    bucketBytes: [0, 1e9],
    queueBytes: [0, 1e9],
    mtuBytes: [1, 65_507],
  };
  assert.deepEqual(Object.keys(bounds).sort(), Object.keys(NO_IMPAIRMENT).sort());
  for (const [field, [lowest, highest]] of Object.entries(bounds)) {
    for (const value of [lowest, highest]) completeImpairment({ [field]: value });
    for (const value of [lowest - 0.001, highest * 1.001 + 1, NaN]) {
      if (value === Infinity) continue;
      assert.throws(() => completeImpairment({ [field]: value }), {
        name: "RangeError",
        message: new RegExp(field),
      });
    }
  }
});

Deno.test("completeImpairment takes any integer as a seed and nothing else", () => {
  for (const seed of [0, -5, Number.MAX_SAFE_INTEGER]) {
    assert.equal(completeImpairment({ seed }).seed, seed);
  }
  for (const seed of [0.5, NaN, Infinity]) {
    assert.throws(() => completeImpairment({ seed }), RangeError);
  }
});
