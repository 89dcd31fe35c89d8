/**
 * The sessions of a relay, one slot each, in flat arrays: a frame touches numbers and no objects, and the
 * table can be handed to another process as bytes.
 *
 * A slot is an index. What is indexed here is plain data; the rules are in the other files of the core.
 *
 * @module
 */
import type { Address } from "../address.ts";
import { isSameAddress } from "../same_address.ts";
import { HopFlag, type HopTicket } from "./hop_ticket.ts";
import { LabelTable } from "./label_table.ts";
import { ReplayWindows } from "./replay_window.ts";
import { isSamePeer } from "./same_peer.ts";
import { RelayDirection, SessionCaps } from "./session_caps.ts";
import { SIPHASH_KEY_BYTES } from "./siphash.ts";

/** What a slot is. */
export const SlotState = { free: 0, binding: 1, active: 2 } as const;

/** Tags of frames to the next hop that are remembered, to tell a true NO_SESSION from a guessed one. */
export const REMEMBERED_TAGS = 32;

const KEYS_BYTES: number = 2 * SIPHASH_KEY_BYTES;
const BYTES_PER_MIB = 1_048_576;

/** Stands for "no slot", and in {@link RelaySlots.anchorSlot} for "the next hop is no anchor". */
export const NO_SLOT = -1;

/** In {@link RelaySlots.anchorSlot}: the next hop is an anchor that is gone. */
export const ANCHOR_GONE = -2;

/** All slots. Arrays are indexed by slot unless they say otherwise. */
export class RelaySlots {
  /** Slots that there are. */
  readonly capacity: number;
  /** One of {@link SlotState}. */
  readonly state: Uint8Array;
  /** 1 from a BIND until the BOUND that answers it. */
  readonly awaitsBound: Uint8Array;
  /** Flags of the ticket. */
  readonly flags: Uint8Array;
  /** Version of the path. */
  readonly epoch: Uint8Array;
  /** Shard of the next hop. */
  readonly nextShard: Uint8Array;
  /** 1 once the next hop said that it has no such session, until a BIND. */
  readonly nextLost: Uint8Array;
  /** 1 when a newer path has taken its place. */
  readonly isReplaced: Uint8Array;
  /** Slot of the path whose place this one takes once it is bound, or {@link NO_SLOT}. */
  readonly replacedSlot: Int32Array;
  /** Labels towards the hop before. */
  readonly labelIn: Uint32Array;
  /** Labels towards the next hop. */
  readonly labelOut: Uint32Array;
  /** Two keys of 16 bytes per slot: {@link prevKeyAt}, {@link nextKeyAt}. */
  readonly keys: Uint8Array;
  /** Session ids. */
  readonly sessionId: BigUint64Array;
  /** Ticket ids. */
  readonly ticketId: BigUint64Array;
  /** Bind ids of the newest attempt. */
  readonly bindId: BigUint64Array;
  /** Anchor id of the next hop, or 0. */
  readonly anchorId: BigUint64Array;
  /** Slot of that anchor, {@link NO_SLOT} or {@link ANCHOR_GONE}. Frames read this, and never a 64-bit id. */
  readonly anchorSlot: Int32Array;
  /** When the ticket or its renewal expires. */
  readonly notAfterMs: Float64Array;
  /** When the slot was bound first. */
  readonly boundAtMs: Float64Array;
  /** When an authentic frame last came from the hop before, from whatever address. */
  readonly heardPrevMs: Float64Array;
  /** When one last came from its current address. */
  readonly heardPathMs: Float64Array;
  /** When an authentic frame last came from the next hop. */
  readonly heardNextMs: Float64Array;
  /** When the last DATA went through. */
  readonly lastDataMs: Float64Array;
  /** Last sequence number sent to the hop before. */
  readonly sentPrev: Float64Array;
  /** Last sequence number sent to the next hop. */
  readonly sentNext: Float64Array;
  /** Low words of the tags sent to the next hop, {@link REMEMBERED_TAGS} per slot. */
  readonly sentTags: Uint32Array;
  /** Bytes that the ticket allows, or `Infinity`. */
  readonly maxBytes: Float64Array;
  /** Bytes taken from both sides. */
  readonly usedBytes: Float64Array;
  /** Frames forwarded to the next hop. */
  readonly framesUp: Float64Array;
  /** Their bytes. */
  readonly bytesUp: Float64Array;
  /** Frames forwarded to the hop before. */
  readonly framesDown: Float64Array;
  /** Their bytes. */
  readonly bytesDown: Float64Array;
  /** Frames of the session that were refused. */
  readonly refused: Float64Array;
  /** Times that the address of the hop before changed. */
  readonly rebinds: Uint32Array;
  /** Frames of the hop before. */
  readonly fromPrev: ReplayWindows;
  /** Frames of the next hop. */
  readonly fromNext: ReplayWindows;
  /** Signed rates. */
  readonly caps: SessionCaps;
  /** Addresses of the hops before. */
  readonly prev: (Address | undefined)[];
  /** Addresses of the next hops; `undefined` where an anchor stands for it, or at one. */
  readonly next: (Address | undefined)[];
  readonly #byLabelIn: LabelTable;
  readonly #byLabelOut: LabelTable;
  readonly #newestBySession = new Map<bigint, number>();
  readonly #anchors = new Map<bigint, number>();
  readonly #free: Int32Array;
  #freeCount: number;

  /** Makes all arrays; nothing is allocated per session later, but for addresses. */
  constructor(capacity: number, burstS: number) {
    this.capacity = capacity;
    this.state = new Uint8Array(capacity);
    this.awaitsBound = new Uint8Array(capacity);
    this.flags = new Uint8Array(capacity);
    this.epoch = new Uint8Array(capacity);
    this.nextShard = new Uint8Array(capacity);
    this.nextLost = new Uint8Array(capacity);
    this.isReplaced = new Uint8Array(capacity);
    this.replacedSlot = new Int32Array(capacity).fill(NO_SLOT);
    this.labelIn = new Uint32Array(capacity);
    this.labelOut = new Uint32Array(capacity);
    this.keys = new Uint8Array(capacity * KEYS_BYTES);
    this.sessionId = new BigUint64Array(capacity);
    this.ticketId = new BigUint64Array(capacity);
    this.bindId = new BigUint64Array(capacity);
    this.anchorId = new BigUint64Array(capacity);
    this.anchorSlot = new Int32Array(capacity).fill(NO_SLOT);
    this.notAfterMs = new Float64Array(capacity);
    this.boundAtMs = new Float64Array(capacity);
    this.heardPrevMs = new Float64Array(capacity);
    this.heardPathMs = new Float64Array(capacity);
    this.heardNextMs = new Float64Array(capacity);
    this.lastDataMs = new Float64Array(capacity);
    this.sentPrev = new Float64Array(capacity);
    this.sentNext = new Float64Array(capacity);
    this.sentTags = new Uint32Array(capacity * REMEMBERED_TAGS);
    this.maxBytes = new Float64Array(capacity);
    this.usedBytes = new Float64Array(capacity);
    this.framesUp = new Float64Array(capacity);
    this.bytesUp = new Float64Array(capacity);
    this.framesDown = new Float64Array(capacity);
    this.bytesDown = new Float64Array(capacity);
    this.refused = new Float64Array(capacity);
    this.rebinds = new Uint32Array(capacity);
    this.fromPrev = new ReplayWindows(capacity);
    this.fromNext = new ReplayWindows(capacity);
    this.caps = new SessionCaps(capacity, burstS);
    this.prev = new Array(capacity).fill(undefined);
    this.next = new Array(capacity).fill(undefined);
    this.#byLabelIn = new LabelTable(capacity);
    this.#byLabelOut = new LabelTable(capacity);
    this.#free = Int32Array.from({ length: capacity }, (_, i) => capacity - 1 - i);
    this.#freeCount = capacity;
  }

  /** Slots in use. */
  get used(): number {
    return this.capacity - this.#freeCount;
  }

  /** The slot of frames from the hop before with this label, or {@link NO_SLOT}. */
  findIn(label: number): number {
    return this.#byLabelIn.find(label);
  }

  /** The slot of frames from the next hop with this label, or {@link NO_SLOT}. */
  findOut(label: number): number {
    return this.#byLabelOut.find(label);
  }

  /** The slot of the newest path of a session. */
  newestOf(sessionId: bigint): number {
    return this.#newestBySession.get(sessionId) ?? NO_SLOT;
  }

  /** The slot of an anchor. */
  anchorOf(anchorId: bigint): number {
    return this.#anchors.get(anchorId) ?? NO_SLOT;
  }

  /** Where the key of the hop before begins in {@link keys}. */
  prevKeyAt(slot: number): number {
    return slot * KEYS_BYTES;
  }

  /** Where the key of the next hop begins in {@link keys}. */
  nextKeyAt(slot: number): number {
    return slot * KEYS_BYTES + SIPHASH_KEY_BYTES;
  }

  /** Whether the slot is an anchor. */
  isAnchor(slot: number): boolean {
    return (this.flags[slot]! & HopFlag.anchor) !== 0;
  }

  /** Whether a frame of the next hop came from where that is, or from an anchor that may move. */
  isFromNext(slot: number, from: Address): boolean {
    const anchor = this.anchorSlot[slot]!;
    if (anchor >= 0) {
      return (this.flags[anchor]! & HopFlag.rebindOk) !== 0 || this.isFromPrev(anchor, from);
    }
    const next = this.nextAddress(slot);
    if (next === undefined) return false;
    if (isSameAddress(from, next)) return true;
    if (!isSamePeer(from, next)) return false;
    // From now on it is spelled as the socket spells it, which spares every frame a conversion.
    this.next[slot] = from;
    return true;
  }

  /** Whether a frame of the hop before came from where that is. */
  isFromPrev(slot: number, from: Address): boolean {
    const prev = this.prev[slot]!;
    if (isSameAddress(from, prev)) return true;
    if (!isSamePeer(from, prev)) return false;
    this.prev[slot] = from;
    return true;
  }

  /** Where frames to the next hop go, or `undefined` while its anchor is gone. */
  nextAddress(slot: number): Address | undefined {
    const anchor = this.anchorSlot[slot]!;
    if (anchor === NO_SLOT) return this.next[slot];
    return anchor === ANCHOR_GONE ? undefined : this.prev[anchor];
  }

  /** Takes a free slot for a ticket, or {@link NO_SLOT} when there is none. Labels must be free. */
  install(ticket: HopTicket, anchorId: bigint, prev: Address, nowMs: number): number {
    if (this.#freeCount === 0) return NO_SLOT;
    const slot = this.#free[--this.#freeCount]!;
    this.#clear(slot);
    this.state[slot] = SlotState.binding;
    this.flags[slot] = ticket.flags;
    this.epoch[slot] = ticket.epoch;
    this.nextShard[slot] = ticket.nextShard;
    this.labelIn[slot] = ticket.labelIn;
    this.labelOut[slot] = ticket.labelOut;
    this.keys.set(ticket.keyPrev, this.prevKeyAt(slot));
    this.keys.set(ticket.keyNext, this.nextKeyAt(slot));
    this.sessionId[slot] = ticket.sessionId;
    this.ticketId[slot] = ticket.ticketId;
    this.anchorId[slot] = anchorId;
    this.next[slot] = anchorId === 0n ? ticket.next : undefined;
    this.prev[slot] = prev;
    this.boundAtMs[slot] = nowMs;
    this.caps.set(slot, RelayDirection.up, ticket.ppsUp, ticket.kbpsUp, nowMs);
    this.caps.set(slot, RelayDirection.down, ticket.ppsDown, ticket.kbpsDown, nowMs);
    this.maxBytes[slot] = maxBytesOf(ticket.maxMiB);
    this.hear(slot, nowMs);
    this.index(slot);
    return slot;
  }

  /** Takes the first free slot without filling it in: for a table that comes from another process. */
  claim(): number {
    if (this.#freeCount === 0) return NO_SLOT;
    const slot = this.#free[--this.#freeCount]!;
    this.#clear(slot);
    return slot;
  }

  /** Gives back what {@link claim} took. */
  unclaim(slot: number): void {
    this.#clear(slot);
    this.state[slot] = SlotState.free;
    this.#free[this.#freeCount++] = slot;
  }

  /** Makes a slot that was filled in findable by its labels and ids. */
  index(slot: number): void {
    const sessionId = this.sessionId[slot]!;
    this.#byLabelIn.add(this.labelIn[slot]!, slot);
    if (this.isAnchor(slot)) {
      this.#anchors.set(sessionId, slot);
      this.#attach(sessionId, slot);
      return;
    }
    this.#byLabelOut.add(this.labelOut[slot]!, slot);
    const newest = this.newestOf(sessionId);
    const isNewer = newest === NO_SLOT || isNewerEpoch(this.epoch[slot]!, this.epoch[newest]!);
    if (isNewer) {
      this.replacedSlot[slot] = newest;
      this.#newestBySession.set(sessionId, slot);
    }
    const anchorId = this.anchorId[slot]!;
    if (anchorId === 0n) return;
    const anchor = this.anchorOf(anchorId);
    this.anchorSlot[slot] = anchor === NO_SLOT ? ANCHOR_GONE : anchor;
  }

  /** Forgets a session. */
  remove(slot: number): void {
    const sessionId = this.sessionId[slot]!;
    this.#byLabelIn.remove(this.labelIn[slot]!);
    if (this.isAnchor(slot)) {
      this.#anchors.delete(sessionId);
      this.#attach(sessionId, ANCHOR_GONE);
    } else {
      this.#byLabelOut.remove(this.labelOut[slot]!);
      if (this.newestOf(sessionId) === slot) this.#newestBySession.delete(sessionId);
    }
    this.state[slot] = SlotState.free;
    this.prev[slot] = undefined;
    this.next[slot] = undefined;
    this.keys.fill(0, this.prevKeyAt(slot), this.prevKeyAt(slot) + KEYS_BYTES);
    this.#free[this.#freeCount++] = slot;
  }

  /** Notes that the hop before lives. */
  hear(slot: number, nowMs: number): void {
    this.heardPrevMs[slot] = nowMs;
    this.heardPathMs[slot] = nowMs;
  }

  /** Lets every session that names this anchor find it, or lose it. */
  #attach(anchorId: bigint, anchor: number): void {
    for (let slot = 0; slot < this.capacity; slot++) {
      if (this.state[slot] === SlotState.free || this.anchorId[slot] !== anchorId) continue;
      this.anchorSlot[slot] = anchor;
    }
  }

  #clear(slot: number): void {
    for (const bytes of [this.awaitsBound, this.nextLost, this.isReplaced]) bytes[slot] = 0;
    const numbers = [this.lastDataMs, this.sentPrev, this.sentNext, this.usedBytes, this.refused];
    for (const array of numbers) array[slot] = 0;
    const sums = [this.framesUp, this.bytesUp, this.framesDown, this.bytesDown, this.heardNextMs];
    for (const array of sums) array[slot] = 0;
    this.rebinds[slot] = 0;
    this.bindId[slot] = 0n;
    this.anchorSlot[slot] = NO_SLOT;
    this.replacedSlot[slot] = NO_SLOT;
    this.sentTags.fill(0, slot * REMEMBERED_TAGS, (slot + 1) * REMEMBERED_TAGS);
    this.fromPrev.reset(slot);
    this.fromNext.reset(slot);
  }
}

/** Bytes of a limit in mebibytes, of which 0 is none. */
export function maxBytesOf(maxMiB: number): number {
  return maxMiB === 0 ? Infinity : maxMiB * BYTES_PER_MIB;
}

/** Whether epoch `a` comes after `b`, around the end of a byte. */
export function isNewerEpoch(a: number, b: number): boolean {
  const distance = (a - b) & 0xff;
  return distance !== 0 && distance < 128;
}
