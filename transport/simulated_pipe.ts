/**
 * One end in a simulated network: a {@link DatagramPipe} without a socket.
 *
 * It copies what is sent and hands it to the network; the network calls {@link SimulatedPipe.deliver}
 * when it arrives. After delivery the bytes are overwritten, as the next datagram would overwrite them
 * in a real receive buffer, so that code which keeps the view fails here and not in production.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import { unmappedAddress } from "./ip_literal.ts";
import {
  type DatagramPipe,
  MAX_DATAGRAM_BYTES,
  type PipeCounters,
  type TransmitSlot,
} from "./pipe.ts";
import { newPipeCounters } from "./pipe_counters.ts";
import { checkTargetPort } from "./resolve.ts";
import { type Allocate, allocateExactly, allocateOnHeap, SlotPool } from "./slot_pool.ts";

/** How to bind a pipe in a simulated network. */
export interface SimulatedPipeOptions {
  /** Where the receive buffer and the transmit slab live; called once for each. Default: the heap. */
  allocate?: Allocate | undefined;
  /**
   * Transmit buffers, 1 to 65,536. A simulated send frees its buffer at once, so this only limits how many
   * are borrowed at a time. Default 16.
   */
  transmitSlots?: number | undefined;
  /** Longest datagram that the pipe sends and hears. Default {@link MAX_DATAGRAM_BYTES}. */
  maxDatagramBytes?: number | undefined;
}

/** What a pipe needs of the network that it is in. */
export interface SimulatedRouter {
  /** Takes a datagram on its way; `bytes` are copied. */
  route(pipe: SimulatedPipe, bytes: Uint8Array, to: Address): void;
  /** The addresses of a name or literal; throws a TransportError `unresolved`. */
  resolveHost(hostname: string): readonly string[];
  /** Frees the address of a pipe that closes. */
  unbind(pipe: SimulatedPipe): void;
}

/** Why a pipe takes no notice of a datagram that reached it. */
export type PipeRefusal = "unreachable" | "truncated" | "port-zero";

/** Overwrites what a handler was lent. Any other value would do; this one is easy to see in a dump. */
const SCRIBBLE_BYTE = 0xdb;

/** Bound by {@link SimulatedNetwork.bind} or {@link NatBox.bind}. */
export class SimulatedPipe implements DatagramPipe {
  readonly kind = "simulated";
  readonly localAddress: Address;
  readonly maxDatagramBytes: number;
  readonly counters: PipeCounters = newPipeCounters();

  readonly #router: SimulatedRouter;
  readonly #slots: SlotPool;
  readonly #receiveBuffer: Uint8Array;
  #onDatagram: ((bytes: Uint8Array, from: Address) => void) | undefined;
  #closed = false;

  /** Called by the network, which has reserved `localAddress` for it. */
  constructor(router: SimulatedRouter, localAddress: Address, options: SimulatedPipeOptions) {
    const {
      allocate = allocateOnHeap,
      transmitSlots = 16,
      maxDatagramBytes = MAX_DATAGRAM_BYTES,
    } = options;
    if (!(maxDatagramBytes >= 1 && maxDatagramBytes <= 65_507)) {
      throw new RangeError(
        `Cannot take datagrams of ${maxDatagramBytes} bytes: the limit is 1 to 65,507 bytes`,
      );
    }
    this.#router = router;
    this.localAddress = localAddress;
    this.maxDatagramBytes = maxDatagramBytes;
    this.#receiveBuffer = allocateExactly(allocate, maxDatagramBytes + 1);
    this.#slots = new SlotPool(this.counters, {
      allocate,
      transmitSlots,
      slotBytes: maxDatagramBytes,
    });
  }

  start(onDatagram: (bytes: Uint8Array, from: Address) => void): void {
    if (this.#onDatagram !== undefined) throw new TypeError("Cannot start a pipe twice");
    this.#onDatagram = onDatagram;
  }

  acquire(): TransmitSlot | undefined {
    return this.#slots.acquire();
  }

  send(slot: TransmitSlot, sizeBytes: number, to: Address): void {
    const claimed = this.#slots.claim(slot, sizeBytes);
    if (this.#closed || !(to.port > 0 && to.port <= 65_535)) {
      claimed.onFailed();
      return;
    }
    // Sockets that speak both families write IPv4 hosts in mapped form; it is the same host.
    this.#router.route(this, claimed.bytes.subarray(0, sizeBytes), unmappedAddress(to));
    claimed.onSent();
  }

  release(slot: TransmitSlot): void {
    this.#slots.release(slot);
  }

  // Asynchronous because the interface is: a simulated name is known at once.
  // deno-lint-ignore require-await
  async resolve(hostname: string, port: number): Promise<Address[]> {
    checkTargetPort(port);
    return this.#router.resolveHost(hostname).map((literal) => ({ hostname: literal, port }));
  }

  // deno-lint-ignore require-await
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#router.unbind(this);
  }

  /** Called by the network before it delivers: why the pipe takes no notice, if so, and counts that. */
  refusal(sizeBytes: number, from: Address): PipeRefusal | undefined {
    if (this.#closed || this.#onDatagram === undefined) return "unreachable";
    if (sizeBytes > this.maxDatagramBytes) {
      this.counters.truncated++;
      return "truncated";
    }
    if (from.port === 0) {
      this.counters.portZero++;
      return "port-zero";
    }
    return undefined;
  }

  /** Called by the network when a datagram arrives that was not refused. `bytes` are copied. */
  deliver(bytes: Uint8Array, from: Address): void {
    const sizeBytes = bytes.byteLength;
    this.counters.datagramsReceived++;
    this.counters.bytesReceived += sizeBytes;
    const received = this.#receiveBuffer.subarray(0, sizeBytes);
    received.set(bytes);
    this.#onDatagram?.(received, from);
    received.fill(SCRIBBLE_BYTE);
  }
}
