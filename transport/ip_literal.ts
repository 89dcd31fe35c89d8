/**
 * IP literals as sockets need them: which family a socket speaks, and the form of a target for it.
 *
 * A socket bound at `::` speaks both families and knows IPv4 peers as `::ffff:a.b.c.d` (RFC 4291
 * section 2.5.5.2). Nothing here resolves names or runs per datagram; pipes cache what it returns.
 *
 * @module
 */
import { isIPv4, isIPv6 } from "node:net";
import type { Address } from "../protocol/address.ts";

/** What a bound socket can send to: IPv4, IPv6, both, or IPv4 in mapped form only. */
export type SocketFamily = "ipv4" | "ipv6" | "dual" | "mapped";

/** The family of a socket by the address that it is bound to. */
export function socketFamily(boundHostname: string): SocketFamily {
  if (isIPv4(boundHostname)) return "ipv4";
  if (boundHostname === "::") return "dual";
  return unmapped(boundHostname) === boundHostname ? "ipv6" : "mapped";
}

/** The IPv4 literal inside an IPv4-mapped IPv6 literal; any other text as it is. */
export function unmapped(hostname: string): string {
  // "::ffff:…" is how every socket prints it; the test spares all other text the parsing below.
  if (!hostname.includes(":") || !/ffff:/i.test(hostname) || !isIPv6(hostname)) return hostname;
  const canonical = canonicalIpv6(hostname);
  const hex = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (hex === null) return hostname;
  const high = parseInt(hex[1] ?? "", 16);
  const low = parseInt(hex[2] ?? "", 16);
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** An address with its IPv4-mapped literal unmapped; any other address as it is. */
export function unmappedAddress(address: Address): Address {
  if (!address.hostname.startsWith("::ffff:")) return address;
  return { hostname: unmapped(address.hostname), port: address.port };
}

/**
 * The literal under which a socket of this family sends to `hostname`; `undefined` when it cannot, or
 * when `hostname` is not an IP literal.
 */
export function targetHostname(family: SocketFamily, hostname: string): string | undefined {
  const plain = unmapped(hostname);
  if (isIPv4(plain)) {
    if (family === "ipv6") return undefined;
    return family === "ipv4" ? plain : `::ffff:${plain}`;
  }
  if (!isIPv6(plain)) return undefined;
  return family === "ipv6" || family === "dual" ? plain : undefined;
}

/** The shortest lower-case form (RFC 5952), as the URL parser writes it. Zone ids have none. */
function canonicalIpv6(hostname: string): string {
  if (hostname.includes("%")) return hostname;
  return new URL(`http://[${hostname}]`).hostname.slice(1, -1);
}
