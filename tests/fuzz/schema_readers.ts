/**
 * Fuzzes every reader of the schema language with random and damaged bytes.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Codec, type DecodedMessage, message, protocol, t } from "../../schema/mod.ts";
import { fuzzTargets } from "./schema_targets.ts";

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
  const targets = fuzzTargets(seed);
  const refused = new Map<number, number>();
  let accepted = 0;
  let slowestUs = 0;
  for (let i = 0; i < iterations; i++) {
    const target = targets[i % targets.length];
    if (target === undefined) break;
    const { jit, oracle, corpus } = target;
    const bytes = random() % 3 === 0 ? randomBytes(random) : damaged(corpus, random);
    const started = performance.now();
    const reason = jit.refusalOf(bytes);
    slowestUs = Math.max(slowestUs, (performance.now() - started) * 1000);
    const at = `seed ${seed}, iteration ${i}`;
    assert.equal(reason, oracle.refusalOf(bytes), at);
    if (reason === 0) {
      accepted++;
      checkCanonical(jit, bytes, at);
      corpus[corpus.length < CORPUS_SIZE ? corpus.length : random() % CORPUS_SIZE] = bytes;
    } else {
      refused.set(reason, (refused.get(reason) ?? 0) + 1);
    }
    readTable(bytes, random);
  }
  return { accepted, refused, slowestUs };
}

/** Encodings that are kept of one schema, to be damaged. */
const CORPUS_SIZE = 24;

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

/** Bytes at which encodings change their meaning. */
const ODD_BYTES = [0x00, 0x01, 0x7f, 0x80, 0xc0, 0xf8, 0xff];

/** Bytes that were accepted once, with one or two things done to them. */
function damaged(corpus: readonly Uint8Array[], random: () => number): Uint8Array {
  const pick = (): Uint8Array => corpus[random() % corpus.length] ?? new Uint8Array(0);
  let bytes = pick().slice();
  for (let left = 1 + random() % 2; left > 0; left--) {
    const at = random() % (bytes.length + 1);
    const kind = random() % 6;
    if (kind === 0) {
      bytes = bytes.slice(0, at);
    } else if (kind === 1) {
      bytes = Uint8Array.of(...bytes.subarray(0, at), random() & 0xff, ...bytes.subarray(at));
    } else if (kind === 2) {
      const other = pick();
      bytes = Uint8Array.of(...bytes.subarray(0, at), ...other.subarray(at % (other.length + 1)));
    } else if (at < bytes.length) {
      const odd = ODD_BYTES[random() % ODD_BYTES.length] ?? 0;
      bytes[at] = kind === 3 ? odd : (bytes[at] ?? 0) ^ (1 << (random() % 8));
    }
  }
  return bytes;
}
