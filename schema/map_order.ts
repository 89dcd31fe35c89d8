/**
 * The order of map keys on the wire. A map has one byte string because its keys ascend strictly.
 *
 * @module
 */
import type { MapKeyNode } from "./node.ts";
import { compareUtf8 } from "./wire/utf8.ts";

/**
 * Compares two keys: numbers by value, enum values by their position, texts by their UTF-8 bytes.
 *
 * @returns Negative, 0 or positive.
 */
export function compareMapKeys(
  node: MapKeyNode,
  left: string | number,
  right: string | number,
): number {
  if (typeof left === "number" || typeof right === "number") return Number(left) - Number(right);
  return node.kind === "enum"
    ? node.values.indexOf(left) - node.values.indexOf(right)
    : compareUtf8(left, right);
}

/** The keys of a map in wire order. */
export function sortedKeys<K extends string | number>(
  node: MapKeyNode,
  map: ReadonlyMap<K, unknown>,
): K[] {
  return [...map.keys()].sort((left, right) => compareMapKeys(node, left, right));
}
