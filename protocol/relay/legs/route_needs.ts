/**
 * When a client asks its director for other routes, and how often.
 *
 * @module
 */
import type { ClientLegEvent, RoutesNeededReason } from "./client_leg_options.ts";

/** Between two requests. */
const INTERVAL_MS = 5_000;

/** New routes are asked for this long before the tickets expire. */
const EXPIRY_MARGIN_S = 30;

/** Doubt that no route dispels for so long is worth a question to the director. */
const FAILED_AFTER_MS = 3_000;

/** The share of the time a relay leaves in which its clients ask for other routes, each at a moment of its own. */
const DRAIN_SPREAD = 1 / 3;

/** The most of that time: who asks late has no standby for as long. */
const MAX_DRAIN_SPREAD_MS = 30_000;

/** What asking takes. */
export interface RouteNeedsOptions {
  /** Wall clock at `nowMs` 0. */
  readonly epochMs: number;
  /** Fills a buffer with random bytes. */
  readonly random: (into: Uint8Array) => void;
}

/** Asks. */
export class RouteNeeds {
  readonly #options: RouteNeedsOptions;
  readonly #onEvent: (event: ClientLegEvent) => void;
  #askedAtMs = -Infinity;
  /** When a drain that was heard of is a reason to ask. */
  #drainAtMs = Infinity;

  /** Has asked for nothing yet. */
  constructor(options: RouteNeedsOptions, onEvent: (event: ClientLegEvent) => void) {
    this.#options = options;
    this.#onEvent = onEvent;
  }

  /** Asks for routes, unless that was done a moment ago. */
  ask(reason: RoutesNeededReason, withinS: number, nowMs: number): void {
    if (nowMs - this.#askedAtMs < INTERVAL_MS) return;
    this.#askedAtMs = nowMs;
    this.#onEvent({ kind: "routes-needed", reason, withinS });
  }

  /**
   * A relay drains; call it with everything that says so. All clients of the relay hear it in the same
   * second, and the other route carries data already: there is no hurry, and a crowd at the director and at
   * the next relays would cost everybody packets.
   *
   * @param withinS Seconds until the relay closes; 0 when that is not known, which is no time to wait.
   */
  onDrain(withinS: number, nowMs: number): void {
    if (this.#drainAtMs === Infinity) {
      const byte = new Uint8Array(1);
      this.#options.random(byte);
      const spreadMs = Math.min(withinS * 1_000 * DRAIN_SPREAD, MAX_DRAIN_SPREAD_MS);
      this.#drainAtMs = nowMs + spreadMs * byte[0]! / 255;
    }
    if (nowMs < this.#drainAtMs) return;
    this.#drainAtMs = Infinity;
    this.ask("drain", withinS, nowMs);
  }

  /**
   * Asks when time is a reason to.
   *
   * @param expiresAtS When the first tickets expire, seconds since 1970.
   * @param doubtedAtMs Since when no route is beyond doubt.
   */
  review(expiresAtS: number, doubtedAtMs: number, nowMs: number): void {
    const leftS = expiresAtS - (this.#options.epochMs + nowMs) / 1000;
    if (leftS < EXPIRY_MARGIN_S) this.ask("expiring", Math.max(0, Math.floor(leftS)), nowMs);
    if (nowMs - doubtedAtMs > FAILED_AFTER_MS) this.ask("failed", 0, nowMs);
  }
}
