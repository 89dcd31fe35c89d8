/**
 * What the parts of a relay share: its sessions, its keys, what it counts, and how a frame gets the header
 * of the hop that it leaves over.
 *
 * @module
 */
import type { Address } from "../address.ts";
import type { CryptoBackend } from "../crypto/backend.ts";
import type { RelayKey } from "./hop_ticket.ts";
import { OutboundRing } from "./outbound_ring.ts";
import { RecentIds } from "./recent_ids.ts";
import { RelayDropCounters, RelayTotals } from "./relay_counters.ts";
import {
  RELAY_FIRST_BYTE,
  RELAY_VERSION,
  RelayFlag,
  type RelayFrameType,
  writeFrameTag,
  writeSequence,
  writeU32,
} from "./relay_frame.ts";
import { checkRelayLimits, DEFAULT_RELAY_LIMITS, type RelayLimits } from "./relay_limits.ts";
import { RelayLoad } from "./relay_load.ts";
import { RelaySlots, REMEMBERED_TAGS } from "./relay_slots.ts";
import type { SipHasher } from "./siphash.ts";

/** What a relay is made of. */
export interface RelayCoreOptions {
  /** Which shard this is, 0 to 255. */
  readonly shard: number;
  /** Keys shared with the director; {@link RelayState.keys} may be replaced later. */
  readonly keys: readonly RelayKey[];
  /** Opens tickets. */
  readonly crypto: CryptoBackend;
  /** Tags frames. */
  readonly hasher: SipHasher;
  /** Fills a buffer with random bytes. */
  readonly random: (into: Uint8Array) => void;
  /** Wall clock, milliseconds since 1970, at `nowMs` 0. */
  readonly epochMs: number;
  /** Limits that differ from {@link DEFAULT_RELAY_LIMITS}. */
  readonly limits?: Partial<RelayLimits>;
  /** Takes MESH and QOS_PONG frames, which are no session's; without it they are refused. */
  readonly onProbe?: (bytes: Uint8Array, from: Address, nowMs: number) => void;
}

/** The shared state. */
export class RelayState {
  /** The options as they were given. */
  readonly options: RelayCoreOptions;
  /** All limits. */
  readonly limits: RelayLimits;
  /** The sessions. */
  readonly slots: RelaySlots;
  /** Frames that wait to leave. */
  readonly ring: OutboundRing;
  /** Counts of what is refused. */
  readonly drops: RelayDropCounters = new RelayDropCounters();
  /** Frames and bytes. */
  readonly totals: RelayTotals = new RelayTotals();
  /** How busy the shard is. */
  readonly load: RelayLoad;
  /** Tickets of sessions that ended. */
  readonly ended: RecentIds;
  /** Sessions that were revoked. */
  readonly revoked: RecentIds;
  /** Keys that are alive. */
  keys: readonly RelayKey[];
  /** When the drain ends, or `Infinity` when nothing drains. */
  drainUntilMs = Infinity;

  /** Allocates everything. */
  constructor(options: RelayCoreOptions, nowMs: number) {
    const { shard, limits = {} } = options;
    if (!(Number.isInteger(shard) && shard >= 0 && shard <= 255)) {
      throw new RangeError(`A shard is 0 to 255, not ${shard}`);
    }
    checkRelayLimits(limits);
    this.options = options;
    this.limits = { ...DEFAULT_RELAY_LIMITS, ...limits };
    this.slots = new RelaySlots(this.limits.sessions, this.limits.burstS);
    this.ring = new OutboundRing(this.limits.outboundFrames);
    this.load = new RelayLoad(this.limits.ceilingPps, nowMs);
    this.ended = new RecentIds(this.limits.endedTickets);
    this.revoked = new RecentIds(this.limits.revokedSessions);
    this.keys = options.keys;
  }

  /** Tags and checks frames. */
  get hasher(): SipHasher {
    return this.options.hasher;
  }

  /** Which shard this is. */
  get shard(): number {
    return this.options.shard;
  }

  /** Whether new sessions are refused, since the relay is about to close. */
  get isDraining(): boolean {
    return this.drainUntilMs !== Infinity;
  }

  /** Wall clock in seconds since 1970. */
  wallS(nowMs: number): number {
    return (this.options.epochMs + nowMs) / 1_000;
  }

  /** A wall clock time in seconds as a time of this process. */
  fromWallS(seconds: number): number {
    return seconds * 1_000 - this.options.epochMs;
  }

  /** Seconds until the drain ends, at least 1 and at most a u16; 0 when nothing drains. */
  drainS(nowMs: number): number {
    if (!this.isDraining) return 0;
    return Math.min(Math.max(Math.ceil((this.drainUntilMs - nowMs) / 1_000), 1), 65_535);
  }

  /** A buffer for a frame of our own with its first four bytes, or `undefined` (counted) when all are in use. */
  begin(type: RelayFrameType, flags: number, epoch: number): Uint8Array | undefined {
    const frame = this.ring.spare;
    if (frame === undefined) {
      this.drops.outboundFull++;
      return undefined;
    }
    frame[0] = RELAY_FIRST_BYTE | type;
    frame[1] = this.shard;
    frame[2] = RELAY_VERSION << 5 | flags;
    frame[3] = epoch;
    return frame;
  }

  /** Queues the frame of {@link begin}; it has to be stamped. */
  commit(sizeBytes: number, to: Address): void {
    this.totals.onSent((this.ring.spare![0]! & 0x0f) as RelayFrameType, sizeBytes); // Any 4 bits are a type.
    this.ring.commit(sizeBytes, to);
  }

  /** Gives a frame label, sequence number, flags and tag of the hop before. */
  stampPrev(slot: number, frame: Uint8Array, sizeBytes: number): void {
    const { slots } = this;
    this.headPrev(slot, frame);
    writeFrameTag(this.options.hasher, slots.keys, slots.prevKeyAt(slot), frame, sizeBytes);
  }

  /** The header of {@link stampPrev} without the tag, for frames whose header masks their body. */
  headPrev(slot: number, frame: Uint8Array): void {
    const { slots } = this;
    frame[1] = this.options.shard;
    frame[2]! |= this.drainUntilMs === Infinity
      ? RelayFlag.downstream
      : RelayFlag.downstream | RelayFlag.drain;
    writeU32(frame, 4, slots.labelIn[slot]!);
    writeSequence(frame, ++slots.sentPrev[slot]!);
  }

  /** Gives a frame shard, label, sequence number and tag of the next hop, and remembers the tag. */
  stampNext(slot: number, frame: Uint8Array, sizeBytes: number): void {
    const { slots } = this;
    const sequence = ++slots.sentNext[slot]!;
    frame[1] = slots.nextShard[slot]!;
    writeU32(frame, 4, slots.labelOut[slot]!);
    writeSequence(frame, sequence);
    writeFrameTag(this.options.hasher, slots.keys, slots.nextKeyAt(slot), frame, sizeBytes);
    slots.sentTags[slot * REMEMBERED_TAGS + sequence % REMEMBERED_TAGS] = this.options.hasher.low;
  }
}
