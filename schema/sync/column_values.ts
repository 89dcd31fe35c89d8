/**
 * Between values and columns, without generated code.
 *
 * @module
 */
import { leafRefusal, readLeaf, writeLeaf } from "../interpreter/leaf.ts";
import { Refusal } from "../refusal.ts";
import { BitReader } from "../wire/bit_reader.ts";
import { BitWriter } from "../wire/bit_writer.ts";
import type { Column, LeafItem } from "./layout.ts";

const writer = new BitWriter();
const reader = new BitReader();
/** Room for the widest leaf: 64 bits. */
const scratch = new DataView(new ArrayBuffer(16));

/** Writes a checked value into its columns. */
export function packColumns(
  item: LeafItem,
  columns: readonly Column[],
  value: unknown,
  into: Int32Array,
  at: number,
): void {
  if (item.node.kind === "varint") {
    // The boundary: findFault has seen an unsigned 32-bit integer.
    into[at + item.column] = value as number;
    return;
  }
  writer.reset(scratch, 0);
  writeLeaf(writer, item.node, value);
  writer.align();
  reader.reset(scratch, 0, scratch.byteLength);
  for (let i = 0; i < item.columns; i++) {
    into[at + item.column + i] = reader.readBits(columns[item.column + i]!.width);
  }
}

/** The value in columns; `undefined` when no value has them. */
export function unpackColumns(
  item: LeafItem,
  columns: readonly Column[],
  from: Int32Array,
  at: number,
): unknown {
  if (item.node.kind === "varint") return from[at + item.column]! >>> 0;
  writer.reset(scratch, 0);
  for (let i = 0; i < item.columns; i++) {
    writer.writeBits(from[at + item.column + i]!, columns[item.column + i]!.width);
  }
  writer.align();
  reader.reset(scratch, 0, scratch.byteLength);
  return readLeaf(reader, item.node);
}

/** 0 when columns hold a value, else the negated reason why they do not. */
export function columnFault(
  item: LeafItem,
  columns: readonly Column[],
  from: Int32Array,
  at: number,
): number {
  for (let i = item.column; i < item.column + item.columns; i++) {
    // Also where all bits of the width are values: a difference may lead out of the width.
    if (from[at + i]! >>> 0 > columns[i]!.max) return -rangeReason(item);
  }
  if (item.node.kind === "varint") return 0;
  return unpackColumns(item, columns, from, at) === undefined ? -leafRefusal(item.node) : 0;
}

/** Why a column outside its range is refused. */
export function rangeReason({ node }: LeafItem): number {
  return node.kind === "varint" ? Refusal.range : leafRefusal(node);
}
