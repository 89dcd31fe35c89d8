/**
 * Two ends in one process, without sockets and without delay: a server and a client of the same program.
 *
 * There is one other end, so every name resolves to it. Nothing is lost unless more datagrams wait than
 * may. Delivery happens in the next turn of the event loop, never inside `send`.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import { nextTurn } from "./next_turn.ts";
import {
  type DatagramPipe,
  MAX_DATAGRAM_BYTES,
  type PipeCounters,
  type TransmitSlot,
} from "./pipe.ts";
import { newPipeCounters } from "./pipe_counters.ts";
import { checkTargetPort } from "./resolve.ts";
import { type Allocate, allocateExactly, allocateOnHeap, SlotPool } from "./slot_pool.ts";

/** How to make one end of a pair. */
export interface MemoryPipeOptions {
  /**
   * Where the receive buffer and the transmit slab live; called once for each. Default: the heap.
   */
  allocate?: Allocate | undefined;
  /**
   * Datagrams that may wait for this end; more are lost and count as send errors of the other.
   * Default 1,024.
   */
  inboxDatagrams?: number | undefined;
  /** Transmit buffers; a send frees its buffer at once. Default 16. */
  transmitSlots?: number | undefined;
}

/** Two pipes that hear each other, and nobody else. */
export function memoryPipePair(
  options: MemoryPipeOptions = {},
  otherOptions: MemoryPipeOptions = options,
): [DatagramPipe, DatagramPipe] {
  const one = new MemoryPipe(1, options);
  const other = new MemoryPipe(2, otherOptions);
  one.peer = other;
  other.peer = one;
  return [one, other];
}

/** A datagram in an inbox. */
interface Letter {
  readonly buffer: Uint8Array;
  sizeBytes: number;
}

class MemoryPipe implements DatagramPipe {
  readonly kind = "memory";
  readonly localAddress: Address;
  readonly maxDatagramBytes = MAX_DATAGRAM_BYTES;
  readonly counters: PipeCounters = newPipeCounters();
  /** The other end; set by {@link memoryPipePair} before anyone can send. */
  peer: MemoryPipe | undefined;

  readonly #slots: SlotPool;
  readonly #receiveBuffer: Uint8Array;
  readonly #inboxDatagrams: number;
  #inbox: Letter[] = [];
  readonly #idle: Letter[] = [];
  #onDatagram: ((bytes: Uint8Array, from: Address) => void) | undefined;
  #cancelTurn: (() => void) | undefined;
  #closed = false;

  constructor(port: number, options: MemoryPipeOptions) {
    const { allocate = allocateOnHeap, inboxDatagrams = 1_024, transmitSlots = 16 } = options;
    // No socket has these ports: they only tell the two ends apart.
    this.localAddress = Object.freeze({ hostname: "127.0.0.1", port });
    this.#inboxDatagrams = inboxDatagrams;
    this.#receiveBuffer = allocateExactly(allocate, MAX_DATAGRAM_BYTES + 1);
    this.#slots = new SlotPool(this.counters, { allocate, transmitSlots });
  }

  start(onDatagram: (bytes: Uint8Array, from: Address) => void): void {
    if (this.#onDatagram !== undefined) throw new TypeError("Cannot start a pipe twice");
    this.#onDatagram = onDatagram;
    this.#deliverSoon();
  }

  acquire(): TransmitSlot | undefined {
    return this.#slots.acquire();
  }

  send(slot: TransmitSlot, sizeBytes: number, to: Address): void {
    const claimed = this.#slots.claim(slot, sizeBytes);
    const peer = this.#closed ? undefined : this.peer;
    const reached = peer !== undefined && peer.localAddress.port === to.port &&
      peer.#accept(claimed.bytes.subarray(0, sizeBytes));
    if (reached) claimed.onSent();
    else claimed.onFailed();
  }

  release(slot: TransmitSlot): void {
    this.#slots.release(slot);
  }

  // deno-lint-ignore require-await
  async resolve(_hostname: string, port: number): Promise<Address[]> {
    checkTargetPort(port);
    return this.peer === undefined ? [] : [this.peer.localAddress];
  }

  // deno-lint-ignore require-await
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTurn?.();
    this.#inbox = [];
  }

  /**
   * Takes a copy; false when there is no room. What comes to a closed end is lost, as on a network.
   */
  #accept(bytes: Uint8Array): boolean {
    if (this.#closed) return true;
    if (this.#inbox.length >= this.#inboxDatagrams) return false;
    const letter = this.#idle.pop() ??
      { buffer: new Uint8Array(MAX_DATAGRAM_BYTES), sizeBytes: 0 };
    letter.buffer.set(bytes);
    letter.sizeBytes = bytes.byteLength;
    this.#inbox.push(letter);
    this.#deliverSoon();
    return true;
  }

  #deliverSoon(): void {
    if (this.#cancelTurn !== undefined || this.#onDatagram === undefined) return;
    if (this.#closed || this.#inbox.length === 0) return;
    this.#cancelTurn = nextTurn(() => this.#deliverAll());
  }

  /** Delivers what has come so far; what the handlers cause comes in the next turn. */
  #deliverAll(): void {
    this.#cancelTurn = undefined;
    const letters = this.#inbox;
    this.#inbox = [];
    for (const letter of letters) {
      if (this.#closed || this.peer === undefined) return;
      this.counters.datagramsReceived++;
      this.counters.bytesReceived += letter.sizeBytes;
      const bytes = this.#receiveBuffer.subarray(0, letter.sizeBytes);
      bytes.set(letter.buffer.subarray(0, letter.sizeBytes));
      this.#onDatagram?.(bytes, this.peer.localAddress);
      this.#idle.push(letter);
    }
  }
}
