/**
 * Makes a real pipe as bad as one wishes, in real time: what `--sim` puts around a socket.
 *
 * One impairment for all that leaves and one for all that arrives, as if this host hung on a bad line.
 * What is delayed waits in copies, of which there are at most a fixed number. What is not delayed is
 * passed through without a copy. For tests there is `simulated_network.ts`, which needs no real time.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import type { Clock, TimerId } from "./clock.ts";
import { EventQueue } from "./event_queue.ts";
import { ImpairedLink } from "./impaired_link.ts";
import type { ImpairmentOptions } from "./impairment.ts";
import type { DatagramPipe, PipeCounters, TransmitSlot } from "./pipe.ts";
import { seedFor } from "./random.ts";
import { type Allocate, allocateExactly, allocateOnHeap } from "./slot_pool.ts";
import { systemClock } from "./system_clock.ts";

/** How to impair a pipe. */
export interface ImpairedPipeOptions {
  /** What happens to datagrams that leave. Default: nothing. */
  send?: ImpairmentOptions | undefined;
  /** What happens to datagrams that arrive. Default: nothing. */
  receive?: ImpairmentOptions | undefined;
  /** Time and timers; delays are as exact as its timers. Default {@link systemClock}. */
  clock?: Clock | undefined;
  /**
   * Where datagrams lie while a handler has them: the allocator that the pipe was opened with.
   * Default: the heap.
   */
  allocate?: Allocate | undefined;
  /** Seed for impairments that name none. Default: by chance. */
  seed?: number | undefined;
  /**
   * Datagrams that may wait at a time, both directions together; more are lost. Default 4,096: 6
   * MB.
   */
  maxHeldDatagrams?: number | undefined;
}

/** A copy of a datagram that waits for its time. */
interface HeldDatagram {
  buffer: Uint8Array;
  sizeBytes: number;
  /** Target when it leaves, source when it arrives. */
  peer: Address;
  outbound: boolean;
}

/** Wraps a pipe that has not been started; use the wrapper in its place and close only that. */
export function impairPipe(inner: DatagramPipe, options: ImpairedPipeOptions = {}): ImpairedPipe {
  return new ImpairedPipe(inner, options);
}

/** What the user of an impaired pipe saw; errors are those of the pipe inside. */
class ImpairedCounters implements PipeCounters {
  datagramsSent = 0;
  bytesSent = 0;
  datagramsReceived = 0;
  bytesReceived = 0;
  readonly #inner: Readonly<PipeCounters>;

  constructor(inner: Readonly<PipeCounters>) {
    this.#inner = inner;
  }

  get sendErrors(): number {
    return this.#inner.sendErrors;
  }
  get receiveErrors(): number {
    return this.#inner.receiveErrors;
  }
  get truncated(): number {
    return this.#inner.truncated;
  }
  get portZero(): number {
    return this.#inner.portZero;
  }
  get noBuffer(): number {
    return this.#inner.noBuffer;
  }
}

/** A pipe behind a bad line. Made by {@link impairPipe}. */
export class ImpairedPipe implements DatagramPipe {
  readonly kind: string;
  readonly localAddress: Address;
  readonly maxDatagramBytes: number;
  readonly counters: Readonly<PipeCounters>;
  /** Decides about datagrams that leave; its counters say what it did. */
  readonly sendLink: ImpairedLink;
  /** Decides about datagrams that arrive; its counters say what it did. */
  readonly receiveLink: ImpairedLink;

  readonly #inner: DatagramPipe;
  readonly #clock: Clock;
  readonly #counters: ImpairedCounters;
  readonly #receiveBuffer: Uint8Array;
  readonly #maxHeldDatagrams: number;
  readonly #held: EventQueue<HeldDatagram> = new EventQueue();
  readonly #idle: HeldDatagram[] = [];
  #overflow = 0;
  #timer: TimerId | undefined;
  #timerMs = Infinity;
  #onDatagram: ((bytes: Uint8Array, from: Address) => void) | undefined;
  #closing: Promise<void> | undefined;

  /** Takes the pipe over. Throws a RangeError for an impairment out of bounds. */
  constructor(inner: DatagramPipe, options: ImpairedPipeOptions) {
    const {
      clock = systemClock,
      allocate = allocateOnHeap,
      seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
      maxHeldDatagrams = 4_096,
    } = options;
    this.kind = `impaired ${inner.kind}`;
    this.localAddress = inner.localAddress;
    this.maxDatagramBytes = inner.maxDatagramBytes;
    this.#counters = new ImpairedCounters(inner.counters);
    this.counters = this.#counters;
    const { send = {}, receive = {} } = options;
    this.sendLink = new ImpairedLink(send, seedFor("send", send.seed ?? seed));
    this.receiveLink = new ImpairedLink(receive, seedFor("receive", receive.seed ?? seed));
    this.#inner = inner;
    this.#clock = clock;
    this.#receiveBuffer = allocateExactly(allocate, inner.maxDatagramBytes + 1);
    this.#maxHeldDatagrams = maxHeldDatagrams;
  }

  /** Datagrams that wait for their time. */
  get held(): number {
    return this.#held.size;
  }

  /** Datagrams lost because as many waited as may. */
  get overflow(): number {
    return this.#overflow;
  }

  start(onDatagram: (bytes: Uint8Array, from: Address) => void): void {
    this.#inner.start((bytes, from) => this.#arrive(bytes, from));
    this.#onDatagram = onDatagram;
  }

  acquire(): TransmitSlot | undefined {
    return this.#inner.acquire();
  }

  send(slot: TransmitSlot, sizeBytes: number, to: Address): void {
    const isInRange = sizeBytes >= 0 && sizeBytes <= this.maxDatagramBytes &&
      Number.isInteger(sizeBytes);
    if (this.#closing !== undefined || !isInRange) {
      // The pipe inside counts the one and throws for the other.
      this.#inner.send(slot, sizeBytes, to);
      return;
    }
    const nowMs = this.#clock.nowMs();
    const copies = this.sendLink.offer(nowMs, sizeBytes);
    this.#counters.datagramsSent++;
    this.#counters.bytesSent += sizeBytes;
    if (copies === 1 && !(this.sendLink.arrivalsMs[0]! > nowMs)) {
      this.#inner.send(slot, sizeBytes, to);
      return;
    }
    this.#holdCopies(this.sendLink, copies, slot.bytes.subarray(0, sizeBytes), to, true);
    this.#inner.release(slot);
  }

  release(slot: TransmitSlot): void {
    this.#inner.release(slot);
  }

  resolve(hostname: string, port: number): Promise<Address[]> {
    return this.#inner.resolve(hostname, port);
  }

  close(): Promise<void> {
    if (this.#closing === undefined) {
      if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
      this.#timer = undefined;
      while (this.#held.pop() !== undefined);
      this.#closing = this.#inner.close();
    }
    return this.#closing;
  }

  #arrive(bytes: Uint8Array, from: Address): void {
    if (this.#closing !== undefined) return;
    const nowMs = this.#clock.nowMs();
    const copies = this.receiveLink.offer(nowMs, bytes.byteLength);
    if (copies === 1 && !(this.receiveLink.arrivalsMs[0]! > nowMs)) {
      this.#deliver(bytes, from);
    } else {
      this.#holdCopies(this.receiveLink, copies, bytes, from, false);
    }
  }

  #deliver(bytes: Uint8Array, from: Address): void {
    this.#counters.datagramsReceived++;
    this.#counters.bytesReceived += bytes.byteLength;
    this.#onDatagram?.(bytes, from);
  }

  #holdCopies(
    link: ImpairedLink,
    copies: number,
    bytes: Uint8Array,
    peer: Address,
    outbound: boolean,
  ): void {
    for (let copy = 0; copy < copies; copy++) {
      if (this.#held.size >= this.#maxHeldDatagrams) {
        this.#overflow++;
        continue;
      }
      const held = this.#idle.pop() ??
        { buffer: new Uint8Array(this.maxDatagramBytes), sizeBytes: 0, peer, outbound };
      held.buffer.set(bytes);
      held.sizeBytes = bytes.byteLength;
      held.peer = peer;
      held.outbound = outbound;
      this.#held.push(link.arrivalsMs[copy]!, held);
    }
    this.#arm();
  }

  /** One timer, always for the datagram that is due next. */
  #arm(): void {
    const { nextMs } = this.#held;
    if (this.#timer !== undefined) {
      if (nextMs >= this.#timerMs) return;
      this.#clock.clearTimer(this.#timer);
      this.#timer = undefined;
    }
    if (nextMs === Infinity) return;
    this.#timerMs = nextMs;
    this.#timer = this.#clock.setTimer(nextMs, () => this.#deliverDue());
  }

  #deliverDue(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.nowMs();
    // A handler may close the pipe, which empties the queue.
    while (this.#held.nextMs <= nowMs) {
      const held = this.#held.pop();
      if (held !== undefined) this.#pass(held);
    }
    if (this.#closing === undefined) this.#arm();
  }

  #pass(held: HeldDatagram): void {
    const bytes = held.buffer.subarray(0, held.sizeBytes);
    if (held.outbound) {
      const slot = this.#inner.acquire();
      if (slot !== undefined) {
        slot.bytes.set(bytes);
        this.#inner.send(slot, held.sizeBytes, held.peer);
      }
    } else {
      const received = this.#receiveBuffer.subarray(0, held.sizeBytes);
      received.set(bytes);
      this.#deliver(received, held.peer);
    }
    this.#idle.push(held);
  }
}
