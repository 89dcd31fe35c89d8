/**
 * Codecs compiled at run time. `new Function` needs no permission in Deno; where code generation is
 * forbidden (a browser's content security policy, `--disallow-code-generation-from-strings`) it
 * throws EvalError, and then the protocol asks for the interpreter or imports a generated file.
 *
 * @module
 */
import type { CodecFunctions } from "./backend.ts";
import { assertWritable } from "./check.ts";
import { generateCodec } from "./generator/generate.ts";
import type { StructNode } from "./node.ts";
import { type CodecFactory, runtime } from "./runtime.ts";

/** Compiles the functions of a codec. Throws EvalError where code generation is forbidden. */
export function jitFunctions(node: StructNode, name: string): CodecFunctions {
  const text = generateCodec(node, Object.keys(runtime));
  // The one place that makes code from text. The text holds numbers, identifiers checked by
  // `checkIdentifier` and JSON, and what it returns is what `generateCodec` promises.
  const factory = new Function("runtime", "fail", text) as CodecFactory;
  return factory(runtime, failureOf(node, name));
}

/** What generated code calls once one of its checks has failed: the walk that finds the words. */
export function failureOf(node: StructNode, name: string): (value: unknown) => never {
  return (value) => {
    assertWritable(name, node, value);
    throw new TypeError(`Cannot write ${name}: the value changed while it was written`);
  };
}
