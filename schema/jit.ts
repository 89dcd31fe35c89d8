/**
 * Codecs compiled at run time. `new Function` needs no permission in Deno; where code generation is
 * forbidden (a browser's content security policy, `--disallow-code-generation-from-strings`) it
 * throws EvalError, and then the protocol asks for the interpreter or imports a generated file.
 *
 * @module
 */
import { type CodecFunctions, failWrite } from "./backend.ts";
import { generateCodec } from "./generator/generate.ts";
import type { StructNode } from "./node.ts";
import { type CodecFactory, runtime } from "./runtime.ts";

/** Compiles the functions of a codec. Throws EvalError where code generation is forbidden. */
export function jitFunctions(node: StructNode, name: string): CodecFunctions {
  const text = generateCodec(node, Object.keys(runtime));
  // The one place that makes code from text. The text holds numbers, identifiers checked by
  // `checkIdentifier` and JSON, and what it returns is what `generateCodec` promises.
  const factory = new Function("runtime", "fail", text) as CodecFactory;
  return factory(runtime, (value) => failWrite(name, node, value));
}
