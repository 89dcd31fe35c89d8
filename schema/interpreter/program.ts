/**
 * What the interpreter runs: the tree, flattened into steps of one hidden class, because looking at
 * nodes of a dozen shapes for every value costs more than packing the bits.
 *
 * @module
 */
import {
  blockBounds,
  fixedBytes,
  hasTail,
  isLeaf,
  leafBits,
  mapEntryNode,
  packedBits,
} from "../layout.ts";
import type { LeafNode, Node, StructField, StructNode } from "../node.ts";
import { Refusal } from "../refusal.ts";

/** What a step does. Steps of the fixed part and of the tail share the numbers; the common leaves come first. */
export const Op = {
  /** One bit. */
  bool: 0,
  /** An integer of at most 32 bits. */
  int: 1,
  /** Any other leaf. */
  leaf: 2,
  /** The properties of a nested struct. */
  struct: 3,
  /** A field that does not travel in this version. */
  skipped: 4,
  varint: 5,
  string: 6,
  bytes: 7,
  any: 8,
  array: 9,
  map: 10,
  union: 11,
  optional: 12,
} as const;

/** One step. Each field of a block has one in the fixed part, and one in the tail if it has a tail. */
export class Step {
  /** A number of {@link Op}. */
  readonly op: number;
  /** The property it concerns. */
  readonly key: string;
  /** Width of a leaf, or of a count, length, presence or variant number. */
  readonly bits: number;
  /** Smallest value of an integer or count. */
  readonly min: number;
  /** Largest value less the smallest. */
  readonly range: number;
  /** Why a count above the range is refused. */
  readonly reason: number;
  /** What the tree says. */
  readonly node: Node;
  /** The field, for the default of one that is skipped. */
  readonly field: StructField | undefined;
  /** Steps of a nested struct. */
  readonly steps: readonly Step[];
  /** Blocks in the tail: the element, the entry, the present value, or the variants. */
  readonly blocks: readonly Block[];
  /** Bits of an element that is packed without padding, else 0. */
  readonly packed: number;

  /** Describes what `node` needs under the property `key`. */
  constructor(node: Node, key: string, field: StructField | undefined, inTail: boolean) {
    const skipped = field !== undefined && !field.carried;
    const count = countOf(node);
    this.op = skipped ? Op.skipped : opOf(node);
    this.key = key;
    this.bits = isLeaf(node) ? leafBits(node) : count.bits;
    this.min = count.min;
    this.range = count.max - count.min;
    this.reason = node.kind === "union" ? Refusal.tag : Refusal.count;
    this.node = node;
    this.field = field;
    this.steps = node.kind === "struct" && !skipped ? structSteps(node, inTail) : [];
    this.blocks = inTail ? blocksOf(node) : [];
    this.packed = node.kind === "array" ? packedBits(node.element) : 0;
  }
}

/** A node laid out by itself: a fixed part, padded to a byte, and a tail. */
export class Block {
  /** The fixed part of a node that is not a struct, else the struct's own fields. */
  readonly fixed: readonly Step[];
  /** The tail. */
  readonly tail: readonly Step[];
  /** Whether the steps concern properties of the value and not the value itself. */
  readonly isStruct: boolean;
  /** Bytes of the fixed part. */
  readonly fixedBytes: number;
  /** Fewest bytes of the whole. */
  readonly minBytes: number;
  /** What the tree says. */
  readonly node: Node;

  /** Plans the block of a node. */
  constructor(node: Node) {
    this.node = node;
    this.isStruct = node.kind === "struct";
    this.fixed = node.kind === "struct"
      ? structSteps(node, false)
      : [new Step(node, "", undefined, false)];
    this.tail = !hasTail(node)
      ? []
      : node.kind === "struct"
      ? structSteps(node, true)
      : [new Step(node, "", undefined, true)];
    this.fixedBytes = fixedBytes(node);
    this.minBytes = blockBounds(node).min;
  }
}

function structSteps(node: StructNode, inTail: boolean): Step[] {
  return node.fields
    .filter((field) => !inTail || (field.carried && hasTail(field.node)))
    .map((field) => new Step(field.node, field.name, field, inTail));
}

function opOf(node: Node): number {
  if (node.kind === "bool") return Op.bool;
  if (node.kind === "int") return node.bits <= 32 ? Op.int : Op.leaf;
  return isLeaf(node) ? Op.leaf : Op[node.kind];
}

function blocksOf(node: Node): Block[] {
  switch (node.kind) {
    case "array":
      return [new Block(node.element)];
    case "map":
      return [new Block(mapEntryNode(node.key, node.value))];
    case "optional":
      return [new Block(node.inner)];
    case "union":
      return node.variants.map((variant) => new Block(variant.struct));
    default:
      return [];
  }
}

interface CountRange {
  readonly bits: number;
  readonly min: number;
  readonly max: number;
}

/** The range of an integer, or of the number that stands for a node in the fixed part. */
export function countOf(node: Node): CountRange {
  switch (node.kind) {
    case "int":
      return node;
    case "bool":
      return { bits: 1, min: 0, max: 1 };
    case "string":
      return { bits: node.bits, min: 0, max: node.maxBytes };
    case "bytes":
      return { bits: node.bits, min: node.minBytes, max: node.maxBytes };
    case "any":
      return { bits: node.bits, min: 1, max: node.maxBytes };
    case "array":
      return { bits: node.bits, min: node.min, max: node.max };
    case "map":
      return { bits: node.bits, min: 0, max: node.max };
    case "union":
      return { bits: node.bits, min: 0, max: node.variants.length - 1 };
    case "optional":
      return { bits: 1, min: 0, max: 1 };
    default:
      return { bits: 0, min: 0, max: 0 };
  }
}

/** The leaf of a step whose op is one of a leaf; the constructor has put no other node there. */
export function leafOf(step: Step): LeafNode {
  return step.node as LeafNode;
}
