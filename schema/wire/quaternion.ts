/**
 * Rotations as the smallest three components of a unit quaternion: the largest one is left out,
 * made positive (q and -q turn alike) and recomputed by the reader.
 *
 * Components are integers in `[-half, half]` that stand for `[-1/√2, 1/√2]`. All decisions are made
 * on those integers, in exact arithmetic, so that every accepted byte string is the only one of its
 * rotation.
 *
 * @module
 */

/** A rotation. Writers take any finite quaternion except zero and normalize it. */
export interface Quaternion {
  /** First imaginary part. */
  x: number;
  /** Second imaginary part. */
  y: number;
  /** Third imaginary part. */
  z: number;
  /** Real part; `{ x: 0, y: 0, z: 0, w: 1 }` does not turn. */
  w: number;
}

/** The largest magnitude of a component integer of `bits` bits. */
export function quaternionHalf(bits: number): number {
  return 2 ** (bits - 1) - 1;
}

/** Result of {@link packQuaternion}: number of the largest component, then the other three plus `half`. */
export const packedQuaternion: Int32Array = new Int32Array(4);

const components = new Float64Array(4);

/**
 * Packs a rotation into {@link packedQuaternion}, which the next call overwrites.
 *
 * @returns False when it is not a rotation: a component is not finite, or all are zero.
 */
export function packQuaternion(bits: number, value: Quaternion): boolean {
  const { x, y, z, w } = value;
  // Dividing by the largest magnitude first keeps the squares from overflowing or vanishing.
  const scale = Math.max(Math.abs(x), Math.abs(y), Math.abs(z), Math.abs(w));
  if (!(scale > 0 && scale < Infinity)) return false;
  components[0] = x / scale;
  components[1] = y / scale;
  components[2] = z / scale;
  components[3] = w / scale;
  let largest = 0;
  let squares = 0;
  for (let i = 0; i < 4; i++) {
    const component = components[i] ?? 0;
    squares += component * component;
    if (Math.abs(component) > Math.abs(components[largest] ?? 0)) largest = i;
  }
  const half = quaternionHalf(bits);
  const unit = Math.SQRT2 * half / Math.sqrt(squares) * ((components[largest] ?? 0) < 0 ? -1 : 1);
  packedQuaternion[0] = largest;
  for (let i = 0, slot = 1; i < 4; i++) {
    if (i === largest) continue;
    const rounded = Math.floor((components[i] ?? 0) * unit + 0.5);
    packedQuaternion[slot++] = Math.min(Math.max(rounded, -half), half);
  }
  settle(largest, half);
  for (let slot = 1; slot < 4; slot++) packedQuaternion[slot] = at(slot) + half;
  return true;
}

/**
 * Rounding may have made a small component larger than the one left out. Such a component moves one
 * step toward zero at a time until the reader's test holds; one or two steps are enough.
 */
function settle(largest: number, half: number): void {
  while (!namesLargest(largest, half, at(1), at(2), at(3))) {
    let slot = 1;
    if (Math.abs(at(2)) > Math.abs(at(slot))) slot = 2;
    if (Math.abs(at(3)) > Math.abs(at(slot))) slot = 3;
    packedQuaternion[slot] = at(slot) - Math.sign(at(slot));
  }
}

function at(slot: number): number {
  return packedQuaternion[slot] ?? 0;
}

/**
 * Whether the component left out is the largest, and the first of equals. In units of
 * `1 / (2 half²)` its square is `2 half² - a² - b² - c²`: an integer, below 2^32 for 16 bits.
 */
function namesLargest(largest: number, half: number, a: number, b: number, c: number): boolean {
  const square = 2 * half * half - a * a - b * b - c * c;
  // The small components keep their order, so those before `largest` are the first `largest` ones.
  return beats(square, a, largest > 0) && beats(square, b, largest > 1) &&
    beats(square, c, largest > 2);
}

function beats(square: number, component: number, comesBefore: boolean): boolean {
  return comesBefore ? square > component * component : square >= component * component;
}

/**
 * Unpacks a rotation.
 *
 * @param largest Number of the component left out: 0 is x, 3 is w.
 * @param a The first remaining component plus `half`, as it travelled; `b` and `c` follow.
 * @param into Receives the rotation; untouched on refusal.
 * @returns False when no rotation packs to these numbers.
 */
export function unpackQuaternion(
  bits: number,
  largest: number,
  a: number,
  b: number,
  c: number,
  into: Quaternion,
): boolean {
  const half = quaternionHalf(bits);
  // The one pattern above 2 * half needs no check: its square leaves nothing for the largest one.
  const first = a - half;
  const second = b - half;
  const third = c - half;
  if (!namesLargest(largest, half, first, second, third)) return false;
  const squares = first * first + second * second + third * third;
  const step = 1 / (half * Math.SQRT2);
  const rest = Math.sqrt(2 * half * half - squares) * step;
  into.x = largest === 0 ? rest : first * step;
  into.y = largest === 1 ? rest : (largest > 1 ? second : first) * step;
  into.z = largest === 2 ? rest : (largest > 2 ? third : second) * step;
  into.w = largest === 3 ? rest : third * step;
  return true;
}
