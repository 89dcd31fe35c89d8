/**
 * An entity as the game sees it.
 *
 * @module
 */
import type { BoundEntity } from "../../schema/mod.ts";
import type { EntityStore } from "./entity_store.ts";
import type { Cell, Position } from "./grid.ts";

/** Anything with the number of a peer. */
export interface PeerLike {
  /** The number. */
  readonly id: number;
}

/** What an entity needs of its world. */
export interface EntityHost {
  /** Ends it. */
  despawn(store: EntityStore, slot: number): void;
  /** Gives it a place on the grid. */
  place(store: EntityStore, slot: number, position: Position | undefined): void;
  /** The number of a room's name; 0 for `undefined`. */
  roomNumber(room: string | undefined): number;
  /** Lets clients look at it anew. */
  announce(store: EntityStore, slot: number): void;
}

/** Something in a world. Made by `World.spawn`. */
export class Entity<T> {
  /** Its number: 1 to 65,535, what `t.entityRef()` carries; used again as late as possible. */
  readonly id: number;
  /** Its type. */
  readonly type: BoundEntity<T>;
  readonly #host: EntityHost;
  readonly #store: EntityStore;
  readonly #slot: number;
  #room: string | undefined;

  /** @ignore Use `World.spawn` instead. */
  constructor(
    type: BoundEntity<T>,
    id: number,
    store: EntityStore,
    slot: number,
    host: EntityHost,
  ) {
    this.type = type;
    this.id = id;
    this.#store = store;
    this.#slot = slot;
    this.#host = host;
  }

  /** Whether it is still there. */
  get isAlive(): boolean {
    return this.#store.entities[this.#slot] === this;
  }

  /** Where it is on the grid. */
  get cell(): Cell | undefined {
    return this.#store.cells[this.#slot];
  }

  /** A new object with its value as clients see it: quantized, with all fields of all views. */
  get value(): T {
    this.#check("read");
    const { codec, columns, stride } = this.#store;
    // The boundary: the codec reads what it was compiled for, which is T.
    return codec.read(columns, this.#slot * stride, this.#store.blobs[this.#slot]!) as T;
  }

  /**
   * Sets fields, all or none; what is not named stays. Clients hear of it with the next snapshot, and only
   * if the quantized value changed.
   *
   * @returns Whether it changed.
   * @throws TypeError or RangeError for a value that the schema does not allow, TypeError when it is gone.
   */
  set(patch: Partial<T>): boolean {
    const store = this.#store;
    const slot = this.#slot;
    if (store.entities[slot] !== this) this.#check("set");
    const hasChanged = store.codec.set(
      patch,
      store.columns,
      slot * store.stride,
      store.blobs[slot]!,
    );
    if (hasChanged) store.touch(slot);
    return hasChanged;
  }

  /** Number of the peer that owns it and sees its `view("owner")` fields; 0 for nobody. */
  get owner(): number {
    return this.isAlive ? this.#store.owners[this.#slot]! : 0;
  }

  /** Gives it to a peer, or to nobody. */
  setOwner(peer: PeerLike | undefined): void {
    this.#check("own");
    this.#store.owners[this.#slot] = peer?.id ?? 0;
  }

  /** The room that it is in: only clients in that room see it; `undefined` for all. */
  get room(): string | undefined {
    return this.#room;
  }

  /** Moves it to a room, or to all. */
  setRoom(room: string | undefined): void {
    this.#check("move");
    this.#room = room;
    this.#store.rooms[this.#slot] = this.#host.roomNumber(room);
    this.#host.announce(this.#store, this.#slot);
  }

  /** Gives an entity without a position field its place on the grid; `undefined` for everywhere. */
  setPosition(position: Position | undefined): void {
    this.#check("move");
    this.#host.place(this.#store, this.#slot, position);
  }

  /** Its urgency against others when a client's bytes are short: above 0, 1 at first. */
  set priority(priority: number) {
    if (!(priority > 0 && Number.isFinite(priority))) {
      throw new RangeError(`Cannot set priority ${priority}: it must be a finite number above 0`);
    }
    this.#check("set");
    this.#store.priorities[this.#slot] = priority;
  }

  /** Its urgency. */
  get priority(): number {
    return this.#store.priorities[this.#slot]!;
  }

  /**
   * Lets a peer see the fields of a view tag of this entity.
   *
   * @throws TypeError for a tag that the type does not have.
   */
  grant(tag: string, peer: PeerLike): void {
    this.#regrant(tag, peer, (bits, bit) => bits | bit);
  }

  /** Takes back what {@link grant} gave. What the client has seen already it has seen. */
  revoke(tag: string, peer: PeerLike): void {
    this.#regrant(tag, peer, (bits, bit) => bits & ~bit);
  }

  /** Ends it for everybody. Idempotent. */
  despawn(): void {
    if (this.isAlive) this.#host.despawn(this.#store, this.#slot);
  }

  #regrant(tag: string, { id }: PeerLike, change: (bits: number, bit: number) => number): void {
    this.#check("show");
    const { codec: { layout: { tags } }, grants } = this.#store;
    const index = tags.indexOf(tag);
    if (index === -1) {
      throw new TypeError(`Cannot show ${this.type.name} to "${tag}": it has no such view`);
    }
    let byPeer = grants.get(this.#slot);
    if (byPeer === undefined) grants.set(this.#slot, byPeer = new Map());
    const bits = change(byPeer.get(id) ?? 0, 1 << index);
    if (bits === 0) byPeer.delete(id);
    else byPeer.set(id, bits);
  }

  #check(what: string): void {
    if (!this.isAlive) {
      throw new TypeError(`Cannot ${what} ${this.type.name} ${this.id}: it is gone`);
    }
  }
}
