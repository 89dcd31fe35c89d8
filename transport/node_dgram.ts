/**
 * UDP through `node:dgram`, for processes without `Deno.listenDatagram`: Deno without
 * `--unstable-net`, and Node.
 *
 * It behaves as `udp.ts` does at a third of its rate: dgram allocates 64 KiB per datagram received and
 * copies each datagram sent (`bench/udp_bench.ts`: 0.33 of the echoes of a bare Deno socket).
 *
 * @module
 */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { isIP, isIPv4 } from "node:net";
import type { Address } from "../protocol/address.ts";
import { type SocketFamily, socketFamily } from "./ip_literal.ts";
import {
  type DatagramPipe,
  MAX_DATAGRAM_BYTES,
  type PipeCounters,
  type TransmitSlot,
} from "./pipe.ts";
import { newPipeCounters } from "./pipe_counters.ts";
import { resolveAddresses } from "./resolve.ts";
import { allocateExactly, allocateOnHeap, SlotPool, type SlotPoolOptions } from "./slot_pool.ts";
import { bindSocket, type SocketOptions } from "./socket_binding.ts";
import { type SocketTarget, SocketTargets } from "./socket_target.ts";

/**
 * Opens a UDP socket with `node:dgram`.
 *
 * @throws {TransportError} `address-in-use`, `address-not-available` if the address cannot be bound.
 */
export async function openDgram(options: SocketOptions): Promise<DatagramPipe> {
  const socket = await bindSocket(
    options,
    (hostname, port) => bindDgram(hostname, port, options.reuseAddress ?? false),
  );
  try {
    return new DgramPipe(socket, options);
  } catch (error) {
    socket.close();
    throw error;
  }
}

async function bindDgram(
  hostname: string,
  port: number,
  reuseAddress: boolean,
): Promise<Socket> {
  const literal = isIP(hostname) === 0 ? (await lookup(hostname)).address : hostname;
  const family = isIPv4(literal) ? 4 : 6;
  const socket = createSocket({
    type: family === 4 ? "udp4" : "udp6",
    reuseAddr: reuseAddress,
    // Only literals reach the socket; its own look-up would cost a turn of the event loop each.
    lookup: (host, _options, callback) => callback(null, host, family),
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("error", reject);
  socket.bind({ port, address: literal, exclusive: true }, resolve);
  try {
    await promise;
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.off("error", reject);
  return socket;
}

/**
 * A {@link DatagramPipe} over a bound dgram socket. Use {@link openDgram}; tests pass sockets of
 * their own.
 */
export class DgramPipe implements DatagramPipe {
  readonly kind = "dgram";
  readonly localAddress: Address;
  readonly maxDatagramBytes: number = MAX_DATAGRAM_BYTES;
  readonly counters: PipeCounters = newPipeCounters();

  readonly #socket: Socket;
  readonly #family: SocketFamily;
  readonly #targets: SocketTargets;
  readonly #slots: SlotPool;
  readonly #receiveBuffer: Uint8Array;
  #started = false;
  #closing: Promise<void> | undefined;

  /** Takes the socket over: {@link DgramPipe.close} closes it. */
  constructor(socket: Socket, options: SlotPoolOptions = {}) {
    const { address, port } = socket.address();
    const { allocate = allocateOnHeap, transmitSlots } = options;
    this.#socket = socket;
    this.localAddress = Object.freeze({ hostname: address, port });
    this.#family = socketFamily(address);
    this.#targets = new SocketTargets(this.#family);
    this.#receiveBuffer = allocateExactly(allocate, MAX_DATAGRAM_BYTES + 1);
    this.#slots = new SlotPool(this.counters, { allocate, transmitSlots });
    // An error event without a listener ends the process.
    socket.on("error", () => this.counters.receiveErrors++);
  }

  start(onDatagram: (bytes: Uint8Array, from: Address) => void): void {
    if (this.#started) throw new TypeError("Cannot start a pipe twice");
    this.#started = true;
    this.#socket.on("message", (message, remote) => this.#receive(message, remote, onDatagram));
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
    const { hostname, port } = target;
    try {
      this.#socket.send(claimed.bytes, 0, sizeBytes, port, hostname, claimed.onCallback);
    } catch {
      // dgram throws at once for what Deno rejects later.
      claimed.onFailed();
    }
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
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket.close(resolve);
    await promise;
    await this.#slots.idle();
  }

  #receive(
    message: Uint8Array,
    remote: RemoteInfo,
    onDatagram: (bytes: Uint8Array, from: Address) => void,
  ): void {
    if (this.#closing !== undefined) return;
    const sizeBytes = message.byteLength;
    if (sizeBytes > MAX_DATAGRAM_BYTES) {
      this.counters.truncated++;
    } else if (remote.port === 0) {
      this.counters.portZero++;
    } else {
      this.counters.datagramsReceived++;
      this.counters.bytesReceived += sizeBytes;
      const bytes = this.#receiveBuffer.subarray(0, sizeBytes);
      bytes.set(message);
      const from: SocketTarget = {
        transport: "udp",
        hostname: remote.address,
        port: remote.port,
      };
      onDatagram(bytes, from);
    }
  }
}
