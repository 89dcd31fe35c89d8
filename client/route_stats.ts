/**
 * Which way a client's packets take.
 *
 * @module
 */
import { plainAddress } from "../protocol/relay/legs/peer_address.ts";
import { isSameAddress } from "../protocol/same_address.ts";
import type { RelayLine } from "./relay_line.ts";

/** One route that a client holds. */
export interface HeldRoute {
  /** `primary` and `standby` lead over relays, `direct` does not. */
  readonly name: "primary" | "standby" | "direct";
  /** Ids of its relays, from client to server. */
  readonly relays: readonly string[];
  /** Whether data leaves on it. */
  readonly isActive: boolean;
  /** Whether it could carry data: not while it is bound, or bound again after a relay forgot it. */
  readonly isUsable: boolean;
  /** Smoothed round trip in milliseconds; 100 before the first measurement. */
  readonly rttMs: number;
  /** Version of the session's path. */
  readonly epoch: number;
}

/** The way of packets: `client.stats().route`. */
export interface RouteStats {
  /**
   * `direct`: to the address of the server. `punched`: to it too, through NATs that both ends opened.
   * `relayed`: over relays.
   */
  readonly kind: "direct" | "punched" | "relayed";
  /** Ids of the relays, from client to server; none on direct paths. */
  readonly relays: readonly string[];
  /** Smoothed round trip over this route in milliseconds. */
  readonly rttMs: number;
  /** The relay session, 16 hexadecimal digits; empty without relays. */
  readonly sessionId: string;
  /** All routes that are held; none without relays. */
  readonly routes: readonly HeldRoute[];
  /** Times that data took another route because the one before failed. */
  readonly failovers: number;
}

/** The route of a client without relays. */
export function directRoute(rttMs: number): RouteStats {
  return { kind: "direct", relays: [], rttMs, sessionId: "", routes: [], failovers: 0 };
}

/** The routes of a line. */
export function lineRoute({ leg, grant }: RelayLine, rttMs: number): RouteStats {
  if (leg === undefined || grant === undefined) return directRoute(rttMs);
  const { active } = leg;
  const routes = leg.routes.map((route): HeldRoute => ({
    name: route.kind,
    relays: route.kind === "direct" ? [] : route.grant.relays.map(({ relayId }) => relayId),
    isActive: route === active,
    isUsable: route.isUsable && (route.kind === "direct" || !route.bind.isWaiting),
    rttMs: route.health.rtt.smoothedMs,
    epoch: route.grant.epoch,
  }));
  const { serverAddress } = grant;
  const isKnown = active?.kind === "direct" && serverAddress !== undefined &&
    isSameAddress(plainAddress(active.to), plainAddress(serverAddress));
  const held = routes.find(({ isActive }) => isActive);
  return {
    kind: active?.kind !== "direct" ? "relayed" : isKnown ? "direct" : "punched",
    relays: held?.relays ?? [],
    rttMs: held?.rttMs ?? rttMs,
    sessionId: grant.sessionId.toString(16).padStart(16, "0"),
    routes,
    failovers: leg.counters.failovers,
  };
}
