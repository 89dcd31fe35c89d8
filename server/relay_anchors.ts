/**
 * The anchors of a server behind NAT: what its director says about them, and what of it is bound.
 *
 * @module
 */
import { routeFromJson } from "../protocol/relay/api/grant_json.ts";
import type { ServerReply } from "../protocol/relay/api/server_requests.ts";
import type { ServerLeg } from "../protocol/relay/legs/server_leg.ts";
import type { RelayRoute } from "../protocol/relay/relay_grant.ts";

/** Players whose route leads to an anchor that was replaced are gone from it by then: tickets last 60 s. */
const RETIRE_MS = 60_000;

/** Tickets at hand are this old at most, so that a relay that restarts takes them. */
const REFRESH_MS = 20_000;

interface KnownAnchor {
  readonly relayId: string;
  route: RelayRoute;
  renewal: Uint8Array | undefined;
  /** When it is given up, because the director has replaced it. */
  retireAtMs: number;
}

/** Keeps the anchors of a leg as a director wants them. */
export class RelayAnchors {
  readonly #leg: ServerLeg;
  readonly #anchors = new Map<string, KnownAnchor>();
  #refreshAtMs = -Infinity;
  #isLacking = false;

  /** Begins without any. */
  constructor(leg: ServerLeg) {
    this.#leg = leg;
  }

  /** Whether the next heartbeat is to ask for fresh tickets. */
  needsTickets(nowMs: number): boolean {
    return this.#isLacking || (this.#anchors.size > 0 && nowMs >= this.#refreshAtMs);
  }

  /**
   * Takes what a director says.
   *
   * @throws TypeError or RangeError for routes that are none.
   */
  take(told: ServerReply["anchors"], nowMs: number): void {
    this.#isLacking = false;
    const named = new Set(told.map(({ anchorId }) => anchorId));
    let isChanged = false;
    for (const { relayId, anchorId, route, renewal } of told) {
      const known = this.#anchors.get(anchorId);
      if (route !== undefined) {
        const fresh = routeFromJson(route);
        this.#anchors.set(anchorId, {
          relayId,
          route: fresh,
          renewal: undefined,
          retireAtMs: Infinity,
        });
        this.#refreshAtMs = nowMs + REFRESH_MS;
        isChanged = true;
      } else if (known === undefined) this.#isLacking = true;
      else if (renewal !== undefined) {
        known.renewal = Uint8Array.fromBase64(renewal, { alphabet: "base64url" });
      }
    }
    for (const [anchorId, anchor] of this.#anchors) {
      if (named.has(anchorId)) continue;
      if (anchor.retireAtMs === Infinity) anchor.retireAtMs = nowMs + RETIRE_MS;
      if (nowMs < anchor.retireAtMs) continue;
      this.#anchors.delete(anchorId);
      isChanged = true;
    }
    if (!isChanged) return;
    this.#leg.setAnchors([...this.#anchors.values()].map(({ route }) => route), nowMs);
  }

  /** Gives the leg what renews its anchors at a relay. */
  renew(relayId: string, nowMs: number): void {
    for (const anchor of this.#anchors.values()) {
      if (anchor.relayId !== relayId || anchor.renewal === undefined) continue;
      this.#leg.renewAnchor(relayId, anchor.renewal, nowMs);
      // The next heartbeat brings one that lasts longer.
      anchor.renewal = undefined;
    }
  }
}
