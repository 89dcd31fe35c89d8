/**
 * The outer side of an impaired line: a pipe that can move to another socket, as behind a NAT that
 * forgets its mappings. Whoever uses the pipe does not notice; the other end sees a new source port.
 *
 * What arrives at a socket that was left is lost, as at a router that restarted.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import type { DatagramPipe, PipeCounters, TransmitSlot } from "../transport/pipe.ts";
import { newPipeCounters } from "../transport/pipe_counters.ts";

/** A {@link DatagramPipe} whose socket can be replaced while it runs. */
export class RebindablePipe implements DatagramPipe {
  readonly kind: string;
  readonly maxDatagramBytes: number;
  /** Live sums over all sockets so far. */
  readonly counters: Readonly<PipeCounters>;
  readonly #open: () => DatagramPipe;
  readonly #past: PipeCounters = newPipeCounters();
  readonly #closing: Promise<void>[] = [];
  #inner: DatagramPipe;
  #onDatagram: ((bytes: Uint8Array, from: Address) => void) | undefined;

  /** @param open Opens a socket, at once for the first and again for every rebinding. */
  constructor(open: () => DatagramPipe) {
    this.#open = open;
    this.#inner = open();
    this.kind = `rebindable ${this.#inner.kind}`;
    this.maxDatagramBytes = this.#inner.maxDatagramBytes;
    this.counters = this.#sums();
  }

  /** The address of the socket of now. */
  get localAddress(): Address {
    return this.#inner.localAddress;
  }

  /**
   * Leaves the socket for a new one. When none can be had, everything stays as it was and the error
   * is thrown.
   */
  rebind(): void {
    const next = this.#open();
    const left = this.#inner;
    // Both are open for a moment, so that the system cannot give the same port again.
    for (const name of counterNames) this.#past[name] += left.counters[name];
    this.#inner = next;
    this.#closing.push(left.close());
    if (this.#onDatagram !== undefined) next.start(this.#onDatagram);
  }

  start(onDatagram: (bytes: Uint8Array, from: Address) => void): void {
    if (this.#onDatagram !== undefined) throw new TypeError("Cannot start a pipe twice");
    this.#onDatagram = onDatagram;
    this.#inner.start(onDatagram);
  }

  acquire(): TransmitSlot | undefined {
    return this.#inner.acquire();
  }

  /** As of every pipe; a slot must be sent before the next {@link RebindablePipe.rebind}. */
  send(slot: TransmitSlot, sizeBytes: number, to: Address): void {
    this.#inner.send(slot, sizeBytes, to);
  }

  release(slot: TransmitSlot): void {
    this.#inner.release(slot);
  }

  resolve(hostname: string, port: number): Promise<Address[]> {
    return this.#inner.resolve(hostname, port);
  }

  async close(): Promise<void> {
    await Promise.all([this.#inner.close(), ...this.#closing]);
  }

  #sums(): Readonly<PipeCounters> {
    const sums = newPipeCounters();
    for (const name of counterNames) {
      const get = (): number => this.#past[name] + this.#inner.counters[name];
      Object.defineProperty(sums, name, { get, enumerable: true });
    }
    return sums;
  }
}

// The boundary cast that `Object.keys` needs on an object of known keys.
const counterNames = Object.keys(newPipeCounters()) as (keyof PipeCounters)[];
