/**
 * Puts messages together from their parts, within a budget.
 *
 * Implements docs/protocol.md, "Fragments". A first part reserves the size that it claims from the
 * peer's budget without allocating it; memory is taken part by part as they arrive. What is admitted
 * can therefore be completed, and a claim of thousands of parts costs its sender, not us.
 *
 * @module
 */
import { MIN_PART_BYTES } from "./frames.ts";
import type { MessageBuffer, MessagePool } from "./message_pool.ts";
import { MAX_UNRELIABLE_PARTS } from "./send_channel.ts";

/** Parts of an unreliable message are forgotten after this long. */
export const UNRELIABLE_REASSEMBLY_TIMEOUT_MS = 1_000;

/** Largest part that a datagram can hold; bounds a message whose part size is not known yet. */
const MAX_PART_BYTES = 1_452;

/** What is thought of a part before anything is changed. */
export const PartVerdict = {
  /** Take it. */
  accept: 0,
  /** It is here already. */
  duplicate: 1,
  /** No room now: the packet must not be acknowledged. */
  noRoom: 2,
  /** No honest sender sends this. */
  violation: 3,
} as const;

/** A part as it stands in a packet. */
export interface IncomingPart {
  /** Which message: unique per channel and sequence. */
  key: number;
  /** Position of the part. */
  part: number;
  /** Number of parts. */
  partCount: number;
  /** Bytes of this part. */
  sizeBytes: number;
  /** Largest message of the channel. */
  maxMessageBytes: number;
  /** Whether the sender repeats it until it is acknowledged. */
  isReliable: boolean;
}

interface Context {
  readonly partCount: number;
  readonly isReliable: boolean;
  readonly startedMs: number;
  readonly reservedBytes: number;
  readonly parts: Map<number, Uint8Array>;
  partBytes: number;
  lastBytes: number;
}

/** Incomplete messages of one session. */
export class Reassembler {
  readonly #contexts = new Map<number, Context>();
  readonly #maxContexts: number;
  readonly #maxBytes: number;
  #reservedBytes = 0;
  /** Messages given up before they were complete. */
  expired = 0;

  constructor(maxContexts: number, maxBytes: number) {
    this.#maxContexts = maxContexts;
    this.#maxBytes = maxBytes;
  }

  /** Incomplete messages. */
  get size(): number {
    return this.#contexts.size;
  }

  /** Bytes that they claim. */
  get reservedBytes(): number {
    return this.#reservedBytes;
  }

  /** Judges a part without changing anything but making room for reliable ones. */
  judge(incoming: IncomingPart): number {
    const { part, partCount, sizeBytes, maxMessageBytes, isReliable } = incoming;
    if (!isReliable && partCount > MAX_UNRELIABLE_PARTS) return PartVerdict.violation;
    if ((partCount - 1) * MIN_PART_BYTES >= maxMessageBytes) return PartVerdict.violation;
    const isLast = part === partCount - 1;
    if (!isLast && (partCount - 1) * sizeBytes >= maxMessageBytes) return PartVerdict.violation;
    const context = this.#contexts.get(incoming.key);
    if (context === undefined) return this.#judgeFirst(incoming);
    if (context.partCount !== partCount) return PartVerdict.violation;
    if (context.parts.has(part)) return PartVerdict.duplicate;
    const partBytes = isLast ? context.partBytes : sizeBytes;
    const lastBytes = isLast ? sizeBytes : context.lastBytes;
    if (!isLast && context.partBytes !== -1 && context.partBytes !== sizeBytes) {
      return PartVerdict.violation;
    }
    if (partBytes !== -1 && lastBytes !== -1) {
      if (lastBytes > partBytes) return PartVerdict.violation;
      if ((partCount - 1) * partBytes + lastBytes > maxMessageBytes) return PartVerdict.violation;
    }
    return PartVerdict.accept;
  }

  /**
   * Takes a part that {@link judge} accepted.
   *
   * @returns The whole message when this was the missing part; the caller owns it.
   */
  add(
    incoming: IncomingPart,
    bytes: Uint8Array,
    start: number,
    pool: MessagePool,
    nowMs: number,
  ): MessageBuffer | undefined {
    let context = this.#contexts.get(incoming.key);
    if (context === undefined) {
      context = {
        partCount: incoming.partCount,
        isReliable: incoming.isReliable,
        startedMs: nowMs,
        reservedBytes: claimOf(incoming),
        parts: new Map(),
        partBytes: -1,
        lastBytes: -1,
      };
      this.#reservedBytes += context.reservedBytes;
      this.#contexts.set(incoming.key, context);
    }
    context.parts.set(incoming.part, bytes.slice(start, start + incoming.sizeBytes));
    if (incoming.part === incoming.partCount - 1) context.lastBytes = incoming.sizeBytes;
    else context.partBytes = incoming.sizeBytes;
    if (context.parts.size < context.partCount) return undefined;
    this.#forget(incoming.key, context);
    return join(context, pool);
  }

  /** Forgets an incomplete message, if it is there. */
  forget(key: number): void {
    const context = this.#contexts.get(key);
    if (context !== undefined) this.#forget(key, context);
  }

  /** Forgets unreliable messages whose parts stopped coming. */
  expire(nowMs: number): void {
    for (const [key, context] of this.#contexts) {
      if (context.isReliable) continue;
      if (nowMs - context.startedMs < UNRELIABLE_REASSEMBLY_TIMEOUT_MS) continue;
      this.expired++;
      this.#forget(key, context);
    }
  }

  #judgeFirst(incoming: IncomingPart): number {
    const claim = claimOf(incoming);
    if (claim > this.#maxBytes) return PartVerdict.violation;
    while (
      this.#contexts.size >= this.#maxContexts || this.#reservedBytes + claim > this.#maxBytes
    ) {
      // Unreliable messages make room, for newer ones of their kind and for reliable ones.
      if (!this.#dropOldestUnreliable()) return PartVerdict.noRoom;
    }
    return PartVerdict.accept;
  }

  #dropOldestUnreliable(): boolean {
    for (const [key, context] of this.#contexts) {
      if (context.isReliable) continue;
      this.expired++;
      this.#forget(key, context);
      return true;
    }
    return false;
  }

  #forget(key: number, context: Context): void {
    this.#contexts.delete(key);
    this.#reservedBytes -= context.reservedBytes;
  }
}

/** The most that the message can have, from what its first part to arrive says. */
function claimOf(incoming: IncomingPart): number {
  const isLast = incoming.part === incoming.partCount - 1;
  const partBytes = isLast ? MAX_PART_BYTES : incoming.sizeBytes;
  return Math.min(incoming.partCount * partBytes, incoming.maxMessageBytes);
}

function join(context: Context, pool: MessagePool): MessageBuffer {
  const sizeBytes = (context.partCount - 1) * context.partBytes + context.lastBytes;
  const message = pool.acquire(sizeBytes);
  for (const [part, bytes] of context.parts) message.bytes.set(bytes, part * context.partBytes);
  message.sizeBytes = sizeBytes;
  return message;
}
