/**
 * Everything that replication does with one entity type: columns from values and back, and records.
 *
 * @module
 */
import { assertWritable, isRecord } from "../check.ts";
import type { Backend } from "../codec.ts";
import type { StructNode } from "../node.ts";
import { runtime } from "../runtime.ts";
import { copyValue, createStruct } from "../value.ts";
import { unpackQuaternion } from "../wire/quaternion.ts";
import { type EntityLayout, entityLayout, maxRecordBits } from "./layout.ts";
import { BlobCodec, type RecordCodec } from "./record_codec.ts";
import { generateRecords } from "./record_generator.ts";
import { interpretedRecords } from "./record_interpreter.ts";
import { generateValues, type ValueFunctions } from "./values_generator.ts";
import { interpretedValues } from "./values_interpreter.ts";

/** One entity type in one version of a protocol. */
export class EntityCodec {
  /** Its columns, blobs and units. */
  readonly layout: EntityLayout;
  /** Columns of an entity. */
  readonly stride: number;
  /** Bits that the fields of any record take at most. */
  readonly maxBits: number;
  /** The columns of a value that nobody has set anything of. */
  readonly defaults: Int32Array;
  readonly #name: string;
  readonly #struct: StructNode;
  readonly #backend: Backend;
  readonly #values: ValueFunctions;
  readonly #blobs: readonly BlobCodec[];
  readonly #records: (RecordCodec | undefined)[] = [];

  /**
   * @param struct The entity as the version carries it.
   * @throws EvalError for `"jit"` where code generation is forbidden.
   */
  constructor(name: string, struct: StructNode, backend: Backend) {
    this.#name = name;
    this.#struct = struct;
    this.#backend = backend;
    this.layout = entityLayout(name, struct);
    this.stride = this.layout.columns.length;
    this.maxBits = maxRecordBits(this.layout);
    this.#blobs = this.layout.blobs.map((item) => new BlobCodec(name, item, backend));
    this.#values = this.#compileValues();
    this.defaults = new Int32Array(this.stride);
    this.#values.set(createStruct(struct), this.defaults, 0);
  }

  /** New values of the blobs: their defaults. */
  createBlobs(): unknown[] {
    const value = createStruct(this.#struct);
    return this.layout.blobs.map(({ path }) => at(value, path));
  }

  /**
   * Sets the properties that `patch` has, all or none. A property that may be absent is taken away when the
   * patch has it as `undefined`; other properties that are `undefined` stay.
   *
   * @param columns Holds the entity's columns from `offset`.
   * @param blobs Holds its blobs; what goes in is copied.
   * @returns Whether anything changed.
   * @throws TypeError or RangeError for a value that the schema does not allow.
   */
  set(
    patch: Readonly<Record<string, unknown>>,
    columns: Int32Array,
    offset: number,
    blobs: unknown[],
  ): boolean {
    if (this.#blobs.length === 0) return this.#values.set(patch, columns, offset) !== 0;
    const given = this.layout.blobs.filter(({ path, node }) => {
      const [first = ""] = path;
      return patch[first] !== undefined ||
        first in patch && path.length === 1 && node.fields[0]?.node.kind === "optional";
    });
    for (const { path, index } of given) {
      this.#blobs[index]!.assertWritable(this.#name, at(patch, path));
    }
    let hasChanged = this.#values.set(patch, columns, offset) !== 0;
    for (const { path, index, column } of given) {
      const value = at(patch, path);
      if (this.#blobs[index]!.isEqual(blobs[index], value)) continue;
      blobs[index] = copyValue(value);
      columns[offset + column]!++;
      hasChanged = true;
    }
    return hasChanged;
  }

  /** A new value out of columns; its blobs are those of `blobs` themselves. */
  read(columns: Int32Array, offset: number, blobs: readonly unknown[]): unknown {
    return this.#values.read(columns, offset, blobs);
  }

  /** The codec of records that hold what a view sees: the sum of the bits of its tags. Made on first use. */
  records(view: number): RecordCodec {
    return this.#records[view] ??= this.#backend === "interpreter"
      ? interpretedRecords(this.layout, view, this.#blobs)
      : this.#compileRecords(view);
  }

  /** The columns of a number at a path such as `["pos", "x"]`, or -1. */
  columnOf(path: readonly string[]): number {
    const item = this.layout.items.find((item) => item.path.join(".") === path.join("."));
    return item?.kind === "leaf" ? item.column : -1;
  }

  #compileValues(): ValueFunctions {
    const fail = (patch: unknown): never => this.#fail(patch);
    if (this.#backend === "interpreter") return interpretedValues(this.#struct, this.layout, fail);
    const text = generateValues(this.#struct, this.layout, Object.keys(runtime));
    // Numbers, checked identifiers and JSON are all that is in the text, as in schema/jit.ts; what it
    // returns is what the generator promises.
    return new Function("runtime", "fail", text)(runtime, fail) as ValueFunctions;
  }

  #compileRecords(view: number): RecordCodec {
    const text = generateRecords(this.layout, view);
    // As above; there are only numbers in this text.
    return new Function("blobCodecs", "unpackQuaternion", text)(
      this.#blobs,
      unpackQuaternion,
    ) as RecordCodec;
  }

  /** Finds the words for a patch at which a writer has stopped. */
  #fail(patch: unknown): never {
    if (isRecord(patch)) {
      for (const { name, node } of this.#struct.fields) {
        if (patch[name] !== undefined) assertWritable(`${this.#name}.${name}`, node, patch[name]);
      }
    }
    throw new TypeError(`Cannot write ${this.#name}: the value is no object, or changed meanwhile`);
  }
}

/** What stands at a path; `undefined` where the path ends early. */
function at(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const name of path) found = isRecord(found) ? found[name] : undefined;
  return found;
}
