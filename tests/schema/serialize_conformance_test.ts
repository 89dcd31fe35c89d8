/**
 * Conformance to the wire of serialize 1.0, byte for byte, by both backends; see serialize_vectors.ts
 * for the source of the figures. What the standard refuses is in serialize_refusals_test.ts.
 *
 * @module
 */
import assert from "node:assert/strict";
import { compileCodec, type Field, t } from "../../schema/mod.ts";
import { BACKENDS } from "./one_field.ts";
import {
  BenchRandom,
  fromHex,
  GOLDEN,
  type Pin,
  PIN_BITS,
  PIN_GEN,
  PIN_INT,
  PIN_STREAM,
  type Vary,
  varyGen,
} from "./serialize_vectors.ts";

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
