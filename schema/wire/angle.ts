/**
 * Angles in radians that wrap: a full turn divided into a power of two of steps.
 *
 * @module
 */

/** A full turn in radians. */
export const TURN = 2 * Math.PI;

/** The unsigned wire integer of a finite angle; 0 rad is 0, negative angles are the upper half. */
export function packAngle(bits: number, radians: number): number {
  const step = Math.floor(radians * (2 ** bits / TURN) + 0.5);
  // ToInt32 is exact modulo 2^32 for every finite float64, so any number of turns wraps.
  return bits === 32 ? step >>> 0 : (step & (2 ** bits - 1)) >>> 0;
}

/** The angle of a wire integer, in `[-π, π)`, where `Math.atan2` puts its results. */
export function unpackAngle(bits: number, integer: number): number {
  return ((integer << (32 - bits)) >> (32 - bits)) * (TURN / 2 ** bits);
}
