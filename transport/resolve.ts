/**
 * Host names to addresses, through the operating system's resolver.
 *
 * `getaddrinfo` is used and not a DNS client, so that `localhost`, the hosts file and the machine's own
 * order of preference (RFC 6724) count. A name is resolved once per connection, never per datagram:
 * one look-up costs 0.7 ms even for a literal.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { TransportError } from "./errors.ts";
import { type SocketFamily, targetHostname } from "./ip_literal.ts";
import type { SocketTarget } from "./socket_target.ts";

/**
 * The addresses of a host that a socket of `family` can send to, best first and never none.
 *
 * @throws {RangeError} if the port is not 1 to 65,535.
 * @throws {TransportError} `unresolved` if there is no such address.
 */
export async function resolveAddresses(
  hostname: string,
  port: number,
  family: SocketFamily,
): Promise<SocketTarget[]> {
  checkTargetPort(port);
  const literals = await lookUpLiterals(withoutBrackets(hostname));
  const reachable = new Set<string>();
  for (const literal of literals) {
    const target = targetHostname(family, literal);
    if (target !== undefined) reachable.add(target);
  }
  if (reachable.size === 0) {
    throw new TransportError(
      "unresolved",
      `Cannot reach "${hostname}": it has no ${
        family === "ipv6" ? "IPv6" : "IPv4"
      } address, and the local socket speaks nothing else`,
    );
  }
  return Array.from(reachable, (target) => ({ transport: "udp", hostname: target, port }));
}

/** Throws unless `port` can be sent to: a wrapped or fractional port would reach someone else. */
export function checkTargetPort(port: number): void {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new RangeError(`Cannot send to port ${port}: a port is 1 to 65,535`);
  }
}

/** The host of a URL stands in brackets when it is an IPv6 literal; sockets want it bare. */
export function withoutBrackets(hostname: string): string {
  return hostname.startsWith("[") && hostname.endsWith("]") ? hostname.slice(1, -1) : hostname;
}

async function lookUpLiterals(hostname: string): Promise<string[]> {
  if (isIP(hostname) !== 0) return [hostname];
  try {
    // An empty name resolves to nothing without an error, so that both cases end below.
    const found = hostname === "" ? [] : await lookup(hostname, { all: true, verbatim: true });
    if (found.length > 0) return found.map(({ address }) => address);
  } catch (cause) {
    throw new TransportError("unresolved", `Cannot resolve "${hostname}"`, { cause });
  }
  throw new TransportError("unresolved", `Cannot resolve "${hostname}"`);
}
