/**
 * Drives the end of a route over a pipe that others send on too.
 *
 * `EndpointDriver` keeps a transmit buffer in hand for its next datagram; here the buffers belong to the
 * session above, so one is borrowed only when a frame is due.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import type { Clock, TimerId } from "./clock.ts";
import type { DatagramPipe } from "./pipe.ts";

/** What a leg shows its driver. */
export interface DrivenLeg {
  /** Does what time asks for. */
  handleTimeout(nowMs: number): void;
  /** When {@link handleTimeout} should be called at the latest. */
  deadlineMs(nowMs: number): number;
  /** Whether {@link pollTransmit} has a frame; may be wrong in saying so. */
  wantsTransmit(nowMs: number): boolean;
  /** Builds the next frame; 0 when there is none. */
  pollTransmit(into: Uint8Array, nowMs: number): number;
  /** Where that frame goes. */
  readonly transmitTo: Address;
}

/** How long to wait for a transmit buffer when all are in flight. */
const BUFFER_RETRY_MS = 1;

/** A deadline that has passed already waits this long, so that no defect makes the timer spin. */
const SHORTEST_SLEEP_MS = 1;

/** Sends a leg's own frames, and wakes it up. */
export class RelayLegDriver {
  readonly #leg: DrivenLeg;
  readonly #pipe: DatagramPipe;
  readonly #clock: Clock;
  readonly #onNews: () => void;
  readonly #fire = (): void => this.#onTimer();
  #timer: TimerId | undefined;
  #timerAtMs = Infinity;
  #isServicing = false;
  #isStopped = false;

  /**
   * Does nothing before the first {@link service}.
   *
   * @param onNews Called after every change, to poll events.
   */
  constructor(leg: DrivenLeg, pipe: DatagramPipe, clock: Clock, onNews: () => void) {
    this.#leg = leg;
    this.#pipe = pipe;
    this.#clock = clock;
    this.#onNews = onNews;
  }

  /** Lets every frame that is due leave, and sleeps until the next deadline. */
  service(nowMs: number): void {
    if (this.#isStopped || this.#isServicing) return;
    this.#isServicing = true;
    try {
      this.#onNews();
      const hasBuffers = this.#drain(nowMs);
      this.#schedule(hasBuffers ? this.#leg.deadlineMs(nowMs) : nowMs + BUFFER_RETRY_MS, nowMs);
    } finally {
      this.#isServicing = false;
    }
  }

  /** Stops; the pipe stays open. */
  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  /** `false` when transmit buffers ran out first. */
  #drain(nowMs: number): boolean {
    while (this.#leg.wantsTransmit(nowMs)) {
      const slot = this.#pipe.acquire();
      if (slot === undefined) return false;
      const sizeBytes = this.#leg.pollTransmit(slot.bytes, nowMs);
      if (sizeBytes === 0) {
        this.#pipe.release(slot);
        return true;
      }
      this.#pipe.send(slot, sizeBytes, this.#leg.transmitTo);
    }
    return true;
  }

  /** A timer that comes too early costs one look; moving it with every packet would cost more. */
  #schedule(deadlineMs: number, nowMs: number): void {
    const atMs = Math.max(deadlineMs, nowMs + SHORTEST_SLEEP_MS);
    if (this.#isStopped || atMs >= this.#timerAtMs) return;
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timerAtMs = atMs;
    this.#timer = this.#clock.setTimer(atMs, this.#fire);
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.#timerAtMs = Infinity;
    if (this.#isStopped) return;
    const nowMs = this.#clock.nowMs();
    this.#leg.handleTimeout(nowMs);
    this.service(nowMs);
  }
}
