/**
 * What serialize 1.0 refuses, and the neighbor that it accepts; see serialize_vectors.ts for the source
 * of the figures.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Backend, type Codec, compileCodec, Refusal, t } from "../../schema/mod.ts";
import { BitReader } from "../../schema/wire/bit_reader.ts";
import { bitsRequired } from "../../schema/wire/bits.ts";
import { BACKENDS } from "./one_field.ts";
import { fromHex } from "./serialize_vectors.ts";

Deno.test("the worked example of the standard decodes as its text says", () => {
  const reader = new BitReader();
  const bytes = fromHex("e3210000c02100000022000000");
  reader.reset(new DataView(bytes.buffer), 0, bytes.length);
  assert.equal(reader.readBits(3), 3);
  assert.deepEqual([32, 32, 32].map((width) => reader.readBits(width)), [0x043c, 0x0438, 0x0440]);
  assert.equal(reader.bitsLeft, 5);
  assert.ok(reader.align());
});

function oneInt(min: number, max: number, backend: Backend): Codec<{ v: number }> {
  return compileCodec(t.struct({ v: t.int(min, max) }), { backend });
}

Deno.test("an integer in the headroom of its bits is refused, its neighbor in range accepted", () => {
  const cases: readonly (readonly [number, number, number, number])[] = [
    [0, 6, 7, 6],
    [10, 16, 7, 6],
    [-5, 5, 11, 10],
    [-5, 5, 15, 10],
    [0, 100, 101, 100],
  ];
  for (const backend of BACKENDS) {
    for (const [min, max, refused, accepted] of cases) {
      const codec = oneInt(min, max, backend);
      assert.equal(codec.refusalOf(Uint8Array.of(refused)), Refusal.range);
      assert.deepEqual(codec.decode(Uint8Array.of(accepted)), { v: min + accepted });
    }
  }
});

Deno.test("an integer of 35 bits is refused above its range and accepted at its end", () => {
  const encode = (raw: bigint): Uint8Array => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, raw, true);
    return bytes.subarray(0, 5);
  };
  for (const backend of BACKENDS) {
    const codec = oneInt(0, 2 ** 34, backend);
    assert.equal(codec.refusalOf(encode((1n << 34n) + 5n)), Refusal.range);
    assert.equal(codec.refusalOf(encode((1n << 34n) + 1n)), Refusal.range);
    assert.deepEqual(codec.decode(encode(1n << 34n)), { v: 2 ** 34 });
    const signed = oneInt(-5_000_000_000, 5_000_000_000, backend);
    assert.equal(signed.refusalOf(encode(10_000_000_001n)), Refusal.range);
    assert.deepEqual(signed.decode(encode(10_000_000_000n)), { v: 5_000_000_000 });
  }
});

Deno.test("a range that fills its bits refuses no pattern", () => {
  for (const backend of BACKENDS) {
    const codec = oneInt(-4, 3, backend);
    for (let raw = 0; raw < 8; raw++) {
      assert.deepEqual(codec.decode(Uint8Array.of(raw)), { v: raw - 4 });
    }
    const full = oneInt(-2147483648, 2147483647, backend);
    for (const v of [-2147483648, -1, 0, 1, 2147483647]) {
      assert.deepEqual(full.decode(full.encode({ v })), { v });
    }
    assert.deepEqual(full.encode({ v: -2147483648 }), Uint8Array.of(0, 0, 0, 0));
  }
});

Deno.test("a range of one value takes no bits and moves nothing", () => {
  for (const backend of BACKENDS) {
    for (const v of [42, 0, -1, -2147483648, 2147483647, Number.MAX_SAFE_INTEGER]) {
      const codec = oneInt(v, v, backend);
      assert.equal(codec.encode({ v }).length, 0);
      assert.deepEqual(codec.decode(new Uint8Array(0)), { v });
      assert.throws(() => codec.encode({ v: v - 1 }), RangeError);
    }
    const between = compileCodec(
      t.struct({ a: t.int(0, 15), fixed: t.int(7, 7), b: t.u8() }),
      { backend },
    );
    assert.deepEqual(between.encode({ a: 13, fixed: 7, b: 200 }), Uint8Array.of(0x8d, 0x0c));
  }
});

Deno.test("bits_required agrees with the standard's examples", () => {
  const cases: readonly (readonly [number, number, number])[] = [
    [0, 0, 0],
    [0, 1, 1],
    [0, 7, 3],
    [0, 8, 4],
    [-100, 100, 8],
    [-2147483648, 2147483647, 32],
    [0, 2 ** 32, 33],
    [0, 2 ** 34, 35],
    [-5_000_000_000, 5_000_000_000, 34],
    [0, Number.MAX_SAFE_INTEGER, 53],
  ];
  for (const [min, max, expected] of cases) assert.equal(bitsRequired(min, max), expected);
});

Deno.test("padding is zero, and any bit in it is refused", () => {
  for (const backend of BACKENDS) {
    const codec = compileCodec(t.struct({ a: t.bool(), b: t.bytes({ length: 1 }) }), { backend });
    assert.deepEqual(
      codec.encode({ a: true, b: Uint8Array.of(0xab) }),
      Uint8Array.of(0x01, 0xab),
    );
    for (let bit = 1; bit < 8; bit++) {
      assert.equal(codec.refusalOf(Uint8Array.of(1 | (1 << bit), 0xab)), Refusal.padding);
    }
  }
});

Deno.test("text is a length in as few bits as its limit needs, then bytes at a byte boundary", () => {
  for (const backend of BACKENDS) {
    const text = (maxBytes: number) =>
      compileCodec(t.struct({ v: t.string({ maxBytes }) }), { backend });
    assert.deepEqual(text(63).encode({ v: "golden" }), fromHex("06676f6c64656e"));
    assert.deepEqual(text(7).encode({ v: "hi" }), fromHex("026869"));
    assert.deepEqual(text(999).encode({ v: "hi" }), fromHex("02006869"));
    const padded = compileCodec(
      t.struct({ head: t.int(0, 7), v: t.string({ maxBytes: 7 }), tail: t.bytes({ length: 1 }) }),
      { backend },
    );
    // An empty text still ends at a byte boundary.
    assert.deepEqual(
      padded.encode({ head: 5, v: "", tail: Uint8Array.of(0xa5) }),
      fromHex("05a5"),
    );
  }
});

Deno.test("text refuses malformed UTF-8 and U+0000, and accepts the nearest well-formed bytes", () => {
  const refused = [
    "fffeff",
    "61e2",
    "006162",
    "610062",
    "616200",
    "c181",
    "e09fbf",
    "f08fbfbf",
    "eda080",
    "edbfbf",
    "f4908080",
    "f5808080",
    "80",
    "c2",
    "c27f",
    "e1807f",
    "f1808041",
  ];
  const accepted: readonly (readonly [string, string])[] = [
    ["61c3a9", "aé"],
    ["61e282ac", "a€"],
    ["610162", "a\u0001b"],
    ["c280", "\u0080"],
    ["e0a080", "\u0800"],
    ["f0908080", "\u{10000}"],
    ["ed9fbf", "\ud7ff"],
    ["ee8080", "\ue000"],
    ["f48fbfbf", "\u{10ffff}"],
    ["7f", "\u007f"],
    ["efbbbf61", "\ufeffa"],
  ];
  for (const backend of BACKENDS) {
    const codec = compileCodec(t.struct({ v: t.string({ maxBytes: 15 }) }), { backend });
    const wire = (digits: string) => {
      const payload = fromHex(digits);
      return Uint8Array.of(payload.length, ...payload);
    };
    for (const digits of refused) {
      assert.equal(codec.refusalOf(wire(digits)), Refusal.text, digits);
    }
    for (const [digits, v] of accepted) assert.deepEqual(codec.decode(wire(digits)), { v });
  }
});

function compressed(min: number, max: number, resolution: number, backend: Backend) {
  return compileCodec(t.struct({ v: t.compressedFloat(min, max, resolution) }), { backend });
}

Deno.test("compressed floats round twice in float32, as values between quanta show", () => {
  for (const backend of BACKENDS) {
    const codec = compressed(0, 10, 0.01, backend);
    const table = [[0.005, 1], [0.025, 3], [0.105, 11], [9.995, 1000], [2.5, 250]] as const;
    for (const [v, integer] of table) {
      assert.deepEqual(codec.encode({ v }), Uint8Array.of(integer & 255, integer >> 8), `${v}`);
    }
  }
});

Deno.test("compressed floats with a negative minimum decode to the published float32 patterns", () => {
  const field = t.compressedFloat(-100, 100, 0.01);
  const scratch = new DataView(new ArrayBuffer(4));
  const pattern = (value: number): number => {
    scratch.setFloat32(0, value);
    assert.equal(scratch.getFloat32(0), value, "not a float32");
    return scratch.getUint32(0);
  };
  for (const backend of BACKENDS) {
    const codec = compileCodec(t.struct({ a: field, b: field, c: field }), { backend });
    const bytes = fromHex("10a706808206");
    assert.deepEqual(codec.encode({ a: 0, b: -99.875, c: -33.34 }), bytes);
    const { a = NaN, b = NaN, c = NaN } = codec.decode(bytes) ?? {};
    assert.deepEqual([a, b, c].map(pattern), [0x00000000, 0xc2c7bd71, 0xc2055c2a]);
    const one = compressed(-100, 100, 0.01, backend);
    assert.equal(pattern(one.decode(Uint8Array.of(384 & 255, 384 >> 8))?.v ?? NaN), 0xc2c051ec);
  }
});

Deno.test("compressed floats refuse integers above the last and accept the last", () => {
  for (const backend of BACKENDS) {
    const codec = compressed(0, 10, 0.01, backend);
    const wire = (integer: number) => Uint8Array.of(integer & 255, integer >> 8);
    assert.equal(codec.refusalOf(wire(1001)), Refusal.range);
    assert.equal(codec.refusalOf(wire(1023)), Refusal.range);
    assert.deepEqual(codec.decode(wire(1000)), { v: 10 });
  }
});

Deno.test("compressed floats clamp what is finite and refuse to write what is not", () => {
  for (const backend of BACKENDS) {
    const codec = compressed(-100, 100, 0.01, backend);
    assert.deepEqual(codec.encode({ v: -200 }), codec.encode({ v: -100 }));
    assert.deepEqual(codec.encode({ v: 200 }), codec.encode({ v: 100 }));
    assert.deepEqual(codec.decode(codec.encode({ v: 3.4028234663852886e38 })), { v: 100 });
    for (const v of [NaN, Infinity, -Infinity, 3.5e38]) {
      assert.throws(() => codec.encode({ v }), RangeError);
    }
  }
});

Deno.test("compressed floats cap their quanta below 2^32", () => {
  for (const backend of BACKENDS) {
    const codec = compressed(0, 1e10, 1, backend);
    assert.equal(codec.maxBytes, 4);
    // 2,147,483,520: exactly half way.
    assert.deepEqual(codec.encode({ v: 5e9 }), fromHex("80ffff7f"));
    assert.deepEqual(codec.decode(codec.encode({ v: 5e9 })), { v: 5e9 });
  }
});
