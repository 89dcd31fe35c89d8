/**
 * What the interpreter keeps about a block, so that it need not walk the tree to know its size.
 *
 * @module
 */
import { fixedBytes, hasTail } from "../layout.ts";
import type { Node } from "../node.ts";

/** Constant facts about a node laid out as a block. */
export interface BlockFacts {
  /** Bytes of the fixed block. */
  readonly fixedBytes: number;
  /** Whether there can be more. */
  readonly hasTail: boolean;
}

const facts = new WeakMap<Node, BlockFacts>();

/** The facts about `node`, computed once. */
export function blockFacts(node: Node): BlockFacts {
  let known = facts.get(node);
  if (known === undefined) {
    known = { fixedBytes: fixedBytes(node), hasTail: hasTail(node) };
    facts.set(node, known);
  }
  return known;
}
