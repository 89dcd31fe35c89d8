/**
 * What a client is to see: its place on the grid, its rooms, and what came into sight since the last frame.
 *
 * @module
 */
import type { Entity } from "./entity.ts";
import type { EntityStore } from "./entity_store.ts";
import type { Cell, Grid, Position } from "./grid.ts";
import type { Track } from "./track.ts";

/** The sight of one client. */
export class Sight {
  /** Whether everything was looked at anew in this frame, so that anything may be out of sight now. */
  isNew = true;
  readonly #stores: readonly EntityStore[];
  readonly #grid: Grid;
  readonly #rooms = new Set<number>([0]);
  #focus: Entity<unknown> | Position | undefined;
  #cellX = 0;
  #cellY = 0;
  #hasCell = false;
  #isInvalid = true;

  constructor(stores: readonly EntityStore[], grid: Grid) {
    this.#stores = stores;
    this.#grid = grid;
  }

  /** What the client looks around from: an entity, a place, or nothing. */
  set focus(focus: Entity<never> | Position | undefined) {
    // Only its position is asked for; of what type its value is, is nobody's business.
    this.#focus = focus as Entity<unknown> | Position | undefined;
    this.#isInvalid = true;
  }

  /** What the client looks around from. */
  get focus(): Entity<never> | Position | undefined {
    return this.#focus as Entity<never> | Position | undefined;
  }

  /** Takes a room into sight. */
  enterRoom(room: number): void {
    this.#rooms.add(room);
    this.#isInvalid = true;
  }

  /** Takes a room out of sight. */
  leaveRoom(room: number): void {
    this.#rooms.delete(room);
    this.#isInvalid = true;
  }

  /** Whoever arrives in this frame is not seen: in the next one everything is looked at anew. */
  invalidate(): void {
    this.#isInvalid = true;
  }

  /** Lets the tracks of a client take in what came into sight. */
  lookAround(tracks: readonly (Track | undefined)[], frame: number): void {
    const grid = this.#grid;
    if (grid.isDivided) this.#moveFocus();
    this.isNew = this.#isInvalid;
    this.#isInvalid = false;
    const { everywhere, radius } = grid;
    this.#admit(this.isNew ? everywhere.members : everywhere.arrivals, tracks, frame);
    if (!this.#hasCell) return;
    for (let y = this.#cellY - radius; y <= this.#cellY + radius; y++) {
      for (let x = this.#cellX - radius; x <= this.#cellX + radius; x++) {
        const cell = grid.cellAt(x, y);
        if (cell !== undefined) {
          this.#admit(this.isNew ? cell.members : cell.arrivals, tracks, frame);
        }
      }
    }
  }

  /** Whether an entity is in sight, or was and has not gone far. */
  covers(store: EntityStore, slot: number): boolean {
    const room = store.rooms[slot]!;
    if (room !== 0 && !this.#rooms.has(room)) return false;
    const cell = store.cells[slot];
    if (cell === undefined) return false;
    if (cell.isEverywhere) return true;
    if (!this.#hasCell) return false;
    const { keepRadius } = this.#grid;
    const dx = cell.x - this.#cellX;
    const dy = cell.y - this.#cellY;
    return dx <= keepRadius && dx >= -keepRadius && dy <= keepRadius && dy >= -keepRadius;
  }

  #admit(
    records: readonly number[],
    tracks: readonly (Track | undefined)[],
    frame: number,
  ): void {
    for (let i = 0; i < records.length; i++) {
      const store = this.#stores[records[i]! >>> 16]!;
      const track = tracks[store.index];
      const slot = records[i]! & 0xffff;
      // Whoever arrived may be gone again, or gone on.
      if (track === undefined || store.ids[slot] === 0 || !this.covers(store, slot)) continue;
      track.enter(slot, frame);
    }
  }

  #moveFocus(): void {
    const place = this.#placeOf(this.#focus);
    // From an entity that is gone the client goes on looking around from where it was.
    if (place === "where it was") return;
    const { x, y } = place ?? { x: 0, y: 0 };
    const hasCell = place !== undefined;
    if (x === this.#cellX && y === this.#cellY && hasCell === this.#hasCell) return;
    this.#cellX = x;
    this.#cellY = y;
    this.#hasCell = hasCell;
    this.#isInvalid = true;
  }

  #placeOf(
    focus: Entity<unknown> | Position | undefined,
  ): Position | Cell | "where it was" | undefined {
    if (focus === undefined) return undefined;
    if ("x" in focus) {
      return { x: this.#grid.coordinateOf(focus.x), y: this.#grid.coordinateOf(focus.y) };
    }
    const cell = focus.isAlive ? focus.cell : undefined;
    return cell === undefined || cell.isEverywhere ? "where it was" : cell;
  }
}
