import { type CodecFunctions, interpretedFunctions } from "./backend.ts";
import type { StructNode } from "./node.ts";
/** placeholder */
export function jitFunctions(node: StructNode, name: string): CodecFunctions {
  return interpretedFunctions(node, name);
}
