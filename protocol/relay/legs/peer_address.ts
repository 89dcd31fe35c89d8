/**
 * The address of the other end of a hop, in every form in which a socket may report it.
 *
 * A socket of both families reports IPv4 peers as `::ffff:a.b.c.d`, a ticket or a candidate names them as
 * `a.b.c.d`. Comparing texts is what a packet can afford, so both texts are kept.
 *
 * @module
 */
import { type Address, canonicalHostname } from "../../address.ts";

/** An address to compare with those of datagrams. */
export class PeerAddress {
  /** Where to send; the same object each time, so that pipes translate it once. */
  readonly address: Address;
  readonly #plain: string;
  readonly #mapped: string;

  /**
   * Works out both forms.
   *
   * @throws TypeError when the hostname is no IP literal.
   */
  constructor(address: Address) {
    this.address = address;
    const plain = canonicalHostname(address.hostname);
    if (plain === undefined) throw new TypeError(`"${address.hostname}" is no IP literal`);
    this.#plain = plain;
    this.#mapped = plain.includes(":") ? plain : `::ffff:${plain}`;
  }

  /** Whether a datagram from there comes from this peer. */
  is(from: Address): boolean {
    if (from === this.address) return true;
    const { hostname } = from;
    return from.port === this.address.port &&
      (hostname === this.#plain || hostname === this.#mapped ||
        hostname === this.address.hostname);
  }
}

/** An address in the one form that is the same for all who speak of it. */
export function plainAddress(address: Address): Address {
  const hostname = canonicalHostname(address.hostname) ?? address.hostname;
  return Object.freeze({ hostname, port: address.port });
}
