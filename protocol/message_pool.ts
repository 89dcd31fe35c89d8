/**
 * Pooled message buffers, so that steady traffic allocates nothing.
 *
 * A message lives in a {@link MessageBuffer} from the moment it is encoded until it is acknowledged
 * or given up, and on the other end from its arrival until its handler returned. Buffers come in a
 * few size classes and go back to a free list; idle connections hold none.
 *
 * @module
 */

/** Capacities that are pooled. Larger messages get a buffer of their own, which is not kept. */
const SIZE_CLASSES_BYTES = [64, 256, 1280] as const;

/** Free buffers kept per size class: 4,096 x 1,280 B is 5 MiB at most. */
const MAX_FREE_PER_CLASS = 4096;

/** What became of a message whose sender asked to know. */
export type DeliveryResult = "acked" | "lost" | "dropped";

/** Called once per tracked message. */
export type DeliveryCallback = (result: DeliveryResult) => void;

/** How a part of a message stands with its sender. */
export const PartState = { waiting: 0, inFlight: 1, acked: 2 } as const;

/** A message's bytes with what channels note about it. Owned by exactly one queue at a time. */
export class MessageBuffer {
  /** At least {@link sizeBytes} bytes. */
  bytes: Uint8Array;
  /** The same memory. */
  view: DataView;
  /** Which of the pool's sizes it has, or -1. */
  readonly sizeClass: number;
  /** Length of the message. */
  sizeBytes = 0;
  /** Index of the channel. */
  channel = 0;
  /** Sequence on its channel, unwrapped; 0 where the channel has none. */
  sequence = 0;
  /** Whether it is lent: released buffers belong to the pool alone. */
  isLent = false;
  /** Counts the lives of this buffer, so that late acknowledgements of an earlier life are ignored. */
  generation = 0;
  /** When it was queued. */
  queuedAtMs = 0;
  /** Who wants to know what becomes of it. */
  onResult: DeliveryCallback | undefined = undefined;

  /** Number of parts it travels in. */
  partCount = 1;
  /** Size of every part but the last. */
  partBytes = 0;
  /** First part that was never sent. */
  nextPart = 0;
  /** Parts acknowledged so far. */
  partsAcked = 0;
  /** Packet number that last carried the only part. */
  lastPacketNumber = -1;
  /** State of the only part: one of {@link PartState}. */
  partState = 0;
  /** The same per part, for messages of several. */
  partStates: Uint8Array | undefined = undefined;
  /** The same per part, for messages of several. */
  partPacketNumbers: Float64Array | undefined = undefined;

  constructor(capacityBytes: number, sizeClass = -1) {
    this.sizeClass = sizeClass;
    this.bytes = new Uint8Array(capacityBytes);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Prepares the per-part notes for `partCount` parts of `partBytes` bytes. */
  splitInto(partCount: number, partBytes: number): void {
    this.partCount = partCount;
    this.partBytes = partBytes;
    this.nextPart = 0;
    this.partsAcked = 0;
    this.lastPacketNumber = -1;
    this.partState = PartState.waiting;
    if (partCount > 1) {
      this.partStates = new Uint8Array(partCount);
      this.partPacketNumbers = new Float64Array(partCount).fill(-1);
    }
  }

  /** State of a part: one of {@link PartState}. */
  stateOf(part: number): number {
    return this.partStates === undefined ? this.partState : this.partStates[part]!;
  }

  /** Notes the state of a part. */
  setState(part: number, state: number): void {
    if (this.partStates === undefined) this.partState = state;
    else this.partStates[part] = state;
  }

  /** The packet that carried a part last, or -1. */
  packetOf(part: number): number {
    return this.partPacketNumbers === undefined
      ? this.lastPacketNumber
      : this.partPacketNumbers[part]!;
  }

  /** Notes that a packet carries a part now. */
  setPacket(part: number, packetNumber: number): void {
    if (this.partPacketNumbers === undefined) this.lastPacketNumber = packetNumber;
    else this.partPacketNumbers[part] = packetNumber;
  }

  /** Size of one part in bytes. */
  sizeOfPart(part: number): number {
    if (this.partCount === 1) return this.sizeBytes;
    return part === this.partCount - 1
      ? this.sizeBytes - this.partBytes * (this.partCount - 1)
      : this.partBytes;
  }
}

/** Free lists of {@link MessageBuffer}s by size class. One pool serves all sessions of an endpoint. */
export class MessagePool {
  readonly #free: MessageBuffer[][] = SIZE_CLASSES_BYTES.map(() => []);
  #outstanding = 0;

  /** Buffers that are lent and not yet released. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** Lends a buffer of at least `capacityBytes` bytes. Its old content is undefined. */
  acquire(capacityBytes: number): MessageBuffer {
    this.#outstanding++;
    const message = this.#take(capacityBytes);
    message.isLent = true;
    return message;
  }

  /**
   * Takes a buffer back. The caller must not touch it again.
   *
   * @throws Error when it was released before: two owners of one buffer would overwrite each other's
   * messages, which is worse than any stop.
   */
  release(message: MessageBuffer): void {
    if (!message.isLent) throw new Error("Cannot release a message buffer twice");
    message.isLent = false;
    this.#outstanding--;
    message.generation++;
    message.onResult = undefined;
    if (message.partStates !== undefined) {
      message.partStates = undefined;
      message.partPacketNumbers = undefined;
    }
    const free = this.#free[message.sizeClass];
    if (free !== undefined && free.length < MAX_FREE_PER_CLASS) free.push(message);
  }

  #take(capacityBytes: number): MessageBuffer {
    for (let i = 0; i < SIZE_CLASSES_BYTES.length; i++) {
      if (capacityBytes > SIZE_CLASSES_BYTES[i]!) continue;
      return this.#free[i]!.pop() ?? new MessageBuffer(SIZE_CLASSES_BYTES[i]!, i);
    }
    return new MessageBuffer(capacityBytes);
  }
}
