/**
 * `compressed_float` of the serialize 1.0 standard: float32 arithmetic in which every rounding is
 * part of the format. For peers of that family; `quantized` is Tickwire's own form.
 *
 * @module
 */
import { bitsRequired } from "./bits.ts";

/** The largest float32 below 2^32, where the standard caps the number of quanta. */
const MAX_QUANTA = 4_294_967_040;

/** The derived numbers of a compressed float; see {@link compressedFloatGrid}. */
export interface CompressedFloatGrid {
  /** Smallest value, rounded to float32. */
  readonly min: number;
  /** Largest value, rounded to float32. */
  readonly max: number;
  /** The resolution that was asked for, rounded to float32. */
  readonly resolution: number;
  /** `max - min` in float32. */
  readonly delta: number;
  /** The largest number on the wire. */
  readonly maxInteger: number;
  /** Bits on the wire. */
  readonly bits: number;
}

/**
 * Derives the numbers of a declaration.
 *
 * @throws RangeError when the declaration is not finite in float32 or the range is empty.
 */
export function compressedFloatGrid(
  min: number,
  max: number,
  resolution: number,
): CompressedFloatGrid {
  // Adding 0 turns -0, which would print as another number, into 0.
  const low = Math.fround(min) + 0;
  const high = Math.fround(max) + 0;
  const step = Math.fround(resolution);
  const delta = Math.fround(high - low);
  const values = Math.fround(delta / step);
  if (!Number.isFinite(values) || !(delta > 0) || !(step > 0)) {
    throw new RangeError(
      `Cannot declare compressedFloat(${min}, ${max}, ${resolution}): ` +
        "the bounds must ascend, and range and resolution must be finite in float32",
    );
  }
  const maxInteger = Math.ceil(Math.min(Math.max(values, 1), MAX_QUANTA));
  return Object.freeze({
    min: low,
    max: high,
    resolution: step,
    delta,
    maxInteger,
    bits: bitsRequired(0, maxInteger),
  });
}

/** The wire integer of a finite float32 `value`; what lies outside the range is clamped, as the standard says. */
export function compressFloat(grid: CompressedFloatGrid, value: number): number {
  const offset = Math.fround(Math.fround(value) - grid.min);
  const normalized = Math.min(Math.max(Math.fround(offset / grid.delta), 0), 1);
  const product = Math.fround(normalized * Math.fround(grid.maxInteger));
  // The sum can round up past the last integer when there are more than 2^24 of them.
  return Math.min(Math.floor(Math.fround(product + 0.5)), grid.maxInteger);
}

/** The float32 value of a wire integer of 0 to `maxInteger`. */
export function decompressFloat(grid: CompressedFloatGrid, integer: number): number {
  const normalized = Math.fround(Math.fround(integer) / Math.fround(grid.maxInteger));
  return Math.fround(Math.fround(normalized * grid.delta) + grid.min);
}
