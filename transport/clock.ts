/**
 * Time as an argument: the clock that the run loops of server and client are given.
 *
 * The protocol core takes `nowMs` with every call. Whoever drives it takes a {@link Clock}, so that
 * the same server and client run in real time and in simulated time.
 *
 * @module
 */

/** A handle of {@link Clock.setTimer}. */
export type TimerId = number;

/** Monotonic time in milliseconds, and timers on it. */
export interface Clock {
  /** Milliseconds since an arbitrary start, with sub-millisecond digits, never going back. */
  nowMs(): number;
  /** Calls `callback` once when `nowMs() >= atMs`; late by up to a timer's precision, never early. */
  setTimer(atMs: number, callback: () => void): TimerId;
  /** Forgets a timer. Unknown or expired handles are ignored. */
  clearTimer(id: TimerId): void;
}
