/**
 * Frames that a relay has built and that wait to leave: a ring of buffers that are made once.
 *
 * @module
 */
import type { Address } from "../address.ts";
import { RELAY_MAX_FRAME_BYTES } from "./relay_frame.ts";

/** A first-in, first-out queue of a fixed size. */
export class OutboundRing {
  readonly #buffers: Uint8Array[] = [];
  readonly #sizes: Int32Array;
  readonly #targets: (Address | undefined)[];
  #first = 0;
  #count = 0;

  /** Makes `capacity` buffers. */
  constructor(capacity: number) {
    for (let i = 0; i < capacity; i++) this.#buffers.push(new Uint8Array(RELAY_MAX_FRAME_BYTES));
    this.#sizes = new Int32Array(capacity);
    this.#targets = new Array(capacity).fill(undefined);
  }

  /** Frames that wait. */
  get count(): number {
    return this.#count;
  }

  /** The buffer that {@link commit} queues next, or `undefined` when all are in use. */
  get spare(): Uint8Array | undefined {
    if (this.#count === this.#buffers.length) return undefined;
    return this.#buffers[(this.#first + this.#count) % this.#buffers.length];
  }

  /** Queues what was written into {@link spare}. */
  commit(sizeBytes: number, to: Address): void {
    const index = (this.#first + this.#count++) % this.#buffers.length;
    this.#sizes[index] = sizeBytes;
    this.#targets[index] = to;
  }

  /** Where the first frame goes. There has to be one. */
  get firstTarget(): Address {
    return this.#targets[this.#first]!;
  }

  /** Copies the first frame to the start of `into` and takes it out; its size, or 0 when there is none. */
  shift(into: Uint8Array): number {
    if (this.#count === 0) return 0;
    const index = this.#first;
    const sizeBytes = this.#sizes[index]!;
    into.set(this.#buffers[index]!.subarray(0, sizeBytes));
    this.#targets[index] = undefined;
    this.#first = (index + 1) % this.#buffers.length;
    this.#count--;
    return sizeBytes;
  }
}
