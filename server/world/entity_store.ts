/**
 * All entities of one type: their columns now and in the last 64 frames.
 *
 * An entity has a slot, which is also its place on the wire. Columns of slot `s` begin at `s * stride` of
 * one array for all, so that a frame is kept by one copy of memory.
 *
 * @module
 */
import type { BoundEntity } from "../../schema/mod.ts";
import { EntityCodec } from "../../schema/sync/entity_codec.ts";
import { MAX_BASELINE_AGE, MAX_SLOTS, RING_FRAMES } from "../../schema/sync/snapshot_format.ts";
import type { Backend } from "../../schema/mod.ts";
import type { Entity } from "./entity.ts";
import type { Cell } from "./grid.ts";
import { grown } from "./record_cache.ts";

/** Slots that a store begins with. */
const FIRST_CAPACITY = 32;

/** The entities of one type. */
export class EntityStore {
  /** The type. */
  readonly type: BoundEntity;
  /** Its number in the world. */
  readonly index: number;
  /** Turns values into columns: of the newest version, with every field there is. */
  readonly codec: EntityCodec;
  /** Columns of an entity. */
  readonly stride: number;
  /** Slots that there is memory for. */
  capacity = FIRST_CAPACITY;
  /** Slots ever used: those beyond have never had an entity. */
  used = 0;
  /** Entities that live. */
  size = 0;
  /** The columns now. */
  columns: Int32Array<ArrayBuffer>;
  /** Numbers of entities, 0 for a free slot. */
  ids: Int32Array<ArrayBuffer> = new Int32Array(FIRST_CAPACITY);
  /** Frames in which columns changed last. */
  changed: Int32Array<ArrayBuffer> = new Int32Array(FIRST_CAPACITY);
  /** Peers that own them, 0 for nobody. */
  owners: Int32Array<ArrayBuffer> = new Int32Array(FIRST_CAPACITY);
  /** Rooms that they are in, 0 for all. */
  rooms: Int32Array<ArrayBuffer> = new Int32Array(FIRST_CAPACITY);
  /** Their urgency against others. */
  priorities: Float32Array<ArrayBuffer> = new Float32Array(FIRST_CAPACITY);
  /** Frames in which they came, went to another cell or to another room. */
  moved: Int32Array<ArrayBuffer> = new Int32Array(FIRST_CAPACITY);
  /** Where they are on the grid. */
  readonly cells: (Cell | undefined)[] = [];
  /** Their places among the members of the cell. */
  cellPlaces: Int32Array<ArrayBuffer> = new Int32Array(FIRST_CAPACITY);
  /** Their values that are no numbers. */
  readonly blobs: unknown[][] = [];
  /** The entities as the game sees them. */
  readonly entities: (Entity<unknown> | undefined)[] = [];
  /** Views that single peers were granted: bits by peer, by slot. */
  readonly grants: Map<number, Map<number, number>> = new Map();
  /** Slots whose columns changed since the last frame. */
  readonly dirty: number[] = [];
  #isDirty = new Uint8Array(FIRST_CAPACITY);
  /** From the last change before a pause to the last frame of the pause: columns were the same. */
  #stableFrom = new Int32Array(FIRST_CAPACITY);
  #stableUntil = new Int32Array(FIRST_CAPACITY);
  readonly #ring: Int32Array<ArrayBuffer>[] = [];
  /** The longest-free slot first, so that a number is used again as late as possible. */
  readonly #free: number[] = [];
  #freeHead = 0;
  #frame = 0;

  constructor(type: BoundEntity, index: number, backend: Backend) {
    this.type = type;
    this.index = index;
    this.codec = new EntityCodec(type.name, type.struct, backend);
    this.stride = this.codec.stride;
    this.columns = new Int32Array(FIRST_CAPACITY * this.stride);
  }

  /**
   * Takes a slot for an entity, its columns set to the defaults.
   *
   * @throws RangeError when there is none left.
   */
  allocate(id: number): number {
    const slot = this.#takeSlot();
    this.size++;
    this.ids[slot] = id;
    this.owners[slot] = 0;
    this.rooms[slot] = 0;
    this.priorities[slot] = 1;
    this.changed[slot] = 0;
    this.#stableFrom[slot] = 0;
    this.#stableUntil[slot] = -1;
    this.columns.set(this.codec.defaults, slot * this.stride);
    this.blobs[slot] = this.codec.createBlobs();
    this.touch(slot);
    return slot;
  }

  /** Gives a slot back. */
  free(slot: number): void {
    this.size--;
    this.ids[slot] = 0;
    this.blobs[slot] = [];
    this.entities[slot] = undefined;
    this.grants.delete(slot);
    this.#free.push(slot);
  }

  /** Notes that columns of a slot changed. */
  touch(slot: number): void {
    if (this.#isDirty[slot] === 1) return;
    this.#isDirty[slot] = 1;
    this.dirty.push(slot);
  }

  /** Keeps the columns as those of a frame. The slots in {@link dirty} are the ones that changed. */
  commit(frame: number): void {
    this.#frame = frame;
    const { dirty, changed } = this;
    for (let i = 0; i < dirty.length; i++) {
      const slot = dirty[i]!;
      this.#isDirty[slot] = 0;
      const before = changed[slot]!;
      changed[slot] = frame;
      if (before === 0 || frame - before === 1) continue;
      this.#stableFrom[slot] = before;
      this.#stableUntil[slot] = frame - 1;
    }
    dirty.length = 0;
    const place = frame % RING_FRAMES;
    let kept = this.#ring[place];
    if (kept === undefined || kept.length < this.columns.length) {
      this.#ring[place] = kept = new Int32Array(this.columns.length);
    }
    kept.set(
      this.used === this.capacity
        ? this.columns
        : this.columns.subarray(0, this.used * this.stride),
    );
  }

  /**
   * The columns of all entities in a frame that equals `frame` for this slot; `undefined` when they are
   * not kept any more.
   */
  baseline(slot: number, frame: number): Int32Array | undefined {
    const now = this.#frame;
    if (now - frame <= MAX_BASELINE_AGE) return this.#ring[frame % RING_FRAMES];
    // What paused is the same in the last frame of its pause, however old the baseline is.
    const until = this.#stableUntil[slot]!;
    const isStable = frame >= this.#stableFrom[slot]! && frame <= until;
    return isStable && now - until <= MAX_BASELINE_AGE
      ? this.#ring[until % RING_FRAMES]
      : undefined;
  }

  #takeSlot(): number {
    if (this.#freeHead < this.#free.length) {
      const slot = this.#free[this.#freeHead++]!;
      if (this.#freeHead > 1_024) {
        this.#free.splice(0, this.#freeHead);
        this.#freeHead = 0;
      }
      return slot;
    }
    if (this.used === MAX_SLOTS) {
      throw new RangeError(
        `Cannot spawn ${this.type.name}: there are ${MAX_SLOTS} of them already`,
      );
    }
    if (this.used === this.capacity) this.#grow();
    return this.used++;
  }

  #grow(): void {
    const capacity = this.capacity * 2;
    this.capacity = capacity;
    this.columns = grown(this.columns, capacity * this.stride);
    this.ids = grown(this.ids, capacity);
    this.changed = grown(this.changed, capacity);
    this.moved = grown(this.moved, capacity);
    this.owners = grown(this.owners, capacity);
    this.rooms = grown(this.rooms, capacity);
    this.cellPlaces = grown(this.cellPlaces, capacity);
    this.#stableFrom = grown(this.#stableFrom, capacity);
    this.#stableUntil = grown(this.#stableUntil, capacity);
    const priorities = new Float32Array(capacity);
    priorities.set(this.priorities);
    this.priorities = priorities;
    const isDirty = new Uint8Array(capacity);
    isDirty.set(this.#isDirty);
    this.#isDirty = isDirty;
  }
}
