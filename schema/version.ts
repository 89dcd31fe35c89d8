/**
 * One declaration, many versions: the tree as one protocol version puts it on the wire.
 *
 * @module
 */
import { minBlockBits } from "./layout.ts";
import type { Node, StructField, StructNode } from "./node.ts";

/** The largest version number of a protocol. */
export const NEWEST_VERSION = 65_535;

/** The span of versions in which something exists. */
export interface VersionSpan {
  /** First version that has it; from the beginning when absent. */
  readonly since?: number | undefined;
  /** First version that no longer has it; never when absent. */
  readonly deprecated?: number | undefined;
}

/** Whether `version` lies in the span. */
export function existsIn(span: VersionSpan, version: number): boolean {
  return version >= (span.since ?? 0) && version < (span.deprecated ?? Infinity);
}

/**
 * The struct with `carried` set on each field as `version` has it, however deeply nested. Parts that
 * do not change are shared with the original.
 *
 * @throws TypeError when a version leaves the elements of an array or map without a single bit.
 */
export function structAtVersion(node: StructNode, version: number): StructNode {
  let changed = false;
  const fields = node.fields.map((field): StructField => {
    const carried = existsIn(field.meta, version);
    const inner = carried ? nodeAtVersion(field.node, version) : field.node;
    if (carried === field.carried && inner === field.node) return field;
    changed = true;
    return Object.freeze({ ...field, node: inner, carried });
  });
  return changed ? Object.freeze({ kind: "struct", fields: Object.freeze(fields) }) : node;
}

function nodeAtVersion(node: Node, version: number): Node {
  switch (node.kind) {
    case "struct":
      return structAtVersion(node, version);
    case "optional": {
      const inner = nodeAtVersion(node.inner, version);
      return inner === node.inner ? node : Object.freeze({ ...node, inner });
    }
    case "array": {
      const element = nodeAtVersion(node.element, version);
      checkTakesSpace(element, version);
      return element === node.element ? node : Object.freeze({ ...node, element });
    }
    case "map": {
      const value = nodeAtVersion(node.value, version);
      return value === node.value ? node : Object.freeze({ ...node, value });
    }
    case "union": {
      const variants = node.variants.map((variant) => {
        const struct = structAtVersion(variant.struct, version);
        return struct === variant.struct ? variant : Object.freeze({ ...variant, struct });
      });
      return variants.every((variant, i) => variant === node.variants[i])
        ? node
        : Object.freeze({ ...node, variants: Object.freeze(variants) });
    }
    default:
      return node;
  }
}

function checkTakesSpace(element: Node, version: number): void {
  if (minBlockBits(element) > 0) return;
  throw new TypeError(
    `Cannot declare array element: version ${version} carries none of its fields, so any count would fit anywhere`,
  );
}
