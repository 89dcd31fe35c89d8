/**
 * Calls the actions of many bots at one rate each, evenly spread, from one timer.
 *
 * Bot `i` of `n` acts at `(k + i / n) / rate` seconds for every `k`. Going round them costs nothing per
 * bot but the action; a timer for each of thousands would cost more than the traffic.
 *
 * @module
 */

/** A round that is later than this is left out: the machine does not keep up, and a burst helps nobody. */
const MAX_LATE_MS = 50;

/** Actions of a number of places, some of them empty. */
export class BotPacer {
  /** Actions that were left out because the process was too late. */
  skipped = 0;
  readonly #actions: ((() => void) | undefined)[];
  readonly #intervalMs: number;
  #nextAtMs: number;
  #place = 0;

  /** @param ratePerSecond Actions a second of each place. */
  constructor(places: number, ratePerSecond: number, nowMs: number) {
    this.#actions = new Array(places).fill(undefined);
    this.#intervalMs = 1000 / (ratePerSecond * places);
    this.#nextAtMs = nowMs;
  }

  /** Puts an action into a place, or nothing. */
  set(place: number, action: (() => void) | undefined): void {
    this.#actions[place] = action;
  }

  /** Calls everything that is due. */
  run(nowMs: number): void {
    while (this.#nextAtMs <= nowMs) {
      const action = this.#actions[this.#place];
      if (action !== undefined) {
        if (nowMs - this.#nextAtMs > MAX_LATE_MS) this.skipped++;
        else action();
      }
      this.#place = (this.#place + 1) % this.#actions.length;
      this.#nextAtMs += this.#intervalMs;
    }
  }
}
