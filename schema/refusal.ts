/**
 * Why a reader refused bytes. Readers never throw on what a peer sent: they return `-reason`, and
 * whoever called them counts it.
 *
 * @module
 */

/** Reasons of refusal, small positive numbers; `read` and `write` return them negated. */
export const Refusal = {
  /** The bytes end before the value does; from `write`: the buffer is too small for the value. */
  short: 1,
  /** The value ends before the bytes do. */
  trailing: 2,
  /** A number outside its declared range, hidden in the headroom of its bits. */
  range: 3,
  /** The number of an enum value or union variant that does not exist. */
  tag: 4,
  /** A count or length above the declared maximum or below the declared minimum. */
  count: 5,
  /** A padding bit that is not zero. */
  padding: 6,
  /** Text that is not well-formed UTF-8, or that contains U+0000. */
  text: 7,
  /** A variable-length integer that is longer than it needs to be, or wider than 32 bits. */
  varint: 8,
  /** A floating-point number that is NaN or infinite. */
  notFinite: 9,
  /** Map keys that are not in strictly ascending order. */
  keyOrder: 10,
  /** A dynamic value that is not canonical msgpack, holds a forbidden type or exceeds a limit. */
  dynamic: 11,
  /** Three small quaternion components that no unit quaternion has, or that name a wrong largest one. */
  quaternion: 12,
  /** A message number that its channel does not have in this version of the protocol. */
  unknownMessage: 13,
  /** A message that this side of the connection never sends. */
  direction: 14,
} as const;

/** One reason of {@link Refusal}. */
export type RefusalReason = typeof Refusal[keyof typeof Refusal];

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(Refusal).map(([name, reason]) => [reason, name]),
);

/**
 * The name of a refusal, for counters and logs.
 *
 * @param reason A value of {@link Refusal}, or the negative number that `read` or `write` returned.
 * @returns The property name in {@link Refusal}, or `"unknown"`.
 *
 * @example
 * ```ts
 * import { Refusal, refusalName } from "./refusal.ts";
 * console.assert(refusalName(-Refusal.short) === "short");
 * ```
 */
export function refusalName(reason: number): string {
  return NAMES.get(Math.abs(reason)) ?? "unknown";
}
