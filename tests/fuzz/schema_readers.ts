/**
 * Fuzzes every reader of the schema language with random and damaged bytes.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  type Codec,
  compileCodec,
  type DecodedMessage,
  type Field,
  message,
  protocol,
  t,
} from "../../schema/mod.ts";

/** Options of {@link fuzzSchemaReaders}. */
export interface FuzzOptions {
  /** The same seed gives the same bytes. */
  readonly seed: number;
  /** How many byte strings each reader gets in all. */
  readonly iterations: number;
}

/** What a run has seen. */
export interface FuzzReport {
  /** Byte strings that were accepted. */
  readonly accepted: number;
  /** Byte strings that were refused, by reason number. */
  readonly refused: ReadonlyMap<number, number>;
  /** The slowest verdict in microseconds, garbage collection included. */
  readonly slowestUs: number;
}

/** One schema by both backends, and the last bytes that were accepted. */
interface Pair {
  readonly jit: Codec<Record<string, unknown>>;
  readonly oracle: Codec<Record<string, unknown>>;
  last: Uint8Array;
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

const Small = message({ a: t.int(0, 5) }, { from: "client", delivery: "reliable-ordered" });
const Text = message({ a: t.string({ maxBytes: 9 }) }, {
  from: "both",
  delivery: "reliable-ordered",
});
const Loose = message({ a: t.u8() }, { from: "server", delivery: "unreliable" });
const Fuzzed = protocol("fuzzed", { version: 1 }, { Small, Text, Loose });

/**
 * Gives random bytes, and damaged encodings of real values, to the readers of both backends and of a
 * wire table. Fails when one throws, when the backends disagree, or when accepted bytes are not
 * written back as they were.
 *
 * @returns What was seen, for budgets and for making sure that both verdicts occurred.
 */
export function fuzzSchemaReaders({ seed, iterations }: FuzzOptions): FuzzReport {
  const random = generator(seed);
  const pairs = FIELDS.map((field): Pair => ({
    jit: compileCodec(field),
    oracle: compileCodec(field, { backend: "interpreter" }),
    last: new Uint8Array(0),
  }));
  const refused = new Map<number, number>();
  let accepted = 0;
  let slowestUs = 0;
  for (let i = 0; i < iterations; i++) {
    const pair = pairs[i % pairs.length];
    if (pair === undefined) break;
    const bytes = random() % 3 === 0 && pair.last.length > 0
      ? damaged(pair.last, random)
      : randomBytes(random);
    const started = performance.now();
    const reason = pair.jit.refusalOf(bytes);
    slowestUs = Math.max(slowestUs, (performance.now() - started) * 1000);
    assert.equal(reason, pair.oracle.refusalOf(bytes), `seed ${seed}, iteration ${i}`);
    if (reason === 0) {
      accepted++;
      pair.last = bytes;
      checkCanonical(pair.jit, bytes, `seed ${seed}, iteration ${i}`);
    } else {
      refused.set(reason, (refused.get(reason) ?? 0) + 1);
    }
    readTable(bytes, random);
  }
  return { accepted, refused, slowestUs };
}

function checkCanonical(
  codec: Codec<Record<string, unknown>>,
  bytes: Uint8Array,
  at: string,
): void {
  const value = codec.decode(bytes);
  assert.ok(value !== undefined, at);
  assert.deepEqual(codec.encode(value), bytes, at);
}

function readTable(bytes: Uint8Array, random: () => number): void {
  const decoded: DecodedMessage = { message: undefined, value: undefined };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const from = random() % 2 === 0 ? "client" : "server";
  const end = Fuzzed.tables[0]?.read(from, random() % 4, view, 0, bytes.length, decoded) ?? 0;
  assert.ok(end === bytes.length || end < 0);
}

/** A 32-bit xorshift generator (Marsaglia, 2003, triple 13, 17, 5). */
function generator(seed: number): () => number {
  let state = (seed | 0) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Mostly short, mostly small: the bytes that get far in a reader. */
function randomBytes(random: () => number): Uint8Array {
  const bytes = new Uint8Array(random() % (random() % 4 === 0 ? 90 : 14));
  const mask = [0xff, 0x0f, 0x03, 0x7f][random() % 4] ?? 0xff;
  for (let i = 0; i < bytes.length; i++) bytes[i] = random() & mask;
  return bytes;
}

function damaged(bytes: Uint8Array, random: () => number): Uint8Array {
  const copy = bytes.slice(0, random() % 4 === 0 ? random() % (bytes.length + 1) : bytes.length);
  if (copy.length > 0) {
    const at = random() % copy.length;
    copy[at] = (copy[at] ?? 0) ^ (1 << (random() % 8));
  }
  return copy;
}
