/**
 * What the schema fuzzer reads: chosen schemas, random ones, and every message of this repository,
 * each with encodings to begin from.
 *
 * @module
 */
import fc from "fast-check";
import { type Codec, codecOf, compileCodec } from "../../schema/codec.ts";
import { type Field, t } from "../../schema/mod.ts";
import { Arena } from "../../schema/messages/arena.ts";
import { Chat } from "../../schema/messages/chat.ts";
import { Echo } from "../../schema/messages/echo.ts";
import { declaredStruct } from "../property/schema_arbitrary.ts";

/** One schema by both backends, and encodings of it. */
export interface FuzzTarget {
  /** The generated codec. */
  readonly jit: Codec<Record<string, unknown>>;
  /** The interpreter. */
  readonly oracle: Codec<Record<string, unknown>>;
  /** Bytes that are accepted; a fuzzer adds what it finds. */
  readonly corpus: Uint8Array[];
}

/** Schemas that together hold every kind of field, small enough for random bytes to get far. */
const FIELDS: readonly Field<Record<string, unknown>>[] = [
  t.struct({ a: t.u8(), b: t.int(-5, 5), c: t.bool(), d: t.i32(), e: t.int(0, 2 ** 40) }),
  t.struct({ a: t.f32(), b: t.bool(), c: t.f64(), d: t.bool(), e: t.f32() }),
  t.struct({ a: t.quantized(-0.7, 0.7, 0.1), b: t.compressedFloat(0, 10, 0.1), c: t.angle(13) }),
  t.struct({ a: t.quat(4), b: t.quat(11), c: t.enum("x", "y", "z") }),
  t.struct({ a: t.varint(), b: t.varint(), c: t.bool().optional(), d: t.u16().optional() }),
  t.struct({ a: t.string({ maxBytes: 12 }), b: t.string({ maxBytes: 300 }) }),
  t.struct({ a: t.bytes({ maxBytes: 6 }), b: t.bytes({ length: 2 }), c: t.int(0, 4) }),
  t.struct({ a: t.any({ maxBytes: 60, maxDepth: 4, maxItems: 20 }) }),
  t.struct({
    a: t.array(t.int(0, 5), { max: 40 }),
    b: t.array(t.int(0, 99_999), { max: 9, min: 1 }),
  }),
  t.struct({ a: t.array(t.struct({ s: t.string({ maxBytes: 3 }), n: t.u16() }), { max: 9 }) }),
  t.struct({
    a: t.map(t.int(0, 20), t.bool(), { max: 6 }),
    b: t.map(t.string({ maxBytes: 2 }), t.varint(), { max: 3 }),
    c: t.map(t.enum("m", "k"), t.u8(), { max: 2 }),
  }),
  t.struct({
    a: t.union("kind", {
      move: { to: t.vec2(t.int(0, 100)) },
      say: { text: t.string({ maxBytes: 6 }), loud: t.bool().optional() },
      idle: {},
    }),
    b: t.struct({ deep: t.array(t.u8().optional(), { max: 3 }) }).optional(),
  }),
];

/** Random schemas beside the chosen ones. */
const RANDOM_SCHEMAS = 60;

/** Values of each random schema. */
const RANDOM_VALUES = 4;

/**
 * So many different sets of random schemas there are. Not one for each seed, because V8 keeps some
 * kilobytes of every program text that it ever compiled, which in a long run looks like a leak.
 */
const RANDOM_SETS = 8;

const setsMade = new Map<number, readonly FuzzTarget[]>();

/** Everything to read; the same seed gives the same. */
export function fuzzTargets(seed: number): FuzzTarget[] {
  const set = seed % RANDOM_SETS;
  let targets = setsMade.get(set);
  if (targets === undefined) setsMade.set(set, targets = makeTargets(set));
  return targets.map((target) => ({ ...target, corpus: [...target.corpus] }));
}

function makeTargets(seed: number): FuzzTarget[] {
  const chosen = FIELDS.map((field) => targetOf(field, []));
  const random = fc.sample(declaredStruct(), { seed, numRuns: RANDOM_SCHEMAS })
    .map(({ field, values }) =>
      targetOf(field, fc.sample(values, { seed, numRuns: RANDOM_VALUES }))
    );
  return [...chosen, ...random, ...ownMessages()];
}

function targetOf(
  field: Field<Record<string, unknown>>,
  values: readonly Record<string, unknown>[],
): FuzzTarget {
  const jit = compileCodec(field);
  const oracle = compileCodec(field, { backend: "interpreter" });
  return { jit, oracle, corpus: [jit.create(), ...values].map((value) => jit.encode(value)) };
}

/** The messages of `schema/messages`, each beginning from its defaults. */
function ownMessages(): FuzzTarget[] {
  return [Arena, Chat, Echo].flatMap(({ tables }) => tables)
    .flatMap(({ entries }) => entries)
    .filter((entry) => entry !== undefined)
    .map(({ struct, message }) => {
      const jit = codecOf<Record<string, unknown>>(struct, message.name, "jit");
      const oracle = codecOf<Record<string, unknown>>(struct, message.name, "interpreter");
      return { jit, oracle, corpus: [jit.encode(jit.create())] };
    });
}
