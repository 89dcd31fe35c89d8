/**
 * A world: entities, and the clients that see them. Knows nothing of sessions and of time.
 *
 * @module
 */
import type { BoundEntity, ProtocolCore, WireTable } from "../../schema/mod.ts";
import { MAX_ENTITY_ID } from "../../schema/sync/snapshot_format.ts";
import { syncTableOf } from "../../schema/sync/sync_table.ts";
import { Entity, type EntityHost, type PeerLike } from "./entity.ts";
import { EntityStore } from "./entity_store.ts";
import { Grid, type GridOptions, type Position } from "./grid.ts";
import { RecordCache } from "./record_cache.ts";
import { Selection } from "./selection.ts";
import { Viewer } from "./viewer.ts";
import type { SendSnapshot, ViewerHost } from "./viewer_host.ts";

/** Options of a {@link World}. */
export interface WorldOptions {
  /** Snapshots a second, above 0. Default: one a tick, which is also the most. */
  readonly snapshotHz?: number;
  /** Bytes of snapshots that a client gets in a frame at most; at least one datagram's worth. Default 4,096. */
  readonly budgetBytes?: number;
  /** Interest by distance. Default: everybody sees everything. */
  readonly grid?: GridOptions;
}

/** Options of {@link World.spawn}. */
export interface SpawnOptions {
  /** The peer that owns it and sees its `view("owner")` fields. Default: nobody. */
  readonly owner?: PeerLike;
  /** The room that it is in. Default: all. */
  readonly room?: string;
  /** Its place on the grid, where the type has no position field. Default: everywhere. */
  readonly position?: Position;
  /** Its urgency against others, above 0. Default 1. */
  readonly priority?: number;
}

/** Entities and their viewers. Made by `Server.world`; a test makes its own. */
export class World {
  readonly #protocol: ProtocolCore;
  readonly #stores: readonly EntityStore[];
  readonly #grid: Grid;
  readonly #viewers = new Map<number, Viewer>();
  readonly #byId = new Map<number, Entity<unknown>>();
  readonly #rooms = new Map<string, number>();
  readonly #caches = new Map<WireTable, (RecordCache | undefined)[]>();
  readonly #viewerHost: ViewerHost;
  readonly #entityHost: EntityHost;
  readonly #framesPerTick: number;
  #credit = 0;
  #frame = 0;
  #lastId = 0;

  /**
   * Makes a world by itself; servers make theirs with `Server.world`.
   *
   * @param tickHz Steps a second.
   * @throws TypeError for a protocol without entities, RangeError for an option that makes no sense.
   */
  constructor(protocol: ProtocolCore, tickHz: number, options: WorldOptions = {}) {
    if (protocol.world === undefined) {
      throw new TypeError(`Cannot make a world: protocol "${protocol.name}" has no entities`);
    }
    const { snapshotHz = tickHz, budgetBytes = 4_096, grid } = options;
    if (!(snapshotHz > 0 && snapshotHz <= tickHz)) {
      throw new RangeError(
        `Cannot make a world: snapshotHz ${snapshotHz} is not above 0 and at most ${tickHz}`,
      );
    }
    const { payloadBytes } = protocol.world;
    if (!(budgetBytes >= payloadBytes)) {
      throw new RangeError(
        `Cannot make a world: budgetBytes ${budgetBytes} is below a datagram's ${payloadBytes}`,
      );
    }
    this.#protocol = protocol;
    this.#framesPerTick = snapshotHz / tickHz;
    this.#stores = protocol.entities.map((type, i) => new EntityStore(type, i, protocol.backend));
    this.#grid = new Grid(grid);
    this.#grid.useStores(this.#stores);
    this.#viewerHost = {
      stores: this.#stores,
      grid: this.#grid,
      backend: protocol.backend,
      payloadBytes,
      budgetBytes,
      framesPerSecond: snapshotHz,
      selection: new Selection(),
      cacheOf: (table, store) => this.#cacheOf(table, store),
      roomNumber: (room) => this.#roomNumber(room),
      frame: () => this.#frame,
    };
    this.#entityHost = {
      despawn: (store, slot) => this.#despawn(store, slot),
      place: (store, slot, position) => this.#grid.placeAt(store, slot, position),
      roomNumber: (room) => this.#roomNumber(room),
      announce: (store, slot) => this.#grid.announce(store, slot),
    };
  }

  /** Entities that live. */
  get size(): number {
    return this.#byId.size;
  }

  /** Number of the last frame; 0 before the first. */
  get frame(): number {
    return this.#frame;
  }

  /** The clients that see it, by number of their peer. */
  get viewers(): ReadonlyMap<number, Viewer> {
    return this.#viewers;
  }

  /** @ignore The entities by type, as they are kept. For tests. */
  get stores(): readonly EntityStore[] {
    return this.#stores;
  }

  /** All entities, in no particular order. */
  entities(): IterableIterator<Entity<unknown>> {
    return this.#byId.values();
  }

  /** The entity with a number. */
  get(id: number): Entity<unknown> | undefined {
    return this.#byId.get(id);
  }

  /**
   * Makes an entity. Clients hear of it with the next snapshot.
   *
   * @param values Its fields; those that are not named have their defaults.
   * @throws TypeError for a type of another protocol, TypeError or RangeError for a value that the schema
   * does not allow, RangeError when there are 65,535 entities already.
   */
  spawn<T>(
    type: BoundEntity<T>,
    values: Partial<NoInfer<T>>,
    options: SpawnOptions = {},
  ): Entity<T> {
    const { owner, room, position, priority } = options;
    const store = this.#stores[type.index];
    if (store?.type !== type) {
      throw new TypeError(`Cannot spawn ${type.name}: it belongs to another protocol`);
    }
    const id = this.#freeId(type.name);
    const slot = store.allocate(id);
    const entity = new Entity<T>(type, id, store, slot, this.#entityHost);
    store.entities[slot] = entity as Entity<unknown>;
    try {
      store.codec.set(values, store.columns, slot * store.stride, store.blobs[slot]!);
      if (priority !== undefined) entity.priority = priority;
    } catch (error) {
      store.free(slot);
      throw error;
    }
    this.#byId.set(id, entity as Entity<unknown>);
    if (owner !== undefined) entity.setOwner(owner);
    store.cells[slot] = undefined;
    if (this.#grid.hasPosition(store)) this.#grid.placeByColumns(store, slot);
    else this.#grid.placeAt(store, slot, position);
    if (room !== undefined) entity.setRoom(room);
    const viewer = owner && this.#viewers.get(owner.id);
    // A player looks around from his first entity, unless the game says otherwise.
    if (viewer !== undefined && viewer.focus === undefined) viewer.focus = entity as Entity<never>;
    return entity;
  }

  /**
   * Lets a client see the world.
   *
   * @param table The version that it speaks.
   * @param epoch What its snapshots are told apart by from those of a world it saw before.
   */
  addViewer(peerId: number, table: WireTable, send: SendSnapshot, epoch = 0): Viewer {
    this.removeViewer(peerId);
    const viewer = new Viewer(peerId, table, epoch, this.#viewerHost, send);
    this.#viewers.set(peerId, viewer);
    for (const entity of this.#byId.values()) {
      if (entity.owner !== peerId) continue;
      viewer.focus = entity as Entity<never>;
      break;
    }
    return viewer;
  }

  /** Lets a client see it no more. */
  removeViewer(peerId: number): void {
    this.#viewers.get(peerId)?.close();
    this.#viewers.delete(peerId);
  }

  /**
   * Ends a tick: keeps a frame and sends snapshots, when one is due.
   *
   * @returns Whether one was.
   */
  step(tick: number): boolean {
    this.#credit += this.#framesPerTick;
    // A little less than one, for thirds do not add up to it.
    if (this.#credit < 1 - 1e-9) return false;
    this.#credit -= 1;
    const frame = ++this.#frame;
    for (const store of this.#stores) {
      if (this.#grid.hasPosition(store)) {
        for (const slot of store.dirty) {
          if (store.ids[slot] !== 0) this.#grid.placeByColumns(store, slot);
        }
      }
      store.commit(frame);
    }
    for (const viewer of this.#viewers.values()) viewer.replicate(frame, tick);
    this.#grid.endFrame();
    return true;
  }

  #despawn(store: EntityStore, slot: number): void {
    this.#byId.delete(store.ids[slot]!);
    this.#grid.move(store, slot, undefined);
    store.free(slot);
    for (const viewer of this.#viewers.values()) viewer.onDespawn(store, slot);
  }

  /** The next number that nobody has, going round. */
  #freeId(name: string): number {
    if (this.#byId.size >= MAX_ENTITY_ID) {
      throw new RangeError(`Cannot spawn ${name}: there are ${MAX_ENTITY_ID} entities already`);
    }
    do this.#lastId = this.#lastId % MAX_ENTITY_ID + 1; while (this.#byId.has(this.#lastId));
    return this.#lastId;
  }

  #roomNumber(room: string | undefined): number {
    if (room === undefined) return 0;
    let number = this.#rooms.get(room);
    if (number === undefined) this.#rooms.set(room, number = this.#rooms.size + 1);
    return number;
  }

  #cacheOf(table: WireTable, store: EntityStore): RecordCache {
    let caches = this.#caches.get(table);
    if (caches === undefined) this.#caches.set(table, caches = []);
    return caches[store.index] ??= new RecordCache(store, codecOf(table, store, this.#protocol));
  }
}

function codecOf(
  table: WireTable,
  store: EntityStore,
  { backend }: ProtocolCore,
): EntityStore["codec"] {
  const { types, wireIndex } = syncTableOf(table, backend);
  return types[wireIndex[store.index]!]!.codec;
}
