import assert from "node:assert/strict";
import { compileCodec, Refusal, t } from "../../schema/mod.ts";
import { BACKENDS, bytesOf, carries, each, refuses, rejects } from "./one_field.ts";

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
