/**
 * Finds a server and begins to talk to it: from a URL or ticket to a handshake under way.
 *
 * A client dials once to connect, and again for every new session after one was lost: the name may
 * then stand for another address, and a ticket that was used is good no more.
 *
 * @module
 */
import type { ClientEndpoint } from "../protocol/client_endpoint.ts";
import {
  type ConnectUrl,
  encodeKey,
  formatConnectUrl,
  parseConnectUrl,
} from "../protocol/connect_url.ts";
import type { Address } from "../protocol/address.ts";
import { isEqual } from "../protocol/cookie.ts";
import type { CryptoBackend } from "../protocol/crypto/backend.ts";
import type { ConnectTicket } from "../schema/messages/mod.ts";
import type { ProtocolCore } from "../schema/mod.ts";
import { beginHandshake, readTicket } from "./begin_handshake.ts";
import { type DriveContext, orAborted } from "./drive.ts";
import { ConnectError } from "./errors.ts";
import type { ConnectOptions } from "./options.ts";
import { askForInfo, type QueryContext } from "./query.ts";

/** What a dialer works with. */
export interface DialerOptions extends DriveContext {
  /** The game's protocol. */
  readonly protocol: ProtocolCore;
  /** Where to; empty to take the addresses from the ticket. */
  readonly url: string;
  /** As the caller gave them. */
  readonly options: ConnectOptions;
  /** Keys and tags. */
  readonly crypto: CryptoBackend;
  /** Fills a buffer with random bytes. */
  readonly random: (into: Uint8Array) => void;
}

/** Dials one server. */
export class Dialer {
  readonly #options: DialerOptions;
  readonly #url: ConnectUrl | undefined;
  readonly #firstTicket: ConnectTicket | undefined;
  #addresses: readonly Address[] = [];
  #trustedKey: Uint8Array | undefined;
  #hasDialled = false;

  /** @throws TypeError for a bad URL or ticket, or two that name different servers. */
  constructor(options: DialerOptions) {
    this.#options = options;
    const { url, options: { ticket } } = options;
    if (ticket !== undefined && typeof ticket !== "function") {
      this.#firstTicket = readTicket(ticket);
    }
    // Only a ticket names a server when the URL does not.
    this.#url = url === "" && ticket !== undefined ? undefined : parseConnectUrl(url);
    this.#trustedKey = this.#url?.serverKey;
    if (this.#firstTicket !== undefined) this.#checkKey(this.#firstTicket);
  }

  /** What to ask the server that was dialled last. */
  get query(): QueryContext {
    return { ...this.#options, addresses: this.#addresses };
  }

  /**
   * Begins to connect.
   *
   * @throws ConnectError `unreachable`, `untrusted`, `aborted`; what the ticket function throws;
   * RangeError when ticket and `auth` do not fit a datagram.
   */
  async dial(): Promise<ClientEndpoint> {
    const { protocol, crypto, random, clock, options } = this.#options;
    const ticket = await this.#ticket();
    this.#addresses = await this.#resolve(this.#targets(ticket));
    const serverKey = ticket?.serverKey ?? this.#trustedKey ?? await this.#discoverKey();
    return beginHandshake({
      protocol,
      options,
      crypto,
      random,
      clock,
      serverKey,
      addresses: this.#addresses,
      ticket,
    });
  }

  /** The server has proven its key: time to remember it. @throws What the function of `trustServer` throws. */
  async remember(): Promise<void> {
    const remember = this.#remember;
    this.#remember = undefined;
    await orAborted(this.#options.signal, Promise.resolve(remember?.()));
  }

  #remember: (() => void | Promise<void>) | undefined;

  async #ticket(): Promise<ConnectTicket | undefined> {
    const { options: { ticket }, signal } = this.#options;
    if (typeof ticket !== "function") return this.#firstTicket;
    const text = await orAborted(this.#hasDialled ? undefined : signal, Promise.resolve(ticket()));
    const read = readTicket(text);
    this.#checkKey(read);
    return read;
  }

  /** A URL with a key and a ticket for another server cannot both be meant. */
  #checkKey({ serverKey }: ConnectTicket): void {
    const named = this.#url?.serverKey;
    if (named === undefined || isEqual(named, serverKey)) return;
    throw new TypeError(
      `Cannot connect: the ticket is for the server with the key ${encodeKey(serverKey)}, ` +
        "the URL names another",
    );
  }

  #targets(ticket: ConnectTicket | undefined): readonly ConnectUrl[] {
    if (this.#url !== undefined) return [this.#url];
    // Without a URL there is a ticket: the constructor has seen to it.
    return ticket!.addresses.map((address) => parseConnectUrl(`tickwire://${address}`));
  }

  async #resolve(targets: readonly ConnectUrl[]): Promise<Address[]> {
    const { pipe, signal } = this.#options;
    const found: Address[] = [];
    let failure: unknown;
    for (const { hostname, port } of targets) {
      try {
        found.push(...await orAborted(this.#patience(signal), pipe.resolve(hostname, port)));
      } catch (error) {
        if (error instanceof ConnectError) throw error;
        failure = error;
      }
    }
    this.#hasDialled = true;
    if (found.length > 0) return found;
    const why = failure instanceof Error ? failure.message : "the ticket names no address";
    throw new ConnectError("unreachable", `Cannot connect: ${why}`, { cause: failure });
  }

  /** The caller's signal is about the first connection only. */
  #patience(signal: AbortSignal | undefined): AbortSignal | undefined {
    return this.#hasDialled ? undefined : signal;
  }

  /** Asks the server for its key, and the caller whether to trust it. */
  async #discoverKey(): Promise<Uint8Array> {
    const { options: { trustServer, timeoutMs }, signal } = this.#options;
    // Without a key there is no ticket, so there is a URL.
    const { hostname, port } = this.#url!;
    if (trustServer === undefined) {
      const url = formatConnectUrl({ hostname, port, serverKey: undefined });
      throw new ConnectError(
        "untrusted",
        `Cannot connect to ${url}: the URL has no server key after "#", and there is no ` +
          '"trustServer" to decide about the one that the server claims',
      );
    }
    const { key, keyText, name, game } = await askForInfo(this.query, timeoutMs);
    const server = { hostname, port, key, keyText, name, game };
    const verdict = await orAborted(signal, Promise.resolve(trustServer(server)));
    if (verdict === false) {
      throw new ConnectError("untrusted", `Cannot connect: the key ${keyText} is not trusted`);
    }
    if (typeof verdict === "function") this.#remember = verdict;
    this.#trustedKey = key;
    return key;
  }
}
