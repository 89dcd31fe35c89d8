/**
 * The client's copy of what the server lets it see.
 *
 * Applies snapshots in whatever order they come: each stands alone, and a state that is older than the
 * newest is kept as a baseline and told to nobody. Refuses and counts what does not fit. What cannot be
 * applied although the server believes it was ends in one request to begin anew.
 *
 * @module
 */
import { HandlerTable } from "../../protocol/handler_table.ts";
import type { Backend, BoundEntity, WireTable } from "../../schema/mod.ts";
import { Refusal } from "../../schema/mod.ts";
import type { EntityCodec } from "../../schema/sync/entity_codec.ts";
import { type BlobStore, NO_STORE } from "../../schema/sync/record_codec.ts";
import {
  ENTITY_ID_BITS,
  FRAME_MODULUS,
  MAX_BASELINE_AGE,
  unwrapFrame,
} from "../../schema/sync/snapshot_format.ts";
import { SnapshotReader, type SnapshotVisitor } from "../../schema/sync/snapshot_reader.ts";
import { syncTableOf } from "../../schema/sync/sync_table.ts";
import type { WordReader } from "../../schema/sync/word_stream.ts";
import { MirroredEntity } from "./mirrored_entity.ts";

/** What a mirror tells. */
export interface WorldEvents {
  /** An entity came into sight. */
  spawn: (entity: MirroredEntity) => void;
  /** A newer state of an entity came. */
  update: (entity: MirroredEntity) => void;
  /** An entity is gone for everybody. */
  despawn: (entity: MirroredEntity) => void;
  /** An entity is out of this client's sight. */
  leave: (entity: MirroredEntity) => void;
  /** All records of a snapshot were applied; the server's tick that it is of. */
  snapshot: (tick: number) => void;
  /** A handler threw or rejected. */
  error: (error: unknown, where: string) => void;
}

/** Names of all events. */
const WORLD_EVENTS = ["spawn", "update", "despawn", "leave", "snapshot", "error"] as const;

/** What a mirror refused, by reason. */
export interface WorldDrops {
  /** Snapshots that no server of this protocol makes. */
  refused: number;
  /** Records whose baseline is not there. */
  baseline: number;
  /** Records, and snapshots of worlds that were left, that came too late to matter. */
  stale: number;
}

/** What a {@link WorldMirror} is made of. */
export interface WorldMirrorOptions {
  /** The version that both ends speak. */
  readonly table: WireTable;
  /** How codecs are made. */
  readonly backend: Backend;
  /** Asks the server to begin anew, at most once an epoch. */
  readonly onResync: (epoch: number) => void;
  /** Told of failures of handlers for which there is no `"error"` handler. */
  readonly onError: (error: unknown, where: string) => void;
}

/** The entities of one type, by slot. */
interface MirroredType {
  readonly entity: BoundEntity;
  readonly codec: EntityCodec;
  readonly tagBits: number;
  readonly scratch: Int32Array<ArrayBuffer>;
  readonly slots: (MirroredEntity | undefined)[];
  /** Frames in which slots were emptied last. */
  readonly gone: (number | undefined)[];
}

/** The entities that a client sees. */
export class WorldMirror {
  /** What was refused. */
  readonly drops: Readonly<WorldDrops>;
  readonly #drops: WorldDrops = { refused: 0, baseline: 0, stale: 0 };
  readonly #options: WorldMirrorOptions;
  readonly #types: readonly MirroredType[];
  readonly #reader: SnapshotReader;
  readonly #byId = new Map<number, MirroredEntity>();
  readonly #handlers: HandlerTable<WorldEvents>;
  readonly #visitor: SnapshotVisitor;
  readonly #pendingBlobs: [blob: number, value: unknown][] = [];
  readonly #store: BlobStore;
  #epoch = -1;
  #frame = 0;
  #tick = 0;
  #newestFrame = 0;
  #newestTick = -1;
  #resyncedEpoch = -1;
  #wantsResync = false;

  /** Use `Client.world` instead. */
  constructor(options: WorldMirrorOptions) {
    this.drops = this.#drops;
    this.#options = options;
    const { types, typeBits } = syncTableOf(options.table, options.backend);
    this.#types = types.map(({ entity, codec }) => ({
      entity,
      codec,
      tagBits: codec.layout.tags.length,
      scratch: new Int32Array(codec.stride),
      slots: [],
      gone: [],
    }));
    this.#reader = new SnapshotReader(types.length, typeBits);
    this.#handlers = new HandlerTable<WorldEvents>(WORLD_EVENTS, options.onError);
    this.#store = {
      put: (blob, value) => {
        this.#pendingBlobs.push([blob, value]);
        return this.#frame;
      },
    };
    this.#visitor = {
      begin: (epoch, frame, tick) => this.#begin(epoch, frame, tick),
      update: (type, slot, base, input) => this.#update(type, slot, base, input),
      spawn: (type, slot, input) => this.#spawn(type, slot, input),
      remove: (type, slot, isDespawn) => this.#remove(type, slot, isDespawn),
    };
  }

  /** How many entities are in sight. */
  get size(): number {
    return this.#byId.size;
  }

  /** The server's tick of the newest snapshot; -1 before the first. */
  get tick(): number {
    return this.#newestTick;
  }

  /** Frame of the newest snapshot, counted as `columnsOf` does. For tests and tools. */
  get frame(): number {
    return this.#newestFrame;
  }

  /** The entity with a number, as `t.entityRef()` carries it. */
  get(id: number): MirroredEntity | undefined {
    return this.#byId.get(id);
  }

  /** All entities in sight. */
  entities(): IterableIterator<MirroredEntity>;
  /** All entities of a type in sight. */
  entities<T>(type: BoundEntity<T>): IterableIterator<MirroredEntity<T>>;
  *entities(type?: BoundEntity): IterableIterator<MirroredEntity> {
    for (const entity of this.#byId.values()) {
      if (type === undefined || entity.type === type) yield entity;
    }
  }

  /**
   * Listens to what happens to entities. Handlers run in the order in which they were added; what one
   * throws is contained.
   *
   * @returns What removes the handler.
   * @throws TypeError for an unknown event.
   */
  on<E extends keyof WorldEvents>(event: E, handler: WorldEvents[E]): () => void;
  /** Listens to what happens to entities of one type. */
  on<T>(
    type: BoundEntity<T>,
    event: "spawn" | "update" | "despawn" | "leave",
    handler: (entity: MirroredEntity<T>) => void,
  ): () => void;
  on<T>(
    what: keyof WorldEvents | BoundEntity<T>,
    second: unknown,
    third?: (entity: MirroredEntity<T>) => void,
  ): () => void {
    if (typeof what === "string") {
      // The overloads above say that the second argument is the handler then.
      return this.#handlers.addEvent(what, second as (...args: never[]) => unknown);
    }
    if (typeof third !== "function") {
      throw new TypeError("Cannot listen: the handler is not a function");
    }
    // And here that it is the name of an event.
    return this.#handlers.addEvent(second as keyof WorldEvents, (entity: MirroredEntity) => {
      if (entity.is(what)) third(entity);
    });
  }

  /**
   * Applies the payload of a snapshot.
   *
   * @returns 0, or the negated `Refusal` for which it was refused. Never throws for any bytes.
   */
  receive(payload: Uint8Array): number {
    this.#wantsResync = false;
    this.#frame = -1;
    const fault = this.#reader.read(payload, this.#visitor);
    if (fault < 0) this.#drops.refused++;
    else if (this.#frame > 0) this.#handlers.emit("snapshot", this.#tick);
    if (this.#wantsResync) this.resync();
    return fault;
  }

  /** Asks the server to begin anew, once an epoch. */
  resync(): void {
    if (this.#epoch === -1 || this.#resyncedEpoch === this.#epoch) return;
    this.#resyncedEpoch = this.#epoch;
    this.#options.onResync(this.#epoch);
  }

  /** Forgets everything, as for a new session: every entity leaves. */
  reset(): void {
    this.#clear();
    this.#epoch = -1;
    this.#resyncedEpoch = -1;
  }

  #clear(): void {
    const all = [...this.#byId.values()];
    this.#byId.clear();
    for (const type of this.#types) {
      type.slots.length = 0;
      type.gone.length = 0;
    }
    this.#newestFrame = 0;
    this.#newestTick = -1;
    for (const entity of all) {
      entity.end();
      this.#handlers.emit("leave", entity);
    }
  }

  #begin(epoch: number, frame: number, tick: number): number {
    if (epoch !== this.#epoch) {
      if (this.#epoch !== -1 && ((epoch - this.#epoch) & 0xff) >= 128) {
        this.#drops.stale++;
        return -1;
      }
      if (this.#epoch !== -1) this.#clear();
      this.#epoch = epoch;
      this.#resyncedEpoch = -1;
    }
    // The first is taken for one that has gone round once, so that those before it have numbers, too.
    this.#frame = this.#newestFrame === 0
      ? frame + FRAME_MODULUS
      : unwrapFrame(frame, this.#newestFrame);
    this.#tick = tick;
    if (this.#frame > this.#newestFrame) {
      this.#newestFrame = this.#frame;
      this.#newestTick = tick;
    }
    return this.#frame;
  }

  #update(typeIndex: number, slot: number, base: number, input: WordReader): number {
    const type = this.#types[typeIndex]!;
    const { codec, scratch, tagBits } = type;
    const view = tagBits === 0 ? 0 : input.take(tagBits);
    const entity = type.slots[slot];
    const records = codec.records(view);
    this.#pendingBlobs.length = 0;
    if (entity === undefined || !entity.hasBaseline(base)) {
      const fault = records.readUpdate(input, scratch, 0, codec.defaults, 0, NO_STORE, false);
      if (fault < 0) return fault;
      if (input.isPastEnd) return -Refusal.short;
      this.#onMissing(type, slot, entity);
      return 0;
    }
    if (entity.viewOf(base) !== view) return -Refusal.tag;
    const fault = records.readUpdate(
      input,
      scratch,
      0,
      entity.baseline(base),
      entity.baselineOffset(base),
      this.#store,
      true,
    );
    if (fault < 0) return fault;
    if (input.isPastEnd) return -Refusal.short;
    if (this.#frame - base > MAX_BASELINE_AGE) entity.hold(base);
    this.#keep(entity, scratch, view);
    return 0;
  }

  /** An update whose baseline is not there: too late to matter, or a sign that the two ends disagree. */
  #onMissing(type: MirroredType, slot: number, entity: MirroredEntity | undefined): void {
    const last = Math.max(type.gone[slot] ?? 0, entity?.newest ?? 0);
    if (this.#frame < last) {
      this.#drops.stale++;
      return;
    }
    this.#drops.baseline++;
    this.#wantsResync = true;
  }

  #spawn(typeIndex: number, slot: number, input: WordReader): number {
    const type = this.#types[typeIndex]!;
    const { codec, scratch, tagBits } = type;
    const id = input.take(ENTITY_ID_BITS);
    const view = tagBits === 0 ? 0 : input.take(tagBits);
    this.#pendingBlobs.length = 0;
    scratch.set(codec.defaults);
    const fault = codec.records(view).readSpawn(input, scratch, 0, this.#store);
    if (fault < 0) return fault;
    if (input.isPastEnd) return -Refusal.short;
    if (id === 0) return -Refusal.range;
    const present = type.slots[slot];
    const namesake = this.#byId.get(id);
    const last = Math.max(type.gone[slot] ?? 0, present?.id === id ? 0 : present?.newest ?? 0);
    if (this.#frame < last || (namesake !== present && this.#frame < (namesake?.newest ?? 0))) {
      this.#drops.stale++;
      return 0;
    }
    if (present?.id === id) {
      this.#keep(present, scratch, view);
      return 0;
    }
    // Whoever had the slot or the number must be gone: only then are they given to somebody else.
    if (present !== undefined) this.#end(type, slot, "despawn");
    if (namesake !== undefined) this.#endById(namesake);
    const entity = new MirroredEntity(type.entity, id, codec);
    type.slots[slot] = entity;
    this.#byId.set(id, entity);
    this.#commit(entity, scratch, view);
    this.#handlers.emit("spawn", entity);
    return 0;
  }

  #remove(typeIndex: number, slot: number, isDespawn: boolean): void {
    const type = this.#types[typeIndex]!;
    const entity = type.slots[slot];
    if (entity !== undefined && this.#frame < entity.newest) {
      this.#drops.stale++;
      return;
    }
    type.gone[slot] = Math.max(type.gone[slot] ?? 0, this.#frame);
    if (entity !== undefined) this.#end(type, slot, isDespawn ? "despawn" : "leave");
  }

  #end(type: MirroredType, slot: number, event: "despawn" | "leave"): void {
    const entity = type.slots[slot]!;
    type.slots[slot] = undefined;
    type.gone[slot] = Math.max(type.gone[slot] ?? 0, entity.newest);
    this.#byId.delete(entity.id);
    entity.end();
    this.#handlers.emit(event, entity);
  }

  #endById(entity: MirroredEntity): void {
    for (const type of this.#types) {
      const slot = type.slots.indexOf(entity);
      if (slot !== -1) this.#end(type, slot, "despawn");
    }
  }

  #keep(entity: MirroredEntity, columns: Int32Array, view: number): void {
    if (this.#commit(entity, columns, view)) this.#handlers.emit("update", entity);
  }

  #commit(entity: MirroredEntity, columns: Int32Array, view: number): boolean {
    for (const [blob, value] of this.#pendingBlobs) entity.keepBlob(blob, this.#frame, value);
    return entity.store(this.#frame, this.#tick, columns, view);
  }
}
