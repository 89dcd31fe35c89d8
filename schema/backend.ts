/**
 * What a backend makes out of a struct: three functions. Everything else in a codec is shared.
 *
 * @module
 */
import { assertWritable, isRecord } from "./check.ts";
import { interpretRead } from "./interpreter/read.ts";
import { Block } from "./interpreter/program.ts";
import { FAULT, interpretWrite } from "./interpreter/write.ts";
import type { StructNode } from "./node.ts";
import { createStruct } from "./value.ts";

/** The three functions that differ between backends; they agree on every byte and every verdict. */
export interface CodecFunctions {
  /** As `Codec.write`. */
  readonly write: (view: DataView, offset: number, value: unknown) => number;
  /** As `Codec.read`. */
  readonly read: (view: DataView, offset: number, end: number, into: unknown) => number;
  /** As `Codec.create`. */
  readonly create: () => unknown;
}

/** The functions of the interpreter. */
export function interpretedFunctions(node: StructNode, name: string): CodecFunctions {
  const block = new Block(node);
  return {
    write(view, offset, value) {
      const end = interpretWrite(block, view, offset, value);
      return end === FAULT ? failWrite(name, node, value) : end;
    },
    read(view, offset, end, into) {
      if (!isRecord(into)) {
        throw new TypeError(`Cannot read ${name} into a value that is no object`);
      }
      return interpretRead(block, view, offset, end, into);
    },
    create: () => createStruct(node),
  };
}

/** Throws the error that fits a value which a writer has stopped at. */
export function failWrite(name: string, node: StructNode, value: unknown): never {
  assertWritable(name, node, value);
  throw new TypeError(`Cannot write ${name}: the value changed while it was written`);
}
