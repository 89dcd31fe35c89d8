/**
 * How big things are: widths of the fixed block and bounds of the tail, from the tree alone.
 *
 * A *block* is the unit of layout: a fixed block of bits whose offsets are known at compile time,
 * padded to a byte, then a tail of byte-aligned parts. docs/schema_wire.md is the normative text.
 *
 * @module
 */
import type { ArrayNode, LeafNode, Node, StructNode } from "./node.ts";
import { bytesForBits } from "./wire/bits.ts";
import { MAX_VARINT_BYTES } from "./wire/varint.ts";

/** Elements of at most this width and without a tail are packed without padding between them. */
export const MAX_PACKED_BITS = 32;

/** Smallest and largest size in bytes. */
export interface Bounds {
  /** Smallest size in bytes. */
  readonly min: number;
  /** Largest size in bytes. */
  readonly max: number;
}

/** Whether a node is of constant width and wholly in the fixed block. */
export function isLeaf(node: Node): node is LeafNode {
  switch (node.kind) {
    case "bool":
    case "int":
    case "float":
    case "quantized":
    case "compressedFloat":
    case "angle":
    case "enum":
    case "quaternion":
      return true;
    default:
      return false;
  }
}

/** Bits of a leaf. */
export function leafBits(node: LeafNode): number {
  switch (node.kind) {
    case "bool":
      return 1;
    case "quantized":
    case "compressedFloat":
      return node.grid.bits;
    case "quaternion":
      return 2 + 3 * node.bits;
    default:
      return node.bits;
  }
}

/** Bits that a node has in the fixed block of its block. */
export function fixedBits(node: Node): number {
  switch (node.kind) {
    case "varint":
      return 0;
    case "optional":
      return 1;
    case "struct": {
      let bits = 0;
      for (const field of node.fields) if (field.carried) bits += fixedBits(field.node);
      return bits;
    }
    case "string":
    case "bytes":
    case "any":
    case "array":
    case "map":
    case "union":
      return node.bits;
    default:
      return leafBits(node);
  }
}

/** Size of the tail of a node. */
export function tailBounds(node: Node): Bounds {
  switch (node.kind) {
    case "varint":
      return { min: 1, max: MAX_VARINT_BYTES };
    case "string":
      return { min: 0, max: node.maxBytes };
    case "bytes":
      return { min: node.minBytes, max: node.maxBytes };
    case "any":
      return { min: 1, max: node.maxBytes };
    case "optional":
      return { min: 0, max: blockBounds(node.inner).max };
    case "array":
      return arrayBounds(node);
    case "map": {
      const entry = blockBounds(mapEntryNode(node.key, node.value));
      return { min: 0, max: node.max * entry.max };
    }
    case "struct":
      return structTailBounds(node);
    case "union": {
      const all = node.variants.map((variant) => blockBounds(variant.struct));
      return {
        min: Math.min(...all.map((bounds) => bounds.min)),
        max: Math.max(...all.map((bounds) => bounds.max)),
      };
    }
    default:
      return { min: 0, max: 0 };
  }
}

function structTailBounds(node: StructNode): Bounds {
  let min = 0;
  let max = 0;
  for (const field of node.fields) {
    if (!field.carried) continue;
    const bounds = tailBounds(field.node);
    min += bounds.min;
    max += bounds.max;
  }
  return { min, max };
}

function arrayBounds(node: ArrayNode): Bounds {
  return {
    min: elementsBytes(node.element, node.min).min,
    max: elementsBytes(node.element, node.max).max,
  };
}

/** Size of `count` elements in the tail of an array. */
export function elementsBytes(element: Node, count: number): Bounds {
  const packed = packedBits(element);
  if (packed > 0) {
    const bytes = bytesForBits(packed * count);
    return { min: bytes, max: bytes };
  }
  const { min, max } = blockBounds(element);
  return { min: min * count, max: max * count };
}

/** The width of an element that is packed bit by bit, or 0 when each element is a block of its own. */
export function packedBits(element: Node): number {
  const bits = fixedBits(element);
  return bits <= MAX_PACKED_BITS && !hasTail(element) ? bits : 0;
}

/** Whether any value of a node has bytes outside the fixed block. */
export function hasTail(node: Node): boolean {
  if (node.kind === "struct") {
    return node.fields.some((field) => field.carried && hasTail(field.node));
  }
  return !isLeaf(node);
}

/** Bytes of the fixed block when the node is a block of its own. */
export function fixedBytes(node: Node): number {
  return bytesForBits(fixedBits(node));
}

/** Size of a node as a block of its own. */
export function blockBounds(node: Node): Bounds {
  const fixed = fixedBytes(node);
  const tail = tailBounds(node);
  return { min: fixed + tail.min, max: fixed + tail.max };
}

/** Fewest bits that a node takes; 0 when its value is known without looking. */
export function minBlockBits(node: Node): number {
  return fixedBits(node) + tailBounds(node).min * 8;
}

const entryNodes = new WeakMap<Node, WeakMap<Node, StructNode>>();

/** An entry of a map as a struct of `key` and `value`; always the same object for the same nodes. */
export function mapEntryNode(key: Node, value: Node): StructNode {
  let byValue = entryNodes.get(key);
  if (byValue === undefined) entryNodes.set(key, byValue = new WeakMap());
  let entry = byValue.get(value);
  if (entry === undefined) {
    const fields = [
      Object.freeze({ name: "key", node: key, meta: {}, carried: true }),
      Object.freeze({ name: "value", node: value, meta: {}, carried: true }),
    ];
    entry = Object.freeze({ kind: "struct", fields: Object.freeze(fields) });
    byValue.set(value, entry);
  }
  return entry;
}
