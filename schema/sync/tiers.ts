/**
 * How the difference between two values of a column is written: in few bits when it is small.
 *
 * A difference of up to `2^(small-1)` either way takes `1 + small` bits, one of up to about
 * `2^(large-1)` takes `2 + large`, and beyond that the value itself follows. Widths come from the range
 * of the column: in a snapshot of moving players against a baseline 100 ms old, 1/3 and 3/5 of the
 * column's width were the best pair over speeds of 1 to 10 units a second (bench/sync_bench.ts).
 *
 * @module
 */

/** Widths of the two tiers of a column. */
export interface Tiers {
  /** Bits of a small difference; 0 when only the value itself is ever written. */
  readonly small: number;
  /** Bits of a large difference; 0 when there is only the small tier. */
  readonly large: number;
}

/** Columns up to this width are written as they are: a difference would take as many bits. */
const MAX_PLAIN_BITS = 5;

/** Columns up to this width have one tier. */
const MAX_ONE_TIER_BITS = 9;

/** The tiers of a column of `width` bits whose differences mean something. */
export function tiersFor(width: number): Tiers {
  if (width <= MAX_PLAIN_BITS) return NO_TIERS;
  if (width <= MAX_ONE_TIER_BITS) return { small: width >> 1, large: 0 };
  return { small: Math.floor(width / 3), large: Math.ceil(width * 0.6) };
}

/** Only the value itself: floats and halves of wide numbers, whose differences mean nothing. */
export const NO_TIERS: Tiers = Object.freeze({ small: 0, large: 0 });

/**
 * The number of a difference that is not zero, small for small ones of either sign: 1, -1, 2, -2 … are
 * 1, 0, 3, 2 …; unsigned when read with `>>> 0`.
 */
export function differenceNumber(difference: number): number {
  return ((difference << 1) ^ (difference >> 31)) - 1;
}

/** The inverse of {@link differenceNumber}. */
export function differenceOf(number: number): number {
  const zigzag = number + 1;
  return (zigzag >>> 1) ^ -(zigzag & 1);
}
