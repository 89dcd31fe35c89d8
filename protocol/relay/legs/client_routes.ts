/**
 * All routes that a client leg has at present: granted, replaced, on their way out, and the direct one.
 *
 * @module
 */
import type { Address } from "../../address.ts";
import type { RelayGrant, RelayRoute } from "../relay_grant.ts";
import type { ClientLegOptions } from "./client_leg_options.ts";
import { ClientRoute, type RouteKind } from "./client_route.ts";
import { RouteRank } from "./failover.ts";
import { FrameLink } from "./frame_link.ts";
import { isSameKey } from "./route_frames.ts";

/** How long data may still come over a route that another has taken the place of. */
const RETIRE_MS = 3_000;

/** The routes of a client. */
export class ClientRoutes {
  /** All of them. */
  readonly all: ClientRoute[] = [];
  readonly #options: ClientLegOptions;
  readonly #keepaliveMs: number;
  #carrier: ClientRoute | undefined;

  /** Begins without routes. @throws RangeError when the keepalive is out of bounds. */
  constructor(options: ClientLegOptions) {
    const { keepaliveMs = 15_000 } = options;
    if (!(keepaliveMs >= 1_000 && keepaliveMs <= 30_000)) {
      throw new RangeError(`Cannot keep a route alive every ${keepaliveMs} ms: 1,000 to 30,000`);
    }
    this.#options = options;
    this.#keepaliveMs = keepaliveMs;
  }

  /** When the first of the tickets in use expires, seconds since 1970; `Infinity` while none is bound. */
  get expiresAtS(): number {
    let earliest = Infinity;
    for (const route of this.all) {
      if (route.kind === "direct" || route.isReplaced || !route.isUsable) continue;
      if (route.notAfterS < earliest) earliest = route.notAfterS;
    }
    return earliest;
  }

  /** The route that a frame with this label and source came over. */
  find(label: number, from: Address): ClientRoute | undefined {
    let direct: ClientRoute | undefined;
    for (const route of this.all) {
      if (route.link.label !== label) continue;
      // The server may be seen at an address that nobody knew of: there the key alone tells.
      if (route.kind === "direct") direct ??= route;
      else if (route.peer.is(from)) return route;
    }
    return direct;
  }

  /** Whether any route has this label. */
  hasLabel(label: number): boolean {
    return this.all.some((route) => route.link.label === label);
  }

  /** The relayed route with this label at its first hop. */
  byLabel(firstLabel: number): ClientRoute | undefined {
    return this.all.find((route) => route.kind !== "direct" && route.link.label === firstLabel);
  }

  /** Adds a route over relays, and begins to bind it. */
  add(kind: "primary" | "standby", grant: RelayRoute, nowMs: number): ClientRoute {
    const first = grant.relays[0]!;
    const rank = kind === "primary" ? RouteRank.relayed : RouteRank.spare;
    return this.#make(kind, grant, rank, first.address, nowMs);
  }

  /** Adds the path without relays; it is not usable until proven. */
  addDirect(grant: RelayRoute, rank: number, to: Address, nowMs: number): ClientRoute {
    return this.#make("direct", grant, rank, to, nowMs);
  }

  /** Takes routes of a new grant: those that it names again live on, others are replaced. */
  update(grant: RelayGrant, nowMs: number): void {
    const kept = new Set<ClientRoute>();
    kept.add(this.#take("primary", grant.primary, nowMs));
    if (grant.standby !== undefined) kept.add(this.#take("standby", grant.standby, nowMs));
    for (const route of this.all) {
      if (route.kind === "direct" || kept.has(route)) continue;
      route.isReplaced = true;
      route.rank = RouteRank.leaving;
    }
  }

  /** Forgets a route that a relay has closed for good, once it is looked at again. */
  end(route: ClientRoute): void {
    route.isReplaced = true;
    route.bind.isBound = false;
    route.retire(-Infinity);
  }

  /**
   * Notes which route carries the data now; returns the one before, if it was another.
   *
   * @param isFailover Whether the one before failed: the two routes over relays then change their ranks.
   */
  swap(active: ClientRoute, isFailover: boolean): ClientRoute | undefined {
    const before = this.#carrier;
    this.#carrier = active;
    if (isFailover && active.rank === RouteRank.spare) {
      for (const route of this.all) {
        if (route.rank === RouteRank.relayed) route.rank = RouteRank.spare;
      }
      active.rank = RouteRank.relayed;
    }
    return before === active ? undefined : before;
  }

  /** Takes out the routes whose time is over. Replaced ones stay until their successors are there. */
  takeRetired(nowMs: number): ClientRoute[] {
    const hasSuccessor = this.all.some((route) =>
      route.kind !== "direct" && !route.isReplaced && route.isUsable
    );
    const retired: ClientRoute[] = [];
    for (let i = this.all.length - 1; i >= 0; i--) {
      const route = this.all[i]!;
      const isSpare = route.isReplaced && hasSuccessor && route !== this.#carrier;
      if (isSpare && !route.isLeaving) route.retire(nowMs + RETIRE_MS);
      if (nowMs < route.retireAtMs) continue;
      this.all.splice(i, 1);
      retired.push(route);
    }
    return retired;
  }

  #take(kind: "primary" | "standby", grant: RelayRoute, nowMs: number): ClientRoute {
    const known = this.byLabel(grant.firstLabel);
    const isSame = known !== undefined && !known.isLeaving &&
      isSameKey(known.link.key, grant.firstKey) && known.peer.is(grant.relays[0]!.address);
    if (!isSame) return this.add(kind, grant, nowMs);
    known.grant = grant;
    known.notAfterS = Math.max(known.notAfterS, grant.notAfterS);
    return known;
  }

  #make(
    kind: RouteKind,
    grant: RelayRoute,
    rank: number,
    to: Address,
    nowMs: number,
  ): ClientRoute {
    const { hasher, random } = this.#options;
    const isDirect = kind === "direct";
    const link = new FrameLink({
      hasher,
      key: isDirect ? grant.lastKey : grant.firstKey,
      label: isDirect ? grant.lastLabel : grant.firstLabel,
      shard: isDirect ? 0 : grant.relays[0]!.shard,
      epoch: grant.epoch,
      isClient: true,
    });
    const options = { kind, grant, link, to, rank, random, keepaliveMs: this.#keepaliveMs };
    const route = new ClientRoute(options, nowMs);
    this.all.push(route);
    return route;
  }
}
