/**
 * Values to columns and back without generated code.
 *
 * @module
 */
import { findFault, isRecord } from "../check.ts";
import type { Node, StructNode } from "../node.ts";
import { fieldDefault } from "../value.ts";
import { packColumns, unpackColumns } from "./column_values.ts";
import type { EntityLayout } from "./layout.ts";
import type { ValueFunctions } from "./values_generator.ts";

/** The functions of an entity. */
export function interpretedValues(
  struct: StructNode,
  layout: EntityLayout,
  fail: (patch: unknown) => never,
): ValueFunctions {
  const items = new Map(layout.items.map((item) => [item.path.join("."), item]));
  const scratch = new Int32Array(layout.columns.length);

  const pack = (node: Node, path: readonly string[], value: unknown): void => {
    if (node.kind === "struct") {
      for (const field of node.fields) {
        if (isRecord(value)) pack(field.node, [...path, field.name], value[field.name]);
      }
      return;
    }
    const item = items.get(path.join("."));
    if (item?.kind === "leaf") packColumns(item, layout.columns, value, scratch, 0);
  };

  const unpack = (
    node: StructNode,
    path: readonly string[],
    columns: Int32Array,
    at: number,
    blobs: readonly unknown[],
  ): Record<string, unknown> => {
    const value: Record<string, unknown> = {};
    for (const field of node.fields) {
      const inner = [...path, field.name];
      const item = items.get(inner.join("."));
      if (field.node.kind === "struct") {
        value[field.name] = unpack(field.node, inner, columns, at, blobs);
      } else if (item?.kind === "blob") value[field.name] = blobs[item.index];
      else if (item !== undefined && !item.carried) value[field.name] = fieldDefault(field);
      else if (item !== undefined) {
        value[field.name] = unpackColumns(item, layout.columns, columns, at);
      }
    }
    return value;
  };

  return {
    set(patch, columns, at) {
      scratch.set(columns.subarray(at, at + scratch.length));
      for (const field of struct.fields) {
        const value = patch[field.name];
        if (value === undefined || !hasNumbers(items, field.name)) continue;
        if (numberFault(field.node, value)) fail(patch);
        pack(field.node, [field.name], value);
      }
      let changed = 0;
      for (const item of layout.items) {
        if (item.kind === "blob") continue;
        for (let i = item.column; i < item.column + item.columns; i++) {
          if (columns[at + i] === scratch[i]) continue;
          columns[at + i] = scratch[i]!;
          changed = 1;
        }
      }
      return changed;
    },
    read: (columns, at, blobs) => unpack(struct, [], columns, at, blobs),
  };
}

function hasNumbers(
  items: ReadonlyMap<string, EntityLayout["items"][number]>,
  name: string,
): boolean {
  for (const { kind, path } of items.values()) if (kind === "leaf" && path[0] === name) return true;
  return false;
}

function numberFault(node: Node, value: unknown): boolean {
  return findFault(node, value) !== undefined;
}
