import assert from "node:assert/strict";
import fc from "fast-check";
import { dequantize, quantize, quantizedGrid } from "../../../schema/wire/quantized.ts";

const GRIDS: readonly (readonly [number, number, number])[] = [
  [-64, 64, 1 / 64],
  [-1, 1, 1 / 64],
  [0, 1, 0.1],
  [-1, 1, 0.1],
  [-1, 1, 2 / 3],
  [0, 100, 0.3],
  [-0.7, 0.7, 0.1],
  [-3.3, 7.7, 0.01],
  [1000, 1001, 0.001],
  [-2048, 2048, 1 / 16],
  [0, 65_535, 1],
];

Deno.test("every step of a grid comes back as itself, and values ascend", () => {
  for (const [min, max, step] of GRIDS) {
    const grid = quantizedGrid(min, max, step);
    let previous = -Infinity;
    for (let k = 0; k <= grid.steps; k++) {
      const value = dequantize(grid, k);
      assert.equal(quantize(grid, value), k, `step ${k} of ${min} to ${max}`);
      assert.ok(value > previous);
      previous = value;
    }
  }
});

Deno.test("the ends of a grid are exact, and so is zero when it is symmetric", () => {
  for (const [min, max, step] of GRIDS) {
    const grid = quantizedGrid(min, max, step);
    assert.equal(dequantize(grid, 0), min);
    assert.equal(dequantize(grid, grid.steps), max);
    if (min === -max) assert.ok(Object.is(dequantize(grid, quantize(grid, 0)), 0));
  }
});

Deno.test("a grid is never coarser than the step asked for, and finer by less than two", () => {
  for (const [min, max, step] of GRIDS) {
    const { stepSize } = quantizedGrid(min, max, step);
    assert.ok(stepSize <= step * 1.000002 && stepSize > step / 2);
  }
  assert.equal(quantizedGrid(0, 10, 0.1).steps, 100);
  assert.equal(quantizedGrid(-1, 1, 2 / 3).steps, 4);
});

Deno.test("steps up to 32 bits keep their number", () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.double({ min: 1, max: 1e6, noNaN: true }),
      fc.integer({ min: 1, max: 4_294_967_294 }),
      fc.nat(4_294_967_295),
      (min, span, steps, k) => {
        fc.pre(span / steps > 1e-8);
        const grid = quantizedGrid(min, min + span, span / steps);
        const step = k % (grid.steps + 1);
        assert.equal(quantize(grid, dequantize(grid, step)), step);
      },
    ),
    { seed: 1, numRuns: 20_000 },
  );
});

Deno.test("a value half a step outside still rounds onto the grid, a whole step does not", () => {
  const grid = quantizedGrid(0, 10, 1);
  assert.equal(quantize(grid, -0.5), 0);
  assert.equal(quantize(grid, 10.49), 10);
  assert.equal(quantize(grid, -0.51), -1);
  assert.equal(quantize(grid, 10.5), 11);
});

Deno.test("quantizedGrid refuses bounds and steps that make no grid", () => {
  const refused: readonly (readonly [number, number, number])[] = [
    [1, 1, 0.1],
    [2, 1, 0.1],
    [NaN, 1, 0.1],
    [0, Infinity, 1],
    [-1.7e308, 1.7e308, 1],
    [0, 1, 0],
    [0, 1, -0.1],
    [0, 1, NaN],
    [0, 1, 1.1],
    [0, 1, 1e-10],
    [1e15, 1e15 + 1, 0.25],
  ];
  for (const [min, max, step] of refused) {
    assert.throws(() => quantizedGrid(min, max, step), /Cannot declare quantized/);
  }
  assert.equal(quantizedGrid(0, 1, 1).bits, 1);
  assert.equal(quantizedGrid(0, 4_294_967_294, 1).bits, 32);
});
