/**
 * Whether two addresses are one peer, though they come from different sources.
 *
 * A socket bound to `::` writes IPv4 peers as `::ffff:a.b.c.d`; tickets and tables of other processes say
 * `a.b.c.d`. Within one socket `same_address.ts` is enough.
 *
 * @module
 */
import { type Address, canonicalHostname } from "../address.ts";
import { isSameAddress } from "../same_address.ts";

/** Whether two addresses are the same in whatever spelling; cheap when they are spelled the same. */
export function isSamePeer(a: Address, b: Address): boolean {
  if (isSameAddress(a, b)) return true;
  return a.port === b.port && a.hostname !== b.hostname &&
    canonicalHostname(a.hostname) === canonicalHostname(b.hostname);
}
