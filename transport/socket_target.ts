/**
 * Targets in the form that a socket takes, remembered per address object.
 *
 * Addresses that a socket reported are in its form already and pass untouched; others are translated
 * once. So a reply costs nothing, and no name is ever resolved by a send.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import { type SocketFamily, targetHostname } from "./ip_literal.ts";

/** An address as sockets report and take it; the shape of `Deno.NetAddr`. */
export interface SocketTarget extends Address {
  /** Marks the address as one in a socket's own form. */
  readonly transport: "udp";
}

/** The targets of one socket. */
export class SocketTargets {
  readonly #family: SocketFamily;
  readonly #known: WeakMap<Address, SocketTarget> = new WeakMap();

  /** Takes what the socket can send to. */
  constructor(family: SocketFamily) {
    this.#family = family;
  }

  /** The target in the form of this socket, or `undefined` when it cannot be sent to. */
  find(to: Address): SocketTarget | undefined {
    // Deno wraps a port beyond 16 bits around and would send to someone else.
    if (!(to.port > 0 && to.port <= 65_535)) return undefined;
    if (isSocketTarget(to)) return to;
    const known = this.#known.get(to);
    if (known !== undefined) return known;
    const hostname = targetHostname(this.#family, to.hostname);
    if (hostname === undefined) return undefined;
    const target: SocketTarget = { transport: "udp", hostname, port: to.port };
    this.#known.set(to, target);
    return target;
  }
}

function isSocketTarget(address: Address): address is SocketTarget {
  return "transport" in address && address.transport === "udp";
}
