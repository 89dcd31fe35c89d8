/**
 * A fixed-step tick without drift.
 *
 * Tick `n` is due at `start + n x period`, whatever the ticks before it took. A tick that comes late is
 * followed at once by the next, up to {@link MAX_CATCH_UP_TICKS}; what is later than that is skipped
 * and counted, so that a stall does not become a burst of simulation.
 *
 * @module
 */
import type { Clock, TimerId } from "../transport/clock.ts";

/** Late ticks that are run in a row before the rest is skipped. */
export const MAX_CATCH_UP_TICKS = 5;

/** What a tick loop counted. */
export interface TickCounters {
  /** Ticks that ran. */
  ticks: number;
  /** Ticks whose work took longer than a period. */
  overruns: number;
  /** Ticks that never ran because the process was too late. */
  skipped: number;
  /** Work of the last tick. */
  lastMs: number;
  /** Longest work of any tick. */
  longestMs: number;
  /** Work of all ticks. */
  totalMs: number;
}

/** What is called at a fixed rate. */
export type TickFunction = (tick: number, startedAtMs: number, dueMs: number) => void;

/** Calls a function at a fixed rate. */
export class TickLoop {
  /** Live counts. */
  readonly counters: TickCounters = {
    ticks: 0,
    overruns: 0,
    skipped: 0,
    lastMs: 0,
    longestMs: 0,
    totalMs: 0,
  };
  readonly #clock: Clock;
  readonly #periodMs: number;
  readonly #run: TickFunction;
  #startMs = 0;
  #next = 1;
  #timer: TimerId | undefined;

  /**
   * @param run Called with the tick's number, counted from 1, the time, and when the tick was due. What
   * it throws goes to the clock; the next tick comes all the same.
   */
  constructor(clock: Clock, tickHz: number, run: TickFunction) {
    this.#clock = clock;
    this.#periodMs = 1000 / tickHz;
    this.#run = run;
  }

  /** Milliseconds from tick to tick. */
  get periodMs(): number {
    return this.#periodMs;
  }

  /** Starts; the first tick comes one period later. */
  start(): void {
    this.#startMs = this.#clock.nowMs();
    this.#schedule();
  }

  /** Stops. No tick runs afterwards. */
  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
    this.#next = Infinity;
  }

  #dueMs(tick: number): number {
    return this.#startMs + tick * this.#periodMs;
  }

  #schedule(): void {
    if (this.#next === Infinity) return;
    this.#timer = this.#clock.setTimer(this.#dueMs(this.#next), () => this.#wake());
  }

  #wake(): void {
    const nowMs = this.#clock.nowMs();
    const due = Math.floor((nowMs - this.#startMs) / this.#periodMs);
    const late = due - this.#next;
    if (late >= MAX_CATCH_UP_TICKS) {
      this.counters.skipped += late - MAX_CATCH_UP_TICKS + 1;
      this.#next = due - MAX_CATCH_UP_TICKS + 1;
    }
    const last = Math.max(due, this.#next);
    try {
      while (this.#next <= last) this.#runOne(this.#next++);
    } finally {
      this.#schedule();
    }
  }

  #runOne(tick: number): void {
    const startedAtMs = this.#clock.nowMs();
    this.#run(tick, startedAtMs, Math.min(this.#dueMs(tick), startedAtMs));
    const tookMs = this.#clock.nowMs() - startedAtMs;
    const { counters } = this;
    counters.ticks++;
    counters.lastMs = tookMs;
    counters.totalMs += tookMs;
    if (tookMs > counters.longestMs) counters.longestMs = tookMs;
    if (tookMs > this.#periodMs) counters.overruns++;
  }
}
