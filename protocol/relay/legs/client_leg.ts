/**
 * The client's end of all routes of one relay session.
 *
 * Implements the client's side of docs/relay_protocol.md, "Legs". Sans-IO: frames and time in; frames,
 * payloads, events and the next deadline out. What it carries is none of its business: the session above
 * sees one server at one virtual address, whatever routes come and go.
 *
 * @module
 */
import type { Address } from "../../address.ts";
import {
  PATH_FRAME_BYTES,
  readPongDrainS,
  RelayCloseCode,
  RENEWED_FRAME_BYTES,
} from "../control_frames.ts";
import {
  frameFlags,
  frameLabel,
  frameType,
  readU32,
  RELAY_HEADER_BYTES,
  RelayFlag,
  RelayFrameType,
} from "../relay_frame.ts";
import type { RelayGrant } from "../relay_grant.ts";
import type { ClientLegEvent, ClientLegOptions } from "./client_leg_options.ts";
import type { ClientRoute } from "./client_route.ts";
import { ClientRoutes } from "./client_routes.ts";
import { ClientTransmitter } from "./client_transmitter.ts";
import { DirectPath } from "./direct_path.ts";
import { Failover, type RouteChange, RouteRank } from "./failover.ts";
import { Judgement } from "./frame_link.ts";
import { ClientLegCounters } from "./leg_counters.ts";
import { isBindAnswer, isFresh, isHintFor, isLegFrame, takeBindAnswer } from "./leg_intake.ts";
import { RouteNeeds } from "./route_needs.ts";
import { virtualAddress } from "./virtual_address.ts";

/** How often a doubt is looked at again. */
const DOUBT_INTERVAL_MS = 50;

/** How often the state of all routes is looked at when nothing is due. */
const REVIEW_INTERVAL_MS = 1_000;

/** The client's end of a relay session. */
export class ClientLeg {
  /** What was refused and done. */
  readonly counters = new ClientLegCounters();
  /** The address of the server as the session sees it. */
  readonly virtualAddress: Address;
  readonly #options: ClientLegOptions;
  readonly #failover = new Failover<ClientRoute>();
  readonly #routes: ClientRoutes;
  readonly #direct: DirectPath;
  readonly #transmitter: ClientTransmitter;
  readonly #events: ClientLegEvent[] = [];
  readonly #needs: RouteNeeds;
  #reviewAtMs: number;
  #isClosed = false;

  /** Begins to bind: drain {@link pollTransmit}. */
  constructor(options: ClientLegOptions, nowMs: number) {
    const { grant } = options;
    this.#options = options;
    this.virtualAddress = virtualAddress(grant.sessionId);
    this.#routes = new ClientRoutes(options);
    this.#direct = new DirectPath(options, this.#routes);
    this.#transmitter = new ClientTransmitter({
      options,
      routes: this.#routes,
      direct: this.#direct,
      failover: this.#failover,
      counters: this.counters,
      onRenew: (route) => this.#events.push({ kind: "renew", route: route.grant }),
    });
    this.#needs = new RouteNeeds(options, (event) => this.#events.push(event));
    this.#reviewAtMs = nowMs + REVIEW_INTERVAL_MS;
    this.#routes.add("primary", grant.primary, nowMs);
    if (grant.standby !== undefined) this.#routes.add("standby", grant.standby, nowMs);
  }

  /** The route that data leaves on, for statistics. */
  get active(): ClientRoute | undefined {
    return this.#failover.active;
  }

  /** Whether the active route has carried no data since it was asked last: the next packet changes {@link deadlineMs}. */
  get isIdle(): boolean {
    const { active } = this.#failover;
    return active !== undefined && active.dataAtMs <= active.health.pingedAtMs;
  }

  /** All routes, for statistics. */
  get routes(): readonly ClientRoute[] {
    return this.#routes.all;
  }

  /** Takes the next event. */
  pollEvent(): ClientLegEvent | undefined {
    return this.#events.shift();
  }

  /**
   * Takes a datagram; never throws on what came off the wire.
   *
   * @returns Bytes of the payload, which begins at {@link RELAY_HEADER_BYTES}; -1 when it carries none.
   */
  handleDatagram(frame: Uint8Array, from: Address, nowMs: number): number {
    const { counters } = this;
    if (!isLegFrame(frame, counters)) return -1;
    const route = this.#routes.find(frameLabel(frame), from);
    if (route === undefined) {
      if (this.#routes.hasLabel(frameLabel(frame))) counters.source++;
      else counters.noLabel++;
      return -1;
    }
    return this.#handleFrame(frame, route, from, nowMs);
  }

  /** Does what time asks for. */
  handleTimeout(nowMs: number): void {
    if (this.#isClosed) return;
    const isReviewDue = nowMs >= this.#reviewAtMs;
    if (isReviewDue) {
      this.#reviewAtMs = nowMs + REVIEW_INTERVAL_MS;
      this.#reviewRoutes(nowMs);
    }
    if (isReviewDue || nowMs >= this.#doubtAtMs()) this.#evaluate(nowMs);
  }

  /** When {@link handleTimeout} or {@link pollTransmit} should be called at the latest. */
  deadlineMs(nowMs: number): number {
    if (this.#isClosed) return this.#transmitter.deadlineMs();
    if (this.#failover.isDoubting) {
      return Math.min(nowMs + DOUBT_INTERVAL_MS, this.#transmitter.deadlineMs());
    }
    return Math.min(this.#reviewAtMs, this.#doubtAtMs(), this.#transmitter.deadlineMs());
  }

  /** Whether a frame is due. */
  wantsTransmit(nowMs: number): boolean {
    return this.#transmitter.deadlineMs() <= nowMs;
  }

  /** Builds the next frame of the leg's own; 0 when there is none. */
  pollTransmit(into: Uint8Array, nowMs: number): number {
    return this.#transmitter.poll(into, nowMs);
  }

  /** Where the frame that {@link pollTransmit} built goes. */
  get transmitTo(): Address {
    return this.#transmitter.to;
  }

  /** How often the next packet is to be sent: 0 without a route, 2 while the active one is doubted. */
  startPacket(): number {
    const { active, backup } = this.#failover;
    if (active === undefined || this.#isClosed) {
      this.counters.unrouted++;
      return 0;
    }
    if (backup === undefined) return 1;
    this.counters.duplicated++;
    return 2;
  }

  /**
   * Makes one copy of a packet a frame: its payload stands at {@link RELAY_HEADER_BYTES}.
   *
   * @param copy 0, or 1 for the second of two.
   * @returns Where it goes.
   */
  sealPacket(copy: number, frame: Uint8Array, payloadBytes: number, nowMs: number): Address {
    const { active, backup } = this.#failover;
    const route = (copy === 0 ? active : backup)!;
    const flags = backup === undefined ? 0 : RelayFlag.duplicate;
    route.link.begin(frame, RelayFrameType.data, flags);
    route.link.finish(frame, RELAY_HEADER_BYTES + payloadBytes);
    route.onData(nowMs);
    return route.to;
  }

  /**
   * Takes fresh blobs for a route: those that a `"renew"` event asked for, one of 60 bytes per hop.
   *
   * @param firstLabel `firstLabel` of the route that they are for; a route that is gone is ignored.
   */
  renew(firstLabel: number, blobs: Uint8Array, nowMs: number): void {
    this.#routes.byLabel(firstLabel)?.renew(blobs, nowMs);
  }

  /**
   * Takes a new grant for the same session: routes that it names live on, new ones are bound, and the
   * others go once a new one carries the data.
   *
   * @throws RangeError when it is for another session.
   */
  update(grant: RelayGrant, nowMs: number): void {
    if (grant.sessionId !== this.#options.grant.sessionId) {
      throw new RangeError("Cannot update a relay session with the grant of another");
    }
    this.#routes.update(grant, nowMs);
    this.#direct.regrant(grant, nowMs);
    this.#evaluate(nowMs);
  }

  /** Says goodbye on every route: drain {@link pollTransmit} once more, then forget the leg. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#transmitter.close();
  }

  #handleFrame(frame: Uint8Array, route: ClientRoute, from: Address, nowMs: number): number {
    const { counters } = this;
    const type = frameType(frame);
    const judgement = route.link.judge(frame);
    if (type === RelayFrameType.noSession) {
      this.#onNoSession(frame, route, judgement, nowMs);
      return -1;
    }
    if (judgement !== Judgement.forged && isBindAnswer(type)) {
      if (!this.#onBindAnswer(frame, route, nowMs)) counters.unasked++;
      return -1;
    }
    if (!isFresh(judgement, counters)) return -1;
    route.link.accept();
    if (route.kind === "direct" && this.#direct.onFrame(frame, type, from, nowMs)) {
      if (this.#direct.takeProven()) this.counters.directPaths++;
      this.#evaluate(nowMs);
      return -1;
    }
    const isPong = type === RelayFrameType.pong && route.onPong(frame, nowMs);
    route.health.onHeard(nowMs);
    if (this.#failover.isDoubting) {
      this.#onChange(this.#failover.onHeard(route, isPong, nowMs), nowMs);
    }
    if ((frameFlags(frame) & RelayFlag.drain) !== 0) this.#onDrain(frame, type, route, nowMs);
    if (type === RelayFrameType.data) return frame.byteLength - RELAY_HEADER_BYTES;
    if (isPong && route !== this.#failover.active) this.#evaluate(nowMs);
    if (!isPong) this.#onControl(frame, type, route, from, nowMs);
    return -1;
  }

  #onControl(
    frame: Uint8Array,
    type: RelayFrameType,
    route: ClientRoute,
    from: Address,
    nowMs: number,
  ): void {
    const { counters } = this;
    switch (type) {
      case RelayFrameType.pathChallenge:
        if (frame.byteLength !== PATH_FRAME_BYTES) counters.size++;
        else {
          counters.challenges++;
          this.#transmitter.respond(route.link, frame, from);
        }
        break;
      case RelayFrameType.renewed:
        if (frame.byteLength !== RENEWED_FRAME_BYTES) counters.size++;
        else if (!route.onRenewed(readU32(frame, RELAY_HEADER_BYTES), nowMs)) counters.unasked++;
        else counters.renewals++;
        break;
      case RelayFrameType.signal:
        if (!this.#direct.onSignal(frame, nowMs)) counters.signal++;
        break;
      case RelayFrameType.close:
        this.#onClose(frame[RELAY_HEADER_BYTES], route, nowMs);
        break;
      case RelayFrameType.pong:
      case RelayFrameType.pathResponse:
        counters.unasked++;
        break;
      default:
        counters.type++;
    }
  }

  #onBindAnswer(frame: Uint8Array, route: ClientRoute, nowMs: number): boolean {
    if (route.kind === "direct") return false;
    const elapsedMs = nowMs - route.bind.startedAtMs;
    const body = takeBindAnswer(frame, route, nowMs);
    if (body === undefined) return false;
    if (body === "retry") {
      this.counters.retries++;
      return true;
    }
    this.counters.bounds++;
    route.health.onHeard(nowMs);
    this.#events.push({ kind: "bound", route: route.kind, observed: body.observed, elapsedMs });
    if (this.#failover.isDoubting) {
      this.#onChange(this.#failover.onHeard(route, true, nowMs), nowMs);
    }
    this.#evaluate(nowMs);
    this.#direct.onBound(nowMs);
    return true;
  }

  #onNoSession(
    frame: Uint8Array,
    route: ClientRoute,
    judgement: Judgement,
    nowMs: number,
  ): void {
    if (!isHintFor(frame, route, judgement)) {
      this.counters.noSession++;
      return;
    }
    if (route.kind === "direct" || route.isLeaving) return;
    if (!route.bind.isWaiting) this.counters.rebinds++;
    route.health.onHint(nowMs);
    route.bind.again(nowMs, false);
    this.#evaluate(nowMs);
  }

  #onClose(code: number | undefined, route: ClientRoute, nowMs: number): void {
    if (route.isLeaving) return;
    if (code === RelayCloseCode.done) {
      this.#events.push({ kind: "closed" });
      return;
    }
    if (route.kind === "direct") this.#direct.onLost(nowMs);
    else if (code === RelayCloseCode.idle || code === RelayCloseCode.shed) {
      route.bind.again(nowMs, true);
    } else {
      this.#routes.end(route);
      this.#needs.ask("closed", 0, nowMs);
    }
    this.#evaluate(nowMs);
  }

  #onDrain(frame: Uint8Array, type: RelayFrameType, route: ClientRoute, nowMs: number): void {
    if (!route.isDraining) {
      route.isDraining = true;
      route.rank = RouteRank.leaving;
      route.isPingDue = true;
      this.#evaluate(nowMs);
    }
    // Only PONGs say how long the relay stays.
    if (type === RelayFrameType.pong) this.#needs.onDrain(readPongDrainS(frame), nowMs);
  }

  #doubtAtMs(): number {
    const health = this.#failover.active?.health;
    return health === undefined ? Infinity : Math.min(health.silentAtMs, health.unansweredAtMs);
  }

  #evaluate(nowMs: number): void {
    this.#onChange(this.#failover.evaluate(this.#routes.all, nowMs), nowMs);
  }

  #onChange(change: RouteChange, nowMs: number): void {
    const { active, backup } = this.#failover;
    switch (change) {
      case "none":
        return;
      case "doubt":
        this.counters.doubts++;
        active!.isPingDue = true;
        if (backup !== undefined) backup.isPingDue = true;
        else active!.bind.again(nowMs, false);
        return;
      case "cleared":
        this.counters.falseDoubts++;
        return;
      case "switched":
        this.counters.failovers++;
        break;
      case "promoted":
        this.counters.promotions++;
    }
    this.#onSwitched(active!, change === "switched", nowMs);
  }

  #onSwitched(active: ClientRoute, isFailover: boolean, nowMs: number): void {
    const before = this.#routes.swap(active, isFailover);
    const gapMs = before === undefined ? 0 : nowMs - before.health.heardAtMs;
    active.isPingDue = true;
    this.#events.push({ kind: "switched", route: active.kind, isFailover, gapMs });
    if (before === undefined) return;
    if (before.kind === "direct" && isFailover) this.#direct.onLost(nowMs);
    else if (isFailover) before.bind.again(nowMs, false);
  }

  #reviewRoutes(nowMs: number): void {
    for (const route of this.#routes.takeRetired(nowMs)) {
      this.#failover.remove(route);
      this.#transmitter.farewell(route);
    }
    const direct = this.#direct.route;
    if (direct?.isProven && direct !== this.active && direct.health.isSilent(nowMs)) {
      this.#direct.onLost(nowMs);
    }
    this.#needs.review(this.#routes.expiresAtS, this.#failover.doubtedAtMs, nowMs);
  }
}
