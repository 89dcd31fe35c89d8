/**
 * One relay session as the server's end sees it: its routes, and which of them answers take.
 *
 * @module
 */
import type { Address } from "../../address.ts";
import type { Exposure } from "../hop_ticket.ts";
import type { FrameLink } from "./frame_link.ts";
import type { PeerAddress } from "./peer_address.ts";
import type { ServerDirect } from "./server_direct.ts";

/**
 * Routes of one session at most: a primary and a standby, and their successors while a session moves. The
 * one that was heard longest ago makes room.
 */
export const MAX_ROUTES_PER_SESSION = 4;

/**
 * How long a route counts as doubled after a frame that said so. The client says it with every packet and
 * PING; a little more than a round trip is enough.
 */
const DUPLICATE_MS = 300;

/** A way to the client: over relays, or direct. */
export interface SendPath {
  /** Whose it is. */
  readonly session: RelaySession;
  /** Frames of its first hop from here. */
  readonly link: FrameLink;
  /** Where they go. */
  readonly to: Address;
  /** Until when it takes a copy of everything although another path is the one in use. */
  duplicateUntilMs: number;
}

/** A route over relays, by its last hop. */
export class ServerRoute implements SendPath {
  /** The session that it belongs to. */
  readonly session: RelaySession;
  /** Frames to and from the exit relay. */
  readonly link: FrameLink;
  /** Frames to and from the client itself, of the same label. */
  readonly directLink: FrameLink;
  /** The exit relay. */
  peer: PeerAddress;
  /** Number of the BIND that made it. */
  bindId: bigint;
  /** When its ticket expires, seconds since 1970. */
  notAfterS: number;
  /** When a frame came over it. */
  heardAtMs: number;
  /** See {@link SendPath.duplicateUntilMs}. */
  duplicateUntilMs: number = -Infinity;

  /** Made by a BIND. */
  constructor(
    session: RelaySession,
    links: { readonly link: FrameLink; readonly directLink: FrameLink },
    bind: { readonly peer: PeerAddress; readonly bindId: bigint; readonly notAfterS: number },
    nowMs: number,
  ) {
    this.session = session;
    this.link = links.link;
    this.directLink = links.directLink;
    this.peer = bind.peer;
    this.bindId = bind.bindId;
    this.notAfterS = bind.notAfterS;
    this.heardAtMs = nowMs;
  }

  /** See {@link SendPath.to}. */
  get to(): Address {
    return this.peer.address;
  }
}

/** A relay session. */
export class RelaySession {
  /** Its id. */
  readonly id: bigint;
  /** The client as the session protocol sees it. */
  readonly address: Address;
  /** Whether the ends may meet without relays. */
  exposure: Exposure;
  /** Its routes over relays. */
  readonly routes: ServerRoute[] = [];
  /** The path without relays, once the client has asked for one. */
  direct: ServerDirect | undefined;
  /** When anything authentic came. */
  heardAtMs: number;
  #current: SendPath | undefined;
  #duplicate: SendPath | undefined;

  /** Begins without routes. */
  constructor(id: bigint, address: Address, exposure: Exposure, nowMs: number) {
    this.id = id;
    this.address = address;
    this.exposure = exposure;
    this.heardAtMs = nowMs;
  }

  /** The path that answers take: the one that data came over last. */
  get current(): SendPath | undefined {
    return this.#current;
  }

  /** The path that takes a second copy, as {@link copies} found it. */
  get duplicate(): SendPath | undefined {
    return this.#duplicate;
  }

  /** How often a packet is to be sent now: 0 without a route, 2 while the client doubts one. */
  copies(nowMs: number): number {
    if (this.#current === undefined) return 0;
    this.#duplicate = undefined;
    for (const route of this.routes) this.#consider(route, nowMs);
    if (this.direct !== undefined && this.direct.isProven) this.#consider(this.direct, nowMs);
    return this.#duplicate === undefined ? 1 : 2;
  }

  /** Notes that data came over a path; returns whether answers took another one before. */
  onData(path: SendPath): boolean {
    if (path === this.#current) return false;
    const isSwitch = this.#current !== undefined;
    this.#current = path;
    return isSwitch;
  }

  /** Notes that a frame came which is sent on several paths. */
  onDuplicate(path: SendPath, nowMs: number): void {
    path.duplicateUntilMs = nowMs + DUPLICATE_MS;
  }

  /** Adds a route; returns the one that had to make room. */
  addRoute(route: ServerRoute): ServerRoute | undefined {
    this.routes.push(route);
    this.#current ??= route;
    if (this.routes.length <= MAX_ROUTES_PER_SESSION) return undefined;
    let oldest = this.routes[0]!;
    for (const other of this.routes) if (other.heardAtMs < oldest.heardAtMs) oldest = other;
    this.removeRoute(oldest);
    return oldest;
  }

  /** Takes a route out. Answers then take the one that was heard last of those that are left. */
  removeRoute(route: ServerRoute): void {
    const index = this.routes.indexOf(route);
    if (index !== -1) this.routes.splice(index, 1);
    if (this.direct?.route === route) this.dropDirect();
    if (this.#current !== route) return;
    this.#current = newestOf(this.routes);
  }

  /** Forgets the path without relays. */
  dropDirect(): void {
    if (this.#current === this.direct) this.#current = newestOf(this.routes);
    this.direct = undefined;
  }

  #consider(path: SendPath, nowMs: number): void {
    if (path !== this.#current && nowMs < path.duplicateUntilMs) this.#duplicate = path;
  }
}

function newestOf(routes: readonly ServerRoute[]): ServerRoute | undefined {
  let newest = routes[0];
  for (const route of routes) if (route.heardAtMs > newest!.heardAtMs) newest = route;
  return newest;
}
