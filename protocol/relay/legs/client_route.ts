/**
 * One route as the client's end of it sees it: how it is bound, measured, kept alive and renewed.
 *
 * The direct path is a route too: it has no relay to bind to and is usable once it is proven.
 *
 * @module
 */
import type { Address } from "../../address.ts";
import { type BoundBody, PONG_FRAME_BYTES } from "../control_frames.ts";
import { readU32, RELAY_HEADER_BYTES } from "../relay_frame.ts";
import type { RelayRoute } from "../relay_grant.ts";
import { BindSchedule } from "./bind_schedule.ts";
import { type FailoverRoute, RouteRank } from "./failover.ts";
import type { FrameLink } from "./frame_link.ts";
import { PeerAddress } from "./peer_address.ts";
import { RouteHealth } from "./route_health.ts";

/** PINGs of a route that waits for its turn. */
const STANDBY_PING_MS = 1_000;

/** PINGs of the route that carries traffic: three missing ones are noticed within a second. */
const ACTIVE_PING_MS = 250;

/** A lease is renewed when a third of it has passed, give or take a fifth: every 20 s of 60. */
const RENEW_SHARE = 1 / 3;
const RENEW_JITTER = 0.2;

/** Wait for an answer to a RENEW, and to the question for fresh blobs. */
const RENEW_REPEAT_MS = 1_000;
const ASK_AGAIN_MS = 5_000;

/** Times that a RENEW is sent before fresh blobs are asked for. */
const MAX_RENEWS = 4;

/** Which route of a client it is. */
export type RouteKind = "primary" | "standby" | "direct";

/** What makes a client route. */
export interface ClientRouteOptions {
  /** Which one it is. */
  readonly kind: RouteKind;
  /** What the director granted. */
  readonly grant: RelayRoute;
  /** Frames to and from the first relay, or the server on a direct path. */
  readonly link: FrameLink;
  /** The first relay, or where the server was proven to be. */
  readonly to: Address;
  /** One of {@link RouteRank}. */
  readonly rank: number;
  /** Random bytes. */
  readonly random: (into: Uint8Array) => void;
  /** Idle time after which a PING keeps NATs and relays open. */
  readonly keepaliveMs: number;
}

/** A route. */
export class ClientRoute implements FailoverRoute {
  /** Which one it is. */
  readonly kind: RouteKind;
  /** What the director granted; replaced by fresh tickets for the same route. */
  grant: RelayRoute;
  /** Frames of its first hop. */
  readonly link: FrameLink;
  /** Measurements. */
  readonly health: RouteHealth = new RouteHealth();
  /** When BINDs leave. */
  readonly bind: BindSchedule;
  /** One of {@link RouteRank}. */
  rank: number;
  /** Until when it does not take over for its rank alone. */
  vetoUntilMs: number = -Infinity;
  /** Where the first relay sees us; `undefined` until bound. */
  observed: Address | undefined;
  /** Number of the BIND that is under way or was answered. */
  bindId = 0n;
  /** When it is given up, because another took its place. */
  retireAtMs: number = Infinity;
  /** When the tickets expire, seconds since 1970. */
  notAfterS: number;
  /** Whether a relay of it drains. */
  isDraining = false;
  /** Whether a new grant does without it. */
  isReplaced = false;
  /** Whether a PING is to leave at once, with the flag that both routes are in use. */
  isPingDue = false;
  /** Whether the direct path is proven. */
  isProven = false;
  /** When the last data left. */
  dataAtMs: number = -Infinity;
  #peer: PeerAddress;
  readonly #random: (into: Uint8Array) => void;
  readonly #byte = new Uint8Array(1);
  readonly #keepaliveMs: number;
  #keepaliveDueMs = Infinity;
  #leaseS = 0;
  #renewAtMs = Infinity;
  #renewal: Uint8Array | undefined;
  #renewsSent = 0;

  /** Begins to bind at once. */
  constructor(options: ClientRouteOptions, nowMs: number) {
    this.kind = options.kind;
    this.grant = options.grant;
    this.link = options.link;
    this.#peer = new PeerAddress(options.to);
    this.rank = options.rank;
    this.notAfterS = options.grant.notAfterS;
    this.#random = options.random;
    this.#keepaliveMs = options.keepaliveMs;
    this.bind = new BindSchedule(options.random, nowMs);
  }

  /** The other end of its first hop. */
  get peer(): PeerAddress {
    return this.#peer;
  }

  /** Where frames go. */
  get to(): Address {
    return this.#peer.address;
  }

  /** The other end was proven to be elsewhere. */
  moveTo(address: Address): void {
    this.#peer = new PeerAddress(address);
  }

  /** See {@link FailoverRoute.isUsable}. */
  get isUsable(): boolean {
    return this.kind === "direct" ? this.isProven : this.bind.isBound;
  }

  /** Whether it is about to go: it is not renewed, and not bound again. */
  get isLeaving(): boolean {
    return this.retireAtMs !== Infinity;
  }

  /** When a BIND is due. */
  get bindAtMs(): number {
    return this.kind === "direct" || this.isLeaving ? Infinity : this.bind.deadlineMs;
  }

  /** When a PING is due; the route that carries data is asked more often. */
  pingAtMs(isActive: boolean): number {
    if (!this.isUsable) return Infinity;
    if (this.isPingDue) return -Infinity;
    if (!isActive) return this.isLeaving ? Infinity : this.health.pingedAtMs + STANDBY_PING_MS;
    const isBusy = this.dataAtMs > this.health.pingedAtMs;
    const busyMs = isBusy
      ? Math.min(this.health.pingedAtMs + ACTIVE_PING_MS, this.health.askAtMs)
      : Infinity;
    // Doubted or not, a route that owes an answer is asked again until it gives one.
    const owedMs = this.health.isWaiting ? this.health.pingedAtMs + ACTIVE_PING_MS : Infinity;
    return Math.min(busyMs, owedMs, this.#keepaliveDueMs);
  }

  /** Notes a frame that leaves now. */
  onSent(nowMs: number): void {
    this.#keepaliveDueMs = nowMs + this.#keepaliveMs * this.#jitter(0.2);
  }

  /** Notes that data leaves now. */
  onData(nowMs: number): void {
    this.dataAtMs = nowMs;
  }

  /** Takes a PONG; `false` when it answers nothing. */
  onPong(frame: Uint8Array, nowMs: number): boolean {
    return frame.byteLength === PONG_FRAME_BYTES &&
      this.health.onPong(readU32(frame, RELAY_HEADER_BYTES), nowMs);
  }

  /** Takes the answer to a BIND. */
  onBound(body: BoundBody, nowMs: number): void {
    const isUnambiguous = this.bind.attempts === 1;
    const elapsedMs = this.bind.onBound(nowMs);
    if (isUnambiguous) this.health.rtt.sample(elapsedMs, 0, nowMs);
    this.observed = body.observed;
    this.notAfterS = body.notAfterS;
    this.isPingDue = true;
    this.#renewAtMs = nowMs + body.leaseS * 1000 * RENEW_SHARE * this.#jitter(RENEW_JITTER);
    this.#leaseS = body.leaseS;
  }

  /** When fresh blobs are to be asked for, or the RENEW that carries them is to be sent. */
  get renewAtMs(): number {
    return this.isUsable && !this.isLeaving ? this.#renewAtMs : Infinity;
  }

  /** The blobs to be sent now; `undefined` when fresh ones must be asked for first. */
  takeRenewal(nowMs: number): Uint8Array | undefined {
    if (this.#renewal !== undefined && this.#renewsSent++ < MAX_RENEWS) {
      this.#renewAtMs = nowMs + RENEW_REPEAT_MS;
      return this.#renewal;
    }
    this.#renewal = undefined;
    this.#renewAtMs = nowMs + ASK_AGAIN_MS * this.#jitter(RENEW_JITTER);
    return undefined;
  }

  /** Gives the blobs of a RENEW, to be sent at once. */
  renew(blobs: Uint8Array, nowMs: number): void {
    this.#renewal = blobs;
    this.#renewsSent = 0;
    this.#renewAtMs = nowMs;
  }

  /** Takes the answer to a RENEW; `false` when none was sent. */
  onRenewed(notAfterS: number, nowMs: number): boolean {
    if (this.#renewal === undefined) return false;
    this.#renewal = undefined;
    this.notAfterS = notAfterS;
    this.#renewAtMs = nowMs + this.#leaseS * 1000 * RENEW_SHARE * this.#jitter(RENEW_JITTER);
    return true;
  }

  /** Lets a route that was replaced go at a time, and never before another carries the data. */
  retire(atMs: number): void {
    this.rank = RouteRank.leaving;
    this.retireAtMs = Math.min(this.retireAtMs, atMs);
  }

  /** 1, give or take a share. */
  #jitter(share: number): number {
    this.#random(this.#byte);
    return 1 - share + 2 * share * this.#byte[0]! / 255;
  }
}
