/**
 * How good a path is, in numbers.
 *
 * @module
 */

/** What was measured of a path, there and back. */
export interface PathQuality {
  /** 95th percentile of the round trip in milliseconds; `Infinity` when nothing came back. */
  readonly p95RttMs: number;
  /** Mean difference between one round trip and the next, in milliseconds. */
  readonly jitterMs: number;
  /** Share of probes without an answer, 0 to 1. */
  readonly loss: number;
}
