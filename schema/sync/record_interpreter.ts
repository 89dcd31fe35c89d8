/**
 * Records without generated code: the oracle of the generator, and the backend where code generation is
 * forbidden.
 *
 * @module
 */
import { Refusal } from "../refusal.ts";
import { type Column, type EntityLayout, type LeafItem, type Unit, unitsOfView } from "./layout.ts";
import { columnFault, rangeReason } from "./column_values.ts";
import type { BlobCodec, BlobStore, RecordCodec } from "./record_codec.ts";
import { differenceNumber, differenceOf } from "./tiers.ts";
import type { WordReader, WordWriter } from "./word_stream.ts";

/** Most units of one change mask; more have several. */
export const MASK_UNITS = 32;

/** The codec of a view. */
export function interpretedRecords(
  layout: EntityLayout,
  view: number,
  blobs: readonly BlobCodec[],
): RecordCodec {
  return new InterpretedRecords(layout, view, blobs);
}

class InterpretedRecords implements RecordCodec {
  readonly #columns: readonly Column[];
  readonly #masked: readonly Unit[];
  readonly #all: readonly Unit[];
  readonly #blobs: readonly BlobCodec[];

  constructor(layout: EntityLayout, view: number, blobs: readonly BlobCodec[]) {
    this.#columns = layout.columns;
    this.#all = unitsOfView(layout, view);
    this.#masked = this.#all.filter((unit) => !unit.once);
    this.#blobs = blobs;
  }

  writeUpdate(
    out: WordWriter,
    now: Int32Array,
    at: number,
    base: Int32Array,
    from: number,
    blobs: readonly unknown[],
  ): void {
    for (let first = 0; first < this.#masked.length; first += MASK_UNITS) {
      const units = this.#masked.slice(first, first + MASK_UNITS);
      let mask = 0;
      units.forEach((unit, i) => {
        if (changes(unit, now, at, base, from)) mask |= 1 << i;
      });
      out.put(mask, units.length);
      units.forEach((unit, i) => {
        if ((mask & (1 << i)) !== 0) this.#writeUnit(out, unit, now, at, base, from, blobs);
      });
    }
  }

  writeSpawn(out: WordWriter, now: Int32Array, at: number, blobs: readonly unknown[]): void {
    for (const { items } of this.#all) {
      for (const item of items) {
        if (item.kind === "blob") {
          this.#blobs[item.index]!.write(out, blobs[item.index]);
          continue;
        }
        for (let i = 0; i < item.columns; i++) {
          out.put(now[at + item.column + i]!, this.#columns[item.column + i]!.width);
        }
      }
    }
  }

  readUpdate(
    input: WordReader,
    now: Int32Array,
    at: number,
    base: Int32Array,
    from: number,
    store: BlobStore,
    isChecked: boolean,
  ): number {
    for (let i = 0; i < this.#columns.length; i++) now[at + i] = base[from + i]!;
    for (let first = 0; first < this.#masked.length; first += MASK_UNITS) {
      const units = this.#masked.slice(first, first + MASK_UNITS);
      const mask = input.take(units.length);
      for (let i = 0; i < units.length; i++) {
        if ((mask & (1 << i)) === 0) continue;
        const fault = this.#readUnit(input, units[i]!, now, at, store, isChecked);
        if (fault < 0) return fault;
      }
    }
    return 0;
  }

  readSpawn(input: WordReader, now: Int32Array, at: number, store: BlobStore): number {
    for (const { items } of this.#all) {
      for (const item of items) {
        if (item.kind === "blob") {
          const handle = this.#blobs[item.index]!.read(input, store);
          if (handle < 0) return handle;
          now[at + item.column] = handle;
          continue;
        }
        for (let i = 0; i < item.columns; i++) {
          now[at + item.column + i] = input.take(this.#columns[item.column + i]!.width);
        }
        const fault = columnFault(item, this.#columns, now, at);
        if (fault < 0) return fault;
      }
    }
    return 0;
  }

  #writeUnit(
    out: WordWriter,
    { items }: Unit,
    now: Int32Array,
    at: number,
    base: Int32Array,
    from: number,
    blobs: readonly unknown[],
  ): void {
    const isShared = hasZeroBits(items);
    for (const item of items) {
      for (let i = item.column; i < item.column + columnsOf(item); i++) {
        const value = now[at + i]!;
        const old = base[from + i]!;
        if (isShared) out.put(value === old ? 0 : 1, 1);
        if (isShared && value === old) continue;
        if (item.kind === "blob") this.#blobs[item.index]!.write(out, blobs[item.index]);
        else writeColumn(out, this.#columns[i]!, value, old);
      }
    }
  }

  #readUnit(
    input: WordReader,
    { items }: Unit,
    now: Int32Array,
    at: number,
    store: BlobStore,
    isChecked: boolean,
  ): number {
    const isShared = hasZeroBits(items);
    let hasChanges = false;
    for (const item of items) {
      for (let i = item.column; i < item.column + columnsOf(item); i++) {
        if (isShared && input.take(1) === 0) continue;
        hasChanges = true;
        if (item.kind === "blob") {
          const handle = this.#blobs[item.index]!.read(input, store);
          if (handle < 0) return handle;
          now[at + i] = handle;
        } else {
          const isShortest = readColumn(input, this.#columns[i]!, now, at + i);
          if (isChecked && !isShortest) return -Refusal.varint;
          const { max, wraps } = this.#columns[i]!;
          if (isChecked && !wraps && now[at + i]! >>> 0 > max) return -rangeReason(item);
        }
      }
      if (item.kind === "leaf" && isChecked) {
        const fault = columnFault(item, this.#columns, now, at);
        if (fault < 0) return fault;
      }
    }
    return hasChanges || !isChecked ? 0 : -Refusal.varint;
  }
}

/** Whether each column of a unit says whether it changed: not where the mask has said it already. */
export function hasZeroBits(items: Unit["items"]): boolean {
  return items.length > 1 || columnsOf(items[0]!) > 1;
}

function columnsOf(item: Unit["items"][number]): number {
  return item.kind === "blob" ? 1 : (item satisfies LeafItem).columns;
}

function changes(
  { items }: Unit,
  now: Int32Array,
  at: number,
  base: Int32Array,
  from: number,
): boolean {
  for (const item of items) {
    for (let i = item.column; i < item.column + columnsOf(item); i++) {
      if (now[at + i] !== base[from + i]) return true;
    }
  }
  return false;
}

function differenceBetween({ width, wraps }: Column, value: number, old: number): number {
  const difference = value - old | 0;
  return wraps ? difference << (32 - width) >> (32 - width) : difference;
}

function writeColumn(out: WordWriter, column: Column, value: number, old: number): void {
  const { width, tiers: { small, large } } = column;
  if (small > 0) {
    const number = differenceNumber(differenceBetween(column, value, old));
    const ofSmall = 2 ** small;
    if (number >>> 0 < ofSmall) {
      out.put(0, 1);
      out.put(number, small);
      return;
    }
    out.put(1, 1);
    if (large > 0) {
      const isLarge = (number >>> 0) - ofSmall < 2 ** large;
      out.put(isLarge ? 0 : 1, 1);
      if (isLarge) {
        out.put(number - ofSmall, large);
        return;
      }
    }
  }
  out.put(value, width);
}

/** Reads a column that changed into `now[at]`, which holds the old value. False for a needlessly long form. */
function readColumn(input: WordReader, column: Column, now: Int32Array, at: number): boolean {
  const { width, wraps, tiers: { small, large } } = column;
  const old = now[at]!;
  let number = -1;
  if (small > 0) {
    const isSmall = input.take(1) === 0;
    if (isSmall) number = input.take(small);
    else if (large > 0 && input.take(1) === 0) number = 2 ** small + input.take(large);
  }
  if (number >= 0) {
    const value = old + differenceOf(number) | 0;
    now[at] = wraps && width < 32 ? value & ((1 << width) - 1) : value;
    return true;
  }
  const value = input.take(width);
  now[at] = value;
  if (value === old) return false;
  const shortest = small === 0 ? 0 : 2 ** small + (large === 0 ? 0 : 2 ** large);
  return differenceNumber(differenceBetween(column, value, old)) >>> 0 >= shortest;
}
