/**
 * New values as program text. The same values as `value.ts` makes, as object literals, which give
 * all of them one hidden class from the start.
 *
 * @module
 */
import type { StructField, StructNode, UnionVariant } from "../node.ts";
import { neutralValue } from "../value.ts";
import { numeral, quoted, type Source } from "./source.ts";

/** An expression for a new struct; a call, because a struct may be made in several places. */
export function structValue(out: Source, node: StructNode): string {
  return `${out.hoist("make", `() => (${structLiteral(out, node)})`)}()`;
}

/** An object literal for a new struct. */
export function structLiteral(out: Source, node: StructNode, first = ""): string {
  const properties = node.fields.map((field) => `${field.name}: ${fieldValue(out, field)}`);
  if (first !== "") properties.unshift(first);
  return properties.length === 0 ? "{}" : `{ ${properties.join(", ")} }`;
}

/** An expression for a new value of a union variant. */
export function variantValue(out: Source, tag: string, variant: UnionVariant): string {
  const first = `${tag}: ${quoted(variant.name)}`;
  return `${out.hoist("make", `() => (${structLiteral(out, variant.struct, first)})`)}()`;
}

/** An expression for the declared default of a field, or for the neutral value of its kind. */
export function fieldValue(out: Source, field: StructField): string {
  const declared = field.meta.defaultValue;
  if (declared !== undefined) return literal(declared.value);
  const node = field.node;
  if (node.kind === "struct") return structLiteral(out, node);
  const [first] = node.kind === "union" ? node.variants : [];
  if (node.kind === "union" && first !== undefined) {
    return structLiteral(out, first.struct, `${node.tag}: ${quoted(first.name)}`);
  }
  return literal(neutralValue(node));
}

/** Any value that a field can carry as a literal. */
export function literal(value: unknown): string {
  if (value === undefined) return "undefined";
  if (typeof value === "number") return numeral(value);
  if (typeof value !== "object" || value === null) return quoted(value);
  if (value instanceof Uint8Array) {
    return value.every((byte) => byte === 0)
      ? `new Uint8Array(${value.length})`
      : `Uint8Array.of(${value.join(", ")})`;
  }
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (value instanceof Map) {
    const pairs = [...value].map(([key, item]) => `[${literal(key)}, ${literal(item)}]`);
    return `new Map([${pairs.join(", ")}])`;
  }
  const properties = Object.entries(value).map(([key, item]) => `${quoted(key)}: ${literal(item)}`);
  return `{ ${properties.join(", ")} }`;
}
