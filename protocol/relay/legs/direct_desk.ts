/**
 * Paths without relays, of all sessions of a server: offers, punching, proof.
 *
 * @module
 */
import type { Address } from "../../address.ts";
import { PATH_FRAME_BYTES } from "../control_frames.ts";
import { frameType, RELAY_HEADER_BYTES, RelayFlag, RelayFrameType } from "../relay_frame.ts";
import { isUsableCandidate, type Signal, SignalBox, SignalKind } from "./candidates.ts";
import type { ServerLegCounters } from "./leg_counters.ts";
import { plainAddress } from "./peer_address.ts";
import type { RelaySession, ServerRoute } from "./relay_session.ts";
import { ServerDirect } from "./server_direct.ts";
import type { ServerLegOptions } from "./server_leg_options.ts";
import type { ServerOutbox } from "./server_outbox.ts";

/** The direct paths of a server. */
export class DirectDesk {
  readonly #options: ServerLegOptions;
  readonly #outbox: ServerOutbox;
  readonly #counters: ServerLegCounters;
  readonly #observed: () => readonly Address[];
  readonly #boxes = new WeakMap<ServerRoute, SignalBox>();
  readonly #punching = new Set<ServerDirect>();

  /**
   * Begins without paths.
   *
   * @param observed Where relays see this server.
   */
  constructor(
    options: ServerLegOptions,
    outbox: ServerOutbox,
    counters: ServerLegCounters,
    observed: () => readonly Address[],
  ) {
    this.#options = options;
    this.#outbox = outbox;
    this.#counters = counters;
    this.#observed = observed;
  }

  /** When a challenge is due. */
  get deadlineMs(): number {
    let deadlineMs = Infinity;
    for (const path of this.#punching) deadlineMs = Math.min(deadlineMs, path.deadlineMs);
    return deadlineMs;
  }

  /** The direct path under the ticket of a route; made when the client first uses that ticket's key. */
  pathOf(route: ServerRoute): ServerDirect {
    const { session } = route;
    if (session.direct?.route === route) return session.direct;
    this.forget(session);
    session.dropDirect();
    session.direct = new ServerDirect(route, this.#options.random);
    return session.direct;
  }

  /** Forgets the path of a session that ends. */
  forget(session: RelaySession): void {
    if (session.direct !== undefined) this.#punching.delete(session.direct);
  }

  /** Takes a SIGNAL; `false` when it is forged or makes no sense here. */
  onSignal(frame: Uint8Array, route: ServerRoute, nowMs: number): boolean {
    // Signals travel on any route of the session, under the key of the one that the path belongs to.
    for (const owner of route.session.routes) {
      const signal = this.#boxOf(owner, nowMs).open(frame.subarray(RELAY_HEADER_BYTES));
      if (signal !== undefined) return this.#take(signal, owner, route, nowMs);
    }
    return false;
  }

  #take(signal: Signal, owner: ServerRoute, back: ServerRoute, nowMs: number): boolean {
    const path = this.pathOf(owner);
    if (signal.kind === SignalKind.start) {
      if (!path.onStart(signal, nowMs)) return false;
      this.#punching.add(path);
      return true;
    }
    if (signal.kind !== SignalKind.offer) return false;
    const ours = this.#candidates();
    path.onOffer(signal, ours.some((address) => !isUsableCandidate(address, false)));
    const body = this.#boxOf(owner, nowMs).seal(SignalKind.answer, signal.round, ours);
    this.#outbox.push(back.link, RelayFrameType.signal, 0, body, back.to);
    return true;
  }

  /**
   * Takes an authentic frame of a path.
   *
   * @returns Whether it came from where the client was proven to be: only then answers go there.
   */
  onFrame(frame: Uint8Array, path: ServerDirect, from: Address, nowMs: number): boolean {
    const type = frameType(frame);
    const isPathFrame = frame.byteLength === PATH_FRAME_BYTES &&
      (type === RelayFrameType.pathChallenge || type === RelayFrameType.pathResponse);
    if (isPathFrame) {
      const token = frame.subarray(RELAY_HEADER_BYTES);
      if (type === RelayFrameType.pathResponse) {
        if (path.onResponse(token, from)) this.#counters.directPaths++;
        this.#punching.delete(path);
        return true;
      }
      this.#push(path, RelayFrameType.pathResponse, token, plainAddress(from));
    }
    if (path.isFrom(from)) return true;
    if (path.challenges(from, nowMs)) {
      this.#push(path, RelayFrameType.pathChallenge, path.token, plainAddress(from));
    }
    return false;
  }

  /** Sends the challenges that are due. */
  handleTimeout(nowMs: number): void {
    for (const path of this.#punching) {
      let to = path.pollChallenge(nowMs);
      for (; to !== undefined; to = path.pollChallenge(nowMs)) {
        this.#push(path, RelayFrameType.pathChallenge, path.token, to);
      }
      if (path.deadlineMs === Infinity) this.#punching.delete(path);
    }
  }

  #push(path: ServerDirect, type: RelayFrameType, token: Uint8Array, to: Address): void {
    this.#outbox.push(path.link, type, RelayFlag.probe, token, to);
  }

  #candidates(): Address[] {
    const candidates = [...this.#options.publicAddresses ?? []];
    for (const observed of this.#observed()) {
      const isKnown = candidates.some(({ hostname, port }) =>
        port === observed.port && hostname === observed.hostname
      );
      if (!isKnown) candidates.push(observed);
    }
    return candidates;
  }

  #boxOf(route: ServerRoute, nowMs: number): SignalBox {
    let box = this.#boxes.get(route);
    if (box === undefined) {
      const { crypto, epochMs } = this.#options;
      box = new SignalBox(crypto, route.directLink.key, false, epochMs + nowMs);
      this.#boxes.set(route, box);
    }
    return box;
  }
}
