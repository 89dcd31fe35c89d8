/**
 * Drives a sans-IO endpoint over a pipe and a clock: the run loop that server and client share.
 *
 * The rule is that of str0m: after every change, let the application see the news, drain what is to be
 * sent, and sleep until the next deadline. One timer per endpoint, however many sessions it has.
 *
 * Nothing that is thrown on the way stops the loop: an endpoint serves thousands of peers, and one
 * datagram that meets a defect must not end the process for all of them. It is counted and reported.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import type { Clock, TimerId } from "./clock.ts";
import type { DatagramPipe, TransmitSlot } from "./pipe.ts";

/** What can be driven: `ServerEndpoint`, `ClientEndpoint`, or one question. */
export interface DrivenEndpoint {
  /** Takes a datagram; never throws. */
  handleDatagram(bytes: Uint8Array, from: Address, nowMs: number): unknown;
  /** Does what time asks for. */
  handleTimeout(nowMs: number): void;
  /** When {@link handleTimeout} should be called at the latest. */
  deadlineMs(nowMs: number): number;
  /** Builds the next datagram; 0 when there is none. */
  pollTransmit(into: Uint8Array, nowMs: number): number;
  /** Where that datagram goes. */
  readonly transmitTo: Address;
}

/** How long to wait for transmit buffers when all are in flight. */
const BUFFER_RETRY_MS = 1;

/** A deadline that has passed already waits this long, so that no defect makes the timer spin. */
const SHORTEST_SLEEP_MS = 1;

/** How long the loop rests after the endpoint itself failed. */
const ERROR_PAUSE_MS = 100;

/** A defect that shows with every packet is reported once in this time; it is counted every time. */
const REPORT_INTERVAL_MS = 1_000;

/** A run loop. */
export class EndpointDriver {
  /** Times that the endpoint or `onNews` threw. Each is a defect: a peer's bytes never throw. */
  errors = 0;
  readonly #endpoint: DrivenEndpoint;
  readonly #pipe: DatagramPipe;
  readonly #clock: Clock;
  readonly #onNews: (nowMs: number) => void;
  readonly #onError: (error: unknown) => void;
  #spare: TransmitSlot | undefined;
  #timer: TimerId | undefined;
  #timerAtMs = Infinity;
  #isServicing = false;
  #isTransmitting = false;
  #isWakePending = false;
  #isStopped = false;
  #reportedAtMs = -Infinity;
  /** When the datagrams at hand came; NaN between them. Reading the clock takes a call out of JavaScript. */
  #batchMs = NaN;
  #serviceMs = NaN;

  /**
   * @param onNews Called after every change, to poll messages and events; may send and close.
   * @param onError Told of what was thrown, once a second at most. Default: `reportError`, which ends a
   * Deno process that does not listen to `"error"` events.
   */
  constructor(
    endpoint: DrivenEndpoint,
    pipe: DatagramPipe,
    clock: Clock,
    onNews: (nowMs: number) => void,
    onError: (error: unknown) => void = (error) => reportError(error),
  ) {
    this.#endpoint = endpoint;
    this.#pipe = pipe;
    this.#clock = clock;
    this.#onNews = onNews;
    this.#onError = onError;
  }

  /** Whether the driver is in the middle of a service: whatever is sent now leaves at its end. */
  get isServicing(): boolean {
    return this.#isServicing;
  }

  /** The time: inside `onNews` the one that it was called with, so that sending a message reads no clock. */
  get nowMs(): number {
    return this.#isServicing ? this.#serviceMs : this.#clock.nowMs();
  }

  /** Starts receiving. */
  start(): void {
    this.#pipe.start((bytes, from) => this.#receive(bytes, from));
    this.service(this.#clock.nowMs());
  }

  /** Lets the news out and everything due leave, now. Inside `onNews` it does nothing: that is to come. */
  service(nowMs: number): void {
    if (this.#isStopped || this.#isServicing) return;
    this.#isServicing = true;
    this.#serviceMs = nowMs;
    try {
      this.#onNews(nowMs);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isServicing = false;
    }
    this.transmit(nowMs);
  }

  /**
   * Lets everything due leave now, and leaves the news for later. Also for use inside `onNews`, where
   * something must not wait for the handlers that are still to come.
   */
  transmit(nowMs: number): void {
    if (this.#isStopped || this.#isTransmitting) return;
    this.#isTransmitting = true;
    try {
      const hasBuffers = this.#drain(nowMs);
      this.#schedule(
        hasBuffers ? this.#endpoint.deadlineMs(nowMs) : nowMs + BUFFER_RETRY_MS,
        nowMs,
      );
    } catch (error) {
      this.#fail(error);
      this.#schedule(nowMs + ERROR_PAUSE_MS, nowMs);
    } finally {
      this.#isTransmitting = false;
    }
  }

  /** Asks for a {@link service} at the end of the current turn; many calls make one. */
  wake(): void {
    if (this.#isWakePending || this.#isServicing || this.#isStopped) return;
    this.#isWakePending = true;
    queueMicrotask(() => {
      this.#isWakePending = false;
      this.#batchMs = NaN;
      this.service(this.#clock.nowMs());
    });
  }

  /** Stops; the pipe stays open and is the caller's to close. */
  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
    if (this.#spare !== undefined) this.#pipe.release(this.#spare);
    this.#spare = undefined;
  }

  #receive(bytes: Uint8Array, from: Address): void {
    if (this.#isStopped) return;
    const nowMs = Number.isNaN(this.#batchMs) ? this.#clock.nowMs() : this.#batchMs;
    try {
      this.#endpoint.handleDatagram(bytes, from, nowMs);
    } catch (error) {
      this.#fail(error);
    }
    if (this.#pipe.deliversInBatches !== true) return this.service(nowMs);
    this.wake();
    // The microtask of this wake begins the next batch.
    if (this.#isWakePending) this.#batchMs = nowMs;
  }

  /** Drains the endpoint; `false` when transmit buffers ran out first. */
  #drain(nowMs: number): boolean {
    while (true) {
      const slot = this.#spare ?? this.#pipe.acquire();
      this.#spare = slot;
      if (slot === undefined) return false;
      const sizeBytes = this.#endpoint.pollTransmit(slot.bytes, nowMs);
      if (sizeBytes === 0) return true;
      this.#spare = undefined;
      this.#pipe.send(slot, sizeBytes, this.#endpoint.transmitTo);
    }
  }

  /** A timer that comes too early costs one look; moving it with every packet would cost more. */
  #schedule(deadlineMs: number, nowMs: number): void {
    const atMs = Math.max(deadlineMs, nowMs + SHORTEST_SLEEP_MS);
    if (this.#isStopped || atMs >= this.#timerAtMs) return;
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timerAtMs = atMs;
    this.#timer = this.#clock.setTimer(atMs, () => this.#onTimer());
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.#timerAtMs = Infinity;
    const nowMs = this.#clock.nowMs();
    try {
      this.#endpoint.handleTimeout(nowMs);
    } catch (error) {
      this.#fail(error);
    }
    this.service(nowMs);
  }

  #fail(error: unknown): void {
    this.errors++;
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#reportedAtMs < REPORT_INTERVAL_MS) return;
    this.#reportedAtMs = nowMs;
    this.#onError(error);
  }
}
