/**
 * Transmit buffers of one pipe: lent, in flight, free again.
 *
 * A socket reads the buffer of a send until the send settles, so a buffer must not be reused before.
 * The pool owns a fixed number of them in one slab. It does not send; a pipe claims a slot, hands its
 * bytes to the network and lets one of the slot's own callbacks settle it, so that no closure is made
 * per datagram.
 *
 * @module
 */
import { MAX_DATAGRAM_BYTES, type PipeCounters, type TransmitSlot } from "./pipe.ts";

/**
 * Gives `sizeBytes` bytes that stay where they are for the life of the pipe. Pass one that hands out
 * memory of a WebAssembly heap to receive into it and send from it without copies; that heap must not
 * grow afterwards, because growth detaches every view.
 */
export type Allocate = (sizeBytes: number) => Uint8Array;

/** Transmit buffers of a pipe unless the caller says otherwise: 0.75 MB, one burst of 512 datagrams. */
export const DEFAULT_TRANSMIT_SLOTS = 512;

/** Slots start at multiples of a cache line. */
const SLOT_STRIDE_ALIGNMENT_BYTES = 64;

/** Ordinary memory of the JavaScript heap. */
export function allocateOnHeap(sizeBytes: number): Uint8Array {
  return new Uint8Array(sizeBytes);
}

/** Calls `allocate` and makes sure that it gave what was asked for. */
export function allocateExactly(allocate: Allocate, sizeBytes: number): Uint8Array {
  const bytes = allocate(sizeBytes);
  if (bytes.byteLength !== sizeBytes) {
    throw new RangeError(
      `Cannot use an allocation of ${bytes.byteLength} bytes: ${sizeBytes} bytes were asked for`,
    );
  }
  return bytes;
}

/** A transmit buffer that knows its pool. Pipes use it; whoever borrows it sees a {@link TransmitSlot}. */
export class PooledSlot implements TransmitSlot {
  /** The buffer, as long as the largest datagram of the pipe. */
  readonly bytes: Uint8Array;
  /** The pool that it goes back to. */
  readonly pool: SlotPool;
  /** Where it is: only a lent slot can be claimed or released. */
  state: "free" | "lent" | "in-flight" = "free";
  /** Bytes of the datagram in flight. */
  sizeBytes = 0;
  /** Settles the slot as sent. Bound once. */
  readonly onSent: () => void;
  /** Settles the slot as lost to an error. Bound once. */
  readonly onFailed: () => void;
  /** Settles the slot in the manner of a Node callback. Bound once. */
  readonly onCallback: (error?: unknown) => void;

  /** Called by the pool only. */
  constructor(pool: SlotPool, bytes: Uint8Array) {
    this.pool = pool;
    this.bytes = bytes;
    this.onSent = () => pool.settle(this, true);
    this.onFailed = () => pool.settle(this, false);
    this.onCallback = (error) => pool.settle(this, !error);
  }
}

/** What a {@link SlotPool} is made of. */
export interface SlotPoolOptions {
  /** Number of slots, 1 to 65,536. Default {@link DEFAULT_TRANSMIT_SLOTS}. */
  transmitSlots?: number | undefined;
  /** Where their memory comes from; called once. Default {@link allocateOnHeap}. */
  allocate?: Allocate | undefined;
  /** Bytes per slot. Default {@link MAX_DATAGRAM_BYTES}. */
  slotBytes?: number | undefined;
}

/** A fixed number of transmit buffers, last used first out, so that a quiet pipe stays in cache. */
export class SlotPool {
  readonly #counters: PipeCounters;
  readonly #slotBytes: number;
  readonly #free: PooledSlot[] = [];
  #inFlight = 0;
  #whenIdle: PromiseWithResolvers<void> | undefined;

  /** Allocates every buffer now. `counters` are those of the pipe; the pool counts sends in them. */
  constructor(counters: PipeCounters, options: SlotPoolOptions = {}) {
    const {
      transmitSlots = DEFAULT_TRANSMIT_SLOTS,
      allocate = allocateOnHeap,
      slotBytes = MAX_DATAGRAM_BYTES,
    } = options;
    if (!Number.isInteger(transmitSlots) || transmitSlots < 1 || transmitSlots > 65_536) {
      throw new RangeError(
        `Cannot make ${transmitSlots} transmit slots: the number must be 1 to 65,536`,
      );
    }
    this.#counters = counters;
    this.#slotBytes = slotBytes;
    const strideBytes = Math.ceil(slotBytes / SLOT_STRIDE_ALIGNMENT_BYTES) *
      SLOT_STRIDE_ALIGNMENT_BYTES;
    const slab = allocateExactly(allocate, strideBytes * transmitSlots);
    for (let index = transmitSlots - 1; index >= 0; index--) {
      const startByte = index * strideBytes;
      this.#free.push(new PooledSlot(this, slab.subarray(startByte, startByte + slotBytes)));
    }
  }

  /** Slots whose datagram is still being read by the network. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Lends a slot, or counts `noBuffer` and returns `undefined` when none is free. */
  acquire(): PooledSlot | undefined {
    const slot = this.#free.pop();
    if (slot === undefined) {
      this.#counters.noBuffer++;
      return undefined;
    }
    slot.state = "lent";
    return slot;
  }

  /**
   * Takes a lent slot over for sending; exactly one of its callbacks must settle it.
   *
   * @throws {TypeError} if the slot is not on loan from this pool.
   * @throws {RangeError} if the size does not fit the slot.
   */
  claim(slot: TransmitSlot, sizeBytes: number): PooledSlot {
    const lent = this.#lent(slot);
    if (!(sizeBytes >= 0 && sizeBytes <= this.#slotBytes) || !Number.isInteger(sizeBytes)) {
      throw new RangeError(
        `Cannot send ${sizeBytes} bytes: a datagram has 0 to ${this.#slotBytes} bytes`,
      );
    }
    lent.state = "in-flight";
    lent.sizeBytes = sizeBytes;
    this.#inFlight++;
    return lent;
  }

  /**
   * Takes back a slot that was not sent.
   *
   * @throws {TypeError} if the slot is not on loan from this pool.
   */
  release(slot: TransmitSlot): void {
    const lent = this.#lent(slot);
    lent.state = "free";
    this.#free.push(lent);
  }

  /** Ends the flight of a claimed slot and counts it. A second call for the same flight does nothing. */
  settle(slot: PooledSlot, sent: boolean): void {
    if (slot.state !== "in-flight") return;
    if (sent) {
      this.#counters.datagramsSent++;
      this.#counters.bytesSent += slot.sizeBytes;
    } else {
      this.#counters.sendErrors++;
    }
    slot.state = "free";
    this.#free.push(slot);
    if (--this.#inFlight === 0) this.#whenIdle?.resolve();
  }

  /** Resolves when nothing is in flight. */
  idle(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    this.#whenIdle ??= Promise.withResolvers();
    return this.#whenIdle.promise;
  }

  #lent(slot: TransmitSlot): PooledSlot {
    if (!(slot instanceof PooledSlot) || slot.pool !== this || slot.state !== "lent") {
      throw new TypeError("Cannot take a transmit slot that is not on loan from this pipe");
    }
    return slot;
  }
}
