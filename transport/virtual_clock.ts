/**
 * Simulated time: a clock that stands still until it is run.
 *
 * Everything that happens in a simulation, timers and arrivals alike, is an event on one queue and
 * happens in order of time, first in first out among equals. Nothing here looks at real time, so an
 * hour takes as long as its events take.
 *
 * @module
 */
import type { Clock, TimerId } from "./clock.ts";
import { type EventHandle, EventQueue } from "./event_queue.ts";
import { nextTurn } from "./next_turn.ts";

/** Something that happens at a time. Reusable, so that a datagram in flight needs no closure. */
export interface VirtualEvent {
  /** Happens. The clock stands at the event's time. */
  fire(): void;
}

/**
 * Events that may happen without time going on. More means that something re-arms itself in the past
 * or that two ends answer each other over a path without delay: it would never end.
 */
const MOST_EVENTS_PER_INSTANT = 1_000_000;

/** A timer in the queue; `id` is what its owner holds. */
class VirtualTimer implements VirtualEvent {
  handle: EventHandle = -1;
  readonly #id: TimerId;
  readonly #timers: Map<TimerId, VirtualTimer>;
  readonly #callback: () => void;

  constructor(id: TimerId, timers: Map<TimerId, VirtualTimer>, callback: () => void) {
    this.#id = id;
    this.#timers = timers;
    this.#callback = callback;
  }

  fire(): void {
    this.#timers.delete(this.#id);
    this.#callback();
  }
}

/** A {@link Clock} whose time goes on when a test says so. */
export class VirtualClock implements Clock {
  readonly #queue: EventQueue<VirtualEvent> = new EventQueue();
  readonly #timers: Map<TimerId, VirtualTimer> = new Map();
  #nextId: TimerId = 1;
  #nowMs = 0;
  #eventsThisInstant = 0;
  #driven = false;

  nowMs(): number {
    return this.#nowMs;
  }

  /** Timers and arrivals that are still to come. */
  get pendingEvents(): number {
    return this.#queue.size;
  }

  /** Time of the next event, `Infinity` when nothing is left to happen. */
  get nextEventMs(): number {
    return this.#queue.nextMs;
  }

  /**
   * Calls `callback` when the clock is run to `atMs`; a time that has passed means now, after what is
   * already due. `Infinity` never comes.
   *
   * @throws {RangeError} if `atMs` is NaN.
   */
  setTimer(atMs: number, callback: () => void): TimerId {
    const id = this.#nextId++;
    if (atMs === Infinity) return id;
    const timer = new VirtualTimer(id, this.#timers, callback);
    timer.handle = this.schedule(atMs, timer);
    this.#timers.set(id, timer);
    return id;
  }

  clearTimer(id: TimerId): void {
    const timer = this.#timers.get(id);
    if (timer === undefined) return;
    this.#timers.delete(id);
    this.#queue.remove(timer.handle);
  }

  /** Puts an event on the queue; a time that has passed means now. */
  schedule(atMs: number, event: VirtualEvent): EventHandle {
    if (Number.isNaN(atMs)) throw new RangeError("Cannot set a timer at NaN ms");
    return this.#queue.push(atMs > this.#nowMs ? atMs : this.#nowMs, event);
  }

  /**
   * Lets everything happen up to and including `untilMs`, and leaves the clock there.
   *
   * @throws {RangeError} if `untilMs` has passed.
   * @throws {Error} if time is being run already, or stands still under endless events.
   */
  run(untilMs: number): void {
    this.#drive(untilMs);
    try {
      while (this.#queue.nextMs <= untilMs) this.#step();
      this.#nowMs = untilMs;
    } finally {
      this.#driven = false;
    }
  }

  /**
   * Lets things happen until `predicate` holds, and leaves the clock there; it is asked first and then
   * after every event. Returns false, with the clock at `limitMs`, if it did not hold until then.
   */
  runUntil(predicate: () => boolean, limitMs: number): boolean {
    this.#drive(limitMs);
    try {
      while (!predicate()) {
        if (!(this.#queue.nextMs <= limitMs)) {
          this.#nowMs = limitMs;
          return false;
        }
        this.#step();
      }
      return true;
    } finally {
      this.#driven = false;
    }
  }

  /**
   * {@link VirtualClock.run} for code that awaits: time goes on only after every promise that can settle
   * has settled. Costs one turn of the event loop (3 µs) per moment at which something happens. What
   * waits for the real world (files, sockets, WebAssembly that is being compiled) is not waited for.
   */
  async runAsync(untilMs: number): Promise<void> {
    this.#drive(untilMs);
    try {
      await settlePromises();
      while (this.#queue.nextMs <= untilMs) {
        this.#stepInstant();
        await settlePromises();
      }
      this.#nowMs = untilMs;
    } finally {
      this.#driven = false;
    }
  }

  /**
   * Lets time go on until the promise settles, and returns its value or throws its reason. `limitMs` is
   * one simulated minute from now unless given.
   *
   * @throws {Error} if it has not settled by `limitMs`, or nothing is left that could settle it.
   */
  async settle<Value>(
    promise: Promise<Value>,
    limitMs: number = this.#nowMs + 60_000,
  ): Promise<Value> {
    let pending = true;
    const done = (): void => {
      pending = false;
    };
    promise.then(done, done);
    this.#drive(limitMs);
    try {
      await settlePromises();
      while (pending) {
        if (!(this.#queue.nextMs <= limitMs)) throw this.#stillPending(limitMs);
        this.#stepInstant();
        await settlePromises();
      }
    } finally {
      this.#driven = false;
    }
    return promise;
  }

  #stillPending(limitMs: number): Error {
    return new Error(
      this.#queue.size === 0
        ? `The promise has not settled and nothing is left to happen after ${this.#nowMs} ms`
        : `The promise has not settled by ${limitMs} ms of simulated time`,
    );
  }

  /** Everything that happens at the next moment at which something happens. */
  #stepInstant(): void {
    const atMs = this.#queue.nextMs;
    while (this.#queue.nextMs === atMs) this.#step();
  }

  #step(): void {
    const atMs = this.#queue.nextMs;
    if (atMs > this.#nowMs) {
      this.#nowMs = atMs;
      this.#eventsThisInstant = 0;
    } else if (++this.#eventsThisInstant > MOST_EVENTS_PER_INSTANT) {
      throw new Error(
        `Time stands still at ${this.#nowMs} ms: a timer re-arms itself in the past, ` +
          `or two ends answer each other over a path without delay`,
      );
    }
    this.#queue.pop()?.fire();
  }

  /** One driver at a time: run from inside an event, time would go on before the event has ended. */
  #drive(limitMs: number): void {
    if (this.#driven) throw new Error("Cannot run simulated time: it is being run already");
    if (!(limitMs >= this.#nowMs) || limitMs === Infinity) {
      throw new RangeError(`Cannot run to ${limitMs} ms: the clock stands at ${this.#nowMs} ms`);
    }
    this.#driven = true;
  }
}

/** One turn of the event loop: every microtask has run before the next turn begins. */
function settlePromises(): Promise<void> {
  return new Promise((resolve) => {
    nextTurn(resolve);
  });
}
