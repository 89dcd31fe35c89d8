/**
 * Conformance to the wire of serialize 1.0; see serialize_vectors.ts for the source of the figures.
 * What our language can declare goes through both backends; the rest of the golden message goes
 * through the bit cursors that the interpreter uses.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  type Backend,
  type Codec,
  compileCodec,
  type Field,
  Refusal,
  t,
} from "../../schema/mod.ts";
import { BitReader } from "../../schema/wire/bit_reader.ts";
import { BitWriter } from "../../schema/wire/bit_writer.ts";
import { bitsRequired } from "../../schema/wire/bits.ts";
import {
  BenchRandom,
  fromHex,
  GOLDEN,
  GOLDEN_BITS,
  type Pin,
  PIN_BITS,
  PIN_GEN,
  PIN_INT,
  PIN_STREAM,
  type Vary,
  varyGen,
} from "./serialize_vectors.ts";

const BACKENDS: readonly Backend[] = ["jit", "interpreter"];

function bits(count: number): Field<number> {
  return t.int(0, 2 ** count - 1);
}

/** Encodes 64 variants, holds the first and last against the pin, and decodes all of them. */
function checkPin<T extends object>(field: Field<T>, vary: Vary<T>, pin: Pin): void {
  for (const backend of BACKENDS) {
    const codec = compileCodec(field, { backend });
    const random = new BenchRandom();
    for (let variant = 0; variant < 64; variant++) {
      const value = vary(random);
      const bytes = codec.encode(value);
      assert.equal(bytes.length, pin.bytes);
      if (variant === 0) assert.deepEqual(bytes, fromHex(pin.variant0));
      if (variant === 63) assert.deepEqual(bytes, fromHex(pin.variant63));
      assert.deepEqual(codec.decode(bytes), value);
    }
  }
}

Deno.test("the mixed packet of serialize's bench comes out byte for byte", () => {
  const field = t.struct({
    sequence: t.u16(),
    ackBits: t.u32(),
    entityId: bits(12),
    posX: t.int(-16384, 16383),
    posY: t.int(-16384, 16383),
    posZ: t.int(-16384, 16383),
    yaw: bits(9),
    moving: t.bool(),
    firing: t.bool(),
    timestampLow: t.u32(),
    timestampHigh: t.u16(),
    weapon: t.int(0, 15),
  });
  checkPin(field, varyGen, PIN_GEN);
});

Deno.test("ten ranged integers come out byte for byte", () => {
  const field = t.struct({
    f0: t.int(-100, 100),
    f1: t.int(0, 65535),
    f2: t.int(-1000000, 1000000),
    f3: t.int(0, 3),
    f4: t.int(-15, 15),
    f5: t.int(0, 1000),
    f6: t.int(-2048, 2047),
    f7: t.int(0, 255),
    f8: t.int(-600000, 600000),
    f9: t.int(0, 100),
  });
  checkPin(field, (random) => {
    random.step();
    return {
      f0: (random.bits(8) & 63) - 32,
      f1: random.bits(16) & 65535,
      f2: (random.bits(24) & 0xfffff) - 500000,
      f3: random.bits(2) & 3,
      f4: (random.bits(11) & 15) - 8,
      f5: random.bits(22) & 511,
      f6: (random.bits(33) & 2047) - 1024,
      f7: random.bits(40) & 255,
      f8: (random.bits(30) & 0xfffff) - 500000,
      f9: random.bits(57) & 63,
    };
  }, PIN_INT);
});

Deno.test("widths up to 48 bits come out byte for byte", () => {
  const field = t.struct({
    b7: bits(7),
    b13: bits(13),
    b23: bits(23),
    b3: bits(3),
    b32: bits(32),
    b11: bits(11),
    b19: bits(19),
    b48: bits(48),
  });
  checkPin(field, (random) => {
    random.step();
    return {
      b7: random.bits(0) & 127,
      b13: random.bits(3) & 8191,
      b23: random.bits(5) & 8388607,
      b3: random.bits(29) & 7,
      b32: random.bits(16),
      b11: random.bits(37) & 2047,
      b19: random.bits(44) & 524287,
      b48: random.bits(0) + (random.bits(32) & 0xffff) * 2 ** 32,
    };
  }, PIN_BITS);
});

Deno.test("floats between bits and a block of bytes at the end come out byte for byte", () => {
  const field = t.struct({
    a: t.int(-100, 100),
    b: t.int(0, 65535),
    c: t.int(-1000000, 1000000),
    bits7: bits(7),
    bits13: bits(13),
    bits23: bits(23),
    flag: t.bool(),
    x: t.f32(),
    y: t.f32(),
    z: t.f32(),
    low: t.u32(),
    high: t.u32(),
    blob: t.bytes({ length: 17 }),
  });
  checkPin(field, (random) => {
    random.step();
    const blob = Uint8Array.from({ length: 17 }, (_, i) => i * 31);
    blob[0] = random.bits(32);
    return {
      a: (random.bits(8) & 63) - 32,
      b: random.bits(16) & 65535,
      c: (random.bits(24) & 0xfffff) - 500000,
      bits7: random.bits(0) & 127,
      bits13: random.bits(3) & 8191,
      bits23: random.bits(5) & 8388607,
      flag: (random.bits(0) & 1) !== 0,
      x: random.bits(0) & 0xffff,
      y: -3.25,
      z: 100.125,
      low: random.bits(0),
      high: random.bits(32),
      blob,
    };
  }, PIN_STREAM);
});

Deno.test("the fixed part of the golden message comes out bit for bit", () => {
  const field = t.struct({
    bits4: bits(4),
    bits11: bits(11),
    bits24: bits(24),
    bits32: bits(32),
    intSmall: t.int(-100, 100),
    intFull: t.i32(),
    flag: t.bool(),
    float: t.f32(),
    compressed: t.compressedFloat(0, 10, 0.01),
    double: t.f64(),
    u8: t.u8(),
    u16: t.u16(),
    u32: t.u32(),
    u64Low: t.u32(),
    u64High: t.u32(),
  });
  const value = {
    bits4: 13,
    bits11: 1445,
    bits24: 11259375,
    bits32: 0xdeadbeef,
    intSmall: -37,
    intFull: -123456789,
    flag: true,
    float: Math.fround(3.1415926),
    compressed: 5,
    double: 1 / 3,
    u8: 0x7f,
    u16: 0x1234,
    u32: 0x12345678,
    u64Low: 0x9abcdef0,
    u64High: 0x12345678,
  };
  for (const backend of BACKENDS) {
    const codec = compileCodec(field, { backend });
    const bytes = codec.encode(value);
    // 338 bits: 42 whole bytes and two bits, after which the golden message goes on.
    assert.equal(bytes.length, 43);
    assert.deepEqual(bytes.subarray(0, 42), GOLDEN.subarray(0, 42));
    assert.equal(bytes[42], (GOLDEN[42] ?? 0) & 3);
    assert.deepEqual(codec.decode(bytes), value);
  }
});

/** The golden message as reads and writes of bits, in order; each returns the value on the wire. */
type Cursor = (value: bigint, count: number) => bigint;

interface Golden {
  readonly bits: Cursor;
  readonly align: () => void;
}

function runGolden({ bits, align }: Golden): void {
  const float = new DataView(new ArrayBuffer(8));
  bits(13n, 4);
  bits(1445n, 11);
  bits(11259375n, 24);
  bits(0xdeadbeefn, 32);
  bits(-37n + 100n, bitsRequired(-100, 100));
  bits(-123456789n + 2147483648n, 32);
  bits(1n, 1);
  float.setFloat32(0, Math.fround(3.1415926));
  bits(BigInt(float.getUint32(0)), 32);
  bits(500n, bitsRequired(0, 1000));
  float.setFloat64(0, 1 / 3);
  bits(float.getBigUint64(0), 64);
  bits(0x7fn, 8);
  bits(0x1234n, 16);
  bits(0x12345678n, 32);
  bits(0x123456789abcdef0n, 64);
  bits(1n, 1); // int_relative 100 -> 101: the first rung
  bits(0b10000n, 5); // int_relative 100 -> 2100: the fifth rung, then 13 bits above 281
  bits(2000n - 281n, 13);
  align();
  for (const byte of [0xde, 0xad, 0xbe, 0xef, 0xca, 0xfe, 0x01]) bits(BigInt(byte), 8);
  bits(6n, bitsRequired(0, 15));
  align();
  for (const byte of new TextEncoder().encode("golden")) bits(BigInt(byte), 8);
  bits(3n, bitsRequired(0, 7));
  for (const unit of [0x043c, 0x0438, 0x0440]) bits(BigInt(unit), 32);
  align();
  bits(BigInt(-(3 * 256 + 64) + 100 * 256), 16);
  bits(BigInt(1234 * 65536 + 32768 + 2000 * 65536), bitsRequired(0, 4000 * 65536));
  bits(-(54321n * 65536n + 12345n) + 100000n * 65536n, bitsRequired(0, 200000 * 65536));
  bits(BigInt(29999 * 65536 + 65535), bitsRequired(0, 30000 * 65536));
  align();
  bits(-(98765432109n * 65536n + 4321n) + (1n << 57n) * 65536n, 75);
  bits((0x0123456789abcdefn << 64n) + 0x0fedcba987654321n + (1n << 127n), 128);
}

/** Groups of 32 bits from the bottom, as the standard splits wide values. */
function groups(count: number): number[] {
  return Array.from({ length: Math.ceil(count / 32) }, (_, i) => Math.min(32, count - i * 32));
}

function writeGolden(): Uint8Array {
  const bytes = new Uint8Array(112);
  const writer = new BitWriter();
  writer.reset(new DataView(bytes.buffer), 0);
  runGolden({
    bits(value, count) {
      groups(count).forEach((width, i) => {
        writer.writeBits(Number((value >> BigInt(i * 32)) & 0xffffffffn), width);
      });
      return value;
    },
    align: () => writer.align(),
  });
  assert.equal(writer.pendingBits, GOLDEN_BITS % 8);
  writer.align();
  assert.equal(writer.byteOffset, GOLDEN.length);
  return bytes;
}

/** Whether `bytes` hold the golden values; reads to the end whatever they hold. */
function readsGolden(bytes: Uint8Array): boolean {
  const reader = new BitReader();
  reader.reset(new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length);
  let same = true;
  runGolden({
    bits(value, count) {
      let read = 0n;
      groups(count).forEach((width, i) => {
        read |= BigInt(reader.readBits(width)) << BigInt(i * 32);
      });
      same &&= read === value;
      return read;
    },
    align() {
      same &&= reader.align();
    },
  });
  return same && !reader.failed;
}

Deno.test("bit cursors write and read the golden message of 891 bits", () => {
  assert.deepEqual(writeGolden(), GOLDEN);
  assert.ok(readsGolden(GOLDEN));
});

Deno.test("bit cursors notice every flipped bit and every cut of the golden message", () => {
  for (let bit = 0; bit < GOLDEN_BITS; bit++) {
    const doctored = GOLDEN.slice();
    doctored[bit >> 3] = (doctored[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.equal(readsGolden(doctored), false, `bit ${bit}`);
  }
  for (let length = 0; length < GOLDEN.length; length++) {
    assert.equal(readsGolden(GOLDEN.subarray(0, length)), false, `${length} bytes`);
  }
});

Deno.test("bytes behind the end of the data are never looked at", () => {
  const poisoned = new Uint8Array(256).fill(0xff);
  poisoned.set(GOLDEN);
  assert.ok(readsGolden(poisoned.subarray(0, GOLDEN.length)));
  assert.equal(readsGolden(poisoned.subarray(0, GOLDEN.length - 1)), false);
});

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
      t.struct({ head: bits(3), v: t.string({ maxBytes: 7 }), tail: t.bytes({ length: 1 }) }),
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
