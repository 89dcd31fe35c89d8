/**
 * When to try again after a session was lost: at once, then after pauses that double up to 5 s.
 *
 * @module
 */
import type { RefusalStatus } from "../schema/messages/mod.ts";
import type { ClientEndpoint } from "../protocol/client_endpoint.ts";
import type { Clock, TimerId } from "../transport/clock.ts";

const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 5_000;

/** Refusals that another try may find lifted. */
const PASSING: ReadonlySet<RefusalStatus> = new Set(["full", "busy", "gone"]);

/** Makes new endpoints in place of lost ones. */
export class Reconnector {
  readonly #renew: (nowMs: number) => ClientEndpoint;
  readonly #clock: Clock;
  #pauseMs = 0;
  #timer: TimerId | undefined;

  /** @param renew Makes an endpoint that has begun to connect. */
  constructor(renew: (nowMs: number) => ClientEndpoint, clock: Clock) {
    this.#renew = renew;
    this.#clock = clock;
  }

  /** Whether a refusal is worth another try. */
  mayRetry(status: RefusalStatus): boolean {
    return PASSING.has(status);
  }

  /** Calls back with a new endpoint after the pause that is due, or what the server advised. */
  schedule(retryAfterMs: number, onEndpoint: (endpoint: ClientEndpoint) => void): void {
    this.cancel();
    const pauseMs = Math.max(this.#pauseMs, retryAfterMs);
    this.#pauseMs = Math.min(Math.max(this.#pauseMs * 2, FIRST_PAUSE_MS), MAX_PAUSE_MS);
    this.#timer = this.#clock.setTimer(this.#clock.nowMs() + pauseMs, () => {
      this.#timer = undefined;
      onEndpoint(this.#renew(this.#clock.nowMs()));
    });
  }

  /** Forgets earlier failures. */
  succeeded(): void {
    this.#pauseMs = 0;
  }

  /** Gives up. */
  cancel(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }
}
