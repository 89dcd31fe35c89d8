/**
 * Writing without generated code: walks the tree with a bit cursor. The oracle that generated code
 * is tested against, and the backend where code generation is forbidden.
 *
 * @module
 */
import { encodeDynamic } from "../dynamic.ts";
import { hasTail, mapEntryNode, packedBits } from "../layout.ts";
import { sortedKeys } from "../map_order.ts";
import type { ArrayNode, MapNode, Node, StructNode, UnionNode } from "../node.ts";
import { Refusal } from "../refusal.ts";
import { BitWriter } from "../wire/bit_writer.ts";
import { utf8Bytes, writeUtf8 } from "../wire/utf8.ts";
import { writeVarint } from "../wire/varint.ts";
import { blockFacts } from "./block.ts";
import { writeLeaf } from "./leaf.ts";

// Writing is synchronous and never calls out, so one cursor serves every codec.
const writer = new BitWriter();
let target: DataView = new DataView(new ArrayBuffer(0));

type Properties = Readonly<Record<string, unknown>>;

/**
 * Writes a value that `findFault` has found nothing wrong with; the casts below rest on that.
 *
 * @returns The offset after it, or `-Refusal.short`.
 */
export function interpretWrite(
  node: StructNode,
  view: DataView,
  offset: number,
  value: unknown,
): number {
  target = view;
  writer.reset(view, offset);
  return writeBlock(node, value) ? writer.byteOffset : -Refusal.short;
}

function fits(bytes: number): boolean {
  return bytes <= target.byteLength - writer.byteOffset;
}

function writeBlock(node: Node, value: unknown): boolean {
  const facts = blockFacts(node);
  if (!fits(facts.fixedBytes)) return false;
  writeFixed(node, value);
  writer.align();
  return !facts.hasTail || writeTail(node, value);
}

/** The part of a node in the fixed block: leaves, presence, variant numbers, counts and lengths. */
function writeFixed(node: Node, value: unknown): void {
  switch (node.kind) {
    case "varint":
      break;
    case "string":
      writer.writeBits(utf8Bytes(value as string), node.bits);
      break;
    case "bytes":
      writer.writeBits((value as Uint8Array).length - node.minBytes, node.bits);
      break;
    case "any":
      writer.writeBits(encodeDynamic(value).length - 1, node.bits);
      break;
    case "array":
      writer.writeBits((value as unknown[]).length - node.min, node.bits);
      break;
    case "map":
      writer.writeBits((value as Map<unknown, unknown>).size, node.bits);
      break;
    case "optional":
      writer.writeBits(value === undefined ? 0 : 1, 1);
      break;
    case "union":
      writer.writeBits(variantNumber(node, value), node.bits);
      break;
    case "struct": {
      const properties = value as Properties;
      for (const field of node.fields) {
        if (field.carried) writeFixed(field.node, properties[field.name]);
      }
      break;
    }
    default:
      writeLeaf(writer, node, value);
  }
}

/** The part of a node in the tail. False when it does not fit. */
function writeTail(node: Node, value: unknown): boolean {
  switch (node.kind) {
    case "varint": {
      const end = writeVarint(target, writer.byteOffset, value as number);
      if (end > 0) writer.skipTo(end);
      return end > 0;
    }
    case "string":
      return writeText(value as string);
    case "bytes":
      return writeBytes(value as Uint8Array);
    case "any":
      return writeBytes(encodeDynamic(value));
    case "array":
      return writeElements(node, value as unknown[]);
    case "map":
      return writeEntries(node, value as Map<string | number, unknown>);
    case "optional":
      return value === undefined || writeBlock(node.inner, value);
    case "union": {
      const variant = node.variants[variantNumber(node, value)];
      return variant !== undefined && writeBlock(variant.struct, value);
    }
    case "struct": {
      const properties = value as Properties;
      for (const field of node.fields) {
        if (!field.carried || !hasTail(field.node)) continue;
        if (!writeTail(field.node, properties[field.name])) return false;
      }
      return true;
    }
    default:
      return true;
  }
}

function variantNumber(node: UnionNode, value: unknown): number {
  const name = (value as Properties)[node.tag];
  return node.variants.findIndex((variant) => variant.name === name);
}

function writeText(text: string): boolean {
  const bytes = utf8Bytes(text);
  if (!fits(bytes)) return false;
  writer.skipTo(writeUtf8(target, writer.byteOffset, text, bytes));
  return true;
}

function writeBytes(bytes: Uint8Array): boolean {
  if (!fits(bytes.length)) return false;
  writer.writeBytes(bytes);
  return true;
}

function writeElements(node: ArrayNode, values: readonly unknown[]): boolean {
  const packed = packedBits(node.element);
  if (packed === 0) {
    for (let i = 0; i < values.length; i++) {
      if (!writeBlock(node.element, values[i])) return false;
    }
    return true;
  }
  if (!fits(Math.ceil(packed * values.length / 8))) return false;
  for (let i = 0; i < values.length; i++) writeFixed(node.element, values[i]);
  writer.align();
  return true;
}

function writeEntries(node: MapNode, entries: Map<string | number, unknown>): boolean {
  const entry = mapEntryNode(node.key, node.value);
  for (const key of sortedKeys(node.key, entries)) {
    if (!writeBlock(entry, { key, value: entries.get(key) })) return false;
  }
  return true;
}
