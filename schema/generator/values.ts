/**
 * New values as program text: the same values as `value.ts` makes, out of constructors.
 *
 * Not out of object literals, because V8 gives all literals with the same names one family of hidden
 * classes, and the author's own declaration, `t.struct({ x: t.f32(), … })`, is such a literal. Its
 * properties hold fields, not numbers, so in every object of the family numbers would be boxed: 16
 * bytes of garbage for each float that is read, and slower writing. A constructor has a family of
 * its own. Its prototype is `Object.prototype`, so its objects are plain ones to everybody else.
 *
 * @module
 */
import type { Node, StructField, StructNode, UnionVariant } from "../node.ts";
import { neutralValue } from "../value.ts";
import { member, numeral, quoted, type Source } from "./source.ts";

/** An expression for a new struct. */
export function structValue(out: Source, node: StructNode): string {
  return objectValue(out, node.fields.map((field) => propertyOf(out, field)));
}

/** An expression for a new value of a union variant: the tag first, then its properties. */
export function variantValue(out: Source, tag: string, variant: UnionVariant): string {
  const name: Property = { name: tag, value: quoted(variant.name), isFloat: false };
  return objectValue(out, [
    name,
    ...variant.struct.fields.map((field) => propertyOf(out, field)),
  ]);
}

/** A property of a new object. */
interface Property {
  readonly name: string;
  /** Expression for its value. */
  readonly value: string;
  /** Whether it will hold numbers that are no small integers. */
  readonly isFloat: boolean;
}

function propertyOf(out: Source, field: StructField): Property {
  return { name: field.name, value: fieldValue(out, field), isFloat: holdsFloats(field.node) };
}

/** Ticks and varints could exceed 31 bits too, but hardly ever do. */
function holdsFloats(node: Node): boolean {
  switch (node.kind) {
    case "float":
    case "quantized":
    case "compressedFloat":
    case "angle":
      return true;
    case "int":
      return node.role === "number" && (node.max > 0x7fff_ffff || node.min < -0x8000_0000);
    default:
      return false;
  }
}

function objectValue(out: Source, properties: readonly Property[]): string {
  const assignments = properties.map(({ name, value }) => `this${member(name)} = ${value};`).join(
    " ",
  );
  const floats = properties.filter((property) => property.isFloat).map(({ name }) => name);
  const constructor = `function () { ${assignments} }`;
  return `new ${out.hoist("Make", `plainConstructor(${constructor}, ${quoted(floats)})`)}()`;
}

/** An expression for the declared default of a field, or for the neutral value of its kind. */
export function fieldValue(out: Source, field: StructField): string {
  const declared = field.meta.defaultValue;
  if (declared !== undefined) return literal(declared.value);
  const node = field.node;
  if (node.kind === "struct") return structValue(out, node);
  if (node.kind === "quaternion") return identityRotation(out);
  const [first] = node.kind === "union" ? node.variants : [];
  return node.kind === "union" && first !== undefined
    ? variantValue(out, node.tag, first)
    : literal(neutralValue(node));
}

/** An expression for a new rotation that does not turn. */
export function identityRotation(out: Source): string {
  return objectValue(
    out,
    ["x", "y", "z", "w"].map((name) => ({ name, value: name === "w" ? "1" : "0", isFloat: true })),
  );
}

/** Any value that a field can carry as a literal. */
export function literal(value: unknown): string {
  if (value === undefined) return "undefined";
  if (typeof value === "number") return numeral(value);
  if (typeof value !== "object" || value === null) return quoted(value);
  if (value instanceof Uint8Array) {
    return value.every((byte) => byte === 0)
      ? `newBytes(${value.length})`
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
