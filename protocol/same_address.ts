/**
 * Whether two addresses are one socket, as cheap as a comparison per packet must be.
 *
 * @module
 */
import type { Address } from "./address.ts";

/**
 * Whether two addresses are the same, by their text: both come from one socket, which always writes an
 * address the same way.
 */
export function isSameAddress(a: Address, b: Address): boolean {
  return a === b || (a.port === b.port && a.hostname === b.hostname);
}
