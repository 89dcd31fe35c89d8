/**
 * Finds a server through relays and begins to talk to it: from a join code or grant to a handshake.
 *
 * @module
 */
import type { ClientEndpoint } from "../protocol/client_endpoint.ts";
import { orAborted } from "./drive.ts";
import { beginHandshake, readTicket } from "./begin_handshake.ts";
import type { DialerOptions } from "./dialer.ts";
import { ConnectError } from "./errors.ts";
import type { GrantSource } from "./grant_source.ts";
import type { QueryContext } from "./query.ts";
import type { RelayKeeper } from "./relay_keeper.ts";
import type { RelayLine } from "./relay_line.ts";

/** How long relays may take to answer, unless the caller says otherwise. */
export const BIND_TIMEOUT_MS = 5_000;

/** What a relay dialer works with. */
export interface RelayDialerOptions extends Omit<DialerOptions, "pipe" | "url"> {
  /** The line to the server. */
  readonly line: RelayLine;
  /** Where grants come from. */
  readonly source: GrantSource;
  /** Keeps the routes. */
  readonly keeper: RelayKeeper;
}

/** Dials one server through relays. */
export class RelayDialer {
  readonly #options: RelayDialerOptions;
  #hasDialled = false;

  /** Does nothing yet. */
  constructor(options: RelayDialerOptions) {
    this.#options = options;
  }

  /** What to ask the server that was dialled last. */
  get query(): QueryContext {
    const { line } = this.#options;
    const { address } = line;
    return { ...this.#options, pipe: line, addresses: address === undefined ? [] : [address] };
  }

  /**
   * Begins to connect, over routes of a new grant.
   *
   * @throws ConnectError `unknown-code`, `director-away`, `no-relay`, `untrusted`, `aborted`; what the
   * caller's functions throw; TypeError for a grant or ticket that is none.
   */
  async dial(): Promise<ClientEndpoint> {
    const { options, line, source, keeper, signal: callers } = this.#options;
    const signal = this.#hasDialled ? undefined : callers;
    if (!this.#hasDialled || source.isRepeatable) {
      keeper.begin(await orAborted(signal, source.grant(signal)), false);
    }
    this.#hasDialled = true;
    const { timeoutMs = BIND_TIMEOUT_MS } = options;
    if (!await orAborted(signal, line.whenBound(timeoutMs))) {
      throw new ConnectError("no-relay", "Cannot connect: none of the granted relays answered");
    }
    const grant = line.grant!;
    const ticket = typeof options.ticket === "function"
      ? await orAborted(signal, Promise.resolve(options.ticket()))
      : options.ticket ?? grant.connectTicket;
    return beginHandshake({
      ...this.#options,
      serverKey: grant.serverKey,
      addresses: [line.address!],
      ticket: ticket === undefined ? undefined : readTicket(ticket),
    });
  }

  /** There is nothing to remember: the director, or the URL, vouches for the server's key. */
  remember(): Promise<void> {
    return Promise.resolve();
  }
}
