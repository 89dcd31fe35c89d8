/**
 * What was sent and is not yet acknowledged: one record per packet, one item per tracked message part.
 *
 * Records and items live in rings of plain numbers that grow by doubling, so that steady traffic
 * allocates nothing. A packet of untracked messages has no items at all.
 *
 * @module
 */
import type { MessageBuffer } from "./message_pool.ts";

/** What a record says of its packet. */
export const PacketState = { none: 0, inFlight: 1, acked: 2, lost: 3 } as const;

/** Flags of a record. */
export const SentFlag = {
  /** The peer must acknowledge it. */
  ackEliciting: 1,
  /** It carried the newest CREDIT frames. */
  credit: 2,
  /** It was padded to probe a larger datagram size. */
  mtuProbe: 4,
} as const;

const INITIAL_RECORDS = 32;
const MAX_RECORDS = 4_096;
const INITIAL_ITEMS = 32;

/** Rings of the packets in flight. */
export class SentPackets {
  #capacity = INITIAL_RECORDS;
  #sentAtMs = new Float64Array(INITIAL_RECORDS);
  #ackedUpTo = new Float64Array(INITIAL_RECORDS).fill(-1);
  #itemStart = new Float64Array(INITIAL_RECORDS);
  #itemCount = new Uint16Array(INITIAL_RECORDS);
  #sizeBytes = new Uint16Array(INITIAL_RECORDS);
  #state = new Uint8Array(INITIAL_RECORDS);
  #flags = new Uint8Array(INITIAL_RECORDS);

  #itemCapacity = INITIAL_ITEMS;
  #itemMessage: (MessageBuffer | undefined)[] = new Array(INITIAL_ITEMS).fill(undefined);
  #itemGeneration = new Float64Array(INITIAL_ITEMS);
  #itemPart = new Uint32Array(INITIAL_ITEMS);
  #itemHead = 0;
  #itemTail = 0;

  #next = 0;
  #tail = 0;
  #inFlight = 0;
  #elicitingInFlight = 0;

  /** Number of the next packet. */
  get nextPacketNumber(): number {
    return this.#next;
  }

  /** Lowest packet number that may still be in flight. */
  get oldest(): number {
    return this.#tail;
  }

  /** Packets neither acknowledged nor given up. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Those of them that the peer must acknowledge. */
  get elicitingInFlight(): number {
    return this.#elicitingInFlight;
  }

  /** Whether the ring is full: the oldest packet must be given up before the next is sent. */
  get isFull(): boolean {
    return this.#next - this.#tail >= MAX_RECORDS;
  }

  /** Notes that the packet being built carries a part of a message. */
  addItem(message: MessageBuffer, part: number): void {
    if (this.#itemHead - this.#itemTail === this.#itemCapacity) this.#growItems();
    const slot = this.#itemHead & (this.#itemCapacity - 1);
    this.#itemMessage[slot] = message;
    this.#itemGeneration[slot] = message.generation;
    this.#itemPart[slot] = part;
    this.#itemHead++;
  }

  /**
   * Records the packet being built, with all items added since the last one.
   *
   * @param itemsBefore The value of {@link itemHead} when building began.
   * @param ackedUpTo Largest packet that its ACK frame acknowledged, or -1.
   */
  record(
    itemsBefore: number,
    sizeBytes: number,
    flags: number,
    ackedUpTo: number,
    nowMs: number,
  ): number {
    if (this.#next - this.#tail >= this.#capacity) this.#growRecords();
    const packetNumber = this.#next++;
    const slot = packetNumber & (this.#capacity - 1);
    this.#sentAtMs[slot] = nowMs;
    this.#ackedUpTo[slot] = ackedUpTo;
    this.#itemStart[slot] = itemsBefore;
    this.#itemCount[slot] = this.#itemHead - itemsBefore;
    this.#sizeBytes[slot] = sizeBytes;
    this.#state[slot] = PacketState.inFlight;
    this.#flags[slot] = flags;
    this.#inFlight++;
    if ((flags & SentFlag.ackEliciting) !== 0) this.#elicitingInFlight++;
    else this.settle(packetNumber, PacketState.acked);
    return packetNumber;
  }

  /** Position in the ring of items, to be handed to {@link record}. */
  get itemHead(): number {
    return this.#itemHead;
  }

  /** State of a packet: one of {@link PacketState}; `none` when its record is gone. */
  stateOf(packetNumber: number): number {
    if (packetNumber >= this.#next || packetNumber < this.#next - this.#capacity) {
      return PacketState.none;
    }
    return this.#state[packetNumber & (this.#capacity - 1)]!;
  }

  /** When a packet was sent. */
  sentAtMs(packetNumber: number): number {
    return this.#sentAtMs[packetNumber & (this.#capacity - 1)]!;
  }

  /** Size of a packet on the wire. */
  sizeBytes(packetNumber: number): number {
    return this.#sizeBytes[packetNumber & (this.#capacity - 1)]!;
  }

  /** {@link SentFlag}s of a packet. */
  flagsOf(packetNumber: number): number {
    return this.#flags[packetNumber & (this.#capacity - 1)]!;
  }

  /** Largest packet that a packet's ACK frame acknowledged, or -1. */
  ackedUpTo(packetNumber: number): number {
    return this.#ackedUpTo[packetNumber & (this.#capacity - 1)]!;
  }

  /** Number of tracked parts that a packet carried. */
  itemCount(packetNumber: number): number {
    return this.#itemCount[packetNumber & (this.#capacity - 1)]!;
  }

  /** The message of an item, or `undefined` when that message has since been released. */
  itemMessage(packetNumber: number, index: number): MessageBuffer | undefined {
    const item = this.#itemStart[packetNumber & (this.#capacity - 1)]! + index;
    const slot = item & (this.#itemCapacity - 1);
    const message = this.#itemMessage[slot];
    return message !== undefined && message.generation === this.#itemGeneration[slot]
      ? message
      : undefined;
  }

  /** The part that an item carried. */
  itemPart(packetNumber: number, index: number): number {
    const item = this.#itemStart[packetNumber & (this.#capacity - 1)]! + index;
    return this.#itemPart[item & (this.#itemCapacity - 1)]!;
  }

  /** Ends the flight of a packet: acknowledged, or lost (an acknowledgement may still come). */
  settle(packetNumber: number, state: number): void {
    const slot = packetNumber & (this.#capacity - 1);
    if (this.#state[slot] === PacketState.inFlight) {
      this.#inFlight--;
      if ((this.#flags[slot]! & SentFlag.ackEliciting) !== 0) this.#elicitingInFlight--;
    }
    this.#state[slot] = state;
    while (
      this.#tail < this.#next &&
      this.#state[this.#tail & (this.#capacity - 1)] !== PacketState.inFlight
    ) {
      this.#releaseItems(this.#tail);
      this.#tail++;
    }
  }

  #releaseItems(packetNumber: number): void {
    const slot = packetNumber & (this.#capacity - 1);
    const end = this.#itemStart[slot]! + this.#itemCount[slot]!;
    while (this.#itemTail < end) {
      this.#itemMessage[this.#itemTail & (this.#itemCapacity - 1)] = undefined;
      this.#itemTail++;
    }
    this.#itemCount[slot] = 0;
  }

  #growRecords(): void {
    const from = this.#capacity;
    const to = from * 2;
    this.#sentAtMs = regrow(this.#sentAtMs, new Float64Array(to), this.#tail, this.#next, from);
    this.#ackedUpTo = regrow(this.#ackedUpTo, new Float64Array(to), this.#tail, this.#next, from);
    this.#itemStart = regrow(this.#itemStart, new Float64Array(to), this.#tail, this.#next, from);
    this.#itemCount = regrow(this.#itemCount, new Uint16Array(to), this.#tail, this.#next, from);
    this.#sizeBytes = regrow(this.#sizeBytes, new Uint16Array(to), this.#tail, this.#next, from);
    this.#state = regrow(this.#state, new Uint8Array(to), this.#tail, this.#next, from);
    this.#flags = regrow(this.#flags, new Uint8Array(to), this.#tail, this.#next, from);
    this.#capacity = to;
  }

  #growItems(): void {
    const from = this.#itemCapacity;
    const to = from * 2;
    const messages: (MessageBuffer | undefined)[] = new Array(to).fill(undefined);
    for (let i = this.#itemTail; i < this.#itemHead; i++) {
      messages[i & (to - 1)] = this.#itemMessage[i & (from - 1)];
    }
    this.#itemMessage = messages;
    this.#itemGeneration = regrow(
      this.#itemGeneration,
      new Float64Array(to),
      this.#itemTail,
      this.#itemHead,
      from,
    );
    this.#itemPart = regrow(
      this.#itemPart,
      new Uint32Array(to),
      this.#itemTail,
      this.#itemHead,
      from,
    );
    this.#itemCapacity = to;
  }
}

/** Copies the live range of a power-of-two ring into a ring twice as large. */
function regrow<T extends Float64Array | Uint32Array | Uint16Array | Uint8Array>(
  from: T,
  into: T,
  tail: number,
  head: number,
  capacity: number,
): T {
  const mask = into.length - 1;
  for (let i = tail; i < head; i++) into[i & mask] = from[i & (capacity - 1)]!;
  return into;
}
