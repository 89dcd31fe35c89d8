/**
 * Who encodes and decodes in the codec benchmark: our backends, msgpack, JSON, and code by hand.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Decoder, Encoder } from "npm:@msgpack/msgpack@3.1.3";
import { type Backend, type Codec, compileCodec } from "../schema/mod.ts";
import { fromHex, PIN_GEN } from "../tests/schema/serialize_vectors.ts";
import { BY_HAND } from "./schema_by_hand.ts";
import type { Shape } from "./schema_shapes.ts";

/** One way to encode the values of a shape: statements for a loop over `i`, and what they use. */
export interface Contender {
  /** Names that the statements may use, with their values. */
  readonly scope: Readonly<Record<string, unknown>>;
  /** Encodes value `i` into slot `i` and leaves its size in `sink`. */
  readonly encode: string;
  /** Decodes slot `i` and leaves something of it in `sink`. */
  readonly decode: string;
  /** Mean size in bytes. */
  readonly bytes: number;
}

/** A kind of contender, by the name in the results. */
export type ContenderName = typeof CONTENDERS[number];

/** Every kind of contender. */
export const CONTENDERS = ["jit", "interpreter", "by hand", "msgpack", "json"] as const;

/**
 * Room for an encoding: no more than it takes, for slots a power of two apart would fight for the
 * same lines of the cache.
 */
function slotBytes(maxBytes: number): number {
  return maxBytes + 11;
}

/**
 * Makes a contender and lets it through the gate: what it decodes must be what was encoded, and for
 * the mixed packet our bytes must be the published ones.
 *
 * @returns `undefined` when nobody wrote this shape by hand.
 */
export function contender(shape: Shape, name: ContenderName): Contender | undefined {
  switch (name) {
    case "jit":
    case "interpreter":
      return ours(shape, name);
    case "by hand":
      return byHand(shape);
    case "msgpack":
      return msgpack(shape);
    case "json":
      return json(shape);
  }
}

/**
 * The values of a shape in objects that the codec made. V8 then knows which properties hold floats;
 * in objects from a literal it does not, and each random 32-bit integer costs a mispredicted branch.
 */
function settledValues(shape: Shape, { create } = compileCodec(shape.field)): object[] {
  return shape.values().map((value) => Object.assign(create(), value));
}

function ours(shape: Shape, backend: Backend): Contender {
  const codec: Codec<object> = compileCodec(shape.field, { backend });
  const values = settledValues(shape, codec);
  const oracle = compileCodec(shape.field, { backend: "interpreter" });
  const slot = slotBytes(codec.maxBytes);
  const view = new DataView(new ArrayBuffer(values.length * slot));
  const ends = values.map((value, i) => {
    const bytes = codec.encode(value);
    assert.deepEqual(bytes, oracle.encode(value));
    assert.deepEqual(codec.encode(codec.decode(bytes) ?? {}), bytes);
    return codec.write(view, i * slot, value);
  });
  if (shape.name === "mixed") {
    assert.deepEqual(codec.encode(values[0] ?? {}), fromHex(PIN_GEN.variant0));
    assert.deepEqual(codec.encode(values[63] ?? {}), fromHex(PIN_GEN.variant63));
  }
  const sizes = ends.map((end, i) => end - i * slot);
  return {
    scope: { codec, view, values, ends, into: codec.create() },
    encode: `sink = codec.write(view, i * ${slot}, values[i]);`,
    decode: `sink = codec.read(view, i * ${slot}, ends[i], into);`,
    bytes: mean(sizes),
  };
}

function mean(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
}

function byHand(shape: Shape): Contender | undefined {
  const code = BY_HAND.get(shape.name.split(" ")[0] ?? "");
  if (code === undefined) return undefined;
  const values = settledValues(shape);
  const slot = slotBytes(code.maxBytes);
  const view = new DataView(new ArrayBuffer(values.length * slot));
  const { write, read } = code;
  const into = read(view, 0, code.create());
  const sizes = values.map((value, i) => {
    const size = write(view, i * slot, value);
    assert.deepEqual(plain(read(view, i * slot, into)), plain(value));
    return size;
  });
  return {
    scope: { write, read, view, values, into },
    encode: `sink = write(view, i * ${slot}, values[i]);`,
    decode: `sink = read(view, i * ${slot}, into);`,
    bytes: mean(sizes),
  };
}

/** A value as JSON, which forgets what made its objects and which properties are undefined. */
function plain(value: object): string {
  return JSON.stringify(value);
}

function msgpack(shape: Shape): Contender {
  const values = settledValues(shape);
  const encoder = new Encoder({ ignoreUndefined: true });
  const decoder = new Decoder();
  const encoded = values.map((value) => encoder.encode(value));
  encoded.forEach((bytes, i) => {
    assert.deepEqual(JSON.stringify(decoder.decode(bytes)), JSON.stringify(values[i]));
  });
  return {
    scope: { encoder, decoder, values, encoded },
    encode: "sink = encoder.encodeSharedRef(values[i]).length;",
    decode: "sink = decoder.decode(encoded[i]);",
    bytes: mean(encoded.map((bytes) => bytes.length)),
  };
}

function json(shape: Shape): Contender {
  const values = settledValues(shape);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const encode = (i: number): Uint8Array => encoder.encode(JSON.stringify(values[i]));
  const encoded = values.map((_, i) => encode(i));
  const decode = (i: number): unknown => JSON.parse(decoder.decode(encoded[i]));
  values.forEach((value, i) => {
    assert.equal(JSON.stringify(decode(i)), JSON.stringify(value));
  });
  return {
    scope: { encoder, decoder, values, encoded },
    encode: "sink = encoder.encode(JSON.stringify(values[i])).length;",
    decode: "sink = JSON.parse(decoder.decode(encoded[i]));",
    bytes: mean(encoded.map((bytes) => bytes.length)),
  };
}
