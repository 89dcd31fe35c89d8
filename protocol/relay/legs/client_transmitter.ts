/**
 * Which frame of its own a client leg sends next: answers, BINDs, PINGs, RENEWs, signals, challenges.
 *
 * @module
 */
import type { Address } from "../../address.ts";
import { CLOSE_FRAME_BYTES, PATH_TOKEN_BYTES, RelayCloseCode } from "../control_frames.ts";
import { RELAY_HEADER_BYTES, RelayFlag, RelayFrameType } from "../relay_frame.ts";
import type { ClientLegOptions } from "./client_leg_options.ts";
import type { ClientRoute } from "./client_route.ts";
import type { ClientRoutes } from "./client_routes.ts";
import type { DirectPath } from "./direct_path.ts";
import type { Failover } from "./failover.ts";
import type { FrameLink } from "./frame_link.ts";
import type { ClientLegCounters } from "./leg_counters.ts";
import { BindIds, writeBind, writePathFrame, writePing, writeRenew } from "./route_frames.ts";

/** What a transmitter looks at. */
export interface ClientTransmitterParts {
  /** Of the leg. */
  readonly options: ClientLegOptions;
  /** All routes. */
  readonly routes: ClientRoutes;
  /** The path without relays. */
  readonly direct: DirectPath;
  /** Which route carries data. */
  readonly failover: Failover<ClientRoute>;
  /** What was done. */
  readonly counters: ClientLegCounters;
  /** Called when a route needs fresh blobs. */
  readonly onRenew: (route: ClientRoute) => void;
}

/** An answer to a relay's challenge. */
interface Response {
  readonly link: FrameLink;
  readonly token: Uint8Array;
  readonly to: Address;
}

/** Answers that may wait at a time. */
const MAX_RESPONSES = 8;

/** Nothing is sent there: it stands for "no frame was built yet". */
const NOWHERE: Address = Object.freeze({ hostname: "100::", port: 1 });

/** Builds a leg's own frames. */
export class ClientTransmitter {
  /** Where the frame that was built last goes. */
  to: Address = NOWHERE;
  readonly #parts: ClientTransmitterParts;
  readonly #bindIds: BindIds;
  readonly #responses: Response[] = [];
  readonly #farewells: ClientRoute[] = [];
  #isClosed = false;

  /** Looks at its parts whenever it is polled. */
  constructor(parts: ClientTransmitterParts) {
    this.#parts = parts;
    this.#bindIds = new BindIds(parts.options.epochMs);
  }

  /** When a frame is due. */
  deadlineMs(): number {
    if (this.#responses.length > 0 || this.#farewells.length > 0) return -Infinity;
    if (this.#isClosed) return Infinity;
    const { routes, direct, failover } = this.#parts;
    let deadlineMs = direct.deadlineMs;
    for (const route of routes.all) {
      const isActive = route === failover.active;
      deadlineMs = Math.min(
        deadlineMs,
        route.bindAtMs,
        route.pingAtMs(isActive),
        route.renewAtMs,
      );
    }
    return deadlineMs;
  }

  /** Builds the next frame; 0 when none is due. */
  poll(into: Uint8Array, nowMs: number): number {
    const response = this.#responses.shift();
    if (response !== undefined) {
      this.to = response.to;
      return writePathFrame(into, response.link, RelayFrameType.pathResponse, response.token);
    }
    const gone = this.#farewells.shift();
    if (gone !== undefined) return this.#close(into, gone);
    if (this.#isClosed) return 0;
    for (const route of this.#parts.routes.all) {
      this.to = route.to;
      if (nowMs >= route.bindAtMs) {
        this.#parts.counters.binds++;
        return writeBind(into, route, this.#bindIds, nowMs);
      }
      if (nowMs >= route.pingAtMs(route === this.#parts.failover.active)) {
        return this.#ping(into, route, nowMs);
      }
      const sizeBytes = nowMs >= route.renewAtMs ? this.#renew(into, route, nowMs) : 0;
      if (sizeBytes > 0) return sizeBytes;
    }
    return this.#directFrame(into, nowMs);
  }

  /** Answers a challenge to where it came from. */
  respond(link: FrameLink, challenge: Uint8Array, to: Address): void {
    if (this.#responses.length >= MAX_RESPONSES) return;
    const token = challenge.slice(RELAY_HEADER_BYTES, RELAY_HEADER_BYTES + PATH_TOKEN_BYTES);
    this.#responses.push({ link, token, to });
  }

  /** Says goodbye on a route that was taken out. */
  farewell(route: ClientRoute): void {
    if (route.isUsable) this.#farewells.push(route);
  }

  /** Says goodbye on every route, and nothing else any more. */
  close(): void {
    this.#isClosed = true;
    for (const route of this.#parts.routes.all) this.farewell(route);
  }

  #ping(into: Uint8Array, route: ClientRoute, nowMs: number): number {
    const isDouble = this.#parts.failover.backup !== undefined;
    const flags = RelayFlag.echo | (isDouble ? RelayFlag.duplicate : 0);
    return writePing(into, route, flags, nowMs);
  }

  #renew(into: Uint8Array, route: ClientRoute, nowMs: number): number {
    const blobs = route.takeRenewal(nowMs);
    if (blobs !== undefined) return writeRenew(into, route, blobs, nowMs);
    this.#parts.onRenew(route);
    return 0;
  }

  #close(into: Uint8Array, route: ClientRoute): number {
    route.link.begin(into, RelayFrameType.close);
    into[RELAY_HEADER_BYTES] = this.#isClosed ? RelayCloseCode.done : RelayCloseCode.replaced;
    this.to = route.to;
    return route.link.finish(into, CLOSE_FRAME_BYTES);
  }

  #directFrame(into: Uint8Array, nowMs: number): number {
    const { direct, counters } = this.#parts;
    const frame = direct.pollFrame(nowMs);
    if (frame !== undefined) {
      this.to = frame.to;
      return writePathFrame(into, direct.route!.link, frame.type, frame.token);
    }
    const relayed = this.#relayed();
    const answerWaitMs = 4 * (relayed?.health.rtt.smoothedMs ?? 0);
    const signal = direct.pollSignal(answerWaitMs, nowMs);
    counters.punches = direct.tries;
    if (signal === undefined || relayed === undefined) return 0;
    relayed.link.begin(into, RelayFrameType.signal);
    const body = direct.sealSignal(signal);
    into.set(body, RELAY_HEADER_BYTES);
    relayed.onSent(nowMs);
    this.to = relayed.to;
    return relayed.link.finish(into, RELAY_HEADER_BYTES + body.byteLength);
  }

  /** The route over relays that signals travel on. */
  #relayed(): ClientRoute | undefined {
    const { active } = this.#parts.failover;
    if (active !== undefined && active.kind !== "direct") return active;
    return this.#parts.routes.all.find((route) => route.kind !== "direct" && route.isUsable);
  }
}
