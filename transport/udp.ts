/**
 * UDP through `Deno.listenDatagram`: the only file that names it.
 *
 * One receive outstanding: two and four were measured within noise of one (`bench/udp_bench.ts`), and one
 * keeps datagrams in order. What is at hand is received first and delivered together: an encrypted echo
 * costs a third less when receiving and handling do not take turns in the processor's caches. Sends are not
 * awaited. Everything that a peer or the network does ends in a counter.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import type { Clock, TimerId } from "./clock.ts";
import { TransportError } from "./errors.ts";
import { type SocketFamily, socketFamily } from "./ip_literal.ts";
import {
  type DatagramPipe,
  MAX_DATAGRAM_BYTES,
  type PipeCounters,
  type TransmitSlot,
} from "./pipe.ts";
import { nextTurn } from "./next_turn.ts";
import { newPipeCounters } from "./pipe_counters.ts";
import { resolveAddresses } from "./resolve.ts";
import { allocateExactly, allocateOnHeap, SlotPool, type SlotPoolOptions } from "./slot_pool.ts";
import { bindSocket, type SocketOptions } from "./socket_binding.ts";
import { SocketTargets } from "./socket_target.ts";
import { systemClock } from "./system_clock.ts";

/** The part of `Deno.DatagramConn` that a {@link UdpPipe} calls. */
export interface UdpSocket {
  /** Where the socket is bound. */
  readonly addr: Deno.Addr;
  /** Receives one datagram into the buffer; the result is a view of it. */
  receive(buffer: Uint8Array): Promise<[Uint8Array, Deno.Addr]>;
  /** Sends one datagram; the buffer is read until the promise settles. */
  send(bytes: Uint8Array, to: Deno.Addr): Promise<number>;
  /** Frees the socket; receives that wait are rejected. */
  close(): void;
}

/**
 * Receive errors in a row that are retried at once. Windows reports one per datagram that met a dead
 * port (WSAECONNRESET), so a short row of them is no trouble.
 */
const ERRORS_RETRIED_AT_ONCE = 16;
/**
 * First pause when errors go on; it doubles up to {@link LONGEST_PAUSE_MS}, so that a broken socket
 * does not spin.
 */
const FIRST_PAUSE_MS = 10;
/** Longest pause between two tries to receive. */
const LONGEST_PAUSE_MS = 1_000;
/**
 * Datagrams that are received before they are delivered, at most, and never more than there are transmit
 * slots to answer them: 94 KB of buffers for a server, less for a client.
 */
const BATCH_DATAGRAMS = 64;

/**
 * Opens a UDP socket with `Deno.listenDatagram`.
 *
 * @throws {TransportError} `flag-missing` without `--unstable-net`; `address-in-use`,
 * `address-not-available` if the address cannot be bound.
 */
export async function openUdp(options: SocketOptions): Promise<DatagramPipe> {
  if (!hasListenDatagram()) {
    throw new TransportError(
      "flag-missing",
      "Cannot open a UDP socket with Deno.listenDatagram: run with --unstable-net",
    );
  }
  const socket = await bindSocket(
    options,
    (hostname, port) =>
      Deno.listenDatagram({
        transport: "udp",
        hostname,
        port,
        reuseAddress: options.reuseAddress ?? false,
      }),
  );
  try {
    return new UdpPipe(socket, options);
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** Whether this process may call `Deno.listenDatagram`: Deno, and `--unstable-net`. */
export function hasListenDatagram(): boolean {
  return typeof Deno !== "undefined" && typeof Deno.listenDatagram === "function";
}

/**
 * A {@link DatagramPipe} over a bound socket. Use {@link openUdp}; tests pass sockets of their own.
 */
export class UdpPipe implements DatagramPipe {
  readonly kind = "udp";
  readonly deliversInBatches = true;
  readonly localAddress: Address;
  readonly maxDatagramBytes: number = MAX_DATAGRAM_BYTES;
  readonly counters: PipeCounters = newPipeCounters();

  readonly #socket: UdpSocket;
  readonly #family: SocketFamily;
  readonly #clock: Clock;
  readonly #slots: SlotPool;
  readonly #batchDatagrams: number;
  readonly #receiveBuffers: readonly Uint8Array[];
  readonly #targets: SocketTargets;
  readonly #batch: Uint8Array[] = [];
  readonly #batchFrom: Address[] = [];
  #onDatagram: ((bytes: Uint8Array, from: Address) => void) | undefined;
  #cancelTurn: (() => void) | undefined;
  #receiving: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #pause: { timer: TimerId; end: () => void } | undefined;

  /**
   * Takes the socket over: {@link UdpPipe.close} closes it. `clock` times the pauses after errors.
   */
  constructor(socket: UdpSocket, options: SlotPoolOptions = {}, clock: Clock = systemClock) {
    const { hostname, port } = netAddress(socket.addr);
    const { allocate = allocateOnHeap, transmitSlots } = options;
    this.#socket = socket;
    this.#clock = clock;
    this.localAddress = Object.freeze({ hostname, port });
    this.#family = socketFamily(hostname);
    this.#targets = new SocketTargets(this.#family);
    // One byte more than the longest datagram: whatever fills it may have been cut.
    this.#batchDatagrams = Math.min(BATCH_DATAGRAMS, transmitSlots ?? BATCH_DATAGRAMS);
    // One more than can wait for delivery: that one is being received into.
    this.#receiveBuffers = Array.from(
      { length: this.#batchDatagrams + 1 },
      () => allocateExactly(allocate, MAX_DATAGRAM_BYTES + 1),
    );
    this.#slots = new SlotPool(this.counters, { allocate, transmitSlots });
  }

  start(onDatagram: (bytes: Uint8Array, from: Address) => void): void {
    if (this.#receiving !== undefined) throw new TypeError("Cannot start a pipe twice");
    this.#onDatagram = onDatagram;
    this.#receiving = this.#closing === undefined ? this.#receive() : Promise.resolve();
  }

  acquire(): TransmitSlot | undefined {
    return this.#slots.acquire();
  }

  send(slot: TransmitSlot, sizeBytes: number, to: Address): void {
    const claimed = this.#slots.claim(slot, sizeBytes);
    const target = this.#closing === undefined ? this.#targets.find(to) : undefined;
    if (target === undefined) {
      claimed.onFailed();
      return;
    }
    // A rejection that nobody handles ends the process, and a spoofed port 0 is enough to cause one.
    this.#socket.send(claimed.bytes.subarray(0, sizeBytes), target)
      .then(claimed.onSent, claimed.onFailed);
  }

  release(slot: TransmitSlot): void {
    this.#slots.release(slot);
  }

  resolve(hostname: string, port: number): Promise<Address[]> {
    return resolveAddresses(hostname, port, this.#family);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#socket.close();
    this.#cancelTurn?.();
    if (this.#pause !== undefined) {
      this.#clock.clearTimer(this.#pause.timer);
      this.#pause.end();
    }
    await this.#receiving;
    await this.#slots.idle();
  }

  /** Never `for await`: the socket's iterator ends at the first error that is not its closing. */
  async #receive(): Promise<void> {
    const { counters } = this;
    const socket = this.#socket;
    let errorsInARow = 0;
    let next = 0;
    while (this.#closing === undefined) {
      const buffer = this.#receiveBuffers[next]!;
      let datagram: [Uint8Array, Deno.Addr];
      try {
        datagram = await socket.receive(buffer);
      } catch {
        if (this.#closing !== undefined) return;
        counters.receiveErrors++;
        errorsInARow++;
        if (errorsInARow > ERRORS_RETRIED_AT_ONCE) await this.#pauseAfter(errorsInARow);
        continue;
      }
      errorsInARow = 0;
      // Received while closing: delivery has stopped.
      if (this.#closing !== undefined) return;
      const bytes = datagram[0];
      const from = netAddress(datagram[1]);
      if (bytes.byteLength >= buffer.byteLength) {
        counters.truncated++;
      } else if (from.port === 0) {
        counters.portZero++;
      } else {
        next = (next + 1) % this.#receiveBuffers.length;
        this.#take(bytes, from);
      }
    }
  }

  /** Keeps a datagram until the socket has nothing more at hand. */
  #take(bytes: Uint8Array, from: Address): void {
    const size = this.#batch.push(bytes);
    this.#batchFrom.push(from);
    if (size === this.#batchDatagrams) this.#deliver();
    else this.#cancelTurn ??= nextTurn(() => this.#deliver());
  }

  #deliver(): void {
    this.#cancelTurn?.();
    this.#cancelTurn = undefined;
    const { counters } = this;
    const batch = this.#batch;
    for (let i = 0; i < batch.length && this.#closing === undefined; i++) {
      const bytes = batch[i]!;
      counters.datagramsReceived++;
      counters.bytesReceived += bytes.byteLength;
      this.#onDatagram!(bytes, this.#batchFrom[i]!);
    }
    batch.length = 0;
    this.#batchFrom.length = 0;
  }

  #pauseAfter(errorsInARow: number): Promise<void> {
    const doublings = Math.min(errorsInARow - ERRORS_RETRIED_AT_ONCE - 1, 10);
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** doublings, LONGEST_PAUSE_MS);
    return new Promise((resolve) => {
      const end = (): void => {
        this.#pause = undefined;
        resolve();
      };
      this.#pause = { timer: this.#clock.setTimer(this.#clock.nowMs() + pauseMs, end), end };
    });
  }
}

/** The one boundary cast: a UDP socket reports `NetAddr` only, its type allows Unix sockets too. */
function netAddress(address: Deno.Addr): Deno.NetAddr {
  return address as Deno.NetAddr;
}
