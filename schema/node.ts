/**
 * The intermediate representation: what a declaration becomes before any code is made from it.
 * Plain frozen data, no functions. Builders create nodes; layout, codecs, projections and tools read them.
 *
 * @module
 */
import type { CompressedFloatGrid } from "./wire/compressed_float.ts";
import type { QuantizedGrid } from "./wire/quantized.ts";

/** One bit. */
export interface BoolNode {
  /** Discriminates {@link Node}. */
  readonly kind: "bool";
}

/** A ranged integer, `value - min` in `bits` bits. */
export interface IntNode {
  /** Discriminates {@link Node}. */
  readonly kind: "int";
  /** Smallest value, a safe integer. */
  readonly min: number;
  /** Largest value, a safe integer. */
  readonly max: number;
  /** Width on the wire, 0 to 53. */
  readonly bits: number;
  /** What the integer stands for; does not change the wire. */
  readonly role: "number" | "tick" | "entity";
}

/** An IEEE 754 number, finite. */
export interface FloatNode {
  /** Discriminates {@link Node}. */
  readonly kind: "float";
  /** Width on the wire. */
  readonly bits: 32 | 64;
}

/** A number on a grid of equal steps. */
export interface QuantizedNode {
  /** Discriminates {@link Node}. */
  readonly kind: "quantized";
  /** The grid and its width on the wire. */
  readonly grid: QuantizedGrid;
}

/** The float32 quantization of the serialize 1.0 standard. */
export interface CompressedFloatNode {
  /** Discriminates {@link Node}. */
  readonly kind: "compressedFloat";
  /** The derived numbers and the width on the wire. */
  readonly grid: CompressedFloatGrid;
}

/** An angle that wraps. */
export interface AngleNode {
  /** Discriminates {@link Node}. */
  readonly kind: "angle";
  /** Width on the wire, 1 to 32. */
  readonly bits: number;
}

/** One of several texts; its position travels. */
export interface EnumNode {
  /** Discriminates {@link Node}. */
  readonly kind: "enum";
  /** The values in wire order. */
  readonly values: readonly string[];
  /** Width on the wire. */
  readonly bits: number;
}

/** A rotation as the smallest three components. */
export interface QuaternionNode {
  /** Discriminates {@link Node}. */
  readonly kind: "quaternion";
  /** Width of each of the three components, 2 to 16; the number of the largest takes 2 bits more. */
  readonly bits: number;
}

/** An unsigned 32-bit integer of 1 to 5 bytes. */
export interface VarintNode {
  /** Discriminates {@link Node}. */
  readonly kind: "varint";
}

/** UTF-8 text without U+0000. */
export interface StringNode {
  /** Discriminates {@link Node}. */
  readonly kind: "string";
  /** Largest length in bytes. */
  readonly maxBytes: number;
  /** Width of the length. */
  readonly bits: number;
}

/** Raw bytes. */
export interface BytesNode {
  /** Discriminates {@link Node}. */
  readonly kind: "bytes";
  /** Smallest length; equal to `maxBytes` when the length is fixed. */
  readonly minBytes: number;
  /** Largest length. */
  readonly maxBytes: number;
  /** Width of the length, 0 when it is fixed. */
  readonly bits: number;
}

/** A dynamic value: canonical msgpack under three limits. */
export interface AnyNode {
  /** Discriminates {@link Node}. */
  readonly kind: "any";
  /** Largest encoding in bytes. */
  readonly maxBytes: number;
  /** Deepest nesting; a bare number has depth 1. */
  readonly maxDepth: number;
  /** Most values in all, containers and map keys included. */
  readonly maxItems: number;
  /** Width of the length. */
  readonly bits: number;
}

/** A sequence of equal elements. */
export interface ArrayNode {
  /** Discriminates {@link Node}. */
  readonly kind: "array";
  /** What each element is. */
  readonly element: Node;
  /** Fewest elements. */
  readonly min: number;
  /** Most elements. */
  readonly max: number;
  /** Width of the count. */
  readonly bits: number;
}

/** A map with keys in ascending order. */
export interface MapNode {
  /** Discriminates {@link Node}. */
  readonly kind: "map";
  /** What the keys are. */
  readonly key: MapKeyNode;
  /** What the values are. */
  readonly value: Node;
  /** Most entries. */
  readonly max: number;
  /** Width of the count. */
  readonly bits: number;
}

/** Kinds that can be map keys, because they have one obvious order. */
export type MapKeyNode = IntNode | EnumNode | VarintNode | StringNode;

/** An object with named properties. */
export interface StructNode {
  /** Discriminates {@link Node}. */
  readonly kind: "struct";
  /** Properties in declaration order. */
  readonly fields: readonly StructField[];
}

/** An object of one of several shapes, told apart by a property. */
export interface UnionNode {
  /** Discriminates {@link Node}. */
  readonly kind: "union";
  /** The property that tells. */
  readonly tag: string;
  /** The shapes in wire order. */
  readonly variants: readonly UnionVariant[];
  /** Width of the variant number. */
  readonly bits: number;
}

/** One shape of a {@link UnionNode}. */
export interface UnionVariant {
  /** Value of the tag property. */
  readonly name: string;
  /** The other properties. */
  readonly struct: StructNode;
}

/** A value that may be absent. */
export interface OptionalNode {
  /** Discriminates {@link Node}. */
  readonly kind: "optional";
  /** What it is when present. */
  readonly inner: Node;
}

/** A node of constant width, at home in the fixed block. */
export type LeafNode =
  | BoolNode
  | IntNode
  | FloatNode
  | QuantizedNode
  | CompressedFloatNode
  | AngleNode
  | EnumNode
  | QuaternionNode;

/** Any node. */
export type Node =
  | LeafNode
  | VarintNode
  | StringNode
  | BytesNode
  | AnyNode
  | ArrayNode
  | MapNode
  | StructNode
  | UnionNode
  | OptionalNode;

/** A property of a {@link StructNode}. */
export interface StructField {
  /** Property name, an identifier. */
  readonly name: string;
  /** What the property holds. */
  readonly node: Node;
  /** What modifiers said about it. */
  readonly meta: FieldMeta;
  /** Whether it travels in the version that this tree is for; see `atVersion`. */
  readonly carried: boolean;
}

/** What the modifiers of a field said. */
export interface FieldMeta {
  /** The value of a field that did not travel, boxed because `undefined` is a value. */
  readonly defaultValue?: { readonly value: unknown };
  /** First version that carries the field. */
  readonly since?: number;
  /** First version that no longer carries it. */
  readonly deprecated?: number;
  /** Sent when an entity enters a client's view, never in updates. */
  readonly once?: boolean;
  /** Only clients with this tag see it. */
  readonly view?: string;
  /** Fields of a group share one bit of the change mask. */
  readonly group?: string;
  /** How a client fills the time between two snapshots. */
  readonly interpolation?: Interpolation;
}

/** How a client fills the time between two snapshots. */
export interface Interpolation {
  /** `lerp` goes straight, and the short way round for angles; `slerp` turns at constant speed. */
  readonly kind: "lerp" | "slerp";
  /** Jumps longer than this are not smoothed but shown at once; in units of the field. */
  readonly snap?: number;
}
