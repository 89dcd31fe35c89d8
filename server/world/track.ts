/**
 * What one client has of the entities of one type.
 *
 * @module
 */
import type { EntityStore } from "./entity_store.ts";
import { grown, type RecordCache } from "./record_cache.ts";

/** Where a client stands with an entity. */
export const TrackState = {
  /** It knows nothing of it. */
  none: 0,
  /** It shall see it; nothing was sent yet. */
  entering: 1,
  /** A spawn was sent at least once. */
  visible: 2,
  /** It shall hear that the entity is gone. */
  despawning: 3,
  /** It shall hear that it sees the entity no more. */
  leaving: 4,
} as const;

/** The state of one client and type, by slot. */
export class Track {
  /** The entities. */
  readonly store: EntityStore;
  /** Their records. */
  readonly cache: RecordCache;
  /** The type's number on the wire of the client's version. */
  readonly wireType: number;
  /** Least frames between two updates; 0 for every frame. */
  readonly intervalFrames: number;
  /** Urgency of the type. */
  readonly priority: number;
  /** A bit per slot that is not `none`. */
  bits: Int32Array<ArrayBuffer> = new Int32Array(0);
  /** {@link TrackState}. */
  states: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  /** Newest frame that the client acknowledged; 0 for none. */
  baselines: Int32Array<ArrayBuffer> = new Int32Array(0);
  /** Frame that was sent last and whose fate is not known, or that arrived; 0 for none. */
  sent: Int32Array<ArrayBuffer> = new Int32Array(0);
  /** Results of frames before this one mean nothing any more. */
  since: Int32Array<ArrayBuffer> = new Int32Array(0);
  /** Frame from which an update may be sent again. */
  due: Int32Array<ArrayBuffer> = new Int32Array(0);
  /** Urgency gathered while waiting. */
  urgency: Float32Array<ArrayBuffer> = new Float32Array(0);
  /** Whether the client may have heard of an entity in the slot, and has not confirmed its end. */
  known: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  /** View that was sent last. */
  views: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  constructor(store: EntityStore, cache: RecordCache, wireType: number, intervalFrames: number) {
    this.store = store;
    this.cache = cache;
    this.wireType = wireType;
    this.intervalFrames = intervalFrames;
    this.priority = store.type.options.priority ?? 1;
  }

  /** Makes room for all slots of the store. */
  fit(): void {
    const { capacity } = this.store;
    if (this.states.length >= capacity) return;
    this.bits = grown(this.bits, (capacity + 31) >>> 5);
    this.baselines = grown(this.baselines, capacity);
    this.sent = grown(this.sent, capacity);
    this.since = grown(this.since, capacity);
    if (this.intervalFrames > 0) this.due = grown(this.due, capacity);
    const states = new Uint8Array(capacity);
    states.set(this.states);
    this.states = states;
    const known = new Uint8Array(capacity);
    known.set(this.known);
    this.known = known;
    const urgency = new Float32Array(capacity);
    urgency.set(this.urgency);
    this.urgency = urgency;
    const views = new Uint8Array(capacity);
    views.set(this.views);
    this.views = views;
  }

  /** From `frame` on the client shall see the entity. */
  enter(slot: number, frame: number): void {
    const state = this.states[slot]!;
    if (state === TrackState.entering || state === TrackState.visible) return;
    this.bits[slot >>> 5]! |= 1 << (slot & 31);
    // Of what was sent of a visit before, and of another entity in the slot, nothing counts.
    this.states[slot] = TrackState.entering;
    this.restart(slot, frame);
    if (this.intervalFrames > 0) this.due[slot] = 0;
  }

  /** From `frame` on the client shall not see it any more. */
  exit(slot: number, frame: number, isDespawn: boolean): void {
    const state = this.states[slot]!;
    if (state === TrackState.none || state === TrackState.despawning) return;
    if (state === TrackState.entering && this.known[slot] === 0) {
      this.forget(slot);
      return;
    }
    this.states[slot] = isDespawn ? TrackState.despawning : TrackState.leaving;
    this.restart(slot, frame);
  }

  /** Nothing that was sent so far counts. */
  restart(slot: number, frame: number): void {
    this.baselines[slot] = 0;
    this.sent[slot] = 0;
    this.since[slot] = frame;
    this.urgency[slot] = 0;
  }

  /** The client knows nothing of the slot. */
  forget(slot: number): void {
    this.states[slot] = TrackState.none;
    this.bits[slot >>> 5]! &= ~(1 << (slot & 31));
    this.known[slot] = 0;
  }
}
