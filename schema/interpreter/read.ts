/**
 * Reading without generated code: walks the tree with a bit cursor and refuses whatever a writer
 * would not have written.
 *
 * @module
 */
import { isRecord } from "../check.ts";
import { readDynamic } from "../dynamic.ts";
import { blockBounds, elementsBytes, hasTail, mapEntryNode, packedBits } from "../layout.ts";
import { compareMapKeys } from "../map_order.ts";
import type { AnyNode, ArrayNode, MapNode, Node, StructNode, UnionNode } from "../node.ts";
import { Refusal } from "../refusal.ts";
import { createStruct, createVariant, fieldDefault } from "../value.ts";
import { BitReader } from "../wire/bit_reader.ts";
import { readUtf8 } from "../wire/utf8.ts";
import { readVarint, varintEnd } from "../wire/varint.ts";
import { blockFacts } from "./block.ts";
import { leafRefusal, readLeaf } from "./leaf.ts";

const reader = new BitReader();
let source: DataView = new DataView(new ArrayBuffer(0));
let sourceEnd = 0;

/** Where a value goes: an object and a property, or an array and an index. */
type Target = Record<string | number, unknown>;

/**
 * Numbers that the fixed pass of a block read for its tail pass, first in first out: counts,
 * lengths, presence and variant numbers.
 */
interface Counts {
  readonly values: number[];
  next: number;
}

/** Every step returns 0 or the refusal. */
type Verdict = number;

/**
 * Reads one value that fills `[offset, end)` into `into`, which keeps its nested objects.
 *
 * @returns `end`, or the negated refusal; `into` may then be half overwritten.
 */
export function interpretRead(
  node: StructNode,
  view: DataView,
  offset: number,
  end: number,
  into: Record<string, unknown>,
): number {
  source = view;
  sourceEnd = end;
  reader.reset(view, offset, end);
  const verdict = readBlock(node, { root: into }, "root");
  if (verdict !== 0) return -verdict;
  return reader.byteOffset === end ? end : -Refusal.trailing;
}

function bytesLeft(): number {
  return sourceEnd - reader.byteOffset;
}

function readBlock(node: Node, into: Target, key: string | number): Verdict {
  const facts = blockFacts(node);
  if (facts.fixedBytes > bytesLeft()) return Refusal.short;
  const counts = { values: [], next: 0 };
  const verdict = readFixed(node, into, key, counts);
  if (verdict !== 0) return verdict;
  if (!reader.align()) return Refusal.padding;
  return facts.hasTail ? readTail(node, into, key, counts) : 0;
}

function readFixed(node: Node, into: Target, key: string | number, counts: Counts): Verdict {
  switch (node.kind) {
    case "varint":
      return 0;
    case "string":
      return readCount(counts, node.bits, 0, node.maxBytes, Refusal.count);
    case "bytes":
      return readCount(counts, node.bits, node.minBytes, node.maxBytes, Refusal.count);
    case "any":
      return readCount(counts, node.bits, 1, node.maxBytes, Refusal.count);
    case "array":
      return readCount(counts, node.bits, node.min, node.max, Refusal.count);
    case "map":
      return readCount(counts, node.bits, 0, node.max, Refusal.count);
    case "optional":
      return readCount(counts, 1, 0, 1, Refusal.count);
    case "union":
      return readCount(counts, node.bits, 0, node.variants.length - 1, Refusal.tag);
    case "struct": {
      const properties = structAt(node, into, key);
      for (const field of node.fields) {
        if (!field.carried) {
          properties[field.name] = fieldDefault(field);
          continue;
        }
        const verdict = readFixed(field.node, properties, field.name, counts);
        if (verdict !== 0) return verdict;
      }
      return 0;
    }
    default: {
      const value = readLeaf(reader, node);
      if (value === undefined) return leafRefusal(node);
      into[key] = value;
      return 0;
    }
  }
}

function readCount(
  counts: Counts,
  bits: number,
  min: number,
  max: number,
  reason: number,
): Verdict {
  const offset = reader.readBits(bits);
  counts.values.push(min + offset);
  return offset <= max - min ? 0 : reason;
}

function structAt(node: StructNode, into: Target, key: string | number): Target {
  const existing = into[key];
  if (isRecord(existing)) return existing;
  const created = createStruct(node);
  into[key] = created;
  return created;
}

function readTail(node: Node, into: Target, key: string | number, counts: Counts): Verdict {
  if (node.kind === "struct") {
    const properties = structAt(node, into, key);
    for (const field of node.fields) {
      if (!field.carried || !hasTail(field.node)) continue;
      const verdict = readTail(field.node, properties, field.name, counts);
      if (verdict !== 0) return verdict;
    }
    return 0;
  }
  if (node.kind === "varint") return readVarintInto(into, key);
  const count = counts.values[counts.next++] ?? 0;
  switch (node.kind) {
    case "string":
      return readText(count, into, key);
    case "bytes":
      if (count > bytesLeft()) return Refusal.short;
      into[key] = reader.readBytes(count);
      return 0;
    case "any":
      return readAny(node, count, into, key);
    case "array":
      return readElements(node, count, into, key);
    case "map":
      return readEntries(node, count, into, key);
    case "union":
      return readVariant(node, count, into, key);
    case "optional":
      if (count === 1) return readBlock(node.inner, into, key);
      into[key] = undefined;
      return 0;
    default:
      return 0;
  }
}

function readVarintInto(into: Target, key: string | number): Verdict {
  const value = readVarint(source, reader.byteOffset, sourceEnd);
  if (value < 0) return -value;
  reader.skipTo(varintEnd());
  into[key] = value;
  return 0;
}

function readText(bytes: number, into: Target, key: string | number): Verdict {
  if (bytes > bytesLeft()) return Refusal.short;
  const end = reader.byteOffset + bytes;
  const text = readUtf8(source, reader.byteOffset, end);
  if (text === undefined) return Refusal.text;
  reader.skipTo(end);
  into[key] = text;
  return 0;
}

function readAny(node: AnyNode, bytes: number, into: Target, key: string | number): Verdict {
  if (bytes > bytesLeft()) return Refusal.short;
  const end = reader.byteOffset + bytes;
  const box = readDynamic(source, reader.byteOffset, end, node);
  if (box === undefined) return Refusal.dynamic;
  reader.skipTo(end);
  into[key] = box.value;
  return 0;
}

function readElements(node: ArrayNode, count: number, into: Target, key: string | number): Verdict {
  // Before a single element is made: a count alone must not make us allocate.
  if (elementsBytes(node.element, count).min > bytesLeft()) return Refusal.short;
  const existing = into[key];
  const list: unknown[] = Array.isArray(existing) ? existing : [];
  into[key] = list;
  if (list.length > count) list.length = count;
  // An array takes numeric keys like any object; only the type of keys differs.
  const slots = list as unknown as Target;
  const packed = packedBits(node.element) > 0;
  const noCounts = { values: [], next: 0 };
  for (let i = 0; i < count; i++) {
    const verdict = packed
      ? readFixed(node.element, slots, i, noCounts)
      : readBlock(node.element, slots, i);
    if (verdict !== 0) return verdict;
  }
  return packed && !reader.align() ? Refusal.padding : 0;
}

function readEntries(node: MapNode, count: number, into: Target, key: string | number): Verdict {
  const entry = mapEntryNode(node.key, node.value);
  if (blockBounds(entry).min * count > bytesLeft()) return Refusal.short;
  const existing = into[key];
  const map: Map<unknown, unknown> = existing instanceof Map ? existing : new Map();
  into[key] = map;
  map.clear();
  let previous: string | number | undefined;
  for (let i = 0; i < count; i++) {
    const slot: Target = { entry: { key: undefined, value: undefined } };
    const verdict = readBlock(entry, slot, "entry");
    if (verdict !== 0) return verdict;
    const read = slot.entry as { key: string | number; value: unknown };
    if (previous !== undefined && compareMapKeys(node.key, previous, read.key) >= 0) {
      return Refusal.keyOrder;
    }
    previous = read.key;
    map.set(read.key, read.value);
  }
  return 0;
}

function readVariant(node: UnionNode, number: number, into: Target, key: string | number): Verdict {
  const variant = node.variants[number];
  if (variant === undefined) return Refusal.tag;
  const existing = into[key];
  if (!isRecord(existing) || existing[node.tag] !== variant.name) {
    into[key] = createVariant(node.tag, variant);
  }
  return readBlock(variant.struct, into, key);
}
