/**
 * Writing without generated code: runs steps with a bit cursor. The oracle that generated code is
 * tested against, and the backend where code generation is forbidden.
 *
 * Values are `unknown` here and checked as they are written; where a cast stands, the line before it
 * or `findFault` has established the type.
 *
 * @module
 */
import { findFault } from "../check.ts";
import { dynamicBytes, encodeDynamic } from "../dynamic.ts";
import { sortedKeys } from "../map_order.ts";
import type { AnyNode, MapNode, UnionNode } from "../node.ts";
import { Refusal } from "../refusal.ts";
import { BitWriter } from "../wire/bit_writer.ts";
import { utf8Bytes, writeUtf8 } from "../wire/utf8.ts";
import { writeVarint } from "../wire/varint.ts";
import { writeLeaf } from "./leaf.ts";
import { type Block, leafOf, Op, type Step } from "./program.ts";

/** Returned for a value that the schema does not allow; the caller finds the words for it. */
export const FAULT = -1000;

const SHORT = -Refusal.short;

// Writing is synchronous and never calls out, so one cursor serves every codec.
const writer = new BitWriter();
let target: DataView = new DataView(new ArrayBuffer(0));

type Properties = Readonly<Record<string, unknown>>;

/**
 * Writes a value.
 *
 * @returns The offset after it, `-Refusal.short`, or {@link FAULT}.
 */
export function interpretWrite(
  block: Block,
  view: DataView,
  offset: number,
  value: unknown,
): number {
  target = view;
  writer.reset(view, offset);
  const result = writeBlock(block, value);
  return result === 0 ? writer.byteOffset : result;
}

function roomFor(bytes: number): boolean {
  return bytes <= target.byteLength - writer.byteOffset;
}

/** Every step returns 0, {@link SHORT} or {@link FAULT}. */
function writeBlock(block: Block, value: unknown): number {
  if (!roomFor(block.fixedBytes)) return SHORT;
  const only = block.fixed[0];
  const result = block.isStruct
    ? writeFixedSteps(block.fixed, value)
    : only === undefined
    ? 0
    : writeFixed(only, value);
  if (result !== 0) return result;
  writer.align();
  const last = block.tail[0];
  if (last === undefined) return 0;
  return block.isStruct ? writeTailSteps(block.tail, value) : writeTail(last, value);
}

function writeFixedSteps(steps: readonly Step[], value: unknown): number {
  if (value === undefined || value === null) return FAULT;
  const properties = value as Properties;
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i];
    if (step === undefined) break;
    const result = writeFixed(step, properties[step.key]);
    if (result !== 0) return result;
  }
  return 0;
}

/**
 * The part of a field in the fixed block: leaves, presence, variant numbers, counts and lengths.
 * Small, so that the common leaves are inlined into the loop above.
 */
function writeFixed(step: Step, value: unknown): number {
  if (step.op > Op.int) return writeOtherFixed(step, value);
  if (typeof value === "boolean" && step.op === Op.bool) {
    writer.writeBits(value ? 1 : 0, 1);
    return 0;
  }
  if (typeof value !== "number" || step.op !== Op.int) return FAULT;
  const offset = value - step.min;
  if (!(offset >= 0 && offset <= step.range) || Math.floor(value) !== value) return FAULT;
  writer.writeBits(offset, step.bits);
  return 0;
}

function writeOtherFixed(step: Step, value: unknown): number {
  switch (step.op) {
    case Op.leaf:
      if (findFault(step.node, value) !== undefined) return FAULT;
      writeLeaf(writer, leafOf(step), value);
      return 0;
    case Op.struct:
      return writeFixedSteps(step.steps, value);
    case Op.skipped:
      return 0;
    case Op.varint:
      return typeof value === "number" && value >>> 0 === value ? 0 : FAULT;
    default: {
      const count = countOfValue(step, value);
      const offset = count - step.min;
      if (offset < 0 || offset > step.range) return FAULT;
      writer.writeBits(offset, step.bits);
      return 0;
    }
  }
}

/** The number that stands for a value in the fixed part; -1 for a value of the wrong type. */
function countOfValue(step: Step, value: unknown): number {
  switch (step.op) {
    case Op.string:
      return typeof value === "string" ? utf8Bytes(value) : -1;
    case Op.bytes:
      return value instanceof Uint8Array ? value.length : -1;
    case Op.any:
      return dynamicBytes(step.node as AnyNode, value)?.length ?? -1;
    case Op.array:
      return Array.isArray(value) ? value.length : -1;
    case Op.map:
      return value instanceof Map ? value.size : -1;
    case Op.union:
      return variantNumber(step.node as UnionNode, value);
    default:
      return value === undefined ? 0 : 1;
  }
}

function variantNumber(node: UnionNode, value: unknown): number {
  if (value === undefined || value === null) return -1;
  const name = (value as Properties)[node.tag];
  return node.variants.findIndex((variant) => variant.name === name);
}

function writeTailSteps(steps: readonly Step[], value: unknown): number {
  const properties = value as Properties;
  for (const step of steps) {
    const result = writeTail(step, properties[step.key]);
    if (result !== 0) return result;
  }
  return 0;
}

/** The part of a field in the tail; the fixed part has established the type of the value. */
function writeTail(step: Step, value: unknown): number {
  switch (step.op) {
    case Op.struct:
      return writeTailSteps(step.steps, value);
    case Op.varint: {
      const end = writeVarint(target, writer.byteOffset, value as number);
      if (end < 0) return end;
      writer.skipTo(end);
      return 0;
    }
    case Op.string:
      return writeText(value as string);
    case Op.bytes:
      return writeBytes(value as Uint8Array);
    case Op.any:
      return writeBytes(encodeDynamic(value));
    case Op.array:
      return writeElements(step, value as unknown[]);
    case Op.map:
      return writeEntries(step, value as Map<string | number, unknown>);
    case Op.optional:
      return value === undefined ? 0 : writeInner(step, 0, value);
    case Op.union:
      return writeInner(step, variantNumber(step.node as UnionNode, value), value);
    default:
      return 0;
  }
}

function writeInner(step: Step, index: number, value: unknown): number {
  const block = step.blocks[index];
  return block === undefined ? FAULT : writeBlock(block, value);
}

function writeText(text: string): number {
  const bytes = utf8Bytes(text);
  if (!roomFor(bytes)) return SHORT;
  writer.skipTo(writeUtf8(target, writer.byteOffset, text, bytes));
  return 0;
}

function writeBytes(bytes: Uint8Array): number {
  if (!roomFor(bytes.length)) return SHORT;
  writer.writeBytes(bytes);
  return 0;
}

function writeElements(step: Step, values: readonly unknown[]): number {
  const packed = step.packed > 0;
  if (packed && !roomFor(Math.ceil(step.packed * values.length / 8))) return SHORT;
  const [block] = step.blocks;
  if (block === undefined) return FAULT;
  for (let i = 0; i < values.length; i++) {
    const result = packed ? writeUnpadded(block, values[i]) : writeBlock(block, values[i]);
    if (result !== 0) return result;
  }
  if (packed) writer.align();
  return 0;
}

/** An element that the next one follows in the same byte. */
function writeUnpadded(block: Block, value: unknown): number {
  if (block.isStruct) return writeFixedSteps(block.fixed, value);
  const [only] = block.fixed;
  return only === undefined ? 0 : writeFixed(only, value);
}

function writeEntries(step: Step, entries: Map<string | number, unknown>): number {
  const { key: keyNode } = step.node as MapNode;
  for (const key of sortedKeys(keyNode, entries)) {
    const result = writeInner(step, 0, { key, value: entries.get(key) });
    if (result !== 0) return result;
  }
  return 0;
}
