/**
 * A pipe that reaches one game server through relays: what a client's session runs on.
 *
 * There is one other end, at one virtual address, whatever routes come and go below, so every name
 * resolves to it. Datagrams get a header of 20 bytes in front, in place; while a route is doubted they
 * leave twice.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import type { ClientLeg } from "../protocol/relay/legs/client_leg.ts";
import type { ClientLegEvent } from "../protocol/relay/legs/client_leg_options.ts";
import {
  RELAY_HEADER_BYTES,
  RELAY_MAX_FRAME_BYTES,
  RELAY_MAX_INNER_BYTES,
} from "../protocol/relay/relay_frame.ts";
import { isSameAddress } from "../protocol/same_address.ts";
import type { Clock } from "./clock.ts";
import type { DatagramPipe, PipeCounters, TransmitSlot } from "./pipe.ts";
import { RelayLegDriver } from "./relay_leg_driver.ts";
import { RelayPipeCounters } from "./relay_pipe_counters.ts";
import { checkTargetPort } from "./resolve.ts";

/** What a relayed pipe stands on. */
export interface RelayedPipeOptions {
  /** The client's end of the routes. */
  readonly leg: ClientLeg;
  /** Time and timers. */
  readonly clock: Clock;
  /**
   * Called with everything that the leg reports; it asks for fresh tickets here. May call the leg. After a
   * call of the leg from elsewhere, call {@link RelayedPipe.service}.
   */
  readonly onEvent?: ((event: ClientLegEvent, pipe: RelayedPipe) => void) | undefined;
}

/** A pipe through relays. Takes the pipe inside over: close only this one. */
export class RelayedPipe implements DatagramPipe {
  readonly kind: string;
  readonly localAddress: Address;
  readonly maxDatagramBytes: number = RELAY_MAX_INNER_BYTES;
  readonly counters: Readonly<PipeCounters>;
  /** The client's end of the routes. */
  readonly leg: ClientLeg;
  readonly #inner: DatagramPipe;
  readonly #clock: Clock;
  readonly #counters: RelayPipeCounters;
  readonly #driver: RelayLegDriver;
  readonly #onEvent: ((event: ClientLegEvent, pipe: RelayedPipe) => void) | undefined;
  #onDatagram: ((bytes: Uint8Array, from: Address) => void) | undefined;
  #bound: PromiseWithResolvers<boolean> | undefined;
  #closing: Promise<void> | undefined;
  #isStarted = false;

  /**
   * Takes a pipe that has not been started.
   *
   * @throws RangeError when it takes no frames of {@link RELAY_MAX_FRAME_BYTES} bytes.
   */
  constructor(inner: DatagramPipe, { leg, clock, onEvent }: RelayedPipeOptions) {
    if (inner.maxDatagramBytes < RELAY_MAX_FRAME_BYTES) {
      throw new RangeError(
        `Cannot relay through datagrams of ${inner.maxDatagramBytes} bytes: ` +
          `${RELAY_MAX_FRAME_BYTES} are needed`,
      );
    }
    this.kind = `relayed ${inner.kind}`;
    this.localAddress = inner.localAddress;
    this.leg = leg;
    this.#inner = inner;
    this.#clock = clock;
    this.#counters = new RelayPipeCounters(inner.counters);
    this.counters = this.#counters;
    this.#onEvent = onEvent;
    this.#driver = new RelayLegDriver(leg, inner, clock, () => this.#tell());
  }

  /**
   * Binds the routes, if that has not begun, and resolves when one of them is there: `true`, or `false`
   * when none was within `timeoutMs`. What is sent before is lost.
   */
  whenBound(timeoutMs: number): Promise<boolean> {
    this.#listen();
    if (this.leg.active !== undefined) return Promise.resolve(true);
    if (this.#closing !== undefined) return Promise.resolve(false);
    this.#bound ??= Promise.withResolvers();
    const { promise, resolve } = this.#bound;
    const timer = this.#clock.setTimer(this.#clock.nowMs() + timeoutMs, () => resolve(false));
    return promise.finally(() => {
      this.#clock.clearTimer(timer);
      this.#bound = undefined;
    });
  }

  /** Lets leave what a call of the leg has brought about. */
  service(): void {
    this.#driver.service(this.#clock.nowMs());
  }

  start(onDatagram: (bytes: Uint8Array, from: Address) => void): void {
    if (this.#onDatagram !== undefined) throw new TypeError("Cannot start a pipe twice");
    this.#onDatagram = onDatagram;
    this.#listen();
  }

  acquire(): TransmitSlot | undefined {
    return this.#inner.acquire();
  }

  send(slot: TransmitSlot, sizeBytes: number, to: Address): void {
    if (!(sizeBytes >= 0 && sizeBytes <= RELAY_MAX_INNER_BYTES) || !Number.isInteger(sizeBytes)) {
      throw new RangeError(
        `Cannot send ${sizeBytes} bytes: a datagram has 0 to ${RELAY_MAX_INNER_BYTES} bytes`,
      );
    }
    if (this.#closing !== undefined) {
      // The pipe inside counts it and takes the slot back.
      this.#inner.send(slot, sizeBytes, to);
      return;
    }
    const copies = isSameAddress(to, this.leg.virtualAddress) ? this.leg.startPacket() : 0;
    if (copies === 0) {
      this.#inner.release(slot);
      this.#counters.ownSendErrors++;
      return;
    }
    slot.bytes.copyWithin(RELAY_HEADER_BYTES, 0, sizeBytes);
    const nowMs = this.#clock.nowMs();
    const wasIdle = this.leg.isIdle;
    if (copies === 2) this.#sendCopy(slot.bytes, sizeBytes, nowMs);
    const first = this.leg.sealPacket(0, slot.bytes, sizeBytes, nowMs);
    this.#inner.send(slot, RELAY_HEADER_BYTES + sizeBytes, first);
    this.#counters.datagramsSent++;
    this.#counters.bytesSent += sizeBytes;
    // Data makes the leg look at its route more often than it does in silence.
    if (wasIdle) this.#driver.service(nowMs);
  }

  release(slot: TransmitSlot): void {
    this.#inner.release(slot);
  }

  // Asynchronous because the interface is: there is one other end, and no name to look up.
  // deno-lint-ignore require-await
  async resolve(_hostname: string, port: number): Promise<Address[]> {
    checkTargetPort(port);
    return [this.leg.virtualAddress];
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #close(): Promise<void> {
    this.leg.close();
    this.#driver.service(this.#clock.nowMs());
    this.#driver.stop();
    this.#bound?.resolve(false);
    return this.#inner.close();
  }

  #listen(): void {
    if (this.#isStarted || this.#closing !== undefined) return;
    this.#isStarted = true;
    this.#inner.start((bytes, from) => this.#receive(bytes, from));
    this.#driver.service(this.#clock.nowMs());
  }

  #receive(bytes: Uint8Array, from: Address): void {
    if (this.#closing !== undefined) return;
    const nowMs = this.#clock.nowMs();
    const payloadBytes = this.leg.handleDatagram(bytes, from, nowMs);
    if (payloadBytes >= 0 && this.#onDatagram !== undefined) {
      this.#counters.datagramsReceived++;
      this.#counters.bytesReceived += payloadBytes;
      this.#onDatagram(bytes.subarray(RELAY_HEADER_BYTES), this.leg.virtualAddress);
    }
    // A handler may have closed the pipe.
    if (this.#closing === undefined) this.#driver.service(nowMs);
  }

  #sendCopy(bytes: Uint8Array, sizeBytes: number, nowMs: number): void {
    const slot = this.#inner.acquire();
    if (slot === undefined) return;
    const frameBytes = RELAY_HEADER_BYTES + sizeBytes;
    slot.bytes.set(bytes.subarray(RELAY_HEADER_BYTES, frameBytes), RELAY_HEADER_BYTES);
    const to = this.leg.sealPacket(1, slot.bytes, sizeBytes, nowMs);
    this.#inner.send(slot, frameBytes, to);
  }

  #tell(): void {
    if (this.#bound !== undefined && this.leg.active !== undefined) this.#bound.resolve(true);
    for (let event = this.leg.pollEvent(); event; event = this.leg.pollEvent()) {
      this.#onEvent?.(event, this);
    }
  }
}
