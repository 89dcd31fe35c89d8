import assert from "node:assert/strict";
import {
  compileCodec,
  entity,
  type Field,
  type Fields,
  message,
  type MessageOptions,
  t,
} from "../../schema/mod.ts";

/** Declares a message with these options, whatever the type checker thinks of them. */
function declare(options: Record<string, unknown>): void {
  const all: unknown = { from: "client", delivery: "unreliable", ...options };
  message({}, all as MessageOptions<"client">);
}

Deno.test("builders of numbers refuse bounds that make no range", () => {
  assert.throws(
    () => t.int(5, 4),
    /Cannot declare int\(5, 4\): the bounds must be ascending integers/,
  );
  assert.throws(() => t.int(0, 1.5), RangeError);
  assert.throws(() => t.int(0, 2 ** 53), RangeError);
  assert.throws(() => t.int(-Number.MAX_SAFE_INTEGER, 1), /wider than 2\^53 - 1/);
  assert.throws(() => t.angle(0), RangeError);
  assert.throws(() => t.angle(33), RangeError);
  assert.throws(() => t.quat(1), RangeError);
  assert.throws(() => t.quat(17), RangeError);
  assert.throws(() => t.entityRef({ max: 0 }), RangeError);
  assert.throws(() => t.compressedFloat(1, 0, 0.1), RangeError);
  assert.throws(() => t.compressedFloat(0, 1e39, 0.1), RangeError);
  assert.throws(() => t.compressedFloat(0, 1, 0), RangeError);
  assert.throws(() => t.quantized(0, 1, 2), RangeError);
  t.int(-(2 ** 52), 2 ** 52 - 1);
  t.angle(32);
  t.quat(2);
});

Deno.test("builders of sized values demand a limit they can keep", () => {
  for (const size of [0, -1, 1.5, NaN, 1_048_577]) {
    assert.throws(() => t.string({ maxBytes: size }), RangeError);
    assert.throws(() => t.bytes({ maxBytes: size }), RangeError);
    assert.throws(() => t.bytes({ length: size }), RangeError);
    assert.throws(() => t.array(t.u8(), { max: size }), RangeError);
    assert.throws(() => t.map(t.u8(), t.u8(), { max: size }), RangeError);
  }
  assert.throws(() => t.array(t.u8(), { max: 3, min: 4 }), RangeError);
  assert.throws(() => t.any({ maxBytes: 65_536 }), RangeError);
  assert.throws(() => t.any({ maxBytes: 9, maxDepth: 33 }), RangeError);
  assert.throws(() => t.any({ maxBytes: 9, maxItems: 0 }), RangeError);
});

Deno.test("elements that take no bits are refused, for any count of them would fit anywhere", () => {
  assert.throws(() => t.array(t.int(5, 5), { max: 9 }), /it takes no bits/);
  assert.throws(() => t.array(t.struct({}), { max: 9 }), /it takes no bits/);
  assert.throws(() => t.array(t.enum("one"), { max: 9 }), /it takes no bits/);
  assert.throws(() => t.map(t.int(5, 5), t.u8(), { max: 9 }), /it takes no bits/);
  t.array(t.bool(), { max: 9 });
  t.array(t.string({ maxBytes: 1 }), { max: 9 });
});

Deno.test("map keys have one obvious order", () => {
  t.map(t.u8(), t.bool(), { max: 2 });
  t.map(t.enum("b", "a"), t.bool(), { max: 2 });
  t.map(t.varint(), t.bool(), { max: 2 });
  t.map(t.string({ maxBytes: 2 }), t.bool(), { max: 2 });
  assert.throws(
    () => t.map(t.f32(), t.bool(), { max: 2 }),
    /a key is an integer, varint, enum or string/,
  );
  assert.throws(() => t.map(t.angle(4), t.bool(), { max: 2 }), /not angle/);
});

Deno.test("names are ASCII identifiers that hide nothing", () => {
  for (const name of ["", "a b", "1a", "a-b", "é", "a;b", "x".repeat(65)]) {
    assert.throws(() => t.struct({ [name]: t.u8() }), /a name is an ASCII identifier/);
    assert.throws(() => t.union("kind", { [name]: {} }), /a name is an ASCII identifier/);
    assert.throws(() => t.union(name, { a: {} }), /a name is an ASCII identifier/);
    assert.throws(() => t.flags(name), /a name is an ASCII identifier/);
  }
  // A computed key, because in a literal __proto__ sets the prototype.
  const hostile: Fields = { ["__proto__"]: t.u8() };
  assert.throws(() => t.struct(hostile), /reserved by JavaScript/);
  assert.throws(() => t.struct({ constructor: t.u8() }), /reserved by JavaScript/);
  t.struct({ toString: t.u8(), _a1: t.u8(), default: t.u8() });
});

Deno.test("enum values and flags are distinct, and enum values are short text", () => {
  assert.throws(() => t.enum("a", "b", "a"), /Cannot declare enum value "a" twice/);
  assert.throws(() => t.flags("up", "up"), /Cannot declare flag "up" twice/);
  assert.throws(() => t.enum(), /enum values 0/);
  assert.throws(() => t.enum(""), TypeError);
  assert.throws(() => t.enum("\ud800"), TypeError);
  assert.throws(() => t.enum("x".repeat(65)), TypeError);
  t.enum("any text: 'quoted', \"twice\"", "\n");
});

Deno.test("a union keeps its tag to itself", () => {
  assert.throws(() => t.union("kind", { a: { kind: t.u8() } }), /"kind" is the tag/);
  assert.throws(() => t.union("kind", {}), /union variants 0/);
});

Deno.test("nesting and field counts are limited", () => {
  let field: Field<unknown> = t.u8();
  for (let depth = 1; depth < 16; depth++) field = t.struct({ inner: field });
  assert.throws(() => t.struct({ inner: field }), /nested deeper than 16/);
  assert.throws(() => t.array(field, { max: 2 }), /nested deeper than 16/);
  const many = (count: number): Fields =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, t.bool()]));
  t.struct(many(512));
  assert.throws(() => t.struct(many(513)), /513 fields, but the limit is 512/);
});

Deno.test("modifiers return a new field and leave the old one alone", () => {
  const plain = t.u8();
  const changed = plain.default(3).since(2).deprecated(9).once().view("owner").group("body").lerp();
  assert.deepEqual(plain.meta, {});
  assert.deepEqual(changed.meta, {
    defaultValue: { value: 3 },
    since: 2,
    deprecated: 9,
    once: true,
    view: "owner",
    group: "body",
    interpolation: { kind: "lerp" },
  });
});

Deno.test("a declaration is not changed by what happens to its arguments later", () => {
  const list = [1, 2];
  const raw = Uint8Array.of(9);
  const field = t.struct({
    list: t.array(t.u8(), { max: 3 }).default(list),
    raw: t.bytes({ maxBytes: 3 }).default(raw),
  });
  list.push(300);
  raw[0] = 1;
  assert.deepEqual(compileCodec(field).create(), { list: [1, 2], raw: Uint8Array.of(9) });
  const rate = { perSecond: 4, burst: 8 };
  const Say = message({ a: t.u8() }, { from: "client", delivery: "unreliable", rate });
  rate.perSecond = 1_000;
  assert.deepEqual(Say.options.rate, { perSecond: 4, burst: 8 });
});

Deno.test("modifiers refuse what they cannot do", () => {
  assert.throws(
    () => t.u8().default(256),
    /Cannot write default: 256 is not an integer of 0 to 255/,
  );
  assert.throws(() => t.u8().since(0), RangeError);
  assert.throws(() => t.u8().deprecated(65_536), RangeError);
  assert.throws(() => t.struct({ a: t.u8().since(3).deprecated(3) }), /must come after since/);
  assert.throws(() => t.u8().optional().optional(), /optional already/);
  assert.throws(() => t.bool().lerp(), /neither a number nor a struct of numbers/);
  assert.throws(() => t.u8().lerp({ snap: 0 }), RangeError);
  assert.throws(() => t.u8().slerp(), /not a quaternion/);
  assert.throws(() => t.u8().view("a b"), TypeError);
  assert.deepEqual(t.quat(9).slerp().meta.interpolation, { kind: "slerp" });
  assert.deepEqual(t.vec2(t.f32()).lerp({ snap: 8 }).meta.interpolation, { kind: "lerp", snap: 8 });
  t.u8().optional().default(undefined);
});

Deno.test("modifiers stand where they have a meaning", () => {
  const fields = {
    name: t.string({ maxBytes: 9 }).once(),
    x: t.f32().lerp(),
    hp: t.u8().view("own"),
  };
  entity(fields);
  for (const [name, field] of Object.entries(fields)) {
    const one = { [name]: field };
    assert.throws(() => message(one, { from: "server", delivery: "sequenced" }), /of an entity/);
    assert.throws(() => t.struct(one), /belongs to the properties of an entity/);
    assert.throws(() => entity({ nested: t.union("kind", { a: one }) }), /of an entity/);
  }
  assert.throws(() => t.array(t.u8().since(2), { max: 2 }), /modifiers such as since belong/);
  assert.throws(() => t.vec2(t.f32().lerp()), /modifiers such as lerp belong/);
});

Deno.test("message refuses options that are wrong, naming them", () => {
  const refused: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [{ from: "nobody" }, /from "nobody" is not/],
    [{ delivery: "often" }, /delivery "often" is none of unreliable, sequenced/],
    [{ channel: "Body" }, /channel "Body" is not lowercase words/],
    [{ channel: "" }, /channel/],
    [{ priority: 8 }, /priority 8/],
    [{ priority: -1 }, /priority -1/],
    [{ weight: 0 }, /weight 0/],
    [{ weight: 256 }, /weight 256/],
    [{ ttlMs: 0 }, /ttlMs 0/],
    [{ ttlMs: Infinity }, /ttlMs Infinity/],
    [{ ttlMs: 9, delivery: "sequenced" }, /ttlMs is for "unreliable" delivery, not "sequenced"/],
    [{ redundancy: 3 }, /redundancy is for "input" delivery/],
    [{ redundancy: 33, delivery: "input" }, /redundancy 33/],
    [{ redundancy: 0, delivery: "input" }, /redundancy 0/],
    [{ fragments: true, delivery: "input" }, /fragments is for "unreliable" delivery/],
    [{ rate: { perSecond: 0, burst: 1 } }, /rate\.perSecond 0/],
    [{ rate: { perSecond: 1, burst: 0 } }, /rate\.burst 0/],
    [{ since: 0 }, /since 0/],
    [{ since: 3, deprecated: 3 }, /deprecated 3/],
  ];
  for (const [options, expected] of refused) {
    assert.throws(() => declare(options), expected);
    assert.throws(() => declare(options), /^\w*Error: Cannot declare/);
  }
});

Deno.test("message accepts every option at its limits", () => {
  declare({ priority: 0, weight: 1, ttlMs: 0.5, fragments: true, channel: "a-1" });
  declare({ priority: 7, weight: 255, delivery: "input", redundancy: 32 });
  declare({ delivery: "input", redundancy: 1, since: 1, deprecated: 2 });
  declare({ rate: { perSecond: 0.1, burst: 1 } });
});

Deno.test("entity refuses options that are wrong", () => {
  entity({}, { rateHz: 20, priority: 0.5, since: 2, deprecated: 3 });
  assert.throws(() => entity({}, { rateHz: 0 }), /rateHz 0 is not a finite number above 0/);
  assert.throws(() => entity({}, { priority: NaN }), /priority NaN/);
  assert.throws(() => entity({}, { since: 3, deprecated: 2 }), /deprecated 2/);
});
