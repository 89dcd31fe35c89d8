/**
 * Values to columns and back as program text, made of the same pieces as the codecs of messages, so that
 * both quantize alike.
 *
 * @module
 */
import { emitLeafRead } from "../generator/read_leaf.ts";
import { member, quoted, Source } from "../generator/source.ts";
import { emitLeafWrite } from "../generator/write_leaf.ts";
import type { Node, StructNode } from "../node.ts";
import { fieldDefault } from "../value.ts";
import type { EntityLayout, LeafItem } from "./layout.ts";

/** What {@link generateValues} returns once compiled. */
export interface ValueFunctions {
  /**
   * Sets the columns of the numbers that `patch` has; all or none.
   *
   * @returns 1 when a column changed, else 0.
   * @throws TypeError or RangeError for a value that the schema does not allow.
   */
  readonly set: (
    patch: Readonly<Record<string, unknown>>,
    columns: Int32Array,
    at: number,
  ) => number;
  /** Makes the value out of columns; `blobs` are the values that are no numbers. */
  readonly read: (columns: Int32Array, at: number, blobs: readonly unknown[]) => unknown;
}

/** The body of a function of `(runtime, fail, defaultOf)` that returns {@link ValueFunctions}. */
export function generateValues(
  struct: StructNode,
  layout: EntityLayout,
  helpers: readonly string[],
): string {
  const items = new Map(layout.items.map((item) => [item.path.join("."), item]));
  const out = new Source();
  const set = setFunction(out, struct, layout, items);
  const read = readFunction(out, struct, items);
  const text = [...out.hoistedLines(), ...set, ...read].join("\n");
  const words = new Set(text.match(/[A-Za-z_]\w*/g));
  const used = helpers.filter((name) => words.has(name));
  return [
    `"use strict";`,
    ...(used.length === 0 ? [] : [`const { ${used.join(", ")} } = runtime;`]),
    text,
    "return { set, read };",
  ].join("\n");
}

type Items = ReadonlyMap<string, EntityLayout["items"][number]>;

function setFunction(
  out: Source,
  struct: StructNode,
  layout: EntityLayout,
  items: Items,
): string[] {
  const numbers = layout.items.filter((item) => item.kind === "leaf");
  const columns = numbers.flatMap((item) =>
    Array.from({ length: item.columns }, (_, i) => item.column + i)
  );
  out.line("let v;");
  for (const column of columns) out.line(`let c${column}_ = columns[at + ${column}];`);
  for (const field of struct.fields) {
    if (!hasNumbers(field.node)) continue;
    out.line(`v = value${member(field.name)};`);
    out.open("if (v !== undefined) {");
    emitSet(out, field.node, [field.name], "v", items);
    out.close();
  }
  out.line("let changed = 0;");
  for (const column of columns) {
    out.line(
      `if (columns[at + ${column}] !== c${column}_) { columns[at + ${column}] = c${column}_; changed = 1; }`,
    );
  }
  return ["function set(value, columns, at) {", ...out.takeLines(), "  return changed;", "}"];
}

function emitSet(
  out: Source,
  node: Node,
  path: readonly string[],
  source: string,
  items: Items,
): void {
  if (node.kind === "struct") {
    const object = out.declare("o", source);
    out.line(`if (${object} === undefined || ${object} === null) return fail(value);`);
    for (const field of node.fields) {
      emitSet(out, field.node, [...path, field.name], `${object}${member(field.name)}`, items);
    }
    return;
  }
  const item = items.get(path.join("."));
  if (item?.kind !== "leaf") return;
  if (item.node.kind === "varint") {
    const a = out.declare("a", source);
    out.line(`if (typeof ${a} !== "number" || (${a} >>> 0) !== ${a}) return fail(value);`);
    out.line(`c${item.column}_ = ${a} | 0;`);
    return;
  }
  emitLeafWrite(out, item.node, source, false).forEach((name, i) => {
    out.line(`c${item.column + i}_ = ${name} | 0;`);
  });
}

function hasNumbers(node: Node): boolean {
  switch (node.kind) {
    case "struct":
      return node.fields.some((field) => hasNumbers(field.node));
    case "string":
    case "bytes":
    case "any":
    case "array":
    case "map":
    case "union":
    case "optional":
      return false;
    default:
      return true;
  }
}

function readFunction(out: Source, struct: StructNode, items: Items): string[] {
  const value = emitRead(out, struct, [], items);
  return ["function read(columns, at, blobs) {", ...out.takeLines(), `  return ${value};`, "}"];
}

/** Emits what a node needs and returns an expression for its value. */
function emitRead(out: Source, node: Node, path: readonly string[], items: Items): string {
  if (node.kind === "struct") {
    const properties = node.fields.map((field) => {
      const inner = [...path, field.name];
      // A field that does not travel has its default; those of blobs are in `blobs` already.
      const item = items.get(inner.join("."));
      const isAbsent = item?.kind === "leaf" && !item.carried;
      const value = isAbsent && field.node.kind !== "quaternion"
        ? quoted(fieldDefault(field))
        : emitRead(out, field.node, inner, items);
      return `${quoted(field.name)}: ${value}`;
    });
    return `{ ${properties.join(", ")} }`;
  }
  const item = items.get(path.join("."));
  if (item === undefined) return "undefined";
  return item.kind === "blob" ? `blobs[${item.index}]` : emitReadLeaf(out, item);
}

function emitReadLeaf(out: Source, { node, column }: LeafItem): string {
  if (node.kind === "varint") return `(columns[at + ${column}] >>> 0)`;
  let next = column;
  const take = (): string => `columns[at + ${next++}]`;
  if (node.kind === "quaternion") {
    const rotation = out.declare("q", "{ x: 0, y: 0, z: 0, w: 1 }");
    out.line(
      `unpackQuaternion(${node.bits}, ${take()}, ${take()}, ${take()}, ${take()}, ${rotation});`,
    );
    return rotation;
  }
  return out.declare("l", emitLeafRead(out, node, take, "undefined") ?? "undefined");
}
