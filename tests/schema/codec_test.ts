import assert from "node:assert/strict";
import {
  type Backend,
  type Codec,
  compileCodec,
  type Field,
  Refusal,
  refusalName,
  t,
} from "../../schema/mod.ts";

const BACKENDS: readonly Backend[] = ["jit", "interpreter"];

/** A codec of one field called `v`, by each backend. */
function each<T>(field: Field<T>, test: (codec: Codec<{ v: T }>) => void): void {
  for (const backend of BACKENDS) {
    // The builder infers the same type; with a generic T the checker cannot see through it.
    test(compileCodec(t.struct({ v: field }) as Field<{ v: T }>, { backend, name: "Test" }));
  }
}

function bytesOf(...bytes: number[]): Uint8Array {
  return Uint8Array.from(bytes);
}

/** The values come back, in the bytes given if any are given. */
function carries<T>(field: Field<T>, cases: readonly (readonly [T, ...number[]])[]): void {
  each(field, (codec) => {
    for (const [v, ...bytes] of cases) {
      const encoded = codec.encode({ v });
      if (bytes.length > 0) assert.deepEqual(encoded, bytesOf(...bytes));
      assert.deepEqual(codec.decode(encoded), { v });
    }
  });
}

/** The writer throws and names the field. */
function rejects<T>(field: Field<T>, values: readonly unknown[], message: RegExp): void {
  each(field, (codec) => {
    for (const v of values) {
      // What the type checker would not let through is the point of these cases.
      assert.throws(() => codec.encode({ v } as { v: T }), message, String(v));
    }
  });
}

/** The reader refuses the bytes for this reason. */
function refuses<T>(field: Field<T>, reason: number, cases: readonly number[][]): void {
  each(field, (codec) => {
    for (const bytes of cases) {
      const found = codec.refusalOf(bytesOf(...bytes));
      assert.equal(refusalName(found), refusalName(reason), bytes.join(" "));
      assert.equal(codec.decode(bytesOf(...bytes)), undefined);
    }
  });
}

Deno.test("bool is one bit, and nothing but true and false is written", () => {
  carries(t.bool(), [[false, 0], [true, 1]]);
  rejects(t.bool(), [0, 1, "true", null, undefined], /Cannot write Test\.v: .* is not a boolean/);
  refuses(t.bool(), Refusal.padding, [[2], [0x81]]);
  refuses(t.bool(), Refusal.short, [[]]);
  refuses(t.bool(), Refusal.trailing, [[1, 0]]);
});

Deno.test("integers are written relative to their minimum", () => {
  carries(t.u8(), [[0, 0], [255, 255]]);
  carries(t.i8(), [[-128, 0], [0, 128], [127, 255]]);
  carries(t.u16(), [[258, 2, 1]]);
  carries(t.i16(), [[-32768, 0, 0], [32767, 255, 255]]);
  carries(t.u32(), [[4294967295, 255, 255, 255, 255], [1, 1, 0, 0, 0]]);
  carries(t.i32(), [[-2147483648, 0, 0, 0, 0], [2147483647, 255, 255, 255, 255]]);
  carries(t.int(-5, 5), [[-5, 0], [5, 10]]);
  carries(t.int(0, Number.MAX_SAFE_INTEGER), [[Number.MAX_SAFE_INTEGER], [0]]);
  carries(t.int(-(2 ** 52), 2 ** 52 - 1), [[-(2 ** 52)], [-1], [0], [2 ** 52 - 1]]);
  carries(t.tick(), [[4294967295, 255, 255, 255, 255]]);
  carries(t.entityRef(), [[65535, 255, 255]]);
  carries(t.entityRef({ max: 15 }), [[15, 15]]);
});

Deno.test("integers outside their range, fractions and other types are not written", () => {
  const wrong = [-1, 101, 0.5, NaN, Infinity, "5", null, undefined, true, 5n, {}];
  rejects(t.int(0, 100), wrong, /Cannot write Test\.v: .* is not an integer of 0 to 100/);
  rejects(t.u8(), [-1, 256, 1.5], /is not an integer of 0 to 255/);
  rejects(t.u32(), [-1, 4294967296, 0.5], RegExp("is not an integer of 0 to 4294967295"));
  rejects(t.i32(), [-2147483649, 2147483648], /is not an integer of -2147483648 to 2147483647/);
  rejects(t.int(5, 2 ** 40), [4, 2 ** 40 + 1, 5.5], /is not an integer of 5 to 1099511627776/);
  rejects(t.int(-3, 3_000_000_000), [-4, 3_000_000_001, 0.5], /is not an integer of -3/);
  rejects(t.int(7, 7), [6, 8], /is not an integer of 7 to 7/);
  rejects(t.int(0, 3_000_000_000), [-1, 3_000_000_001, 0.5], /of 0 to 3000000000/);
  rejects(t.int(0, 2_000_000_000), [-1, 2_000_000_001, 0.5], /of 0 to 2000000000/);
  rejects(t.int(-2_000_000_000, 9), [-2_000_000_001, 10, 0.5], /of -2000000000 to 9/);
});

Deno.test("a wrong type is a TypeError, a value outside its limits a RangeError", () => {
  each(t.int(0, 9), (codec) => {
    assert.throws(() => codec.encode({ v: 10 }), RangeError);
    assert.throws(() => codec.encode(JSON.parse('{"v":"1"}')), TypeError);
  });
});

Deno.test("floats are finite in both directions", () => {
  carries(t.f32(), [[0, 0, 0, 0, 0], [-0, 0, 0, 0, 0x80], [1.5, 0, 0, 0xc0, 0x3f]]);
  carries(t.f64(), [[-0, 0, 0, 0, 0, 0, 0, 0, 0x80], [0.1], [5e-324], [1.7976931348623157e308]]);
  rejects(t.f32(), [NaN, Infinity, 3.5e38], /is not a finite float32/);
  rejects(t.f32(), ["1", null], /is not a number/);
  rejects(t.f64(), [NaN, -Infinity], /is not a finite number/);
  refuses(t.f32(), Refusal.notFinite, [[0, 0, 0x80, 0x7f], [0, 0, 0x80, 0xff], [1, 0, 0x80, 0x7f]]);
  refuses(t.f64(), Refusal.notFinite, [
    [0, 0, 0, 0, 0, 0, 0xf0, 0x7f],
    [0, 0, 0, 0, 0, 0, 0xf8, 0x7f],
  ]);
});

Deno.test("floats between bits keep their value and their refusals", () => {
  for (const backend of BACKENDS) {
    const codec = compileCodec(
      t.struct({ a: t.bool(), f: t.f32(), b: t.bool(), d: t.f64() }),
      { backend },
    );
    assert.equal(codec.maxBytes, 13);
    const value = { a: true, f: -0.5, b: true, d: 1 / 3 };
    assert.deepEqual(codec.decode(codec.encode(value)), value);
    const infinite = codec.encode({ a: false, f: 1.5, b: false, d: 0 });
    // The exponent of f, all ones, one bit further up than in a float by itself.
    infinite[3] = (infinite[3] ?? 0) | 0x80;
    infinite[4] = 0xff;
    assert.notEqual(codec.refusalOf(infinite), 0);
  }
});

Deno.test("quantized numbers take the nearest step, and half a step outside is still inside", () => {
  const field = t.quantized(0, 10, 0.5);
  carries(field, [[0, 0], [0.5, 1], [10, 20]]);
  each(field, (codec) => {
    assert.deepEqual(codec.encode({ v: 0.7 }), bytesOf(1));
    assert.deepEqual(codec.encode({ v: 10.2 }), bytesOf(20));
    assert.deepEqual(codec.encode({ v: -0.25 }), bytesOf(0));
  });
  rejects(field, [10.3, -0.3, NaN, Infinity, -Infinity], /is not in 0 to 10/);
  rejects(field, ["5", null], /is not a number/);
  refuses(field, Refusal.range, [[21], [31]]);
  carries(t.quantized(-0.7, 0.7, 0.1), [[-0.7, 0], [0, 7], [0.7, 14]]);
});

Deno.test("angles wrap", () => {
  each(t.angle(8), (codec) => {
    assert.deepEqual(codec.encode({ v: 0 }), bytesOf(0));
    assert.deepEqual(codec.encode({ v: Math.PI / 2 }), bytesOf(64));
    assert.deepEqual(codec.encode({ v: -Math.PI / 2 }), bytesOf(192));
    assert.deepEqual(codec.encode({ v: 4.5 * Math.PI }), bytesOf(64));
    assert.deepEqual(codec.decode(bytesOf(192)), { v: -Math.PI / 2 });
  });
  rejects(t.angle(8), [NaN, Infinity], /is not a finite number/);
});

Deno.test("enum values travel as their position", () => {
  const field = t.enum("fist", "bow", "staff");
  carries(field, [["fist", 0], ["staff", 2]]);
  rejects(field, ["laser"], /"laser" is not one of "fist", "bow", "staff"/);
  rejects(field, [0, null], /is not a string/);
  refuses(field, Refusal.tag, [[3]]);
  carries(t.enum("only"), [["only"]]);
  const many = Array.from({ length: 20 }, (_, i) => `value ${i}`);
  carries(t.enum(...many), [["value 0", 0], ["value 19", 19]]);
  rejects(t.enum(...many), ["value 20"], /is not one of .* …/);
  refuses(t.enum(...many), Refusal.tag, [[20], [31]]);
});

Deno.test("flags are bits in the order of their names", () => {
  carries(t.flags("fire", "dash"), [
    [{ fire: true, dash: false }, 1],
    [{ fire: false, dash: true }, 2],
  ]);
  rejects(t.flags("fire"), [{ fire: 1 }, {}], /Cannot write Test\.v\.fire: .* is not a boolean/);
});

Deno.test("varints take the bytes they need", () => {
  carries(t.varint(), [[0, 0], [127, 127], [128, 128, 1], [4294967295, 255, 255, 255, 255, 15]]);
  rejects(t.varint(), [-1, 0.5, 4294967296, "1", 1n], /is not an integer of 0 to 4294967295/);
  refuses(t.varint(), Refusal.varint, [[0x80, 0], [255, 255, 255, 255, 16]]);
  refuses(t.varint(), Refusal.short, [[], [0x80]]);
  refuses(t.varint(), Refusal.trailing, [[1, 1]]);
});

Deno.test("text is bounded in bytes of UTF-8", () => {
  const field = t.string({ maxBytes: 5 });
  carries(field, [["", 0], ["abcde", 5, 97, 98, 99, 100, 101], ["é€", 5, 195, 169, 226, 130, 172]]);
  rejects(field, ["abcdef", "€€"], /6 bytes of UTF-8 exceed the limit of 5/);
  rejects(field, ["a\0", "\ud800"], /free of U\+0000 and unpaired surrogates/);
  rejects(field, [5, null], /is not a string/);
  refuses(field, Refusal.count, [[6, 0, 0, 0, 0, 0, 0], [7]]);
  refuses(field, Refusal.short, [[1], [5, 97, 97, 97, 97]]);
  refuses(field, Refusal.trailing, [[1, 97, 97]]);
  refuses(field, Refusal.padding, [[0x11, 97]]);
});

Deno.test("long text and text beyond ASCII come back", () => {
  const field = t.string({ maxBytes: 1000 });
  carries(field, [
    ["x".repeat(95)],
    ["x".repeat(96)],
    ["x".repeat(97)],
    ["x".repeat(1000)],
    ["ß".repeat(48)],
    ["ß".repeat(500)],
    ["𝄞".repeat(20)],
    ["a𝄞é€".repeat(100)],
    ["\ufeffmark"],
    ["\ufeff" + "x".repeat(200)],
  ]);
});

Deno.test("bytes have a largest or a fixed length, and are copied both ways", () => {
  carries(t.bytes({ maxBytes: 3 }), [[bytesOf(), 0], [bytesOf(1, 2, 3), 3, 1, 2, 3]]);
  carries(t.bytes({ length: 2 }), [[bytesOf(7, 8), 7, 8]]);
  rejects(t.bytes({ maxBytes: 3 }), [new Uint8Array(4)], /4 bytes, but the limit is 3/);
  rejects(t.bytes({ length: 2 }), [new Uint8Array(1)], /1 bytes, but exactly 2 must be there/);
  rejects(t.bytes({ maxBytes: 3 }), [[1, 2], "ab", null], /is not a Uint8Array/);
  refuses(t.bytes({ maxBytes: 2 }), Refusal.count, [[3, 1, 1, 1]]);
  refuses(t.bytes({ length: 2 }), Refusal.short, [[1]]);
  each(t.bytes({ length: 60 }), (codec) => {
    const encoded = codec.encode({ v: new Uint8Array(60).fill(7) });
    const decoded = codec.decode(encoded);
    encoded.fill(0);
    assert.ok(decoded?.v.every((byte) => byte === 7));
  });
});

Deno.test("arrays are a count and elements, packed when small", () => {
  carries(t.array(t.bool(), { max: 20 }), [
    [[], 0],
    [[true, false, true], 3, 5],
    [[true, true, true, true, true, true, true, true, true], 9, 255, 1],
  ]);
  carries(t.array(t.int(0, 7), { max: 7 }), [[[1, 2, 3], 3, 0xd1, 0]]);
  carries(t.array(t.u16(), { length: 2 }), [[[1, 2], 1, 0, 2, 0]]);
  carries(t.array(t.string({ maxBytes: 3 }), { max: 3 }), [[["a", ""], 2, 1, 97, 0]]);
  carries(t.array(t.vec2(t.int(0, 2000)), { max: 9 }), [
    [[{ x: 2000, y: 1 }, { x: 0, y: 2 }, { x: 5, y: 1999 }]],
  ]);
  carries(t.array(t.int(0, 2 ** 31 - 1), { max: 9 }), [[[1, 2 ** 31 - 1, 77, 0]]]);
  carries(t.array(t.int(0, 2 ** 17), { max: 9 }), [[[1, 2 ** 17, 77, 0, 131071]]]);
  const field = t.array(t.int(0, 6), { max: 5, min: 1 });
  rejects(field, [[]], /0 elements, but at least 1 must be there/);
  rejects(field, [[1, 1, 1, 1, 1, 1]], /6 elements, but the limit is 5/);
  rejects(field, [[1, 7]], /Cannot write Test\.v\[1\]: 7 is not an integer of 0 to 6/);
  rejects(field, ["abc", { length: 1 }], /is not an array/);
  refuses(field, Refusal.count, [[5, 0]]);
  refuses(field, Refusal.range, [[1, 0x39]]);
  refuses(field, Refusal.padding, [[1, 0x41]]);
  refuses(field, Refusal.short, [[2]]);
});

Deno.test("maps have ascending keys, by value, position or bytes", () => {
  const byText = t.map(t.string({ maxBytes: 4 }), t.u8(), { max: 3 });
  carries(byText, [[new Map([["a", 1], ["b", 2]]), 2, 0x09, 0x00, 97, 0x11, 0x00, 98]]);
  each(byText, (codec) => {
    assert.deepEqual(
      codec.encode({ v: new Map([["b", 2], ["a", 1]]) }),
      codec.encode({ v: new Map([["a", 1], ["b", 2]]) }),
    );
    const order = [
      ...codec.decode(codec.encode({ v: new Map([["\u{10000}", 1], ["\ufffd", 2]]) }))?.v ?? [],
    ];
    assert.deepEqual(order, [["\ufffd", 2], ["\u{10000}", 1]]);
  });
  const byEnum = t.map(t.enum("z", "a"), t.bool(), { max: 2 });
  carries(byEnum, [[new Map([["z", true], ["a", false]]), 2, 2, 1]]);
  refuses(byEnum, Refusal.keyOrder, [[2, 1, 2], [2, 2, 2], [2, 1, 1]]);
  const byNumber = t.map(t.int(-5, 5), t.u8(), { max: 9 });
  carries(byNumber, [[new Map([[0, 2], [-5, 1]]), 2, 0x10, 0x00, 0x25, 0x00]]);
  refuses(byNumber, Refusal.keyOrder, [[2, 0x25, 0x00, 0x10, 0x00], [2, 0x10, 0, 0x10, 0]]);
  rejects(byNumber, [new Map([[6, 1]])], /Cannot write Test\.v\.key: 6 is not an integer/);
  rejects(byNumber, [new Map([[1, 256]])], /Cannot write Test\.v\[1\]: 256 is not an integer/);
  rejects(
    byText,
    [new Map([["a", 1], ["b", 1], ["c", 1], ["d", 1]])],
    /4 entries, but the limit is 3/,
  );
  rejects(byText, [{ a: 1 }, []], /is not a Map/);
});

Deno.test("an absent value is one bit, a present one a block", () => {
  carries(t.u16().optional(), [[undefined, 0], [258, 1, 2, 1]]);
  carries(t.struct({ a: t.u8() }).optional(), [[undefined, 0], [{ a: 9 }, 1, 9]]);
  rejects(t.u16().optional(), [null, 65536], /is not an integer of 0 to 65535/);
  refuses(t.u16().optional(), Refusal.short, [[1], [1, 2]]);
  refuses(t.u16().optional(), Refusal.trailing, [[0, 0]]);
});

Deno.test("a union is the number of its variant and that variant's block", () => {
  const field = t.union("kind", {
    move: { to: t.u8() },
    stop: {},
    say: { text: t.string({ maxBytes: 3 }) },
  });
  carries(field, [
    [{ kind: "move", to: 5 }, 0, 5],
    [{ kind: "stop" }, 1],
    [{ kind: "say", text: "a" }, 2, 1, 97],
  ]);
  rejects(field, [{ kind: "fly" }, { to: 5 }], /Cannot write Test\.v\.kind: /);
  rejects(field, [{ kind: "move", to: 256 }], /Cannot write Test\.v\.to: 256 is not/);
  rejects(field, [null, undefined], /is not an object/);
  refuses(field, Refusal.tag, [[3]]);
  refuses(field, Refusal.short, [[0]]);
});

Deno.test("rotations refuse zero and half a quaternion", () => {
  const field = t.quat(10);
  carries(field, [[{ x: 0, y: 0, z: 0, w: 1 }]]);
  rejects(field, [{ x: 0, y: 0, z: 0, w: 0 }], /the zero quaternion is not a rotation/);
  rejects(field, [{ x: 0, y: 0, z: 0 }], /Cannot write Test\.v\.w: undefined is not a number/);
  rejects(
    field,
    [{ x: NaN, y: 0, z: 0, w: 1 }],
    /Cannot write Test\.v\.x: NaN is not a finite number/,
  );
  refuses(field, Refusal.quaternion, [[0xff, 0xff, 0xff, 0xff]]);
});

Deno.test("vectors are structs of their axis", () => {
  carries(t.vec2(t.u8()), [[{ x: 1, y: 2 }, 1, 2]]);
  carries(t.vec3(t.u8()), [[{ x: 1, y: 2, z: 3 }, 1, 2, 3]]);
  rejects(t.vec2(t.u8()), [{ x: 1 }], /Cannot write Test\.v\.y: undefined is not an integer/);
});

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
