/**
 * How a server is reached through relays, and the checks of it.
 *
 * @module
 */
import { type Address, canonicalHostname } from "../protocol/address.ts";
import { parseDirectorUrl } from "../protocol/join_url.ts";
import type { Exposure } from "../protocol/relay/hop_ticket.ts";

/** The `relay` option of {@link serve}. */
export interface ServeRelayOptions {
  /** Where the director is: `http://host:port` or `https://host`. */
  readonly directorUrl: string;
  /** A token of the role `server`, as the director made it. */
  readonly token: string;
  /**
   * Who may learn where this server is, and come without relays: nobody, clients whose relays fail, or
   * every client as soon as the direct path is proven. Default `"never"`: then also datagrams that no relay
   * forwarded are dropped, and {@link Server.url} is of no use.
   */
  readonly exposure?: Exposure;
  /** Ids of the relays next to this server, best first. Default: the nearest ones, which are measured. */
  readonly exits?: readonly string[];
  /** Region of this server. Default: that of the nearest relay. */
  readonly region?: string;
  /**
   * Where relays reach this server: an IP literal and a port. Default: they need not reach it, because it
   * binds anchors at its exit relays, as a server behind NAT has to.
   */
  readonly address?: Address;
  /** Id at the director, 1 to 64 letters, digits, `_` or `-`. Default: made of key and port. */
  readonly id?: string;
  /** Whether to ask for a join code. Default true. */
  readonly joinCode?: boolean;
}

/** @throws TypeError for options that make no sense. */
export function checkRelayOptions(options: ServeRelayOptions): void {
  const { directorUrl, token, exits = [], region, id, address } = options;
  parseDirectorUrl(directorUrl);
  if (token === "") throw new TypeError("Cannot register with a director without a token");
  for (const name of [...exits, ...(region === undefined ? [] : [region]), id ?? "a"]) {
    if (/^[\w-]{1,64}$/.test(name)) continue;
    throw new TypeError(`"${name}" is no id: it has 1 to 64 letters, digits, "_" or "-"`);
  }
  if (address === undefined) return;
  const isPort = Number.isInteger(address.port) && address.port > 0 && address.port <= 65_535;
  if (canonicalHostname(address.hostname) === undefined || !isPort) {
    throw new TypeError(
      `Relays cannot reach "${address.hostname}" port ${address.port}: expected an IP literal and a port`,
    );
  }
}
