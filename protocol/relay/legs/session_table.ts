/**
 * The relay sessions of a server and their routes, by label, id and virtual address. Bounded.
 *
 * @module
 */
import type { Address } from "../../address.ts";
import { exposureOf, type HopTicket } from "../hop_ticket.ts";
import type { SipHasher } from "../siphash.ts";
import { FrameLink } from "./frame_link.ts";
import type { ServerLegCounters } from "./leg_counters.ts";
import type { PeerAddress } from "./peer_address.ts";
import { RelaySession, ServerRoute } from "./relay_session.ts";
import { virtualAddress } from "./virtual_address.ts";

/** What a BIND says besides its ticket. */
export interface BindFacts {
  /** The exit relay. */
  readonly peer: PeerAddress;
  /** Number of the BIND. */
  readonly bindId: bigint;
  /** When the ticket expires, seconds since 1970. */
  readonly notAfterS: number;
}

/** What makes a table. */
export interface SessionTableOptions {
  /** Hashes tags. */
  readonly hasher: SipHasher;
  /** Sessions at once. */
  readonly maxSessions: number;
  /** What was refused and done. */
  readonly counters: ServerLegCounters;
  /** Called for a session that ends, while it is still whole. */
  readonly onEnd: (session: RelaySession) => void;
}

/** The sessions. */
export class SessionTable {
  readonly #options: SessionTableOptions;
  readonly #routes = new Map<number, ServerRoute>();
  readonly #sessions = new Map<bigint, RelaySession>();
  readonly #byHostname = new Map<string, RelaySession>();

  /** Begins empty. */
  constructor(options: SessionTableOptions) {
    this.#options = options;
  }

  /** Sessions at present. */
  get size(): number {
    return this.#sessions.size;
  }

  /** All sessions. */
  all(): IterableIterator<RelaySession> {
    return this.#sessions.values();
  }

  /** The route with this label. */
  route(label: number): ServerRoute | undefined {
    return this.#routes.get(label);
  }

  /** The session at a virtual address. */
  at(address: Address): RelaySession | undefined {
    return this.#byHostname.get(address.hostname);
  }

  /** Frames of a hop that a ticket names. */
  linkOf(ticket: HopTicket, key: Uint8Array): FrameLink {
    return new FrameLink({
      hasher: this.#options.hasher,
      // The ticket's own array is used again for the next ticket.
      key: key.slice(),
      label: ticket.labelIn,
      shard: 0,
      epoch: ticket.epoch,
      isClient: false,
    });
  }

  /** Adds a route, and its session if that is new; `undefined` (counted) when there is no room. */
  add(
    ticket: HopTicket,
    link: FrameLink,
    bind: BindFacts,
    nowMs: number,
  ): ServerRoute | undefined {
    const session = this.#sessions.get(ticket.sessionId) ?? this.#addSession(ticket, nowMs);
    if (session === undefined) return undefined;
    const other = this.#routes.get(ticket.labelIn);
    if (other !== undefined) this.endRoute(other);
    const directLink = this.linkOf(ticket, ticket.keyNext);
    const route = new ServerRoute(session, { link, directLink }, bind, nowMs);
    this.#routes.set(ticket.labelIn, route);
    const oldest = session.addRoute(route);
    if (oldest !== undefined) this.#routes.delete(oldest.link.label);
    return route;
  }

  /** Ends a route, and its session with the last one. */
  endRoute(route: ServerRoute): void {
    this.#routes.delete(route.link.label);
    route.session.removeRoute(route);
    if (route.session.routes.length === 0) this.end(route.session);
  }

  /** Ends a session. */
  end(session: RelaySession): void {
    this.#options.onEnd(session);
    for (const route of session.routes) this.#routes.delete(route.link.label);
    this.#sessions.delete(session.id);
    this.#byHostname.delete(session.address.hostname);
  }

  #addSession(ticket: HopTicket, nowMs: number): RelaySession | undefined {
    const { maxSessions, counters } = this.#options;
    if (this.#sessions.size >= maxSessions) {
      counters.sessionsFull++;
      return undefined;
    }
    const address = virtualAddress(ticket.sessionId);
    const session = new RelaySession(ticket.sessionId, address, exposureOf(ticket.flags), nowMs);
    this.#sessions.set(session.id, session);
    this.#byHostname.set(address.hostname, session);
    counters.sessions++;
    return session;
  }
}
