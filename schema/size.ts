/**
 * How many bytes one value takes, without writing it.
 *
 * @module
 */
import { encodeDynamic } from "./dynamic.ts";
import { elementsBytes, fixedBytes, hasTail, mapEntryNode, packedBits } from "./layout.ts";
import type { MapNode, Node } from "./node.ts";
import { utf8Bytes } from "./wire/utf8.ts";
import { varintBytes } from "./wire/varint.ts";

type Properties = Readonly<Record<string, unknown>>;

/**
 * The size of a value as a block of its own. The value is one that `findFault` has found nothing
 * wrong with; the casts below rest on that.
 */
export function blockSize(node: Node, value: unknown): number {
  return fixedBytes(node) + (hasTail(node) ? tailSize(node, value) : 0);
}

function tailSize(node: Node, value: unknown): number {
  switch (node.kind) {
    case "varint":
      return varintBytes(value as number);
    case "string":
      return utf8Bytes(value as string);
    case "bytes":
      return (value as Uint8Array).length;
    case "any":
      return encodeDynamic(value).length;
    case "optional":
      return value === undefined ? 0 : blockSize(node.inner, value);
    case "array":
      return elementsSize(node.element, value as unknown[]);
    case "map":
      return entriesSize(node, value as Map<unknown, unknown>);
    case "union": {
      const name = (value as Properties)[node.tag];
      const variant = node.variants.find((variant) => variant.name === name);
      return variant === undefined ? 0 : blockSize(variant.struct, value);
    }
    case "struct": {
      let bytes = 0;
      for (const field of node.fields) {
        if (field.carried) bytes += tailSize(field.node, (value as Properties)[field.name]);
      }
      return bytes;
    }
    default:
      return 0;
  }
}

function elementsSize(element: Node, values: readonly unknown[]): number {
  if (packedBits(element) > 0) return elementsBytes(element, values.length).max;
  let bytes = 0;
  for (const value of values) bytes += blockSize(element, value);
  return bytes;
}

function entriesSize(node: MapNode, entries: Map<unknown, unknown>): number {
  const entry = mapEntryNode(node.key, node.value);
  let bytes = 0;
  for (const [key, value] of entries) bytes += blockSize(entry, { key, value });
  return bytes;
}
