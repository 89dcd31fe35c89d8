/**
 * What generated codecs call, and where those generated ahead of time register.
 *
 * Part of the contract with `*.gen.ts` files: a generated file imports this module and nothing else.
 *
 * @module
 */
import type { CodecFunctions } from "./backend.ts";
import { isRecord } from "./check.ts";
import { dynamicBytes, readDynamic } from "./dynamic.ts";
import { compareMapKeys, sortedKeys } from "./map_order.ts";
import { newBytes, readBytes, writeBytes } from "./wire/bytes.ts";
import { compressFloat, decompressFloat } from "./wire/compressed_float.ts";
import {
  packedQuaternion,
  packQuaternion,
  type Quaternion,
  unpackQuaternion,
} from "./wire/quaternion.ts";
import { readUtf8, utf8Bytes, writeUtf8 } from "./wire/utf8.ts";
import { readVarint, varintEnd, writeVarint } from "./wire/varint.ts";

const float32 = new Float32Array(1);

/** Helpers and scratch memory of generated codecs, by the names that the text uses. */
export const runtime = Object.freeze({
  /** One float, seen as bits through {@link runtime.int32}. */
  float32,
  /** The bits of {@link runtime.float32}; the same element, so byte order does not matter. */
  int32: new Int32Array(float32.buffer),
  /** Eight bytes for floats that are not at a byte boundary. */
  scratch: new DataView(new ArrayBuffer(8)),
  compareMapKeys,
  compressFloat,
  decompressFloat,
  dynamicBytes,
  isQuaternion,
  newBytes,
  packedQuaternion,
  packQuaternion,
  plainConstructor,
  readBytes,
  readDynamic,
  readUtf8,
  readVarint,
  sortedKeys,
  unpackQuaternion,
  utf8Bytes,
  varintEnd,
  writeBytes,
  writeUtf8,
  writeVarint,
});

/** The helpers' type, for generated files. */
export type Runtime = typeof runtime;

/** Makes the functions of a codec: what the body of a generated function returns. */
export type CodecFactory = (runtime: Runtime, fail: (value: unknown) => never) => CodecFunctions;

const registered = new Map<string, CodecFactory>();

/**
 * Registers codecs that were generated ahead of time. From then on they are used for every struct
 * with these ids, whatever backend was asked for. Called by generated files only.
 *
 * @param factories Factories by the id of `structId`.
 */
export function registerGenerated(factories: Readonly<Record<string, CodecFactory>>): void {
  for (const [id, factory] of Object.entries(factories)) registered.set(id, factory);
}

/** The registered factory of a struct id, if any. */
export function generatedFactory(id: string): CodecFactory | undefined {
  return registered.get(id);
}

/** Whether any factory is registered; saves hashing every struct where none is. */
export function hasGenerated(): boolean {
  return registered.size > 0;
}

function isQuaternion(value: unknown): value is Quaternion {
  return isRecord(value) && typeof value.x === "number" && typeof value.y === "number" &&
    typeof value.z === "number" && typeof value.w === "number";
}

/** Constructors of generated codecs take no arguments and make records. */
type RecordConstructor = { new (): Record<string, unknown>; prototype: object };

/**
 * Lets a constructor make plain objects, of a family of hidden classes of its own.
 *
 * @param floats Properties that will hold floats. They get one now: V8 would find out anyway, but
 * each time after code for small integers has been made and must be thrown away.
 */
function plainConstructor(
  constructor: RecordConstructor,
  floats: readonly string[],
): RecordConstructor {
  constructor.prototype = Object.prototype;
  const sample = new constructor();
  for (const name of floats) sample[name] = 0.5;
  return constructor;
}
