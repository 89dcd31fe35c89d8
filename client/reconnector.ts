/**
 * When to try again after a session was lost: at once, then after pauses that double up to 5 s, until
 * the time for it is over.
 *
 * @module
 */
import type { ClientEndpoint } from "../protocol/client_endpoint.ts";
import type { RefusalStatus } from "../schema/messages/mod.ts";
import type { Clock, TimerId } from "../transport/clock.ts";

const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 5_000;

/** Refusals that another try may find lifted. */
const PASSING: ReadonlySet<RefusalStatus> = new Set(["full", "busy", "gone"]);

/** What a reconnector works with. */
export interface ReconnectorOptions {
  /** Time and timers. */
  readonly clock: Clock;
  /** Makes an endpoint that has begun to connect. */
  readonly dial: () => Promise<ClientEndpoint>;
  /** How long it goes on after a session was lost; `Infinity` for ever. */
  readonly timeoutMs: number;
  /** Told of every new endpoint. */
  readonly onEndpoint: (endpoint: ClientEndpoint) => void;
  /** Told when the time is over. */
  readonly onGaveUp: () => void;
}

/** Makes new endpoints in place of lost ones. */
export class Reconnector {
  readonly #options: ReconnectorOptions;
  #lostAtMs: number | undefined;
  #pauseMs = 0;
  #timer: TimerId | undefined;
  /** Counts tries, so that one that was called off is not heard of when it ends. */
  #attempt = 0;

  constructor(options: ReconnectorOptions) {
    this.#options = options;
  }

  /** Whether a refusal is worth another try. */
  mayRetry(status: RefusalStatus): boolean {
    return PASSING.has(status);
  }

  /** Tries again after the pause that is due, or what the server advised if that is longer. */
  schedule(retryAfterMs = 0): void {
    this.cancel();
    const { clock, timeoutMs, onGaveUp } = this.#options;
    const nowMs = clock.nowMs();
    this.#lostAtMs ??= nowMs;
    const pauseMs = Math.max(this.#pauseMs, retryAfterMs);
    this.#pauseMs = Math.min(Math.max(this.#pauseMs * 2, FIRST_PAUSE_MS), MAX_PAUSE_MS);
    if (nowMs + pauseMs - this.#lostAtMs >= timeoutMs) onGaveUp();
    else this.#timer = clock.setTimer(nowMs + pauseMs, () => this.#try());
  }

  /** Forgets earlier failures. */
  succeeded(): void {
    this.#lostAtMs = undefined;
    this.#pauseMs = 0;
  }

  /** Calls off whatever is under way. */
  cancel(): void {
    this.#attempt++;
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  #try(): void {
    this.#timer = undefined;
    const attempt = this.#attempt;
    this.#options.dial().then(
      (endpoint) => {
        if (attempt === this.#attempt) this.#options.onEndpoint(endpoint);
      },
      () => {
        // A name that does not resolve now, a ticket that cannot be had now: both may pass.
        if (attempt === this.#attempt) this.schedule();
      },
    );
  }
}
