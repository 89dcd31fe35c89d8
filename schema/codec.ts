/**
 * A codec: everything that can be done with the values of one message type or struct.
 *
 * @module
 */
import { assertWritable } from "./check.ts";
import { type CodecFunctions, failWrite, interpretedFunctions } from "./backend.ts";
import type { Field } from "./field.ts";
import { inspectBytes, type InspectRow } from "./inspect.ts";
import { type Json, valueFromJson, valueToJson } from "./json.ts";
import { jitFunctions } from "./jit.ts";
import { blockBounds } from "./layout.ts";
import { MAX_CODEC_BYTES } from "./limits.ts";
import type { StructNode } from "./node.ts";
import { generatedFactory, hasGenerated, runtime } from "./runtime.ts";
import { blockSize } from "./size.ts";
import { structId } from "./struct_id.ts";
import { NEWEST_VERSION, structAtVersion } from "./version.ts";

/**
 * How codecs are made. `"jit"` generates JavaScript for the schema and compiles it with
 * `new Function`; `"interpreter"` walks the schema for every value, ten times slower, and works where
 * code generation is forbidden. Nothing is probed: what is asked for is what runs, except that a
 * codec registered by a generated module (`tools/schema_gen.ts`) is used before either.
 */
export type Backend = "jit" | "interpreter";

/** Options of {@link compileCodec}. */
export interface CodecOptions {
  /** How the codec is made, default `"jit"`. */
  readonly backend?: Backend;
  /** What error messages call the value, default `"value"`. */
  readonly name?: string;
  /** The version whose fields travel, for `since` and `deprecated`; default the newest possible. */
  readonly version?: number;
}

/** Encodes and decodes values of type `T`. */
export interface Codec<T> {
  /** Largest encoding in bytes; writing never touches more. */
  readonly maxBytes: number;
  /** Smallest encoding in bytes. */
  readonly minBytes: number;

  /**
   * Writes `value` at `offset` and touches only the bytes up to the returned offset; after a throw or
   * a refusal, only bytes that the value could have taken.
   *
   * @returns The offset after the value, or `-Refusal.short` when the view is too small for it.
   * @throws TypeError or RangeError for a value that the schema does not allow; the message names the
   * message, the path, the value and the limit.
   */
  write(view: DataView, offset: number, value: T): number;

  /**
   * Reads the value that fills `[offset, end)` exactly, into an object made by {@link create} or read
   * before. Nested objects, arrays and maps of `into` are reused; bytes never are, so those read
   * before stay as they are. Never throws for any bytes, never looks outside the range, never makes
   * more than the schema's maxima allow.
   *
   * @returns `end`, or the negated reason of `Refusal`; `into` may then be half overwritten.
   */
  read(view: DataView, offset: number, end: number, into: T): number;

  /** A new value of defaults, with all properties in declaration order. */
  create(): T;

  /** Encodes into new bytes. Throws as {@link write} does. */
  encode(value: T): Uint8Array<ArrayBuffer>;

  /** Decodes bytes that hold exactly one value; `undefined` when they are refused. */
  decode(bytes: Uint8Array): T | undefined;

  /** Why {@link decode} refuses these bytes: a reason of `Refusal`, or 0 when it does not. */
  refusalOf(bytes: Uint8Array): number;

  /** The exact size of one value in bytes. Throws as {@link write} does. */
  size(value: T): number;

  /** The value as JSON: bytes as base64, maps as objects or pairs. Throws as {@link write} does. */
  toJSON(value: T): Json;

  /** A value from its JSON; throws TypeError or RangeError that names the first place that does not fit. */
  fromJSON(json: unknown): T;

  /** Each field of an encoding with its place in the bytes; a refused encoding ends with the refusal. */
  inspect(bytes: Uint8Array): InspectRow[];
}

/**
 * Compiles a stand-alone codec, for bytes that belong to no protocol: handshakes, tickets, files.
 *
 * For the start of a program, not for each connection: generating code takes about a millisecond,
 * and V8 keeps some kilobytes of every different text that it has compiled.
 *
 * @param field A `t.struct`.
 * @throws TypeError when the field is not a struct; RangeError when a value could exceed 1 MiB.
 *
 * @example
 * ```ts
 * import { compileCodec, t } from "./mod.ts";
 * const codec = compileCodec(t.struct({ id: t.u16(), name: t.string({ maxBytes: 24 }) }));
 * const bytes = codec.encode({ id: 7, name: "Ada" });
 * console.assert(bytes.length === 6 && codec.decode(bytes)?.name === "Ada");
 * ```
 */
export function compileCodec<T extends object>(
  field: Field<T>,
  options: CodecOptions = {},
): Codec<T> {
  const { backend = "jit", name = "value", version = NEWEST_VERSION } = options;
  if (field.node.kind !== "struct") {
    throw new TypeError(`Cannot compile codec: the field must be a struct, not ${field.node.kind}`);
  }
  const node = structAtVersion(field.node, version);
  const { max } = blockBounds(node);
  if (max > MAX_CODEC_BYTES) {
    throw new RangeError(
      `Cannot compile codec: a value could take ${max} bytes, but the limit is ${MAX_CODEC_BYTES}`,
    );
  }
  return codecOf<T>(node, name, backend);
}

/**
 * The codec of a struct node. `T` is the type that the builders inferred for the node; nothing at
 * run time can confirm it, so this is the boundary where the untyped tree gets its type.
 */
export function codecOf<T>(node: StructNode, name: string, backend: Backend): Codec<T> {
  return makeCodec(node, name, functionsOf(node, name, backend)) as Codec<T>;
}

function functionsOf(node: StructNode, name: string, backend: Backend): CodecFunctions {
  const factory = hasGenerated() ? generatedFactory(structId(node)) : undefined;
  if (factory !== undefined) return factory(runtime, (value) => failWrite(name, node, value));
  return backend === "interpreter" ? interpretedFunctions(node, name) : jitFunctions(node, name);
}

function makeCodec(node: StructNode, name: string, functions: CodecFunctions): Codec<unknown> {
  const { write, read, create } = functions;
  const { min, max } = blockBounds(node);
  const readWhole = (bytes: Uint8Array, into: unknown): number =>
    read(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length, into);
  return Object.freeze({
    maxBytes: max,
    minBytes: min,
    write,
    read,
    create,
    encode(value: unknown): Uint8Array<ArrayBuffer> {
      const scratch = scratchOf(max);
      return new Uint8Array(scratch.buffer.slice(0, write(scratch, 0, value)));
    },
    decode(bytes: Uint8Array): unknown {
      const value = create();
      return readWhole(bytes, value) === bytes.length ? value : undefined;
    },
    refusalOf(bytes: Uint8Array): number {
      const end = readWhole(bytes, create());
      return end < 0 ? -end : 0;
    },
    size(value: unknown): number {
      assertWritable(name, node, value);
      return blockSize(node, value);
    },
    toJSON: (value: unknown): Json => valueToJson(name, node, value),
    fromJSON: (json: unknown): unknown => valueFromJson(name, node, json),
    inspect: (bytes: Uint8Array): InspectRow[] => inspectBytes(node, bytes),
  });
}

let scratch = new DataView(new ArrayBuffer(4096));

/** Shared room to encode into before the size is known; grows to the largest codec in use, at most 1 MiB. */
function scratchOf(sizeBytes: number): DataView<ArrayBuffer> {
  if (scratch.byteLength < sizeBytes) scratch = new DataView(new ArrayBuffer(sizeBytes));
  return scratch;
}
