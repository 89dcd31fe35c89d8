/**
 * The program text of a codec. The same text is compiled at run time (`jit.ts`) and written ahead of
 * time (`tools/schema_gen.ts`). Only numbers, checked identifiers and JSON get into it.
 *
 * @module
 */
import type { StructNode } from "../node.ts";
import { Refusal } from "../refusal.ts";
import { emitStructRead } from "./read_block.ts";
import { Source } from "./source.ts";
import { structValue } from "./values.ts";
import { emitObject, emitStructWrite } from "./write_block.ts";

/**
 * The body of a function of `(runtime, fail)` that returns the three functions of a codec.
 * `runtime` is the object of `runtime.ts`; `fail(value)` throws the error that fits the value.
 *
 * @param helpers Names of the properties of `runtime`.
 */
export function generateCodec(node: StructNode, helpers: readonly string[]): string {
  const out = new Source();
  const write = writeFunction(out, node);
  const read = readFunction(out, node);
  const create = structValue(out, node);
  const text = [...out.hoistedLines(), ...write, ...read].join("\n");
  // Only what the text uses, so that generated files stay short.
  const words = new Set(text.match(/[A-Za-z_]\w*/g));
  const used = helpers.filter((name) => words.has(name));
  return [
    `"use strict";`,
    ...(used.length === 0 ? [] : [`const { ${used.join(", ")} } = runtime;`]),
    ...out.hoistedLines(),
    ...write,
    ...read,
    "function create() {",
    `  return ${create};`,
    "}",
    "return { write, read, create };",
  ].join("\n");
}

function writeFunction(out: Source, node: StructNode): string[] {
  out.line("const limit = view.byteLength;");
  out.line("let p = offset;");
  emitStructWrite(out, node, emitObject(out, "value"));
  out.line("return p;");
  return ["function write(view, offset, value) {", ...out.takeLines(), "}"];
}

function readFunction(out: Source, node: StructNode): string[] {
  out.line("let p = offset;");
  emitStructRead(out, node, "into");
  out.line(`return p === end ? end : ${-Refusal.trailing};`);
  return ["function read(view, offset, end, into) {", ...out.takeLines(), "}"];
}
