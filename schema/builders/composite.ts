/**
 * Builders of values made of other values.
 *
 * @module
 */
import { Field } from "../field.ts";
import type { Fields, InferFields, InferUnion } from "../infer.ts";
import { minBlockBits } from "../layout.ts";
import {
  checkIdentifier,
  checkInteger,
  MAX_DEPTH,
  MAX_ELEMENTS,
  MAX_ENUM_VALUES,
  MAX_FIELDS,
  MAX_NAME_LENGTH,
  MAX_UNION_VARIANTS,
} from "../limits.ts";
import type { FieldMeta, MapKeyNode, Node, StructField, StructNode } from "../node.ts";
import { bitsRequired } from "../wire/bits.ts";
import type { Quaternion } from "../wire/quaternion.ts";

/** Options of `t.array`: a largest count with an optional smallest one, or one fixed count. */
export type ArrayOptions =
  | { readonly max: number; readonly min?: number }
  | { readonly length: number };

/** Options of `t.map`. */
export interface MapOptions {
  /** Most entries. */
  readonly max: number;
}

/** A point or direction in the plane. */
export interface Vec2 {
  /** First coordinate. */
  x: number;
  /** Second coordinate. */
  y: number;
}

/** A point or direction in space. */
export interface Vec3 extends Vec2 {
  /** Third coordinate. */
  z: number;
}

/**
 * The node of an object with these properties; checks names, count, depth and modifiers.
 *
 * @param forEntity Whether the modifiers of replication make sense here.
 */
export function structNode(what: string, fields: Fields, forEntity = false): StructNode {
  const entries = Object.entries(fields);
  if (entries.length > MAX_FIELDS) {
    throw new RangeError(
      `Cannot declare ${what}: ${entries.length} fields, but the limit is ${MAX_FIELDS}`,
    );
  }
  const node: StructNode = Object.freeze({
    kind: "struct",
    fields: Object.freeze(entries.map(([name, field]) => structField(name, field, forEntity))),
  });
  checkDepth(what, node);
  return node;
}

function structField(name: string, field: Field<unknown>, forEntity: boolean): StructField {
  checkIdentifier("field", name);
  if (!(field instanceof Field)) {
    throw new TypeError(`Cannot declare field "${name}": it was not made by a builder of t`);
  }
  if (!forEntity) checkNotReplicated(name, field.meta);
  const { since, deprecated } = field.meta;
  if (since !== undefined && deprecated !== undefined && since >= deprecated) {
    throw new RangeError(
      `Cannot declare field "${name}": deprecated(${deprecated}) must come after since(${since})`,
    );
  }
  return Object.freeze({ name, node: field.node, meta: field.meta, carried: true });
}

/** Modifiers that steer replication would do nothing outside the properties of an entity. */
function checkNotReplicated(name: string, meta: FieldMeta): void {
  for (const modifier of ["once", "view", "group", "interpolation"] as const) {
    if (meta[modifier] === undefined) continue;
    const called = modifier === "interpolation" ? meta.interpolation?.kind : modifier;
    throw new TypeError(
      `Cannot declare field "${name}": ${called} belongs to the properties of an entity`,
    );
  }
}

/** An object. */
export function struct<F extends Fields>(fields: F): Field<InferFields<F>> {
  return new Field(structNode("struct", fields));
}

/** A pair of coordinates. */
export function vec2(axis: Field<number>): Field<Vec2> {
  return new Field(vectorNode("vec2", ["x", "y"], axis));
}

/** Three coordinates. */
export function vec3(axis: Field<number>): Field<Vec3> {
  return new Field(vectorNode("vec3", ["x", "y", "z"], axis));
}

function vectorNode(what: string, names: readonly string[], axis: Field<number>): StructNode {
  checkBare(what, axis);
  return structNode(what, Object.fromEntries(names.map((name) => [name, axis])));
}

/** A rotation. */
export function quat(bits: number): Field<Quaternion> {
  checkInteger("quat bits", bits, 2, 16);
  return new Field(Object.freeze({ kind: "quaternion", bits }));
}

/** One of several texts. */
export function enumeration<const V extends string>(...values: readonly V[]): Field<V> {
  checkInteger("enum values", values.length, 1, MAX_ENUM_VALUES);
  for (const value of values) {
    if (value.length === 0 || value.length > MAX_NAME_LENGTH || !value.isWellFormed()) {
      throw new TypeError(
        `Cannot declare enum value ${
          JSON.stringify(value)
        }: it must have 1 to ${MAX_NAME_LENGTH} characters`,
      );
    }
  }
  checkUnique("enum value", values);
  const bits = bitsRequired(0, values.length - 1);
  return new Field(Object.freeze({ kind: "enum", values: Object.freeze([...values]), bits }));
}

/** Named booleans. */
export function flags<const N extends string>(...names: readonly N[]): Field<Record<N, boolean>> {
  checkUnique("flag", names);
  const bool = new Field<boolean>(Object.freeze({ kind: "bool" }));
  return new Field(structNode("flags", Object.fromEntries(names.map((name) => [name, bool]))));
}

/** A sequence. */
export function array<T>(element: Field<T>, options: ArrayOptions): Field<T[]> {
  const fixed = "length" in options;
  const max = fixed ? options.length : options.max;
  const min = fixed ? max : options.min ?? 0;
  checkInteger(fixed ? "array length" : "array max", max, 1, MAX_ELEMENTS);
  checkInteger("array min", min, 0, max);
  checkBare("array element", element);
  checkTakesSpace("array element", element.node);
  const node: Node = {
    kind: "array",
    element: element.node,
    min,
    max,
    bits: bitsRequired(min, max),
  };
  checkDepth("array", node);
  return new Field(Object.freeze(node));
}

/** A `Map` with ordered keys. */
export function map<K extends string | number, V>(
  key: Field<K>,
  value: Field<V>,
  options: MapOptions,
): Field<Map<K, V>> {
  const { max } = options;
  checkInteger("map max", max, 1, MAX_ELEMENTS);
  checkBare("map key", key);
  checkBare("map value", value);
  checkTakesSpace("map key", key.node);
  const node: Node = {
    kind: "map",
    key: keyNode(key.node),
    value: value.node,
    max,
    bits: bitsRequired(0, max),
  };
  checkDepth("map", node);
  return new Field(Object.freeze(node));
}

function keyNode(node: Node): MapKeyNode {
  if (
    node.kind === "int" || node.kind === "enum" || node.kind === "varint" || node.kind === "string"
  ) return node;
  throw new TypeError(
    `Cannot declare map: a key is an integer, varint, enum or string, not ${node.kind}`,
  );
}

/** One of several objects. */
export function union<const Tag extends string, V extends Readonly<Record<string, Fields>>>(
  tag: Tag,
  variants: V,
): Field<InferUnion<Tag, V>> {
  checkIdentifier("union tag", tag);
  const names = Object.keys(variants);
  checkInteger("union variants", names.length, 1, MAX_UNION_VARIANTS);
  const node: Node = Object.freeze({
    kind: "union",
    tag,
    variants: Object.freeze(
      Object.entries(variants).map(([name, fields]) => {
        checkIdentifier("union variant", name);
        if (Object.hasOwn(fields, tag)) {
          throw new TypeError(`Cannot declare union variant "${name}": "${tag}" is the tag`);
        }
        return Object.freeze({ name, struct: structNode(`union variant "${name}"`, fields) });
      }),
    ),
    bits: bitsRequired(0, names.length - 1),
  });
  checkDepth("union", node);
  return new Field(node);
}

function checkUnique(what: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw new TypeError(`Cannot declare ${what} "${name}" twice`);
    seen.add(name);
  }
}

/** Elements, keys and axes are not properties, so modifiers would do nothing on them. */
function checkBare(what: string, field: Field<unknown>): void {
  const [modifier] = Object.keys(field.meta);
  if (modifier === undefined) return;
  const called = modifier === "interpolation" ? field.meta.interpolation?.kind : modifier;
  throw new TypeError(
    `Cannot declare ${what}: modifiers such as ${called} belong on the field that holds it`,
  );
}

/** Without bits on the wire, three bytes could order a million elements. */
function checkTakesSpace(what: string, node: Node): void {
  if (minBlockBits(node) === 0) {
    throw new TypeError(
      `Cannot declare ${what}: it takes no bits, so any count would fit anywhere`,
    );
  }
}

function checkDepth(what: string, node: Node): void {
  if (depthOf(node) > MAX_DEPTH) {
    throw new RangeError(`Cannot declare ${what}: nested deeper than ${MAX_DEPTH}`);
  }
}

function depthOf(node: Node): number {
  switch (node.kind) {
    case "struct":
      return 1 + Math.max(0, ...node.fields.map((field) => depthOf(field.node)));
    case "union":
      return 1 + Math.max(...node.variants.map((variant) => depthOf(variant.struct)));
    case "array":
      return 1 + depthOf(node.element);
    case "map":
      return 1 + depthOf(node.value);
    case "optional":
      return depthOf(node.inner);
    default:
      return 1;
  }
}
