/**
 * An entity as columns of 32-bit integers: what is stored each tick, compared, and sent as differences.
 *
 * Every number of the entity has one column (rotations four, 64-bit numbers two). What is no number
 * (texts, bytes, lists, optional and dynamic values) is a *blob*: its column holds a revision that
 * changes with it, and the wire carries the whole value. docs/sync_wire.md is the normative text.
 *
 * @module
 */
import { isLeaf, leafBits } from "../layout.ts";
import { blockBounds } from "../layout.ts";
import type { LeafNode, Node, StructField, StructNode, VarintNode } from "../node.ts";
import { bitsRequired } from "../wire/bits.ts";
import { NO_TIERS, type Tiers, tiersFor } from "./tiers.ts";

/** One integer of an entity. */
export interface Column {
  /** Bits of a value written as it is, 1 to 32. */
  readonly width: number;
  /** Largest value, unsigned. */
  readonly max: number;
  /** Whether differences go round: the column of an angle. */
  readonly wraps: boolean;
  /** Widths of differences. */
  readonly tiers: Tiers;
}

/** A number of an entity. */
export interface LeafItem {
  /** Tells items apart. */
  readonly kind: "leaf";
  /** Names of the properties that lead to it. */
  readonly path: readonly string[];
  /** What it is. */
  readonly node: LeafNode | VarintNode;
  /** Its first column. */
  readonly column: number;
  /** How many columns it has. */
  readonly columns: number;
  /** Whether the version in use carries it. */
  readonly carried: boolean;
}

/** A value of an entity that is no number. */
export interface BlobItem {
  /** Tells items apart. */
  readonly kind: "blob";
  /** Names of the properties that lead to it. */
  readonly path: readonly string[];
  /** What it is, as the only property `value` of a struct, which is what its bytes are the codec's of. */
  readonly node: StructNode;
  /** Its number among the blobs of the entity. */
  readonly index: number;
  /** The column of its revision. */
  readonly column: number;
  /** Largest size of its bytes. */
  readonly maxBytes: number;
  /** Bits of their count. */
  readonly lengthBits: number;
  /** Whether the version in use carries it. */
  readonly carried: boolean;
}

/** Properties that share one bit of the change mask. */
export interface Unit {
  /** Numbers and blobs in order of declaration, those alone that the version carries. */
  readonly items: readonly (LeafItem | BlobItem)[];
  /** Whether it travels in spawn records alone. */
  readonly once: boolean;
  /** Bit of the view that sees it; 0 for what everybody sees. */
  readonly viewBit: number;
}

/** An entity type in one version. */
export interface EntityLayout {
  /** The columns of numbers and blobs. */
  readonly columns: readonly Column[];
  /** All items, carried or not, in order of declaration. */
  readonly items: readonly (LeafItem | BlobItem)[];
  /** The blobs among them. */
  readonly blobs: readonly BlobItem[];
  /** The units in order of declaration. */
  readonly units: readonly Unit[];
  /** View tags in order of first use: tag `i` is bit `1 << i` of a view. */
  readonly tags: readonly string[];
}

/** Most view tags of one entity type: a view is one byte. */
export const MAX_VIEW_TAGS = 8;

/** Most columns of an entity type. */
export const MAX_COLUMNS = 1_024;

/** A revision is never sent. */
const REVISION: Column = Object.freeze({
  width: 32,
  max: 0xffff_ffff,
  wraps: false,
  tiers: NO_TIERS,
});

/**
 * Lays out an entity.
 *
 * @param struct The entity as the version carries it; all versions of one entity have the same columns.
 * @throws RangeError when it has too many columns or view tags.
 */
export function entityLayout(name: string, struct: StructNode): EntityLayout {
  const columns: Column[] = [];
  const items: (LeafItem | BlobItem)[] = [];
  const blobs: BlobItem[] = [];
  const tags: string[] = [];
  const units = new Map<
    string,
    { items: (LeafItem | BlobItem)[]; once: boolean; viewBit: number }
  >();

  const place = (node: Node, path: readonly string[], carried: boolean): void => {
    if (node.kind === "struct") {
      for (const field of node.fields) {
        place(field.node, [...path, field.name], carried && field.carried);
      }
      return;
    }
    const column = columns.length;
    if (isLeaf(node) || node.kind === "varint") {
      columns.push(...leafColumns(node));
      items.push({ kind: "leaf", path, node, column, columns: columns.length - column, carried });
      return;
    }
    const boxed = box(node);
    const { min, max } = blockBounds(boxed);
    const lengthBits = bitsRequired(0, Math.max(max, min));
    const blob: BlobItem = {
      kind: "blob",
      path,
      node: boxed,
      index: blobs.length,
      column,
      maxBytes: max,
      lengthBits,
      carried,
    };
    columns.push(REVISION);
    blobs.push(blob);
    items.push(blob);
  };

  for (const field of struct.fields) {
    const first = items.length;
    place(field.node, [field.name], field.carried);
    const { once = false, view, group } = field.meta;
    if (view !== undefined && !tags.includes(view)) tags.push(view);
    const viewBit = view === undefined ? 0 : 1 << tags.indexOf(view);
    const key = group === undefined ? `field ${field.name}` : `group ${group} ${once} ${viewBit}`;
    let unit = units.get(key);
    if (unit === undefined) units.set(key, unit = { items: [], once, viewBit });
    unit.items.push(...items.slice(first).filter((item) => item.carried && hasBits(item)));
  }
  if (tags.length > MAX_VIEW_TAGS) {
    throw new RangeError(
      `Cannot declare ${name}: ${tags.length} view tags, but the limit is ${MAX_VIEW_TAGS}`,
    );
  }
  if (columns.length > MAX_COLUMNS) {
    throw new RangeError(
      `Cannot declare ${name}: ${columns.length} numbers, but the limit is ${MAX_COLUMNS}`,
    );
  }
  return Object.freeze({
    columns,
    items,
    blobs,
    units: [...units.values()].filter((unit) => unit.items.length > 0),
    tags,
  });
}

/** The units that a client sees: those of everybody, and those of its tags. */
export function unitsOfView(layout: EntityLayout, view: number): Unit[] {
  return layout.units.filter(({ viewBit }) => viewBit === 0 || (view & viewBit) !== 0);
}

/** An upper bound of the bits of a record's fields: of the spawn, and of any update. */
export function maxRecordBits(layout: EntityLayout): number {
  let bits = layout.units.length;
  for (const unit of layout.units) {
    for (const item of unit.items) {
      if (item.kind === "blob") bits += 1 + item.lengthBits + item.maxBytes * 8;
      else {for (let i = 0; i < item.columns; i++) {
          bits += 3 + layout.columns[item.column + i]!.width;
        }}
    }
  }
  return bits;
}

function hasBits(item: LeafItem | BlobItem): boolean {
  return item.kind === "blob" || item.columns > 0;
}

function box(node: Node): StructNode {
  const field: StructField = Object.freeze({ name: "value", node, meta: {}, carried: true });
  return Object.freeze({ kind: "struct", fields: Object.freeze([field]) });
}

function leafColumns(node: LeafNode | VarintNode): Column[] {
  switch (node.kind) {
    case "bool":
      return [ranged(1, 1)];
    case "varint":
      return [ranged(32, 0xffff_ffff)];
    case "int":
      if (node.bits === 0) return [];
      if (node.bits <= 32) return [ranged(node.bits, node.max - node.min)];
      return [raw(32), raw(node.bits - 32)];
    case "float":
      return node.bits === 32 ? [raw(32)] : [raw(32), raw(32)];
    case "quantized":
      return [ranged(node.grid.bits, node.grid.steps)];
    case "compressedFloat":
      return [ranged(node.grid.bits, node.grid.maxInteger)];
    case "angle":
      return [{ ...ranged(node.bits, 2 ** node.bits - 1), wraps: true }];
    case "enum":
      return node.bits === 0 ? [] : [{ ...raw(node.bits), max: node.values.length - 1 }];
    case "quaternion": {
      const part = ranged((leafBits(node) - 2) / 3, 2 ** node.bits - 1);
      return [raw(2), part, part, part];
    }
  }
}

function ranged(width: number, max: number): Column {
  return { width, max, wraps: false, tiers: tiersFor(width) };
}

function raw(width: number): Column {
  return { width, max: 2 ** width - 1, wraps: false, tiers: NO_TIERS };
}
