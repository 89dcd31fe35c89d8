/**
 * When a session leaves a route that works for a better one: late, so that noise does not move it.
 *
 * @module
 */

/** A route has to be better by more than this. */
export const SWITCH_GAIN_MS = 10;

/** And for as long as this, at every look. */
export const SWITCH_AFTER_MS = 30_000;

/** The memory of one session. Look at regular intervals of a few seconds. */
export class RouteHysteresis {
  #betterSinceMs = Infinity;

  /**
   * Whether to switch now. A route that no longer works, at a cost of `Infinity`, is left at once.
   *
   * @param currentMs What the route in use costs now.
   * @param candidateMs What the route costs that one would choose today.
   */
  shouldSwitch(currentMs: number, candidateMs: number, nowMs: number): boolean {
    if (!(candidateMs < currentMs - SWITCH_GAIN_MS)) {
      this.#betterSinceMs = Infinity;
      return false;
    }
    this.#betterSinceMs = Math.min(this.#betterSinceMs, nowMs);
    const isDue = currentMs === Infinity || nowMs - this.#betterSinceMs >= SWITCH_AFTER_MS;
    if (isDue) this.#betterSinceMs = Infinity;
    return isDue;
  }
}
