/**
 * Arithmetic of ranged integers: how many bits a range needs. The rule is `bits_required` of the
 * serialize 1.0 standard, so the widths agree with the C, C++, C#, Go and Rust members of that family.
 *
 * @module
 */

const TWO_TO_32 = 4_294_967_296;

/**
 * The number of bits that hold every integer of `[min, max]`: 0 for one value, 3 for `[0, 7]`, 4 for `[0, 8]`.
 *
 * @param min Smallest value, a safe integer.
 * @param max Largest value, a safe integer of at least `min`; `max - min` must be a safe integer too.
 * @returns 0 to 53.
 */
export function bitsRequired(min: number, max: number): number {
  const range = max - min;
  if (range < TWO_TO_32) return 32 - Math.clz32(range);
  return 64 - Math.clz32(Math.floor(range / TWO_TO_32));
}

/** Whole bytes that hold `bits` bits. */
export function bytesForBits(bits: number): number {
  return Math.ceil(bits / 8);
}
