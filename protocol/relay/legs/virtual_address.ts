/**
 * The address under which a relayed peer is known to its session: `100::<session id>`, port 1.
 *
 * Every route of one relay session, direct paths included, has the same one, so that a switch of routes
 * is none of the session's business. 100::/64 is the discard-only prefix (RFC 6666): what is sent there by
 * mistake goes nowhere.
 *
 * @module
 */
import { type Address, formatIp, IP_BYTES, isVirtual, parseIp } from "../../address.ts";

/** The port of every virtual address: a port of 0 cannot be replied to. */
export const VIRTUAL_PORT = 1;

/** Largest session id, and the mask of its 64 bits. */
const ID_MASK = (1n << 64n) - 1n;

const scratch = new Uint8Array(IP_BYTES);
const scratchView = new DataView(scratch.buffer);

/**
 * The address of a relay session, frozen.
 *
 * @throws RangeError unless the id fits 64 bits.
 */
export function virtualAddress(sessionId: bigint): Address {
  if (sessionId < 0n || sessionId > ID_MASK) {
    throw new RangeError(`Cannot name session ${sessionId}: an id has 64 bits`);
  }
  scratch.fill(0);
  scratch[0] = 1;
  scratchView.setBigUint64(8, sessionId);
  return Object.freeze({ hostname: formatIp(scratch), port: VIRTUAL_PORT });
}

/** Whether an address names something behind relays; what is no IP literal does not. */
export function isVirtualHostname(hostname: string): boolean {
  // The two texts that such an address can begin with; all others are told apart without parsing.
  if (!hostname.startsWith("100:") && !hostname.startsWith("0100:")) return false;
  return parseIp(hostname, scratch) && isVirtual(scratch);
}

/** The 64 bits that a virtual address names, or `undefined` for any other address. */
export function virtualId(hostname: string): bigint | undefined {
  return isVirtualHostname(hostname) ? scratchView.getBigUint64(8) : undefined;
}
