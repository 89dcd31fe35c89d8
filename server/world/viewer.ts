/**
 * One client's view of a world: what it shall see, what it has, and what it gets next.
 *
 * Every frame the viewer gathers what the client lacks, takes the most urgent of it as far as the budget
 * goes, and writes snapshots that each stand alone. What the client has is known from acknowledgements:
 * an entity is sent when it changed after the last frame that the client acknowledged, unless the newest
 * state is under way already. docs/sync_wire.md, "The server", is the normative text.
 *
 * @module
 */
import type { DeliveryResult } from "../../protocol/message_pool.ts";
import type { WireTable } from "../../schema/mod.ts";
import { MAX_BASELINE_AGE } from "../../schema/sync/snapshot_format.ts";
import { Removal, SnapshotWriter } from "../../schema/sync/snapshot_writer.ts";
import { syncTableOf } from "../../schema/sync/sync_table.ts";
import type { Entity } from "./entity.ts";
import type { EntityStore } from "./entity_store.ts";
import type { Position } from "./grid.ts";
import { NO_BASELINE } from "./record_cache.ts";
import { REMOVAL_FLAG, SentSnapshot } from "./sent_snapshot.ts";
import { Sight } from "./sight.ts";
import { Track, TrackState } from "./track.ts";
import type { SendSnapshot, ViewerCounters, ViewerHost } from "./viewer_host.ts";

/** Snapshots under way at most; a client that acknowledges nothing gets no more until some are lost. */
const MAX_IN_FLIGHT = 256;

/** One client of a world. Made by `World.addViewer`. */
export class Viewer {
  /** Number of its peer: what owns entities. */
  readonly peerId: number;
  /** Live counts. */
  readonly counters: ViewerCounters = {
    snapshots: 0,
    bytes: 0,
    records: 0,
    spawns: 0,
    deferred: 0,
    lost: 0,
    resyncs: 0,
  };
  /** Bytes of snapshots that the client gets in a frame at most; at least one datagram's worth. */
  budgetBytes: number;
  /** Whether nothing is sent for a while: the client is silent. */
  isPaused = false;
  readonly #host: ViewerHost;
  readonly #send: SendSnapshot;
  readonly #writer: SnapshotWriter;
  readonly #tracks: Track[] = [];
  readonly #byStore: (Track | undefined)[] = [];
  readonly #tags = new Set<string>();
  readonly #sight: Sight;
  readonly #idle: SentSnapshot[] = [];
  #tagBits: Uint8Array = new Uint8Array(0);
  #isGreeted = false;
  #isClosed = false;
  #epoch: number;
  #inFlight = 0;
  /** Frames from a snapshot to its acknowledgement, smoothed. */
  #answerFrames = 6;
  #current: SentSnapshot | undefined;

  /** @ignore Use `World.addViewer` instead. */
  constructor(
    peerId: number,
    table: WireTable,
    epoch: number,
    host: ViewerHost,
    send: SendSnapshot,
  ) {
    this.peerId = peerId;
    this.#epoch = epoch & 0xff;
    this.#host = host;
    this.#send = send;
    this.#sight = new Sight(host.stores, host.grid);
    this.budgetBytes = host.budgetBytes;
    const sync = syncTableOf(table, host.backend);
    this.#writer = new SnapshotWriter(sync.typeBits, host.payloadBytes);
    for (const store of host.stores) {
      const wireType = sync.wireIndex[store.type.index] ?? -1;
      if (wireType === -1) continue;
      const { rateHz = Infinity } = store.type.options;
      const interval = Math.round(host.framesPerSecond / rateHz);
      const track = new Track(
        store,
        host.cacheOf(table, store),
        wireType,
        interval > 1 ? interval : 0,
      );
      this.#tracks.push(track);
      this.#byStore[store.index] = track;
    }
    this.#updateTagBits();
  }

  /** Counts how often the client began anew, modulo 256. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Snapshots whose fate is not known yet. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** What the client looks around from on the grid: an entity, a place, or nothing. */
  set focus(focus: Entity<never> | Position | undefined) {
    this.#sight.focus = focus;
  }

  /** What the client looks around from. */
  get focus(): Entity<never> | Position | undefined {
    return this.#sight.focus;
  }

  /** Lets the client see what is in a room, beside what is in none. */
  enterRoom(room: string): void {
    this.#sight.enterRoom(this.#host.roomNumber(room));
  }

  /** Takes a room out of its sight. */
  leaveRoom(room: string): void {
    this.#sight.leaveRoom(this.#host.roomNumber(room));
  }

  /** Lets the client see fields of a view tag in all entities. `"owner"` it sees in its own ones anyway. */
  grant(tag: string): void {
    this.#tags.add(tag);
    this.#updateTagBits();
  }

  /** Takes back what {@link grant} gave. */
  revoke(tag: string): void {
    this.#tags.delete(tag);
    this.#updateTagBits();
  }

  /** Whether the client shall see an entity now. */
  sees(entity: Entity<never>): boolean {
    const track = this.#byStore.find((track) => track?.store.type === entity.type);
    if (track === undefined) return false;
    const slot = track.store.entities.findIndex((other) => other?.id === entity.id);
    const state = track.states[slot];
    return state === TrackState.entering || state === TrackState.visible;
  }

  /** @ignore The newest frame that the client acknowledged of a slot; 0 for none. For tests. */
  baselineOf(store: EntityStore, slot: number): number {
    return this.#byStore[store.index]?.baselines[slot] ?? 0;
  }

  /** Forgets what the client has, which throws away its own: both begin anew. */
  restart(): void {
    this.counters.resyncs++;
    this.#epoch = (this.#epoch + 1) & 0xff;
    this.#isGreeted = false;
    const next = this.#host.frame() + 1;
    for (const track of this.#tracks) {
      for (let slot = 0; slot < track.states.length; slot++) {
        const state = track.states[slot]!;
        if (state === TrackState.none) continue;
        track.forget(slot);
        if (state <= TrackState.visible) track.enter(slot, next);
      }
    }
  }

  /** @ignore An entity is gone. */
  onDespawn(store: EntityStore, slot: number): void {
    const track = this.#byStore[store.index];
    if (track === undefined || slot >= track.states.length) return;
    track.exit(slot, this.#host.frame() + 1, true);
  }

  /** No more is sent, whatever comes. */
  close(): void {
    this.#isClosed = true;
  }

  /** Sends what the client lacks of a frame. */
  replicate(frame: number, tick: number): void {
    if (this.#isClosed) return;
    if (this.isPaused || this.#inFlight >= MAX_IN_FLIGHT) {
      // Who arrives meanwhile is announced to everybody else and to nobody later.
      this.#sight.invalidate();
      return;
    }
    for (const track of this.#tracks) track.fit();
    this.#sight.lookAround(this.#byStore, frame);
    const { selection } = this.#host;
    selection.begin();
    for (const track of this.#tracks) this.#gather(track, frame);
    if (selection.count === 0 && this.#isGreeted) return;
    const budget = Math.max(this.budgetBytes, this.#host.payloadBytes);
    this.counters.deferred += selection.choose(budget * 8);
    this.#write(frame, tick, budget);
  }

  /** Gathers what the client lacks of a type. */
  #gather(track: Track, frame: number): void {
    const { bits, states, store: { moved } } = track;
    track.cache.begin(frame);
    const hasTags = track.store.codec.layout.tags.length > 0;
    for (let word = 0; word < bits.length; word++) {
      for (let left = bits[word]!; left !== 0; left &= left - 1) {
        const slot = word * 32 + 31 - Math.clz32(left & -left);
        if (states[slot]! > TrackState.visible) {
          if (!this.#isUnderWay(track, slot, frame)) this.#host.selection.addRemoval(track, slot);
          continue;
        }
        // Most entities stay where they are, and so in sight.
        const mayLeave = this.#sight.isNew || moved[slot] === frame;
        if (mayLeave && !this.#sight.covers(track.store, slot)) {
          track.exit(slot, frame, false);
          // What it has never heard of it need not forget.
          if (states[slot] !== TrackState.none) this.#host.selection.addRemoval(track, slot);
          continue;
        }
        if (hasTags) this.#updateView(track, slot, frame);
        this.#gatherOne(track, slot, frame);
      }
    }
  }

  #gatherOne(track: Track, slot: number, frame: number): void {
    const { store } = track;
    const changed = store.changed[slot]!;
    const baseline = track.baselines[slot]!;
    if (changed <= baseline) return;
    if (track.sent[slot]! >= changed && this.#isUnderWay(track, slot, frame)) return;
    if (track.intervalFrames > 0 && frame < track.due[slot]!) return;
    track.urgency[slot]! += track.priority * store.priorities[slot]!;
    const isKept = frame - baseline <= MAX_BASELINE_AGE ||
      store.baseline(slot, baseline) !== undefined;
    const base = baseline !== 0 && isKept ? baseline : NO_BASELINE;
    const record = track.cache.record(slot, base, track.views[slot]!);
    this.#host.selection.add(track, slot, record, base);
  }

  /**
   * Whether what was sent last may still arrive. The session tells of losses, but of the last packet
   * before a silence late: what should have been acknowledged by now is sent again without its word.
   */
  #isUnderWay(track: Track, slot: number, frame: number): boolean {
    const sent = track.sent[slot]!;
    return sent !== 0 && frame - sent <= this.#answerFrames * 1.5 + 1;
  }

  #updateView(track: Track, slot: number, frame: number): void {
    const { store } = track;
    let view = this.#tagBits[store.index]!;
    if (store.owners[slot] === this.peerId) view |= 1 << store.codec.layout.tags.indexOf("owner");
    view |= store.grants.get(slot)?.get(this.peerId) ?? 0;
    if (view === track.views[slot]) return;
    track.views[slot] = view;
    // What the client has of the old view is no baseline of the new one.
    track.restart(slot, frame);
  }

  #updateTagBits(): void {
    const { stores } = this.#host;
    this.#tagBits = new Uint8Array(stores.length);
    for (const { codec: { layout: { tags } }, index } of stores) {
      tags.forEach((tag, i) => {
        if (this.#tags.has(tag)) this.#tagBits[index]! |= 1 << i;
      });
    }
  }

  #write(frame: number, tick: number, budgetBytes: number): void {
    const { selection, payloadBytes } = this.#host;
    const writer = this.#writer;
    let leftBytes = budgetBytes;
    let limitBits = Math.min(payloadBytes, leftBytes) * 8;
    writer.begin(this.#epoch, frame, tick);
    for (let i = 0; i < selection.count; i++) {
      if (!selection.isChosen(i)) continue;
      if (!this.#writeRecord(i, limitBits)) {
        // Of an empty snapshot, a record that does not fit is one that the budget has no room for.
        if (writer.records === 0) continue;
        leftBytes -= this.#finish(frame);
        limitBits = Math.min(payloadBytes, leftBytes) * 8;
        writer.begin(this.#epoch, frame, tick);
        if (!this.#writeRecord(i, limitBits)) continue;
      }
      this.#note(i, frame);
    }
    // Who has heard nothing of this world yet hears at least that it is there, and empty.
    const isSilent = leftBytes === budgetBytes && !this.#isGreeted;
    if (writer.records > 0 || isSilent) this.#finish(frame);
  }

  #writeRecord(i: number, limitBits: number): boolean {
    const { selection } = this.#host;
    const track = selection.tracks[i]!;
    const slot = selection.slots[i]!;
    const record = selection.records[i]!;
    const type = track.wireType;
    if (record < 0) {
      const isDespawn = track.states[slot] === TrackState.despawning;
      return this.#writer.remove(
        type,
        slot,
        isDespawn ? Removal.despawn : Removal.leave,
        limitBits,
      );
    }
    const { out: { words }, at, bits } = track.cache;
    const base = selection.bases[i]!;
    return base === NO_BASELINE
      ? this.#writer.spawn(type, slot, words, at[record]!, bits[record]!, limitBits)
      : this.#writer.update(type, slot, base, words, at[record]!, bits[record]!, limitBits);
  }

  /** Notes that a record is in the current snapshot. */
  #note(i: number, frame: number): void {
    const { selection } = this.#host;
    const track = selection.tracks[i]!;
    const slot = selection.slots[i]!;
    const packed = track.store.index * 65_536 + slot;
    const snapshot = this.#current ??= this.#idle.pop() ??
      new SentSnapshot((sent, result) => this.#settle(sent, result));
    track.sent[slot] = frame;
    track.urgency[slot] = 0;
    if (selection.records[i]! < 0) {
      snapshot.add(packed | REMOVAL_FLAG);
      return;
    }
    snapshot.add(packed);
    if (selection.bases[i] === NO_BASELINE) {
      this.counters.spawns++;
      track.states[slot] = TrackState.visible;
      track.known[slot] = 1;
    }
    if (track.intervalFrames > 0) track.due[slot] = frame + track.intervalFrames;
  }

  /** Sends the current snapshot. Returns its size. */
  #finish(frame: number): number {
    const payload = this.#writer.finish();
    const snapshot = this.#current ?? this.#idle.pop() ??
      new SentSnapshot((sent, result) => this.#settle(sent, result));
    this.#current = undefined;
    snapshot.frame = frame;
    snapshot.epoch = this.#epoch;
    this.counters.snapshots++;
    this.counters.bytes += payload.length;
    this.counters.records += snapshot.count;
    this.#inFlight++;
    if (!this.#send(payload, snapshot.onResult)) this.#settle(snapshot, "dropped");
    return payload.length;
  }

  #settle(snapshot: SentSnapshot, result: DeliveryResult): void {
    this.#inFlight--;
    if (result !== "acked") this.counters.lost++;
    if (snapshot.epoch === this.#epoch) {
      if (result === "acked") {
        this.#isGreeted = true;
        this.#answerFrames += (this.#host.frame() - snapshot.frame - this.#answerFrames) / 8;
      }
      for (let i = 0; i < snapshot.count; i++) {
        const record = snapshot.records[i]!;
        const track = this.#byStore[(record & ~REMOVAL_FLAG) >>> 16]!;
        const slot = record & 0xffff;
        if (snapshot.frame < track.since[slot]!) continue;
        if (result === "acked") settleAcked(track, slot, snapshot.frame, record);
        else if (track.sent[slot] === snapshot.frame) track.sent[slot] = 0;
      }
    }
    snapshot.count = 0;
    this.#idle.push(snapshot);
  }
}

function settleAcked(track: Track, slot: number, frame: number, record: number): void {
  if ((record & REMOVAL_FLAG) !== 0) {
    if (track.states[slot]! > TrackState.visible) track.forget(slot);
  } else if (track.states[slot]! <= TrackState.visible && frame > track.baselines[slot]!) {
    track.baselines[slot] = frame;
  }
}
