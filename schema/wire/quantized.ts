/**
 * Quantized numbers: a range cut into equal steps, computed in float64 on every platform, so that
 * two peers agree on each value bit for bit.
 *
 * @module
 */
import { bitsRequired } from "./bits.ts";

/** Steps that 32 bits can number; the last pattern stays free so that a count of values fits too. */
export const MAX_QUANTIZED_STEPS = 4_294_967_294;

/** The derived numbers of a quantized range; see {@link quantizedGrid}. */
export interface QuantizedGrid {
  /** Smallest value, the one of step 0. */
  readonly min: number;
  /** Largest value, the one of the last step. */
  readonly max: number;
  /** The number of the last step. */
  readonly steps: number;
  /** Bits of a step number. */
  readonly bits: number;
  /** Step whose value is exactly zero when the range is symmetric, else 0. */
  readonly center: number;
  /** Value of the step `center`: 0 for a symmetric range, else `min`. */
  readonly origin: number;
  /** Distance between two steps. */
  readonly stepSize: number;
  /** Steps per unit. */
  readonly stepsPerUnit: number;
  /** Whether the formula alone gives `min` and `max` exactly at the ends. */
  readonly exactEnds: boolean;
}

/**
 * Cuts `[min, max]` into steps no wider than `step`. A symmetric range gets an even number of
 * steps, so that zero is one of them.
 *
 * @throws RangeError when the bounds or the step make no grid that float64 can tell apart.
 */
export function quantizedGrid(min: number, max: number, step: number): QuantizedGrid {
  const where = `Cannot declare quantized(${min}, ${max}, ${step})`;
  if (!Number.isFinite(min) || !Number.isFinite(max) || !(min < max)) {
    throw new RangeError(`${where}: the bounds must be finite and ascending`);
  }
  const span = max - min;
  if (!(step > 0) || !Number.isFinite(span) || !(step <= span * (1 + 1e-9))) {
    throw new RangeError(`${where}: the step must be above 0 and no wider than the range`);
  }
  let steps = stepCount(span / step);
  const symmetric = min === -max;
  if (symmetric && steps % 2 === 1) steps++;
  if (!(steps <= MAX_QUANTIZED_STEPS)) {
    throw new RangeError(`${where}: ${steps} steps need more than 32 bits`);
  }
  const stepSize = symmetric ? max / (steps / 2) : span / steps;
  const magnitude = Math.max(Math.abs(min), Math.abs(max));
  if (!(stepSize > magnitude * Number.EPSILON * 4)) {
    throw new RangeError(`${where}: float64 cannot tell the steps apart`);
  }
  const center = symmetric ? steps / 2 : 0;
  const origin = symmetric ? 0 : min;
  return Object.freeze({
    min,
    max,
    steps,
    bits: bitsRequired(0, steps),
    center,
    origin,
    stepSize,
    stepsPerUnit: symmetric ? center / max : steps / span,
    exactEnds: origin + (0 - center) * stepSize === min &&
      origin + (steps - center) * stepSize === max,
  });
}

/** Whole steps, rounded up, except that 0.1, which is no binary fraction, divides 10 into 100 and not 101. */
function stepCount(quotient: number): number {
  const nearest = Math.round(quotient);
  return Math.abs(quotient - nearest) <= quotient * 1e-9 ? nearest : Math.ceil(quotient);
}

/**
 * The step nearest to `value`, halves upward. A caller's value may lie up to half a step outside
 * the range, as arithmetic on positions does; beyond that the step is below 0 or above `steps`.
 */
export function quantize(grid: QuantizedGrid, value: number): number {
  return Math.floor((value - grid.origin) * grid.stepsPerUnit + 0.5) + grid.center;
}

/** The value of step `step`, which is in range. The ends are exact, and zero is when symmetric. */
export function dequantize(grid: QuantizedGrid, step: number): number {
  if (!grid.exactEnds) {
    if (step === 0) return grid.min;
    if (step === grid.steps) return grid.max;
  }
  return grid.origin + (step - grid.center) * grid.stepSize;
}
