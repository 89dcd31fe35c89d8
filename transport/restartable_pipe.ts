/**
 * A pipe that several users start one after the other: first a question, then a session, then the
 * session after it. The pipe inside is started once.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import type { DatagramPipe, PipeCounters, TransmitSlot } from "./pipe.ts";

/** A {@link DatagramPipe} whose `start` replaces the receiver. */
export class RestartablePipe implements DatagramPipe {
  readonly kind: string;
  readonly localAddress: Address;
  readonly maxDatagramBytes: number;
  readonly deliversInBatches: boolean;
  readonly counters: Readonly<PipeCounters>;
  readonly #inner: DatagramPipe;
  #receiver: ((bytes: Uint8Array, from: Address) => void) | undefined;

  /** Takes over a pipe that has not been started. */
  constructor(inner: DatagramPipe) {
    this.kind = inner.kind;
    this.localAddress = inner.localAddress;
    this.maxDatagramBytes = inner.maxDatagramBytes;
    this.deliversInBatches = inner.deliversInBatches ?? false;
    this.counters = inner.counters;
    this.#inner = inner;
  }

  start(onDatagram: (bytes: Uint8Array, from: Address) => void): void {
    const isFirst = this.#receiver === undefined;
    this.#receiver = onDatagram;
    if (isFirst) this.#inner.start((bytes, from) => this.#receiver?.(bytes, from));
  }

  acquire(): TransmitSlot | undefined {
    return this.#inner.acquire();
  }

  send(slot: TransmitSlot, sizeBytes: number, to: Address): void {
    this.#inner.send(slot, sizeBytes, to);
  }

  release(slot: TransmitSlot): void {
    this.#inner.release(slot);
  }

  resolve(hostname: string, port: number): Promise<Address[]> {
    return this.#inner.resolve(hostname, port);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
