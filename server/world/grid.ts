/**
 * Where entities are, in cells, so that a client looks at those around it and at no others.
 *
 * @module
 */
import type { LeafItem } from "../../schema/sync/layout.ts";
import type { EntityStore } from "./entity_store.ts";

/** A place in the world. */
export interface Position {
  /** Along the first axis. */
  readonly x: number;
  /** Along the second axis. */
  readonly y: number;
}

/** Interest by distance. */
export interface GridOptions {
  /** Length of a cell's side, in the units of the position. Above 0. */
  readonly cellSize: number;
  /** Cells around its own in every direction that a client sees. Default 1: nine cells. */
  readonly radius?: number;
  /** Cells beyond the radius in which what a client sees already stays in sight. Default 1. */
  readonly margin?: number;
  /**
   * Name of the field that has the position, such as `"pos"`. Default: the axes are fields themselves.
   * Entities without it have the position that they are given, or are seen from everywhere.
   */
  readonly field?: string;
  /** Names of the two axes. Default `["x", "y"]`; a game in space takes `["x", "z"]`. */
  readonly axes?: readonly [string, string];
}

/** A square of the world, or, once per world, everywhere. */
export class Cell {
  /** Column of the grid. */
  readonly x: number;
  /** Row of the grid. */
  readonly y: number;
  /** Whether it is everywhere. */
  readonly isEverywhere: boolean;
  /** Entities in it: `type * 65536 + slot`. */
  readonly members: number[] = [];
  /** Those that came in the current frame, or became visible in it. */
  readonly arrivals: number[] = [];

  /** @ignore Made by the grid. */
  constructor(x: number, y: number, isEverywhere: boolean) {
    this.x = x;
    this.y = y;
    this.isEverywhere = isEverywhere;
  }
}

/** How the position of a type is read from its columns: `offset + column * scale`, or as a float. */
interface AxisColumn {
  readonly column: number;
  readonly offset: number;
  readonly scale: number;
  readonly isFloat: boolean;
}

const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);

/** The cells of a world. */
export class Grid {
  /** The cell of what is seen from everywhere. */
  readonly everywhere: Cell = new Cell(0, 0, true);
  /** Cells around a client's own in which entities come into its sight. */
  readonly radius: number;
  /** Cells around it in which they stay. */
  readonly keepRadius: number;
  /** The frame that is being made: what moves now, moved in it. */
  frame = 1;
  readonly #cellSize: number;
  readonly #field: string | undefined;
  readonly #axes: readonly [string, string];
  readonly #cells = new Map<number, Cell>();
  /** Cells with arrivals. */
  readonly #lively: Cell[] = [];
  readonly #columns: ([AxisColumn, AxisColumn] | undefined)[] = [];

  /** @throws RangeError for a size that makes no cells. Without options everything is everywhere. */
  constructor(options: GridOptions | undefined) {
    const { cellSize = Infinity, radius = 1, margin = 1, field, axes = ["x", "y"] } = options ?? {};
    if (options !== undefined && !(cellSize > 0 && cellSize < Infinity)) {
      throw new RangeError(
        `Cannot make a grid: cellSize ${cellSize} is not a finite number above 0`,
      );
    }
    for (const [name, cells] of [["radius", radius], ["margin", margin]] as const) {
      if (!Number.isInteger(cells) || cells < 0 || cells > 64) {
        throw new RangeError(`Cannot make a grid: ${name} ${cells} is not an integer of 0 to 64`);
      }
    }
    this.#cellSize = cellSize;
    this.radius = radius;
    this.keepRadius = radius + margin;
    this.#field = field;
    this.#axes = axes;
  }

  /** Whether there are cells at all. */
  get isDivided(): boolean {
    return this.#cellSize < Infinity;
  }

  /** The cell that holds a coordinate. */
  coordinateOf(value: number): number {
    return Math.floor(value / this.#cellSize);
  }

  /** The cell at a column and row, if anything ever was there. */
  cellAt(x: number, y: number): Cell | undefined {
    return this.#cells.get(keyOf(x, y));
  }

  /** Learns where a type has its position. */
  addType(store: EntityStore): void {
    if (!this.isDivided) return;
    const [first, second] = this.#axes.map((axis) => this.#axisOf(store, axis));
    if (first !== undefined && second !== undefined) this.#columns[store.index] = [first, second];
  }

  /** Whether entities of a type have a position in their columns. */
  hasPosition(store: EntityStore): boolean {
    return this.#columns[store.index] !== undefined;
  }

  /** Puts an entity where its columns say. */
  placeByColumns(store: EntityStore, slot: number): void {
    const columns = this.#columns[store.index];
    if (columns === undefined) return;
    const at = slot * store.stride;
    const x = this.coordinateOf(coordinate(columns[0], store.columns, at));
    const y = this.coordinateOf(coordinate(columns[1], store.columns, at));
    const cell = store.cells[slot];
    if (cell !== undefined && !cell.isEverywhere && cell.x === x && cell.y === y) return;
    this.move(store, slot, this.#cell(x, y));
  }

  /** Puts an entity at a position, or everywhere. */
  placeAt(store: EntityStore, slot: number, position: Position | undefined): void {
    const cell = position === undefined || !this.isDivided
      ? this.everywhere
      : this.#cell(this.coordinateOf(position.x), this.coordinateOf(position.y));
    if (store.cells[slot] !== cell) this.move(store, slot, cell);
  }

  /** Puts an entity into a cell, or with `undefined` into none. */
  move(store: EntityStore, slot: number, cell: Cell | undefined): void {
    const old = store.cells[slot];
    const packed = store.index * 65_536 + slot;
    if (old !== undefined) {
      const last = old.members.pop()!;
      const place = store.cellPlaces[slot]!;
      if (last !== packed) {
        old.members[place] = last;
        this.#stores[last >>> 16]!.cellPlaces[last & 0xffff] = place;
      }
      if (old.members.length === 0 && !old.isEverywhere && old.arrivals.length === 0) {
        this.#cells.delete(keyOf(old.x, old.y));
      }
    }
    store.cells[slot] = cell;
    if (cell === undefined) return;
    store.cellPlaces[slot] = cell.members.push(packed) - 1;
    this.announce(store, slot);
  }

  /** Lets clients around look at an entity in the coming frame. */
  announce(store: EntityStore, slot: number): void {
    store.moved[slot] = this.frame;
    const cell = store.cells[slot];
    if (cell === undefined) return;
    if (cell.arrivals.length === 0) this.#lively.push(cell);
    cell.arrivals.push(store.index * 65_536 + slot);
  }

  /** Forgets who arrived: all clients have looked. */
  endFrame(): void {
    this.frame++;
    for (const cell of this.#lively) {
      cell.arrivals.length = 0;
      if (cell.members.length === 0 && !cell.isEverywhere) {
        this.#cells.delete(keyOf(cell.x, cell.y));
      }
    }
    this.#lively.length = 0;
  }

  /** Tells the grid of the stores, which members of cells refer to by number. */
  useStores(stores: readonly EntityStore[]): void {
    this.#stores = stores;
    for (const store of stores) this.addType(store);
  }
  #stores: readonly EntityStore[] = [];

  #cell(x: number, y: number): Cell {
    const key = keyOf(x, y);
    let cell = this.#cells.get(key);
    if (cell === undefined) this.#cells.set(key, cell = new Cell(x, y, false));
    return cell;
  }

  #axisOf({ codec: { layout } }: EntityStore, axis: string): AxisColumn | undefined {
    const path = this.#field === undefined ? axis : `${this.#field}.${axis}`;
    const item = layout.items.find((item) => item.path.join(".") === path);
    return item?.kind === "leaf" ? axisColumn(item) : undefined;
  }
}

/** Exact for cells within 2^26 of the origin in both directions. */
function keyOf(x: number, y: number): number {
  return x * 134_217_728 + y;
}

function axisColumn({ node, column }: LeafItem): AxisColumn | undefined {
  switch (node.kind) {
    case "quantized": {
      const { origin, center, stepSize } = node.grid;
      return { column, offset: origin - center * stepSize, scale: stepSize, isFloat: false };
    }
    case "compressedFloat":
      return {
        column,
        offset: node.grid.min,
        scale: node.grid.delta / node.grid.maxInteger,
        isFloat: false,
      };
    case "int":
      return node.bits > 32 || node.bits === 0
        ? undefined
        : { column, offset: node.min, scale: 1, isFloat: false };
    case "float":
      return node.bits === 32 ? { column, offset: 0, scale: 1, isFloat: true } : undefined;
    default:
      return undefined;
  }
}

function coordinate(axis: AxisColumn, columns: Int32Array, at: number): number {
  const bits = columns[at + axis.column]!;
  if (!axis.isFloat) return axis.offset + (bits >>> 0) * axis.scale;
  floatBits[0] = bits;
  return float[0]!;
}
