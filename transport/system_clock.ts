/**
 * Real time behind {@link Clock}: `performance.now()` and `setTimeout`.
 *
 * Timers of Deno take whole milliseconds and come about 1 ms late (4 ms asked, 5.2 ms waited). A fixed
 * tick that cannot bear that takes {@link preciseClock}, which waits the last 2 milliseconds turn by
 * turn of the event loop: good to some microseconds, and busy for those 2 milliseconds.
 *
 * @module
 */
import type { Clock, TimerId } from "./clock.ts";
import { nextTurn } from "./next_turn.ts";

/** How a {@link SystemClock} waits. */
export interface SystemClockOptions {
  /** Spend processor time to be on time: `setImmediate` instead of `setTimeout` at the end. Default false. */
  precise?: boolean;
}

/** Longest delay that `setTimeout` takes: 2^31 - 1 ms; anything longer would fire at once. */
const LONGEST_TIMEOUT_MS = 2_147_483_647;
/** What a precise clock waits for turn by turn: the lateness of `setTimeout` and its rounding. */
const PRECISE_TAIL_MS = 2;

/** A timer that has not fired: what to call, when, and what it waits on now. */
interface PendingTimer {
  readonly atMs: number;
  readonly callback: () => void;
  cancel: () => void;
}

/** The clock of this process. One instance serves everyone: {@link systemClock}. */
export class SystemClock implements Clock {
  readonly #precise: boolean;
  readonly #pending: Map<TimerId, PendingTimer> = new Map();
  #nextId: TimerId = 1;

  /** Makes a clock without timers. */
  constructor(options: SystemClockOptions = {}) {
    this.#precise = options.precise ?? false;
  }

  /** Timers that have neither fired nor been cleared. */
  get pendingTimers(): number {
    return this.#pending.size;
  }

  nowMs(): number {
    return performance.now();
  }

  /**
   * Calls `callback` once, in a later turn of the event loop, when `nowMs() >= atMs`. `Infinity` never
   * comes and keeps nothing alive.
   *
   * @throws {RangeError} if `atMs` is NaN.
   */
  setTimer(atMs: number, callback: () => void): TimerId {
    if (Number.isNaN(atMs)) throw new RangeError("Cannot set a timer at NaN ms");
    const id = this.#nextId++;
    if (atMs === Infinity) return id;
    const timer: PendingTimer = { atMs, callback, cancel: () => {} };
    this.#pending.set(id, timer);
    this.#wait(id, timer);
    return id;
  }

  clearTimer(id: TimerId): void {
    const timer = this.#pending.get(id);
    if (timer === undefined) return;
    this.#pending.delete(id);
    timer.cancel();
  }

  /** Arms the next wait of a timer; always at least one turn, so that no callback runs inside `setTimer`. */
  #wait(id: TimerId, timer: PendingTimer): void {
    const remainingMs = timer.atMs - this.nowMs() - (this.#precise ? PRECISE_TAIL_MS : 0);
    if (remainingMs <= 0) {
      timer.cancel = nextTurn(() => this.#wake(id, timer));
    } else {
      const delayMs = Math.min(Math.ceil(remainingMs), LONGEST_TIMEOUT_MS);
      const handle = setTimeout(() => this.#wake(id, timer), delayMs);
      timer.cancel = () => clearTimeout(handle);
    }
  }

  #wake(id: TimerId, timer: PendingTimer): void {
    if (this.nowMs() < timer.atMs) {
      this.#wait(id, timer);
      return;
    }
    this.#pending.delete(id);
    timer.callback();
  }
}

/** Real time, for everything that can be a millisecond late. */
export const systemClock: Clock = new SystemClock();

/** Real time, on time, for a fixed tick. Costs up to 2 ms of processor time per timer. */
export const preciseClock: Clock = new SystemClock({ precise: true });
