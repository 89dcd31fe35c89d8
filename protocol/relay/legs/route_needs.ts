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

/** Asks. */
export class RouteNeeds {
  readonly #epochMs: number;
  readonly #onEvent: (event: ClientLegEvent) => void;
  #askedAtMs = -Infinity;

  /**
   * Has asked for nothing yet.
   *
   * @param epochMs Wall clock at `nowMs` 0.
   */
  constructor(epochMs: number, onEvent: (event: ClientLegEvent) => void) {
    this.#epochMs = epochMs;
    this.#onEvent = onEvent;
  }

  /** Asks for routes, unless that was done a moment ago. */
  ask(reason: RoutesNeededReason, withinS: number, nowMs: number): void {
    if (nowMs - this.#askedAtMs < INTERVAL_MS) return;
    this.#askedAtMs = nowMs;
    this.#onEvent({ kind: "routes-needed", reason, withinS });
  }

  /**
   * Asks when time is a reason to.
   *
   * @param expiresAtS When the first tickets expire, seconds since 1970.
   * @param doubtedAtMs Since when no route is beyond doubt.
   */
  review(expiresAtS: number, doubtedAtMs: number, nowMs: number): void {
    const leftS = expiresAtS - (this.#epochMs + nowMs) / 1000;
    if (leftS < EXPIRY_MARGIN_S) this.ask("expiring", Math.max(0, Math.floor(leftS)), nowMs);
    if (nowMs - doubtedAtMs > FAILED_AFTER_MS) this.ask("failed", 0, nowMs);
  }
}
