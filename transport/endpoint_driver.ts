/**
 * Drives a sans-IO endpoint over a pipe and a clock: the run loop that server and client share.
 *
 * The rule is that of str0m: after every change, let the application see the news, drain what is to be
 * sent, and sleep until the next deadline. One timer per endpoint, however many sessions it has.
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

/** A run loop. */
export class EndpointDriver {
  readonly #endpoint: DrivenEndpoint;
  readonly #pipe: DatagramPipe;
  readonly #clock: Clock;
  readonly #onNews: (nowMs: number) => void;
  #spare: TransmitSlot | undefined;
  #timer: TimerId | undefined;
  #timerAtMs = Infinity;
  #isServicing = false;
  #isWakePending = false;
  #isStopped = false;

  /** @param onNews Called after every change, to poll messages and events; may send and close. */
  constructor(
    endpoint: DrivenEndpoint,
    pipe: DatagramPipe,
    clock: Clock,
    onNews: (nowMs: number) => void,
  ) {
    this.#endpoint = endpoint;
    this.#pipe = pipe;
    this.#clock = clock;
    this.#onNews = onNews;
  }

  /** Whether the driver is in the middle of a service: whatever is sent now leaves at its end. */
  get isServicing(): boolean {
    return this.#isServicing;
  }

  /** Starts receiving. */
  start(): void {
    this.#pipe.start((bytes, from) => {
      if (this.#isStopped) return;
      const nowMs = this.#clock.nowMs();
      this.#endpoint.handleDatagram(bytes, from, nowMs);
      this.service(nowMs);
    });
    this.service(this.#clock.nowMs());
  }

  /** Lets the news out and everything due leave, now. */
  service(nowMs: number): void {
    if (this.#isStopped || this.#isServicing) return;
    this.#isServicing = true;
    try {
      this.#onNews(nowMs);
      if (this.#isStopped) return;
      const hasBuffers = this.#transmit(nowMs);
      this.#schedule(hasBuffers ? this.#endpoint.deadlineMs(nowMs) : nowMs + BUFFER_RETRY_MS);
    } finally {
      this.#isServicing = false;
    }
  }

  /** Asks for a {@link service} at the end of the current turn; many calls make one. */
  wake(): void {
    if (this.#isWakePending || this.#isServicing || this.#isStopped) return;
    this.#isWakePending = true;
    queueMicrotask(() => {
      this.#isWakePending = false;
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

  /** Drains the endpoint; `false` when transmit buffers ran out first. */
  #transmit(nowMs: number): boolean {
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
  #schedule(deadlineMs: number): void {
    if (deadlineMs >= this.#timerAtMs) return;
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timerAtMs = deadlineMs;
    this.#timer = this.#clock.setTimer(deadlineMs, () => {
      this.#timer = undefined;
      this.#timerAtMs = Infinity;
      const nowMs = this.#clock.nowMs();
      this.#endpoint.handleTimeout(nowMs);
      this.service(nowMs);
    });
  }
}
