/**
 * Places at relays where the routes to a server behind NAT end: bound outward, kept alive, followed.
 *
 * @module
 */
import type { Address } from "../../address.ts";
import { PATH_FRAME_BYTES, readPongDrainS, RENEWED_FRAME_BYTES } from "../control_frames.ts";
import {
  frameFlags,
  frameType,
  readU32,
  RELAY_HEADER_BYTES,
  RelayFlag,
  RelayFrameType,
} from "../relay_frame.ts";
import type { RelayRoute } from "../relay_grant.ts";
import type { SipHasher } from "../siphash.ts";
import { ClientRoute } from "./client_route.ts";
import { RouteRank } from "./failover.ts";
import { FrameLink, Judgement } from "./frame_link.ts";
import type { ServerLegCounters } from "./leg_counters.ts";
import { isBindAnswer, isFresh, isHintFor, takeBindAnswer } from "./leg_intake.ts";
import {
  BindIds,
  isSameKey,
  writeBind,
  writePathFrame,
  writePing,
  writeRenew,
} from "./route_frames.ts";

/** What anchors tell the owner of a server leg. */
export type AnchorEvent =
  /** A relay knows us, and sees us there. */
  | { readonly kind: "anchor-bound"; readonly relayId: string; readonly observed: Address }
  /** The lease runs down: give one fresh blob to `renewAnchor`. Asked again every 5 s. */
  | { readonly kind: "anchor-renew"; readonly relayId: string }
  /** The relay drains; `withinS` is 0 when it does not say how long it stays. */
  | { readonly kind: "anchor-drain"; readonly relayId: string; readonly withinS: number }
  /** The relay has closed the anchor. */
  | { readonly kind: "anchor-closed"; readonly relayId: string };

/** What makes the anchors of a server. */
export interface AnchorsOptions {
  /** Hashes tags. */
  readonly hasher: SipHasher;
  /** Random bytes. */
  readonly random: (into: Uint8Array) => void;
  /** Wall clock at `nowMs` 0. */
  readonly epochMs: number;
  /** Idle time between PINGs. */
  readonly keepaliveMs: number;
  /** What was refused and done. */
  readonly counters: ServerLegCounters;
  /** Told what happens. */
  readonly onEvent: (event: AnchorEvent) => void;
}

interface Anchor {
  readonly relayId: string;
  readonly route: ClientRoute;
}

/** All anchors of a server. */
export class Anchors {
  /** Where the frame that was built last goes. */
  to: Address = { hostname: "100::", port: 1 };
  readonly #options: AnchorsOptions;
  readonly #bindIds: BindIds;
  #anchors: Anchor[] = [];
  readonly #responses: { readonly anchor: Anchor; readonly token: Uint8Array }[] = [];

  /** Begins without any. */
  constructor(options: AnchorsOptions) {
    this.#options = options;
    this.#bindIds = new BindIds(options.epochMs);
  }

  /** The routes of all anchors, for statistics. */
  get routes(): readonly ClientRoute[] {
    return this.#anchors.map(({ route }) => route);
  }

  /** Where relays see this server. */
  get observed(): Address[] {
    const addresses: Address[] = [];
    for (const { route } of this.#anchors) {
      if (route.observed !== undefined) addresses.push(route.observed);
    }
    return addresses;
  }

  /**
   * Binds what is new, keeps what is named again, forgets the rest.
   *
   * @param grants Routes of one hop each: their tickets have the flags `first`, `last` and `anchor`.
   */
  set(grants: readonly RelayRoute[], nowMs: number): void {
    this.#anchors = grants.map((grant) => {
      const known = this.#anchors.find(({ route: { link } }) =>
        link.label === grant.firstLabel && isSameKey(link.key, grant.firstKey)
      );
      if (known === undefined) return this.#make(grant, nowMs);
      known.route.grant = grant;
      return known;
    });
  }

  /** Takes a fresh blob of 60 bytes. */
  renew(relayId: string, blob: Uint8Array, nowMs: number): void {
    for (const { relayId: id, route } of this.#anchors) {
      if (id === relayId) route.renew(blob, nowMs);
    }
  }

  /** When a frame is due. */
  deadlineMs(): number {
    if (this.#responses.length > 0) return -Infinity;
    let deadlineMs = Infinity;
    for (const { route } of this.#anchors) {
      deadlineMs = Math.min(deadlineMs, route.bindAtMs, route.pingAtMs(true), route.renewAtMs);
    }
    return deadlineMs;
  }

  /** Binds again where PONGs stay away. */
  handleTimeout(nowMs: number): void {
    for (const { route } of this.#anchors) {
      if (route.bind.isBound && route.health.isUnanswered(nowMs)) route.bind.again(nowMs, false);
    }
  }

  /** Builds the next frame; 0 when none is due. */
  poll(into: Uint8Array, nowMs: number): number {
    const response = this.#responses.shift();
    if (response !== undefined) {
      const { anchor: { route }, token } = response;
      this.to = route.to;
      return writePathFrame(into, route.link, RelayFrameType.pathResponse, token);
    }
    for (const { relayId, route } of this.#anchors) {
      this.to = route.to;
      if (nowMs >= route.bindAtMs) return writeBind(into, route, this.#bindIds, nowMs);
      if (nowMs >= route.pingAtMs(true)) return writePing(into, route, 0, nowMs);
      if (nowMs < route.renewAtMs) continue;
      const blob = route.takeRenewal(nowMs);
      if (blob !== undefined) return writeRenew(into, route, blob, nowMs);
      this.#options.onEvent({ kind: "anchor-renew", relayId });
    }
    return 0;
  }

  /** Takes a frame; `false` when it is of no anchor. */
  handleFrame(frame: Uint8Array, label: number, from: Address, nowMs: number): boolean {
    const anchor = this.#find(label, from);
    if (anchor === undefined) return false;
    const { route } = anchor;
    const { counters } = this.#options;
    const type = frameType(frame);
    const judgement = route.link.judge(frame);
    if (type === RelayFrameType.noSession) {
      this.#onNoSession(frame, route, judgement, nowMs);
    } else if (judgement !== Judgement.forged && isBindAnswer(type)) {
      if (!this.#onBindAnswer(frame, anchor, nowMs)) counters.unasked++;
    } else if (isFresh(judgement, counters)) {
      route.link.accept();
      route.health.onHeard(nowMs);
      this.#onControl(frame, type, anchor, nowMs);
    }
    return true;
  }

  /** A loop, because the frames of direct paths come by here. */
  #find(label: number, from: Address): Anchor | undefined {
    for (const anchor of this.#anchors) {
      const { link, peer } = anchor.route;
      if (link.label === label && peer.is(from)) return anchor;
    }
    return undefined;
  }

  #onControl(frame: Uint8Array, type: RelayFrameType, anchor: Anchor, nowMs: number): void {
    const { counters, onEvent } = this.#options;
    const { route, relayId } = anchor;
    const { byteLength } = frame;
    const isDraining = (frameFlags(frame) & RelayFlag.drain) !== 0;
    if (isDraining && !route.isDraining) {
      const withinS = type === RelayFrameType.pong ? readPongDrainS(frame) : 0;
      onEvent({ kind: "anchor-drain", relayId, withinS });
    }
    route.isDraining = isDraining;
    if (type === RelayFrameType.pong) {
      if (!route.onPong(frame, nowMs)) counters.unasked++;
    } else if (type === RelayFrameType.pathChallenge && byteLength === PATH_FRAME_BYTES) {
      if (this.#responses.length < 8) {
        this.#responses.push({ anchor, token: frame.slice(RELAY_HEADER_BYTES) });
      }
    } else if (type === RelayFrameType.renewed && byteLength === RENEWED_FRAME_BYTES) {
      if (!route.onRenewed(readU32(frame, RELAY_HEADER_BYTES), nowMs)) counters.unasked++;
    } else if (type === RelayFrameType.close) {
      onEvent({ kind: "anchor-closed", relayId });
      route.bind.again(nowMs, true);
    } else counters.type++;
  }

  #onBindAnswer(frame: Uint8Array, { route, relayId }: Anchor, nowMs: number): boolean {
    const body = takeBindAnswer(frame, route, nowMs);
    if (body === undefined) return false;
    if (body === "retry") return true;
    route.health.reset();
    this.#options.onEvent({ kind: "anchor-bound", relayId, observed: body.observed });
    return true;
  }

  #onNoSession(
    frame: Uint8Array,
    route: ClientRoute,
    judgement: Judgement,
    nowMs: number,
  ): void {
    if (isHintFor(frame, route, judgement)) route.bind.again(nowMs, true);
    else this.#options.counters.noSession++;
  }

  #make(grant: RelayRoute, nowMs: number): Anchor {
    const { hasher, random, keepaliveMs } = this.#options;
    const { firstKey: key, firstLabel: label, epoch } = grant;
    const { relayId, address: to, shard } = grant.relays[0]!;
    const link = new FrameLink({ hasher, key, label, shard, epoch, isClient: true });
    const rank = RouteRank.relayed;
    const options = { kind: "primary", grant, link, to, rank, random, keepaliveMs } as const;
    return { relayId, route: new ClientRoute(options, nowMs) };
  }
}
