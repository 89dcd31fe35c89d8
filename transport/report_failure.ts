/**
 * Where failures of a game's handlers go when the game does not ask for them.
 *
 * To the log, which a program configures, not this library. A program without a configured log would
 * never hear of its own mistakes, so there they are printed.
 *
 * @module
 */
import { getConfig, getLogger } from "npm:@logtape/logtape@2.4.2";

/** Failures that are told one by one; from then on one in each {@link INTERVAL_MS}. */
const TOLD_AT_ONCE = 10;
/** A handler that fails with every message must not cost more than what it handles. */
const INTERVAL_MS = 1_000;

/** Decides which failures are told: the first ten of a burst, then one a second. */
export class FailureLimiter {
  #told = 0;
  #untold = 0;
  #lastMs = -Infinity;
  #toldMs = -Infinity;

  /** Whether to tell this failure: the number that went untold before it, or -1 to keep quiet. */
  admit(nowMs: number): number {
    if (nowMs - this.#lastMs >= INTERVAL_MS) this.#told = 0;
    this.#lastMs = nowMs;
    if (this.#told >= TOLD_AT_ONCE && nowMs - this.#toldMs < INTERVAL_MS) {
      this.#untold++;
      return -1;
    }
    const untold = this.#untold;
    this.#untold = 0;
    this.#told++;
    this.#toldMs = nowMs;
    return untold;
  }
}

const limiter = new FailureLimiter();

/**
 * Logs or prints what a handler threw: the first ten failures of a burst, then one a second.
 *
 * @param side Whose handler: the category is `["tickwire", side]`.
 * @param where The message, event or callback.
 */
export function reportFailure(side: "server" | "client", error: unknown, where: string): void {
  const untold = limiter.admit(performance.now());
  if (untold < 0) return;
  tell(
    side,
    error,
    untold === 0 ? where : `${where} (after ${untold} failures that are not shown)`,
  );
}

function tell(side: "server" | "client", error: unknown, where: string): void {
  if (getConfig() !== null) {
    getLogger(["tickwire", side]).error("Handler of {where} failed: {error}", { where, error });
  } else {
    // deno-lint-ignore no-console -- silence would hide the mistake from a program without a log.
    console.error(`Tickwire ${side}: the handler of ${where} failed:`, error);
  }
}
