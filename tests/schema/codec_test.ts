import assert from "node:assert/strict";
import { compileCodec, type Field, Refusal, refusalName, t } from "../../schema/mod.ts";
import { BACKENDS, bytesOf } from "./one_field.ts";

Deno.test("fields that a version does not carry take their default", () => {
  const field = t.struct({
    a: t.u8(),
    newer: t.u8().since(3).default(9),
    older: t.array(t.u8(), { max: 2 }).deprecated(2).default([1, 2]),
  });
  for (const backend of BACKENDS) {
    const v1 = compileCodec(field, { backend, version: 1 });
    const v2 = compileCodec(field, { backend, version: 2 });
    const newest = compileCodec(field, { backend });
    const value = { a: 1, newer: 2, older: [3] };
    assert.deepEqual(v1.decode(v1.encode(value)), { a: 1, newer: 9, older: [3] });
    assert.deepEqual(v2.encode(value), bytesOf(1));
    assert.deepEqual(v2.decode(bytesOf(1)), { a: 1, newer: 9, older: [1, 2] });
    assert.deepEqual(newest.decode(newest.encode(value)), { a: 1, newer: 2, older: [1, 2] });
    const unfit: unknown = { a: 1, newer: 9999, older: "not even an array" };
    assert.deepEqual(
      v2.encode(unfit as typeof value),
      bytesOf(1),
      "what does not travel is ignored",
    );
    assert.equal(v2.size(unfit as typeof value), 1);
    const [first, second] = [v2.decode(bytesOf(1)), v2.decode(bytesOf(1))];
    assert.notEqual(first?.older, second?.older, "defaults are copied");
  }
});

Deno.test("a new value has every property in declaration order, with its default", () => {
  for (const backend of BACKENDS) {
    const codec = compileCodec(
      t.struct({
        z: t.int(5, 9),
        b: t.bool(),
        e: t.enum("one", "two"),
        a: t.u8().default(7),
        s: t.string({ maxBytes: 4 }),
        raw: t.bytes({ length: 2 }),
        list: t.array(t.int(3, 9), { length: 2 }),
        map: t.map(t.u8(), t.u8(), { max: 2 }),
        o: t.u8().optional(),
        q: t.quat(9),
        d: t.any({ maxBytes: 8 }),
        u: t.union("kind", { first: { x: t.u8() }, second: {} }),
        n: t.quantized(-5, -1, 0.5),
      }),
      { backend },
    );
    const value = codec.create();
    assert.deepEqual(value, {
      z: 5,
      b: false,
      e: "one",
      a: 7,
      s: "",
      raw: new Uint8Array(2),
      list: [3, 3],
      map: new Map(),
      o: undefined,
      q: { x: 0, y: 0, z: 0, w: 1 },
      d: null,
      u: { kind: "first", x: 0 },
      n: -1,
    });
    assert.deepEqual(Object.keys(value), [
      "z",
      "b",
      "e",
      "a",
      "s",
      "raw",
      "list",
      "map",
      "o",
      "q",
      "d",
      "u",
      "n",
    ]);
    assert.deepEqual(codec.decode(codec.encode(value)), value);
  }
});

Deno.test("each new value has defaults of its own", () => {
  for (const backend of BACKENDS) {
    const codec = compileCodec(
      t.struct({
        raw: t.bytes({ maxBytes: 4 }).default(bytesOf(1, 2)),
        list: t.array(t.vec2(t.u8()), { max: 2 }).default([{ x: 1, y: 2 }]),
        map: t.map(t.u8(), t.bytes({ maxBytes: 4 }), { max: 2 }).default(
          new Map([[1, bytesOf(3)]]),
        ),
        any: t.any({ maxBytes: 99 }).default({ deep: [1] }),
      }),
      { backend },
    );
    const spoiled = codec.create();
    spoiled.raw.fill(0);
    spoiled.list.forEach((point) => point.x = 0);
    spoiled.map.get(1)?.fill(0);
    spoiled.map.clear();
    Object.assign(spoiled.any ?? {}, { deep: [] });
    assert.deepEqual(codec.create(), {
      raw: bytesOf(1, 2),
      list: [{ x: 1, y: 2 }],
      map: new Map([[1, bytesOf(3)]]),
      any: { deep: [1] },
    });
  }
});

Deno.test("reading keeps the nested objects of the value it reads into", () => {
  for (const backend of BACKENDS) {
    const codec = compileCodec(
      t.struct({
        pos: t.vec2(t.u8()),
        list: t.array(t.struct({ id: t.u8() }), { max: 3 }),
        map: t.map(t.u8(), t.u8(), { max: 3 }),
        turn: t.quat(9),
      }),
      { backend },
    );
    const into = codec.create();
    const { pos, list, map } = into;
    const first = codec.encode({
      pos: { x: 1, y: 2 },
      list: [{ id: 1 }, { id: 2 }],
      map: new Map([[1, 1]]),
      turn: { x: 1, y: 0, z: 0, w: 0 },
    });
    assert.equal(codec.read(new DataView(first.buffer), 0, first.length, into), first.length);
    const element = into.list[0];
    const second = codec.encode({ ...codec.create(), list: [{ id: 9 }] });
    assert.equal(codec.read(new DataView(second.buffer), 0, second.length, into), second.length);
    assert.deepEqual(into, { ...codec.create(), list: [{ id: 9 }] });
    assert.ok(into.pos === pos && into.list === list && into.map === map);
    assert.equal(into.list[0], element);
  }
});

Deno.test("reading looks at nothing outside its range", () => {
  for (const backend of BACKENDS) {
    const codec = compileCodec(t.struct({ s: t.string({ maxBytes: 9 }), n: t.u16() }), { backend });
    const encoded = codec.encode({ s: "hey", n: 77 });
    const surrounded = new Uint8Array(encoded.length + 8).fill(0xff);
    surrounded.set(encoded, 4);
    const view = new DataView(surrounded.buffer);
    const into = codec.create();
    assert.equal(codec.read(view, 4, 4 + encoded.length, into), 4 + encoded.length);
    assert.deepEqual(into, { s: "hey", n: 77 });
    assert.equal(codec.read(view, 4, 3 + encoded.length, into), -Refusal.short);
    assert.equal(codec.read(view, 4, 5 + encoded.length, into), -Refusal.trailing);
  }
});

Deno.test("an empty struct has an empty encoding", () => {
  for (const backend of BACKENDS) {
    const codec = compileCodec(t.struct({}), { backend });
    assert.equal(codec.encode({}).length, 0);
    assert.deepEqual(codec.decode(new Uint8Array(0)), {});
    assert.equal(codec.refusalOf(bytesOf(0)), Refusal.trailing);
  }
});

Deno.test("sizes are announced before anything is written", () => {
  for (const backend of BACKENDS) {
    const codec = compileCodec(
      t.struct({ a: t.int(0, 7), s: t.string({ maxBytes: 10 }), l: t.array(t.u16(), { max: 4 }) }),
      { backend },
    );
    assert.deepEqual([codec.minBytes, codec.maxBytes], [2, 20]);
    assert.equal(codec.size({ a: 1, s: "abc", l: [1, 2] }), 9);
    assert.throws(() => codec.size({ a: 8, s: "", l: [] }), RangeError);
  }
});

Deno.test("compileCodec takes structs whose worst case stays below 1 MiB", () => {
  const blob = (bytes: number) => compileCodec(t.struct({ b: t.bytes({ length: bytes }) }));
  assert.equal(blob(1_048_576).maxBytes, 1_048_576);
  assert.throws(
    () => compileCodec(t.struct({ b: t.bytes({ length: 1_048_576 }), c: t.bool() })),
    /Cannot compile codec: a value could take 1048577 bytes, but the limit is 1048576/,
  );
  const notStruct = t.array(t.u8(), { max: 2 }) as unknown as Field<object>;
  assert.throws(
    () => compileCodec(notStruct),
    /Cannot compile codec: the field must be a struct, not array/,
  );
});

Deno.test("the JSON form says bytes in base64, maps as objects or pairs, and is read back", () => {
  const codec = compileCodec(t.struct({
    raw: t.bytes({ maxBytes: 4 }),
    byName: t.map(t.string({ maxBytes: 12 }), t.u8(), { max: 4 }),
    byNumber: t.map(t.u8(), t.bool(), { max: 4 }),
    absent: t.u8().optional(),
    sometimes: t.array(t.u8().optional(), { max: 3 }),
    any: t.any({ maxBytes: 99 }),
    zero: t.f32(),
  }));
  const value = {
    raw: bytesOf(1, 2, 255),
    byName: new Map([["__proto__", 1], ["b", 2]]),
    byNumber: new Map([[1, true]]),
    sometimes: [1, undefined],
    any: { list: [bytesOf(9), null], one: { $bytes: "AA==" } },
    zero: -0,
  };
  const json = codec.toJSON(value);
  assert.equal(
    JSON.stringify(json),
    '{"raw":"AQL/","byName":{"__proto__":1,"b":2},"byNumber":[[1,true]],"sometimes":[1,null],' +
      '"any":{"list":[{"$bytes":"CQ=="},null],"one":{"$$bytes":"AA=="}},"zero":"-0"}',
  );
  assert.deepEqual(
    codec.encode(codec.fromJSON(JSON.parse(JSON.stringify(json)))),
    codec.encode(value),
  );
});

Deno.test("fromJSON names the first place that does not fit", () => {
  const codec = compileCodec(
    t.struct({ pos: t.vec2(t.u8()), raw: t.bytes({ maxBytes: 4 }), d: t.u8().default(3) }),
    { name: "Move" },
  );
  assert.throws(() => codec.fromJSON({}), /Cannot write Move\.pos: undefined is not an object/);
  assert.throws(
    () => codec.fromJSON({ pos: { x: 1, y: 300 }, raw: "" }),
    /Cannot write Move\.pos\.y: 300/,
  );
  assert.throws(() => codec.fromJSON({ pos: { x: 1, y: 3 }, raw: "%" }), /Move\.raw: "%" is not/);
  assert.throws(() => codec.fromJSON(null), /Cannot write Move: null is not an object/);
  assert.deepEqual(codec.fromJSON({ pos: { x: 1, y: 3 }, raw: "AQ==" }), {
    pos: { x: 1, y: 3 },
    raw: bytesOf(1),
    d: 3,
  });
});

Deno.test("inspect lists where each field lies and what its bits mean", () => {
  const codec = compileCodec(t.struct({
    hp: t.int(0, 100),
    name: t.string({ maxBytes: 7 }),
    to: t.u8().optional(),
  }));
  const rows = codec.inspect(codec.encode({ hp: 50, name: "Al", to: 3 }));
  assert.deepEqual(
    rows.map(({ offsetBits, bits, name, value }) => [offsetBits, bits, name, value]),
    [
      [0, 7, "hp", 50],
      [7, 3, "name#", 2],
      [10, 1, "to#", 1],
      [11, 5, "(padding)", 0],
      [16, 16, "name", "Al"],
      [32, 8, "to", 3],
    ],
  );
  assert.equal(rows[0]?.raw, "0x32");
  assert.deepEqual(codec.inspect(bytesOf(101)).map(({ name, value }) => [name, value]), [
    ["hp", undefined],
    ["(refused)", "range"],
  ]);
});

Deno.test("the raw numbers of an inspection, put together, are the encoding", () => {
  const codec = compileCodec(t.struct({
    narrow: t.int(0, 5),
    wide: t.int(0, 2 ** 50),
    turned: t.quat(11),
    blob: t.bytes({ maxBytes: 300_000 }),
  }));
  // A megabit of raw: shifting one long number for each of its bits would take minutes.
  const blob = Uint8Array.from({ length: 200_000 }, (_, i) => i * 31);
  const turned = { x: 0.5, y: -0.5, z: 0.5, w: 0.5 };
  const bytes = codec.encode({ narrow: 3, wide: 2 ** 49 + 77, turned, blob });
  const rows = codec.inspect(bytes);
  assert.equal(rows[0]?.raw, "0x3");
  assert.equal(rows[1]?.raw, `0x${(2 ** 49 + 77).toString(16)}`);
  const binary = rows.map(({ raw, bits }) => {
    const digits = [...raw.slice(2)].map((digit) =>
      parseInt(digit, 16).toString(2).padStart(4, "0")
    );
    return digits.join("").padStart(bits, "0").slice(-bits || Infinity);
  });
  const expected = [...bytes].reverse().map((byte) => byte.toString(2).padStart(8, "0"));
  assert.ok(binary.reverse().join("") === expected.join(""));
});

Deno.test("refusalName knows every reason, negated or not", () => {
  for (const [name, reason] of Object.entries(Refusal)) {
    assert.equal(refusalName(reason), name);
    assert.equal(refusalName(-reason), name);
  }
  assert.equal(refusalName(0), "unknown");
  assert.equal(new Set(Object.values(Refusal)).size, Object.keys(Refusal).length);
});
