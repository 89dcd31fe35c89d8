/**
 * Values between and beyond two known ones: straight lines, angles that wrap, rotations.
 *
 * Plain functions on numbers. Which field takes which one is decided in `interpolator.ts`.
 *
 * @module
 */
import type { Quaternion } from "../wire/quaternion.ts";
import { TURN } from "../wire/angle.ts";

/** Below this angle a straight line between rotations is exact in float64, and the sine's quotient is not. */
const STRAIGHT_ABOVE_COSINE = 1 - 1e-9;

/**
 * The value at `share` of the way from `from` to `to`: exactly `from` at 0 and `to` at 1, beyond them
 * outside that range. Equal ends give exactly that value.
 */
export function lerp(from: number, to: number, share: number): number {
  // The common form `from + (to - from) * share` misses `to` at 1 by rounding.
  return from === to ? from : from * (1 - share) + to * share;
}

/** The same angle in `[-π, π)`, where `t.angle` keeps it. */
export function wrapAngle(radians: number): number {
  if (radians >= -Math.PI && radians < Math.PI) return radians;
  const wrapped = radians - TURN * Math.floor((radians + Math.PI) / TURN);
  // Rounding may put an angle just below the end onto it.
  return wrapped >= Math.PI ? -Math.PI : wrapped;
}

/** How far to turn from one angle to another the short way, in `[-π, π)`; half a turn goes to the left. */
export function angleBetween(from: number, to: number): number {
  return wrapAngle(to - from);
}

/** The angle at `share` of the short way from `from` to `to`, in `[-π, π)`. */
export function lerpAngle(from: number, to: number, share: number): number {
  if (share === 0) return from;
  return share === 1 ? to : wrapAngle(from + angleBetween(from, to) * share);
}

/**
 * Turns at constant speed the short way from one rotation to another; `q` and `-q` are the same
 * rotation. The result has length 1. Components that make no rotation give `to`.
 *
 * @param into Receives the result; may be `from` or `to`.
 */
export function slerp(from: Quaternion, to: Quaternion, share: number, into: Quaternion): void {
  let cosine = from.x * to.x + from.y * to.y + from.z * to.z + from.w * to.w;
  const sign = cosine < 0 ? -1 : 1;
  cosine *= sign;
  let a = 1 - share;
  let b = share;
  if (cosine < STRAIGHT_ABOVE_COSINE) {
    const angle = Math.acos(cosine);
    const sine = Math.sin(angle);
    a = Math.sin(a * angle) / sine;
    b = Math.sin(b * angle) / sine;
  }
  b *= sign;
  setUnit(
    from.x * a + to.x * b,
    from.y * a + to.y * b,
    from.z * a + to.z * b,
    from.w * a + to.w * b,
    to,
    into,
  );
}

/**
 * Writes a rotation of length 1.
 *
 * @param fallback Taken when the components make no rotation: all zero, or not finite.
 */
export function setUnit(
  x: number,
  y: number,
  z: number,
  w: number,
  fallback: Quaternion,
  into: Quaternion,
): void {
  const length = Math.hypot(x, y, z, w);
  if (!(length > 0 && length < Infinity)) {
    x = fallback.x;
    y = fallback.y;
    z = fallback.z;
    w = fallback.w;
  }
  const scale = length > 0 && length < Infinity ? 1 / length : 1;
  into.x = x * scale;
  into.y = y * scale;
  into.z = z * scale;
  into.w = w * scale;
}
