/**
 * The game server's end of all relay sessions, and of its anchors.
 *
 * Implements the server's side of docs/relay_protocol.md, "Legs". Sans-IO, as the client's end is. A session
 * is known to the server above by its virtual address; answers take the path that data came over last.
 *
 * @module
 */
import type { Address } from "../../address.ts";
import {
  BOUND_FRAME_BYTES,
  CLOSE_FRAME_BYTES,
  MAX_PING_BYTES,
  MIN_PING_BYTES,
  PONG_FRAME_BYTES,
  readBindId,
  RelayCloseCode,
  RENEWED_FRAME_BYTES,
  writeBoundBody,
  writePongBody,
} from "../control_frames.ts";
import { exposureOf, type RelayKey } from "../hop_ticket.ts";
import {
  frameFlags,
  frameLabel,
  frameType,
  RELAY_HEADER_BYTES,
  RelayFlag,
  RelayFrameType,
  writeU32,
} from "../relay_frame.ts";
import type { RelayRoute } from "../relay_grant.ts";
import { type AnchorEvent, Anchors } from "./anchors.ts";
import { DirectDesk } from "./direct_desk.ts";
import { Judgement } from "./frame_link.ts";
import { LastHopDoor } from "./last_hop_door.ts";
import { ServerLegCounters } from "./leg_counters.ts";
import { isFresh, isLegFrame } from "./leg_intake.ts";
import { NoSessionHints } from "./no_session_hints.ts";
import { PeerAddress, plainAddress } from "./peer_address.ts";
import type { RelaySession, SendPath, ServerRoute } from "./relay_session.ts";
import { DEFAULT_SERVER_LEG_LIMITS, type ServerLegOptions } from "./server_leg_options.ts";
import { ServerOutbox } from "./server_outbox.ts";
import { SessionTable } from "./session_table.ts";
import { isVirtualHostname } from "./virtual_address.ts";

/** How often sessions that nothing is heard of are looked for. */
const SWEEP_INTERVAL_MS = 5_000;

/** The server's end of relay sessions. */
export class ServerLeg {
  /** What was refused and done. */
  readonly counters = new ServerLegCounters();
  readonly #options: ServerLegOptions;
  readonly #door: LastHopDoor;
  readonly #anchors: Anchors;
  readonly #direct: DirectDesk;
  readonly #outbox = new ServerOutbox();
  readonly #sessions: SessionTable;
  readonly #events: AnchorEvent[] = [];
  readonly #hints: NoSessionHints;
  #relays: ReadonlySet<string> | undefined;
  #peer: RelaySession | undefined;
  #transmitTo: Address | undefined;
  #sweepAtMs: number;

  /** Begins without sessions and anchors. */
  constructor(options: ServerLegOptions, nowMs: number) {
    const { keepaliveMs = 15_000, random, epochMs, hasher } = options;
    const { counters } = this;
    this.#options = options;
    this.#door = new LastHopDoor(options, options.relayKeys, counters);
    const onEvent = (event: AnchorEvent): void => {
      this.#events.push(event);
    };
    this.#anchors = new Anchors({ hasher, random, epochMs, keepaliveMs, counters, onEvent });
    this.#direct = new DirectDesk(options, this.#outbox, counters, () => this.#anchors.observed);
    const { maxSessions = DEFAULT_SERVER_LEG_LIMITS.maxSessions } = options;
    const onEnd = (session: RelaySession): void => this.#direct.forget(session);
    this.#sessions = new SessionTable({ hasher, maxSessions, counters, onEnd });
    this.#hints = new NoSessionHints(nowMs);
    this.#sweepAtMs = nowMs + SWEEP_INTERVAL_MS;
    this.setRelays(options.relayAddresses);
  }

  /** Sessions at present. */
  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** The session whose payload {@link handleDatagram} found last. */
  get peer(): RelaySession {
    return this.#peer!;
  }

  /** The anchors, for statistics. */
  get anchors(): Anchors {
    return this.#anchors;
  }

  /** Takes the next event. */
  pollEvent(): AnchorEvent | undefined {
    return this.#events.shift();
  }

  /** Replaces the addresses that relays may send from; `undefined` for any. */
  setRelays(hostnames: readonly string[] | undefined): void {
    this.#relays = hostnames && new Set(
      hostnames.map((hostname) => plainAddress({ hostname, port: 1 }).hostname),
    );
  }

  /** Replaces the keys that tickets are sealed with. */
  setRelayKeys(keys: readonly RelayKey[]): void {
    this.#door.keys = keys;
  }

  /** Replaces the anchors: routes of one hop each, as a director hands them to a server behind NAT. */
  setAnchors(grants: readonly RelayRoute[], nowMs: number): void {
    this.#anchors.set(grants, nowMs);
  }

  /** Takes a fresh blob of 60 bytes for the anchor at a relay. */
  renewAnchor(relayId: string, blob: Uint8Array, nowMs: number): void {
    this.#anchors.renew(relayId, blob, nowMs);
  }

  /** The session at a virtual address. */
  sessionAt(address: Address): RelaySession | undefined {
    return this.#sessions.at(address);
  }

  /**
   * Takes a datagram whose first byte is that of a relay frame; never throws on what came off the wire.
   *
   * @returns Bytes of the payload, which begins at {@link RELAY_HEADER_BYTES} and is from {@link peer}; -1
   * when there is none.
   */
  handleDatagram(frame: Uint8Array, from: Address, nowMs: number): number {
    const { counters } = this;
    if (!isLegFrame(frame, counters)) return -1;
    const label = frameLabel(frame);
    const route = this.#sessions.route(label);
    if (route !== undefined && route.peer.is(from)) return this.#handleRelayed(frame, route, nowMs);
    if (isVirtualHostname(from.hostname)) {
      counters.spoofedVirtual++;
      return -1;
    }
    if (frameType(frame) === RelayFrameType.bind) {
      if (this.#isRelay(from)) this.#onBind(frame, from, nowMs);
      else counters.source++;
      return -1;
    }
    if (this.#anchors.handleFrame(frame, label, from, nowMs)) return -1;
    if (route !== undefined) return this.#handleDirect(frame, route, from, nowMs);
    counters.noLabel++;
    const hint = this.#isRelay(from) ? this.#hints.answer(frame, from, nowMs) : undefined;
    if (hint !== undefined) this.#outbox.pushRaw(hint, from);
    return -1;
  }

  /** Does what time asks for. */
  handleTimeout(nowMs: number): void {
    this.#anchors.handleTimeout(nowMs);
    this.#direct.handleTimeout(nowMs);
    if (nowMs < this.#sweepAtMs) return;
    this.#sweepAtMs = nowMs + SWEEP_INTERVAL_MS;
    const { sessionIdleMs = DEFAULT_SERVER_LEG_LIMITS.sessionIdleMs } = this.#options;
    for (const session of this.#sessions.all()) {
      if (nowMs - session.heardAtMs < sessionIdleMs) continue;
      this.counters.sessionsExpired++;
      this.#sessions.end(session);
    }
  }

  /** When {@link handleTimeout} or {@link pollTransmit} should be called at the latest. */
  deadlineMs(_nowMs: number): number {
    if (!this.#outbox.isEmpty) return -Infinity;
    return Math.min(this.#sweepAtMs, this.#anchors.deadlineMs(), this.#direct.deadlineMs);
  }

  /** Whether a frame is due. */
  wantsTransmit(nowMs: number): boolean {
    return !this.#outbox.isEmpty || this.#anchors.deadlineMs() <= nowMs;
  }

  /** Builds the next frame of the leg's own; 0 when there is none. */
  pollTransmit(into: Uint8Array, nowMs: number): number {
    let sizeBytes = this.#outbox.poll(into);
    this.#transmitTo = this.#outbox.to;
    if (sizeBytes > 0) return sizeBytes;
    sizeBytes = this.#anchors.poll(into, nowMs);
    this.#transmitTo = this.#anchors.to;
    return sizeBytes;
  }

  /** Where the frame that {@link pollTransmit} built goes. */
  get transmitTo(): Address {
    return this.#transmitTo!;
  }

  /**
   * Makes one copy of a packet a frame: its payload stands at {@link RELAY_HEADER_BYTES}. Call it as often
   * as {@link RelaySession.copies} says.
   *
   * @returns Where it goes.
   */
  sealPacket(
    session: RelaySession,
    copy: number,
    frame: Uint8Array,
    payloadBytes: number,
  ): Address {
    const path = (copy === 0 ? session.current : session.duplicate)!;
    const flags = session.duplicate === undefined ? 0 : RelayFlag.duplicate;
    path.link.begin(frame, RelayFrameType.data, flags);
    path.link.finish(frame, RELAY_HEADER_BYTES + payloadBytes);
    return path.to;
  }

  /** Ends every session, with a word on every path: drain {@link pollTransmit} once more. */
  close(): void {
    for (const session of this.#sessions.all()) {
      for (const route of session.routes) this.#sayClosed(route);
      if (session.direct?.isProven) this.#sayClosed(session.direct);
      this.#sessions.end(session);
    }
  }

  #handleRelayed(frame: Uint8Array, route: ServerRoute, nowMs: number): number {
    const { link, session } = route;
    const judgement = link.judge(frame);
    const type = frameType(frame);
    if (type === RelayFrameType.bind) {
      this.#onBind(frame, route.to, nowMs);
      return -1;
    }
    if (!isFresh(judgement, this.counters)) return -1;
    link.accept();
    route.heardAtMs = nowMs;
    session.heardAtMs = nowMs;
    if (type === RelayFrameType.data) return this.#onData(frame, route, nowMs);
    this.#onControl(frame, type, route, nowMs);
    return -1;
  }

  #handleDirect(frame: Uint8Array, route: ServerRoute, from: Address, nowMs: number): number {
    const { session, directLink } = route;
    const isForbidden = session.exposure === "never";
    if (isForbidden) this.counters.directForbidden++;
    if (isForbidden || !isFresh(directLink.judge(frame), this.counters)) return -1;
    directLink.accept();
    session.heardAtMs = nowMs;
    const path = this.#direct.pathOf(route);
    const isAtHome = this.#direct.onFrame(frame, path, from, nowMs);
    switch (frameType(frame)) {
      case RelayFrameType.data:
        if (isAtHome) return this.#onData(frame, path, nowMs);
        this.#peer = session;
        return frame.byteLength - RELAY_HEADER_BYTES;
      case RelayFrameType.ping:
        this.#onPing(frame, path, from, nowMs);
        break;
      case RelayFrameType.close:
        if (isAtHome) this.#onClose(frame, route);
    }
    return -1;
  }

  #onData(frame: Uint8Array, path: SendPath, nowMs: number): number {
    const session = path.session;
    if (session.onData(path)) this.counters.routeSwitches++;
    if ((frameFlags(frame) & RelayFlag.duplicate) !== 0) session.onDuplicate(path, nowMs);
    this.#peer = session;
    return frame.byteLength - RELAY_HEADER_BYTES;
  }

  #onControl(frame: Uint8Array, type: RelayFrameType, route: ServerRoute, nowMs: number): void {
    const { counters } = this;
    switch (type) {
      case RelayFrameType.ping:
        this.#onPing(frame, route, route.to, nowMs);
        break;
      case RelayFrameType.signal:
        if (route.session.exposure === "never") counters.directForbidden++;
        else if (!this.#direct.onSignal(frame, route, nowMs)) counters.signal++;
        break;
      case RelayFrameType.renew:
        this.#onRenew(frame, route);
        break;
      case RelayFrameType.close:
        this.#onClose(frame, route);
        break;
      case RelayFrameType.noSession:
        // The exit relay has lost the route. Its client hears the same and binds again.
        break;
      default:
        counters.type++;
    }
  }

  /** A PONG is shorter than its PING, so that it may go where the PING came from, proven or not. */
  #onPing(frame: Uint8Array, path: SendPath, to: Address, nowMs: number): void {
    const { byteLength } = frame;
    if (byteLength < MIN_PING_BYTES || byteLength > MAX_PING_BYTES) {
      this.counters.size++;
      return;
    }
    const flags = frameFlags(frame);
    if ((flags & RelayFlag.duplicate) !== 0) path.session.onDuplicate(path, nowMs);
    const pong = this.#outbox.begin(
      path.link,
      RelayFrameType.pong,
      (flags & RelayFlag.echo) | RelayFlag.probe,
    );
    writePongBody(pong, frame);
    this.#outbox.finish(path.link, PONG_FRAME_BYTES, to);
  }

  #onRenew(frame: Uint8Array, route: ServerRoute): void {
    const renewal = this.#door.openRenewal(frame);
    const isOurs = renewal !== undefined && renewal.sessionId === route.session.id &&
      renewal.labelIn === route.link.label;
    if (!isOurs) {
      this.counters.renewalRefused++;
      return;
    }
    this.counters.renewals++;
    route.notAfterS = Math.max(route.notAfterS, renewal.notAfterS);
    const answer = this.#outbox.begin(route.link, RelayFrameType.renewed, 0);
    writeU32(answer, RELAY_HEADER_BYTES, route.notAfterS);
    this.#outbox.finish(route.link, RENEWED_FRAME_BYTES, route.to);
  }

  #onClose(frame: Uint8Array, route: ServerRoute): void {
    if (frame.byteLength !== CLOSE_FRAME_BYTES) {
      this.counters.size++;
    } else if (frame[RELAY_HEADER_BYTES] === RelayCloseCode.done) {
      this.counters.sessionsClosed++;
      this.#sessions.end(route.session);
    } else this.#sessions.endRoute(route);
  }

  #onBind(frame: Uint8Array, from: Address, nowMs: number): void {
    const nowS = (this.#options.epochMs + nowMs) / 1000;
    const ticket = this.#door.open(frame, nowS);
    if (ticket === undefined) return;
    let route = this.#sessions.route(ticket.labelIn);
    const isKnown = route !== undefined && route.session.id === ticket.sessionId;
    const bindId = readBindId(frame);
    if (isKnown && bindId < route!.bindId) {
      this.counters.staleBind++;
      return;
    }
    const link = isKnown ? route!.link : this.#sessions.linkOf(ticket, ticket.keyPrev);
    if (link.judge(frame) === Judgement.forged) {
      this.counters.tag++;
      return;
    }
    const isRepeat = isKnown && bindId === route!.bindId;
    // Whoever copies a BIND on its way must not become the exit relay by it.
    if (isRepeat && !route!.peer.is(from)) {
      this.counters.source++;
      return;
    }
    const bind = { peer: new PeerAddress(plainAddress(from)), bindId, notAfterS: ticket.notAfterS };
    if (!isKnown) route = this.#sessions.add(ticket, link, bind, nowMs);
    if (route === undefined) return;
    if (!isRepeat) {
      link.restart();
      route.peer = bind.peer;
      route.bindId = bindId;
      route.notAfterS = Math.max(route.notAfterS, ticket.notAfterS);
    }
    route.heardAtMs = nowMs;
    route.session.heardAtMs = nowMs;
    route.session.exposure = exposureOf(ticket.flags);
    this.#sayBound(route, from);
  }

  #sayBound(route: ServerRoute, from: Address): void {
    const { leaseS = DEFAULT_SERVER_LEG_LIMITS.leaseS } = this.#options;
    const { link, notAfterS, bindId } = route;
    const bound = this.#outbox.begin(link, RelayFrameType.bound, 0);
    writeBoundBody(bound, { observed: from, leaseS, notAfterS, bindId });
    this.#outbox.finish(link, BOUND_FRAME_BYTES, route.to);
    this.counters.bounds++;
  }

  #sayClosed(path: SendPath): void {
    const close = this.#outbox.begin(path.link, RelayFrameType.close, 0);
    close[RELAY_HEADER_BYTES] = RelayCloseCode.done;
    this.#outbox.finish(path.link, CLOSE_FRAME_BYTES, path.to);
  }

  #isRelay(from: Address): boolean {
    return this.#relays === undefined || this.#relays.has(plainAddress(from).hostname);
  }
}
