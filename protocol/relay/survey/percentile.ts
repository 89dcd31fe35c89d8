/**
 * Percentiles of measurements.
 *
 * @module
 */

/**
 * The nearest-rank percentile of ascending values; `Infinity` of none.
 *
 * @param share 0 to 1.
 */
export function percentile(ascending: readonly number[], share: number): number {
  const rank = Math.max(1, Math.ceil(share * ascending.length));
  return ascending[rank - 1] ?? Infinity;
}
