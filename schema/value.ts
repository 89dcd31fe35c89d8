/**
 * Values without bytes: what a new value looks like, and copies of it.
 *
 * @module
 */
import type { Node, StructField, StructNode } from "./node.ts";

/** A new value with every property, in declaration order, so that all values share one hidden class. */
export function createStruct(node: StructNode): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const field of node.fields) value[field.name] = fieldDefault(field);
  return value;
}

/** The declared default of a field, copied, or the neutral value of its kind. */
export function fieldDefault(field: StructField): unknown {
  const declared = field.meta.defaultValue;
  return declared === undefined ? neutralValue(field.node) : copyValue(declared.value);
}

/** The value of a kind without a declared default: zero or the nearest value in range, empty, first. */
export function neutralValue(node: Node): unknown {
  switch (node.kind) {
    case "bool":
      return false;
    case "int":
      return nearestToZero(node.min, node.max);
    case "quantized":
    case "compressedFloat":
      return nearestToZero(node.grid.min, node.grid.max);
    case "float":
    case "angle":
    case "varint":
      return 0;
    case "enum":
      return node.values[0];
    case "quaternion":
      return { x: 0, y: 0, z: 0, w: 1 };
    case "string":
      return "";
    case "bytes":
      return new Uint8Array(node.minBytes);
    case "any":
      return null;
    case "array":
      return Array.from({ length: node.min }, () => neutralValue(node.element));
    case "map":
      return new Map();
    case "struct":
      return createStruct(node);
    case "union":
      return createVariant(node.tag, node.variants[0]);
    case "optional":
      return undefined;
  }
}

/** A new value of one variant of a union: the tag first, then its properties. */
export function createVariant(
  tag: string,
  variant: { readonly name: string; readonly struct: StructNode } | undefined,
): Record<string, unknown> {
  if (variant === undefined) return {};
  return { [tag]: variant.name, ...createStruct(variant.struct) };
}

/** A deep copy of anything that a field can carry. */
export function copyValue(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) return value.map(copyValue);
  if (value instanceof Map) {
    return new Map([...value].map(([key, item]) => [key, copyValue(item)]));
  }
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) copy[key] = copyValue(item);
  return copy;
}

function nearestToZero(min: number, max: number): number {
  return min > 0 ? min : max < 0 ? max : 0;
}
