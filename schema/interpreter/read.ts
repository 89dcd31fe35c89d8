/**
 * Reading without generated code: runs steps with a bit cursor and refuses whatever a writer would
 * not have written.
 *
 * @module
 */
import { isRecord } from "../check.ts";
import { readDynamic } from "../dynamic.ts";
import { compareMapKeys } from "../map_order.ts";
import type { AnyNode, MapNode, Node, StructNode, UnionNode } from "../node.ts";
import { Refusal } from "../refusal.ts";
import { createStruct, createVariant, fieldDefault } from "../value.ts";
import { BitReader } from "../wire/bit_reader.ts";
import { readUtf8 } from "../wire/utf8.ts";
import { readVarint, varintEnd } from "../wire/varint.ts";
import { leafRefusal, readLeaf } from "./leaf.ts";
import { type Block, leafOf, Op, type Step } from "./program.ts";

const reader = new BitReader();
let source: DataView = new DataView(new ArrayBuffer(0));
let sourceEnd = 0;

/**
 * Numbers that the fixed pass of a block read for its tail pass, first in first out: counts,
 * lengths, presence and variant numbers. Blocks nest, so a block uses what lies above its start.
 */
const counts: number[] = [];

/** Where a value goes: an object and a property, or an array and an index. */
type Target = Record<string | number, unknown>;

/** Every step returns 0 or the refusal. */
type Verdict = number;

/**
 * Reads one value that fills `[offset, end)` into `into`, which keeps its nested objects.
 *
 * @returns `end`, or the negated refusal; `into` may then be half overwritten.
 */
export function interpretRead(
  block: Block,
  view: DataView,
  offset: number,
  end: number,
  into: Record<string, unknown>,
): number {
  source = view;
  sourceEnd = end;
  reader.reset(view, offset, end);
  counts.length = 0;
  const verdict = readStructBlock(block, into);
  if (verdict !== 0) return -verdict;
  return reader.byteOffset === end ? end : -Refusal.trailing;
}

function bytesLeft(): number {
  return sourceEnd - reader.byteOffset;
}

function readBlock(block: Block, into: Target, key: string | number): Verdict {
  if (block.isStruct) return readStructBlock(block, structAt(block.node, into, key));
  if (block.fixedBytes > bytesLeft()) return Refusal.short;
  const start = counts.length;
  const [fixed] = block.fixed;
  const [tail] = block.tail;
  let verdict = fixed === undefined ? 0 : readFixed(fixed, into, key);
  if (verdict === 0 && !reader.align()) verdict = Refusal.padding;
  if (verdict !== 0 || tail === undefined) return verdict;
  verdict = readTail(tail, into, key, counts[start] ?? 0);
  counts.length = start;
  return verdict;
}

function readStructBlock(block: Block, properties: Target): Verdict {
  if (block.fixedBytes > bytesLeft()) return Refusal.short;
  const start = counts.length;
  let verdict = readFixedSteps(block.fixed, properties);
  if (verdict === 0 && !reader.align()) verdict = Refusal.padding;
  if (verdict !== 0 || block.tail.length === 0) return verdict;
  nextCount = start;
  verdict = readTailSteps(block.tail, properties);
  counts.length = start;
  return verdict;
}

/** The next count that the tail pass of the current block takes. */
let nextCount = 0;

function readFixedSteps(steps: readonly Step[], properties: Target): Verdict {
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i];
    if (step === undefined) break;
    const verdict = readFixed(step, properties, step.key);
    if (verdict !== 0) return verdict;
  }
  return 0;
}

/** Small, so that the common leaves are inlined into the loop above. */
function readFixed(step: Step, into: Target, key: string | number): Verdict {
  if (step.op > Op.int) return readOtherFixed(step, into, key);
  const offset = reader.readBits(step.bits);
  if (offset > step.range) return Refusal.range;
  into[key] = step.op === Op.bool ? offset === 1 : step.min + offset;
  return 0;
}

function readOtherFixed(step: Step, into: Target, key: string | number): Verdict {
  switch (step.op) {
    case Op.leaf: {
      const value = readLeaf(reader, leafOf(step));
      if (value === undefined) return leafRefusal(leafOf(step));
      into[key] = value;
      return 0;
    }
    case Op.struct:
      return readFixedSteps(step.steps, structAt(step.node, into, key));
    case Op.skipped:
      if (step.field !== undefined) into[key] = fieldDefault(step.field);
      return 0;
    case Op.varint:
      return 0;
    default: {
      const offset = reader.readBits(step.bits);
      counts.push(step.min + offset);
      return offset <= step.range ? 0 : step.reason;
    }
  }
}

function structAt(node: Node, into: Target, key: string | number): Target {
  const existing = into[key];
  if (isRecord(existing)) return existing;
  // Only steps and blocks of structs come here.
  const created = createStruct(node as StructNode);
  into[key] = created;
  return created;
}

function readTailSteps(steps: readonly Step[], properties: Target): Verdict {
  for (const step of steps) {
    let verdict = 0;
    if (step.op === Op.struct) {
      verdict = readTailSteps(step.steps, structAt(step.node, properties, step.key));
    } else if (step.op === Op.varint) {
      verdict = readVarintInto(properties, step.key);
    } else {
      const next = nextCount + 1;
      verdict = readTail(step, properties, step.key, counts[nextCount] ?? 0);
      // Nested blocks have moved it.
      nextCount = next;
    }
    if (verdict !== 0) return verdict;
  }
  return 0;
}

function readTail(step: Step, into: Target, key: string | number, count: number): Verdict {
  switch (step.op) {
    case Op.varint:
      return readVarintInto(into, key);
    case Op.string:
      return readText(count, into, key);
    case Op.bytes:
      if (count > bytesLeft()) return Refusal.short;
      into[key] = reader.readBytes(count);
      return 0;
    case Op.any:
      return readAny(step.node as AnyNode, count, into, key);
    case Op.array:
      return readElements(step, count, into, key);
    case Op.map:
      return readEntries(step, count, into, key);
    case Op.union:
      return readVariant(step, count, into, key);
    case Op.optional:
      if (count === 1) return readInner(step, 0, into, key);
      into[key] = undefined;
      return 0;
    default:
      return 0;
  }
}

function readInner(step: Step, index: number, into: Target, key: string | number): Verdict {
  const block = step.blocks[index];
  return block === undefined ? Refusal.tag : readBlock(block, into, key);
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

function readElements(step: Step, count: number, into: Target, key: string | number): Verdict {
  const [block] = step.blocks;
  if (block === undefined) return Refusal.tag;
  const packed = step.packed > 0;
  // Before a single element is made: a count alone must not make us allocate.
  const least = packed ? Math.ceil(step.packed * count / 8) : block.minBytes * count;
  if (least > bytesLeft()) return Refusal.short;
  const existing = into[key];
  const list: unknown[] = Array.isArray(existing) ? existing : [];
  into[key] = list;
  if (list.length > count) list.length = count;
  // An array takes numeric keys like any object; only the type of keys differs.
  const slots = list as unknown as Target;
  for (let i = 0; i < count; i++) {
    const verdict = packed ? readUnpadded(block, slots, i) : readBlock(block, slots, i);
    if (verdict !== 0) return verdict;
  }
  return packed && !reader.align() ? Refusal.padding : 0;
}

/** An element that the next one follows in the same byte. */
function readUnpadded(block: Block, into: Target, key: number): Verdict {
  if (block.isStruct) return readFixedSteps(block.fixed, structAt(block.node, into, key));
  const [only] = block.fixed;
  return only === undefined ? 0 : readFixed(only, into, key);
}

function readEntries(step: Step, count: number, into: Target, key: string | number): Verdict {
  const [block] = step.blocks;
  if (block === undefined) return Refusal.tag;
  if (block.minBytes * count > bytesLeft()) return Refusal.short;
  const existing = into[key];
  const map: Map<unknown, unknown> = existing instanceof Map ? existing : new Map();
  into[key] = map;
  map.clear();
  const { key: keyNode } = step.node as MapNode;
  let previous: string | number | undefined;
  for (let i = 0; i < count; i++) {
    const pair: Target = { key: undefined, value: undefined };
    const verdict = readStructBlock(block, pair);
    if (verdict !== 0) return verdict;
    // The nodes that can be keys carry numbers and strings only.
    const read = pair.key as string | number;
    if (previous !== undefined && compareMapKeys(keyNode, previous, read) >= 0) {
      return Refusal.keyOrder;
    }
    previous = read;
    map.set(read, pair.value);
  }
  return 0;
}

function readVariant(step: Step, number: number, into: Target, key: string | number): Verdict {
  const { tag, variants } = step.node as UnionNode;
  const variant = variants[number];
  if (variant === undefined) return Refusal.tag;
  const existing = into[key];
  if (!isRecord(existing) || existing[tag] !== variant.name) {
    into[key] = createVariant(tag, variant);
  }
  return readInner(step, number, into, key);
}
