/**
 * Places held for handshakes that are not confirmed yet: what was free when a HELLO came must still be
 * free when its first DATA packet does.
 *
 * @module
 */
import { type Address, isLoopback, sourceKey } from "./address.ts";
import type { Handshake } from "./handshake_responder.ts";

/** Places held, in all and per source. */
export class Reservations {
  readonly #sources = new Map<Handshake, string>();
  readonly #perSource = new Map<string, number>();

  /** Places held. */
  get size(): number {
    return this.#sources.size;
  }

  /** Places held for one source: an IPv4 address or an IPv6 /64. Loopback is not counted. */
  countFrom(address: Address): number {
    return this.#perSource.get(sourceKey(address.hostname)) ?? 0;
  }

  /** Holds a place. */
  add(handshake: Handshake): void {
    const { hostname } = handshake.address;
    const source = isLoopback(hostname) ? "" : sourceKey(hostname);
    this.#sources.set(handshake, source);
    if (source !== "") this.#perSource.set(source, (this.#perSource.get(source) ?? 0) + 1);
  }

  /** Gives a place free, if one is held. */
  remove(handshake: Handshake): void {
    const source = this.#sources.get(handshake);
    if (source === undefined) return;
    this.#sources.delete(handshake);
    if (source === "") return;
    const count = (this.#perSource.get(source) ?? 1) - 1;
    if (count > 0) this.#perSource.set(source, count);
    else this.#perSource.delete(source);
  }
}
