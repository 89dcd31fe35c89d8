/**
 * Puts messages together from their parts, within a budget.
 *
 * Implements docs/protocol.md, "Fragments". Memory is taken part by part as they arrive, so a claim of
 * thousands of parts costs nothing. The budget is never smaller than what an honest sender may have
 * incomplete at once ({@link ChannelSet} sees to it), so it only ever stops others.
 *
 * @module
 */
import { MIN_PART_BYTES } from "./frames.ts";
import type { MessageBuffer, MessagePool } from "./message_pool.ts";
import { MAX_UNRELIABLE_PARTS } from "./send_channel.ts";

/** Parts of an unreliable message are forgotten after this long. */
export const UNRELIABLE_REASSEMBLY_TIMEOUT_MS = 1_000;

/** What is thought of a part before anything is changed. */
export const PartVerdict = {
  /** Take it. */
  accept: 0,
  /** It is here already. */
  duplicate: 1,
  /** No room now for a part that its sender repeats: the packet must not be acknowledged. */
  noRoom: 2,
  /** No room, and nobody repeats it: the message is lost. */
  drop: 3,
  /** No honest sender sends this. */
  violation: 4,
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
  readonly parts: Map<number, Uint8Array>;
  heldBytes: number;
  partBytes: number;
  lastBytes: number;
}

/** Incomplete messages of one session. */
export class Reassembler {
  readonly #contexts = new Map<number, Context>();
  readonly #maxContexts: number;
  readonly #maxBytes: number;
  #heldBytes = 0;
  /** What the packet at hand adds, as far as it is judged. */
  #judgedContexts = 0;
  #judgedBytes = 0;
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

  /** Bytes of their parts. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Begins a packet: the parts that {@link judge} accepts from now on must fit together. */
  beginPacket(): void {
    this.#judgedContexts = 0;
    this.#judgedBytes = 0;
  }

  /** Judges a part without changing anything but making room. One of {@link PartVerdict}. */
  judge(incoming: IncomingPart): number {
    const verdict = this.#judgeForm(incoming);
    if (verdict !== PartVerdict.accept) return verdict;
    const isNew = !this.#contexts.has(incoming.key);
    while (!this.#hasRoom(incoming.sizeBytes, isNew)) {
      // Unreliable messages make room, for newer ones of their kind and for reliable ones.
      if (this.#dropOldestUnreliable(incoming.key)) continue;
      return incoming.isReliable ? PartVerdict.noRoom : PartVerdict.drop;
    }
    if (isNew) this.#judgedContexts++;
    this.#judgedBytes += incoming.sizeBytes;
    return PartVerdict.accept;
  }

  /**
   * Takes a part that {@link judge} accepted.
   *
   * @returns The whole message when this was the missing part; the caller owns it. `undefined` also for a
   * part that {@link judge} wanted dropped, and when the packet contradicts itself.
   */
  add(
    incoming: IncomingPart,
    bytes: Uint8Array,
    start: number,
    pool: MessagePool,
    nowMs: number,
  ): MessageBuffer | undefined {
    // Judged again, because an earlier frame of the same packet may have brought the same part.
    if (this.#judgeForm(incoming) !== PartVerdict.accept) return undefined;
    const { part, sizeBytes } = incoming;
    let context = this.#contexts.get(incoming.key);
    if (!incoming.isReliable && !this.#takesNow(sizeBytes, context === undefined)) {
      this.expired++;
      return undefined;
    }
    if (context === undefined) {
      context = newContext(incoming, nowMs);
      this.#contexts.set(incoming.key, context);
    }
    context.parts.set(part, bytes.slice(start, start + sizeBytes));
    context.heldBytes += sizeBytes;
    this.#heldBytes += sizeBytes;
    if (part === incoming.partCount - 1) context.lastBytes = sizeBytes;
    else context.partBytes = sizeBytes;
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

  /** Whether a part can belong to its message at all, and to what is here of it. */
  #judgeForm(incoming: IncomingPart): number {
    const { part, partCount, sizeBytes, maxMessageBytes, isReliable } = incoming;
    if (!isReliable && partCount > MAX_UNRELIABLE_PARTS) return PartVerdict.violation;
    if ((partCount - 1) * MIN_PART_BYTES >= maxMessageBytes) return PartVerdict.violation;
    const isLast = part === partCount - 1;
    if (!isLast && (partCount - 1) * sizeBytes >= maxMessageBytes) return PartVerdict.violation;
    const context = this.#contexts.get(incoming.key);
    if (context === undefined) return PartVerdict.accept;
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

  /** Whether there is room beside what the packet at hand brings anyway. */
  #hasRoom(sizeBytes: number, isNew: boolean): boolean {
    if (isNew && this.#contexts.size + this.#judgedContexts >= this.#maxContexts) return false;
    return this.#heldBytes + this.#judgedBytes + sizeBytes <= this.#maxBytes;
  }

  #takesNow(sizeBytes: number, isNew: boolean): boolean {
    if (isNew && this.#contexts.size >= this.#maxContexts) return false;
    return this.#heldBytes + sizeBytes <= this.#maxBytes;
  }

  #dropOldestUnreliable(except: number): boolean {
    for (const [key, context] of this.#contexts) {
      if (context.isReliable || key === except) continue;
      this.expired++;
      this.#forget(key, context);
      return true;
    }
    return false;
  }

  #forget(key: number, context: Context): void {
    this.#contexts.delete(key);
    this.#heldBytes -= context.heldBytes;
  }
}

function newContext(incoming: IncomingPart, nowMs: number): Context {
  return {
    partCount: incoming.partCount,
    isReliable: incoming.isReliable,
    startedMs: nowMs,
    parts: new Map(),
    heldBytes: 0,
    partBytes: -1,
    lastBytes: -1,
  };
}

function join(context: Context, pool: MessagePool): MessageBuffer {
  const sizeBytes = (context.partCount - 1) * context.partBytes + context.lastBytes;
  const message = pool.acquire(sizeBytes);
  for (const [part, bytes] of context.parts) message.bytes.set(bytes, part * context.partBytes);
  message.sizeBytes = sizeBytes;
  return message;
}
