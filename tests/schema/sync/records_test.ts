import assert from "node:assert/strict";
import { entity, Refusal, t } from "../../../schema/mod.ts";
import { EntityCodec } from "../../../schema/sync/entity_codec.ts";
import { WordReader, WordWriter } from "../../../schema/sync/word_stream.ts";
import { Random } from "../../../transport/random.ts";

const Thing = entity({
  pos: t.vec3(t.quantized(-100, 100, 1 / 64)),
  yaw: t.angle(12),
  spin: t.angle(32),
  on: t.bool(),
  hp: t.int(0, 100).default(100),
  debt: t.int(-2_000_000_000, 2_000_000_000),
  wide: t.int(0, 2 ** 50),
  mood: t.enum("calm", "cross", "wild"),
  f: t.f32(),
  d: t.f64(),
  c: t.compressedFloat(-10, 10, 0.01),
  turn: t.quat(10),
  steps: t.varint(),
  name: t.string({ maxBytes: 12 }).once(),
  tags: t.array(t.u8(), { max: 4 }),
  gold: t.u16().view("owner"),
  plan: t.string({ maxBytes: 6 }).view("team"),
  a: t.u8().group("pair"),
  b: t.u16().group("pair"),
});

const jit = new EntityCodec("Thing", Thing.struct, "jit");
const interpreter = new EntityCodec("Thing", Thing.struct, "interpreter");

function randomPatch(random: Random): Record<string, unknown> {
  const real = (): number => (random.unit() - 0.5) * 190;
  const all: Record<string, () => unknown> = {
    pos: () => ({ x: real(), y: real(), z: real() }),
    yaw: () => real(),
    spin: () => real(),
    on: () => random.chance(0.5),
    hp: () => random.below(101),
    debt: () => random.below(4_000_000_000) - 2_000_000_000,
    wide: () => random.uint32() * 200_000,
    mood: () => random.pick(["calm", "cross", "wild"]),
    f: () => real(),
    d: () => real(),
    c: () => real() / 10,
    turn: () => ({ x: real(), y: real(), z: real(), w: real() + 200 }),
    steps: () => random.uint32(),
    name: () => "x".repeat(random.below(12)),
    tags: () => Array.from({ length: random.below(5) }, () => random.below(256)),
    gold: () => random.below(65_536),
    plan: () => "p".repeat(random.below(6)),
    a: () => random.below(256),
    b: () => random.below(65_536),
  };
  const names = Object.keys(all).filter(() => random.chance(0.4));
  return Object.fromEntries(names.map((name) => [name, all[name]!()]));
}

/** Two states, and what a reader needs to tell them. */
function pair(random: Random, codec: EntityCodec) {
  const base = codec.defaults.slice();
  const blobs = codec.createBlobs();
  codec.set(randomPatch(random), base, 0, blobs);
  const now = base.slice();
  codec.set(randomPatch(random), now, 0, blobs);
  return { base, now, blobs };
}

function written(write: (out: WordWriter) => void): Uint8Array {
  const out = new WordWriter(new Int32Array(512));
  write(out);
  return new Uint8Array(out.words.buffer.slice(0, (out.position + 7) >>> 3));
}

/** Verdict and columns of a reader; blobs get the handles 1, 2, 3 … */
function readBy(codec: EntityCodec, bytes: Uint8Array, base: Int32Array | undefined, view: number) {
  const input = new WordReader();
  input.reset(bytes);
  const now = codec.defaults.slice();
  const values: unknown[] = [];
  const store = { put: (_: number, value: unknown) => values.push(value) };
  const records = codec.records(view);
  const verdict = base === undefined
    ? records.readSpawn(input, now, 0, store)
    : records.readUpdate(input, now, 0, base, 0, store, true);
  return verdict < 0 ? { verdict } : { verdict, now, values, position: input.position };
}

Deno.test("generated and interpreted records have equal bytes, verdicts and values", () => {
  const random = new Random(1);
  for (let round = 0; round < 300; round++) {
    const seed = random.uint32();
    const mine = pair(new Random(seed), jit);
    const other = pair(new Random(seed), interpreter);
    assert.deepEqual(mine, other);
    const view = random.below(4);
    const [update, same] = [jit, interpreter].map((codec) =>
      written((out) => codec.records(view).writeUpdate(out, mine.now, 0, mine.base, 0, mine.blobs))
    );
    assert.deepEqual(update, same);
    const [spawn, sameSpawn] = [jit, interpreter].map((codec) =>
      written((out) => codec.records(view).writeSpawn(out, mine.now, 0, mine.blobs))
    );
    assert.deepEqual(spawn, sameSpawn);
    assert.deepEqual(
      readBy(jit, spawn!, undefined, view),
      readBy(interpreter, spawn!, undefined, view),
    );
    const read = readBy(jit, update!, mine.base, view);
    assert.deepEqual(read, readBy(interpreter, update!, mine.base, view));
    assert.equal(read.verdict, 0);
    assert.deepEqual(jit.read(mine.now, 0, mine.blobs), interpreter.read(mine.now, 0, mine.blobs));
  }
});

Deno.test("hostile records: both backends refuse alike, or read the same valid value", () => {
  const random = new Random(2);
  const seen = new Set<number>();
  for (let round = 0; round < 3_000; round++) {
    const { base, now, blobs } = pair(random, jit);
    const view = random.below(4);
    const isSpawn = random.chance(0.5);
    const bytes = random.chance(0.2) ? random.bytes(40) : written((out) => {
      const records = jit.records(view);
      if (isSpawn) records.writeSpawn(out, now, 0, blobs);
      else records.writeUpdate(out, now, 0, base, 0, blobs);
    });
    for (let i = 0; i < 3; i++) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
    const from = isSpawn ? undefined : base;
    const read = readBy(jit, bytes, from, view);
    assert.deepEqual(read, readBy(interpreter, bytes, from, view));
    seen.add(-read.verdict);
    if (read.now === undefined) continue;
    // Accepted columns are those of a value that can be set again, to the same columns.
    const value = jit.read(read.now, 0, jit.createBlobs()) as Record<string, unknown>;
    const again = jit.defaults.slice();
    jit.set(value, again, 0, jit.createBlobs());
    for (const item of jit.layout.items) {
      if (item.kind === "blob") continue;
      for (let c = item.column; c < item.column + item.columns; c++) {
        assert.equal(again[c], read.now[c], item.path.join("."));
      }
    }
  }
  for (const name of ["range", "notFinite", "varint", "tag", "quaternion"] as const) {
    assert.ok(seen.has(Refusal[name]), `no record was refused for ${name}`);
  }
});

Deno.test("an update names units by a bit each, and a small difference takes few bits", () => {
  const codec = new EntityCodec(
    "P",
    entity({ x: t.u16(), y: t.u16(), on: t.bool() }).struct,
    "jit",
  );
  const bitsOf = (base: number[], now: number[]): number => {
    const out = new WordWriter(new Int32Array(8));
    codec.records(0).writeUpdate(out, Int32Array.from(now), 0, Int32Array.from(base), 0, []);
    return out.position;
  };
  assert.equal(bitsOf([500, 0, 0], [500, 0, 0]), 3);
  assert.equal(bitsOf([500, 0, 0], [500, 0, 1]), 3 + 1);
  // 5 bits for up to 16 either way, 10 beyond, 16 for anything.
  assert.equal(bitsOf([500, 0, 0], [516, 0, 0]), 3 + 1 + 5);
  assert.equal(bitsOf([500, 0, 0], [484, 0, 0]), 3 + 1 + 5);
  assert.equal(bitsOf([500, 0, 0], [517, 0, 0]), 3 + 2 + 10);
  assert.equal(bitsOf([5_000, 0, 0], [5_000 - 528, 0, 0]), 3 + 2 + 10);
  assert.equal(bitsOf([5_000, 0, 0], [5_000 - 529, 0, 0]), 3 + 2 + 16);
});

Deno.test("set is all or nothing, and says what is wrong", () => {
  for (const codec of [jit, interpreter]) {
    const columns = codec.defaults.slice();
    const blobs = codec.createBlobs();
    const before = columns.slice();
    assert.throws(() => codec.set({ a: 1, hp: 101 }, columns, 0, blobs), /Thing.hp: 101 is not/);
    assert.throws(
      () => codec.set({ a: 1, name: "x".repeat(13) }, columns, 0, blobs),
      /Thing.name: 13/,
    );
    assert.throws(() => codec.set({ pos: { x: 1, y: 2 } }, columns, 0, blobs), /Thing.pos.z/);
    assert.throws(() => codec.set({ pos: null }, columns, 0, blobs), TypeError);
    assert.deepEqual(columns, before);
    assert.equal(codec.set({ hp: 100 }, columns, 0, blobs), false);
    assert.equal(codec.set({ hp: 99 }, columns, 0, blobs), true);
  }
});

Deno.test("fields of a view are in no record of another view", () => {
  const { now, base, blobs } = pair(new Random(5), jit);
  jit.set({ gold: 4_242, plan: "secret" }, now, 0, blobs);
  for (const [view, gold, plan] of [[0, 0, 0], [1, 4_242, 0], [2, 0, 1], [3, 4_242, 1]] as const) {
    const bytes = written((out) => jit.records(view).writeUpdate(out, now, 0, base, 0, blobs));
    const clean = base.slice();
    clean[jit.columnOf(["gold"])] = 0;
    const { now: read, values } = readBy(jit, bytes, base, view);
    const wasGold = base[jit.columnOf(["gold"])]!;
    assert.equal(read![jit.columnOf(["gold"])], gold === 0 ? wasGold : gold);
    assert.equal(values!.includes("secret"), plan === 1);
  }
});
