/**
 * The identity of a struct as code sees it: everything that generated functions depend on, names and
 * defaults included. Other than the protocol id, it never travels.
 *
 * @module
 */
import type { StructNode } from "./node.ts";
import { idToHex, wireId } from "./wire_id.ts";

/** 16 hexadecimal digits that change with anything that changes the generated code. */
export function structId(node: StructNode): string {
  return idToHex(wireId(JSON.stringify(node, printable)));
}

/** JSON has no maps and bytes, which defaults may hold. */
function printable(_key: string, value: unknown): unknown {
  if (value instanceof Map) return { map: [...value] };
  if (value instanceof Uint8Array) return { bytes: [...value] };
  return Object.is(value, -0) ? "-0" : value;
}
