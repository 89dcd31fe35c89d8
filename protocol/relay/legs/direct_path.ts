/**
 * The client's end of the path without relays: found by `direct_search.ts`, proven here.
 *
 * A path counts as proven when the server repeats a challenge from the address that it was sent to. The
 * server proves its side likewise before it sends anything large.
 *
 * @module
 */
import type { Address } from "../../address.ts";
import { PATH_FRAME_BYTES } from "../control_frames.ts";
import { RELAY_HEADER_BYTES, RelayFrameType } from "../relay_frame.ts";
import type { RelayGrant } from "../relay_grant.ts";
import { isUsableCandidate, SignalBox } from "./candidates.ts";
import type { ClientLegOptions } from "./client_leg_options.ts";
import type { ClientRoute } from "./client_route.ts";
import type { ClientRoutes } from "./client_routes.ts";
import { DirectSearch, type SignalToSend } from "./direct_search.ts";
import { RouteRank } from "./failover.ts";
import { plainAddress } from "./peer_address.ts";

/** A frame of the direct path that is to leave: a challenge, or the answer to one. */
export interface PathFrame {
  /** Challenge or response. */
  readonly type: typeof RelayFrameType.pathChallenge | typeof RelayFrameType.pathResponse;
  /** What it carries. */
  readonly token: Uint8Array;
  /** Where it goes. */
  readonly to: Address;
}

/** Frames that may wait to leave: who sends more challenges than this at once gets no answer to the rest. */
const MAX_WAITING = 8;

/** Where nothing is, for a route that has not been proven. */
const NOWHERE: Address = Object.freeze({ hostname: "100::", port: 1 });

/** The direct path. */
export class DirectPath {
  readonly #options: ClientLegOptions;
  readonly #routes: ClientRoutes;
  readonly #waiting: PathFrame[] = [];
  #grant: RelayGrant;
  #box: SignalBox | undefined;
  #search: DirectSearch | undefined;
  #route: ClientRoute | undefined;
  #wasProven = false;

  /** Does nothing before the first route is bound, nor where the grant forbids it. */
  constructor(options: ClientLegOptions, routes: ClientRoutes) {
    this.#options = options;
    this.#routes = routes;
    this.#grant = options.grant;
  }

  /** The route, proven or not. */
  get route(): ClientRoute | undefined {
    return this.#route;
  }

  /** Tries so far. */
  get tries(): number {
    return this.#search?.tries ?? 0;
  }

  /** When something is due. */
  get deadlineMs(): number {
    if (this.#waiting.length > 0) return -Infinity;
    return this.#search?.deadlineMs ?? Infinity;
  }

  /** Begins the search when the first route is bound. */
  onBound(nowMs: number): void {
    if (this.#search === undefined && this.#grant.exposure !== "never") this.#begin(nowMs);
  }

  /** Takes a new grant: the path belongs to the server's ticket, so it is proven anew under another one. */
  regrant(grant: RelayGrant, nowMs: number): void {
    this.#grant = grant;
    if (this.#route === undefined || this.#route.link.label === grant.primary.lastLabel) return;
    const known = this.#route.isProven ? this.#route.to : undefined;
    this.#route.isReplaced = true;
    this.#route.rank = RouteRank.leaving;
    this.#begin(nowMs);
    if (known !== undefined) this.#challenge(known);
  }

  /** The path carried data and went silent. */
  onLost(nowMs: number): void {
    if (this.#route === undefined) return;
    this.#route.isProven = false;
    this.#route.health.reset();
    this.#search?.onLost(nowMs);
  }

  /** Takes an authentic frame of the path; returns whether it was about the path itself. */
  onFrame(frame: Uint8Array, type: RelayFrameType, from: Address, nowMs: number): boolean {
    const route = this.#route!;
    const isPathFrame = type === RelayFrameType.pathChallenge ||
      type === RelayFrameType.pathResponse;
    if (!isPathFrame) {
      // The server's address has changed: it is answered there once it has answered there.
      if (route.isProven && !route.peer.is(from)) this.#challenge(from);
      return false;
    }
    if (frame.byteLength !== PATH_FRAME_BYTES) return false;
    const token = frame.slice(RELAY_HEADER_BYTES);
    if (type === RelayFrameType.pathChallenge) {
      this.#push({ type: RelayFrameType.pathResponse, token, to: plainAddress(from) });
      if (!route.isProven || !route.peer.is(from)) {
        this.#search?.onHeardFrom(plainAddress(from));
        this.#challenge(from);
      }
      return true;
    }
    const { token: asked } = this.#search!;
    if (token.some((byte, i) => byte !== asked[i])) return false;
    if (!route.isProven || !route.peer.is(from)) this.#prove(route, from, nowMs);
    return true;
  }

  /** Takes a SIGNAL; `false` when it is forged or answers nothing. */
  onSignal(frame: Uint8Array, nowMs: number): boolean {
    const signal = this.#box?.open(frame.subarray(RELAY_HEADER_BYTES));
    return signal !== undefined && this.#search!.onAnswer(signal, nowMs);
  }

  /** The signal that is to leave over relays now, if any. */
  pollSignal(answerWaitMs: number, nowMs: number): SignalToSend | undefined {
    return this.#search?.pollSignal(answerWaitMs, nowMs);
  }

  /** The body of that signal. */
  sealSignal({ kind, round }: SignalToSend): Uint8Array {
    return this.#box!.seal(kind, round, this.#candidates());
  }

  /** The frame of the path that is to leave now, if any. */
  pollFrame(nowMs: number): PathFrame | undefined {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined || this.#search === undefined) return waiting;
    const to = this.#search.pollChallenge(nowMs);
    if (to === undefined) return undefined;
    return { type: RelayFrameType.pathChallenge, token: this.#search.token, to };
  }

  /** Whether the path was proven since the last call. */
  takeProven(): boolean {
    const wasProven = this.#wasProven;
    this.#wasProven = false;
    return wasProven;
  }

  #begin(nowMs: number): void {
    const { primary, exposure, serverAddress } = this.#grant;
    const { crypto, random, epochMs } = this.#options;
    const rank = exposure === "prefer" ? RouteRank.preferred : RouteRank.lastResort;
    this.#route = this.#routes.addDirect(primary, rank, serverAddress ?? NOWHERE, nowMs);
    this.#box = new SignalBox(crypto, primary.lastKey, true, epochMs + nowMs);
    this.#search = new DirectSearch(serverAddress, this.#allowsLoopback(), random);
    this.#search.begin(nowMs);
  }

  /** A server on this machine is only offered to whom a relay sees on this machine. */
  #allowsLoopback(): boolean {
    return this.#routes.all.some(({ observed }) =>
      observed !== undefined && !isUsableCandidate(observed, false)
    );
  }

  #candidates(): Address[] {
    const candidates: Address[] = [];
    for (const { observed } of this.#routes.all) {
      if (observed === undefined) continue;
      if (candidates.some((known) => isSame(known, observed))) continue;
      candidates.push(observed);
    }
    for (const address of this.#options.localAddresses ?? []) candidates.push(address);
    return candidates;
  }

  #prove(route: ClientRoute, from: Address, nowMs: number): void {
    const isMove = route.isProven;
    route.moveTo(plainAddress(from));
    route.isProven = true;
    if (isMove) return;
    route.health.reset();
    route.health.onHeard(nowMs);
    route.isPingDue = true;
    this.#search!.onProven();
    this.#wasProven = true;
  }

  #challenge(to: Address): void {
    const { token } = this.#search!;
    this.#push({ type: RelayFrameType.pathChallenge, token, to: plainAddress(to) });
  }

  #push(frame: PathFrame): void {
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(frame);
  }
}

function isSame(a: Address, b: Address): boolean {
  return a.port === b.port && a.hostname === b.hostname;
}
