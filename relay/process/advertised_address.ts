/**
 * Under which address the world reaches a relay.
 *
 * @module
 */
import { canonicalHostname, isLoopback } from "../../protocol/address.ts";

/** An address to tell others. */
export interface AdvertisedAddress {
  /** IP literal. */
  readonly hostname: string;
  /** UDP port of the first shard; the one that is bound when `undefined`. */
  readonly port?: number;
}

/**
 * Reads `192.0.2.1`, `192.0.2.1:7000`, `2001:db8::1` or `[2001:db8::1]:7000`.
 *
 * @throws RangeError for anything else: names are not sealed into tickets.
 */
export function parseAdvertised(text: string): AdvertisedAddress {
  const whole = canonicalHostname(text);
  if (whole !== undefined) return { hostname: whole };
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ??
    [];
  const hostname = canonicalHostname(bracketed ?? plain ?? "");
  const port = digits === undefined ? undefined : Number(digits);
  const isPort = port === undefined || (port >= 1 && port <= 65_535);
  if (hostname === undefined || !isPort) {
    throw new RangeError(`expected an IP address, and perhaps :PORT, not "${text}"`);
  }
  return port === undefined ? { hostname } : { hostname, port };
}

/**
 * The address of this machine that others most likely reach: the one it listens on, else its first
 * that is not for itself only.
 */
export function ownAddress(
  listensOn: string | undefined,
  interfaces: readonly { readonly family: string; readonly address: string }[],
): AdvertisedAddress {
  const bound = listensOn === undefined ? undefined : canonicalHostname(listensOn);
  if (bound !== undefined && !/^(::|0\.0\.0\.0)$/.test(bound)) return { hostname: bound };
  const outward = interfaces.filter(({ address }) =>
    canonicalHostname(address) !== undefined && !isLoopback(address) && !/^fe80:/i.test(address)
  );
  const found = outward.find(({ family }) => family === "IPv4") ?? outward[0];
  return { hostname: found?.address ?? "127.0.0.1" };
}
