import assert from "node:assert/strict";
import fc from "fast-check";
import { encode } from "npm:@msgpack/msgpack@3.1.3";
import { type AnyOptions, type AnyValue, compileCodec, Refusal, t } from "../../schema/mod.ts";
import { scanMsgpack } from "../../schema/wire/msgpack_scan.ts";
import { dynamic } from "../property/schema_arbitrary.ts";
import { fromHex } from "./serialize_vectors.ts";

const codec = compileCodec(t.struct({ v: t.any({ maxBytes: 400, maxDepth: 5, maxItems: 40 }) }));

function scan(bytes: Uint8Array, maxDepth = 5, maxItems = 40): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return scanMsgpack(view, 0, bytes.length, maxDepth, maxItems);
}

/**
 * Values with their canonical encoding first and other encodings of the same value after it.
 * Source: kawanet/msgpack-test-suite (MIT), dist/msgpack-test-suite.json.
 */
const VECTORS: readonly (readonly [AnyValue, ...string[]])[] = [
  [null, "c0"],
  [false, "c2"],
  [true, "c3"],
  [fromHex(""), "c400", "c50000", "c600000000"],
  [fromHex("00ff"), "c40200ff", "c5000200ff", "c60000000200ff"],
  [0, "00", "cc00", "cd0000", "cf0000000000000000", "d000", "d3" + "00".repeat(8), "ca00000000"],
  [1, "01", "cc01", "ce00000001", "d001", "ca3f800000", "cb3ff0000000000000"],
  [127, "7f", "cc7f", "cd007f", "ce0000007f"],
  [128, "cc80", "cd0080", "d10080", "cf0000000000000080"],
  [255, "ccff", "cd00ff", "d100ff"],
  [256, "cd0100", "ce00000100", "d10100"],
  [65535, "cdffff", "ce0000ffff", "d20000ffff"],
  [65536, "ce00010000", "cf0000000000010000", "d200010000"],
  [2147483648, "ce80000000", "d30000000080000000", "ca4f000000", "cb41e0000000000000"],
  [4294967295, "ceffffffff", "cf00000000ffffffff", "cb41efffffffe00000"],
  [4294967296, "cf0000000100000000", "d30000000100000000", "ca4f800000", "cb41f0000000000000"],
  [281474976710656, "cf0001000000000000", "d30001000000000000", "cb42f0000000000000"],
  [-1, "ff", "d0ff", "d1ffff", "d2ffffffff", "d3ffffffffffffffff", "cabf800000"],
  [-32, "e0", "d0e0", "d1ffe0"],
  [-33, "d0df", "d1ffdf"],
  [-128, "d080", "d1ff80"],
  [-256, "d1ff00", "d2ffffff00"],
  [-32768, "d18000", "d2ffff8000"],
  [-65536, "d2ffff0000", "d3ffffffffffff0000"],
  [-2147483648, "d280000000", "d3ffffffff80000000", "cbc1e0000000000000"],
  [-4294967296, "d3ffffffff00000000", "cbc1f0000000000000"],
  [0.5, "cb3fe0000000000000", "ca3f000000"],
  ["", "a0", "d900", "da0000", "db00000000"],
  ["a", "a161", "d90161", "da000161"],
  ["1".repeat(31), "bf" + "31".repeat(31), "d91f" + "31".repeat(31)],
  ["1".repeat(32), "d920" + "31".repeat(32), "da0020" + "31".repeat(32)],
  ["🍺", "a4f09f8dba", "d904f09f8dba"],
  [[], "90", "dc0000", "dd00000000"],
  [[1], "9101", "dc000101"],
  [
    Array.from({ length: 16 }, (_, i) => i + 1),
    "dc00100102030405060708090a0b0c0d0e0f10",
    "dd000000100102030405060708090a0b0c0d0e0f10",
  ],
  [{}, "80", "de0000", "df00000000"],
  [{ a: 1 }, "81a16101", "de0001a16101"],
  [{ a: [] }, "81a16190", "de0001a16190"],
];

Deno.test("each value has one encoding; every longer form of it is refused", () => {
  for (const [value, canonical = "", ...others] of VECTORS) {
    const bytes = fromHex(canonical);
    const encoded = codec.encode({ v: value });
    assert.deepEqual(encoded.subarray(2), bytes);
    assert.deepEqual(codec.decode(encoded), { v: value });
    for (const other of others) assert.equal(scan(fromHex(other)), false, other);
  }
});

Deno.test("the scan accepts exactly what the library writes with sorted keys", () => {
  fc.assert(
    fc.property(dynamic(), (value) => {
      const bytes = encode(value, { sortKeys: true, ignoreUndefined: true });
      assert.ok(scan(bytes, 32, 10_000));
      for (let length = 0; length < bytes.length; length++) {
        assert.equal(scan(bytes.subarray(0, length), 32, 10_000), false);
      }
      assert.equal(scan(Uint8Array.of(...bytes, 0xc0), 32, 10_000), false);
    }),
    { seed: 1, numRuns: 1_500 },
  );
});

Deno.test("whatever the scan accepts decodes and is written back as it was", () => {
  const mutated = fc.tuple(dynamic(), fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
    const bytes = encode(value, { sortKeys: true });
    bytes[at % bytes.length] = byte;
    return bytes;
  });
  let accepted = 0;
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 12 })), (bytes) => {
      if (bytes.length === 0 || bytes.length > 400 || !scan(bytes)) return;
      accepted++;
      const wire = new Uint8Array(2 + bytes.length);
      new DataView(wire.buffer).setUint16(0, bytes.length - 1, true);
      wire.set(bytes, 2);
      const value = codec.decode(wire);
      assert.ok(value !== undefined);
      assert.deepEqual(codec.encode(value), wire);
    }),
    { seed: 2, numRuns: 8_000 },
  );
  assert.ok(accepted > 1_000, `${accepted} accepted`);
});

Deno.test("types and forms that are not in the closed set are refused", () => {
  const refused = [
    "c1", // never used
    "d6ff5a4af6a5", // timestamp
    "c70cff3b9ac9ffffffffffffffffff",
    "d40100", // extension
    "c8000001",
    "ca3fc00000", // float 32
    "cb7ff8000000000000", // NaN
    "cb7ff0000000000000", // infinity
    "cb8000000000000000", // -0
    "cb4330000000000000", // 2^52, an integer
    "cf0020000000000000", // 2^53, beyond safe integers
    "cfffffffffffffffff",
    "d3ffe0000000000000", // -2^53
    "d38000000000000000",
    "a2c328", // malformed UTF-8
    "a1ff",
    "a3efbbbf", // a leading byte order mark
    "81016161", // a key that is no text
    "82a16101a16102", // a key twice
    "82a16201a16102", // keys that descend
    "81a95f5f70726f746f5f5f01", // __proto__
    "92", // cut short
    "dd7fffffff", // a count without elements
    "df7fffffff",
    "dbffffffff",
    "c6ffffffff",
  ];
  for (const digits of refused) assert.equal(scan(fromHex(digits)), false, digits);
  const accepted = [
    "cf001fffffffffffff",
    "d3ffe0000000000001",
    "cb4340000000000000",
    "82a16101a16202",
  ];
  for (const digits of accepted) assert.ok(scan(fromHex(digits)), digits);
});

Deno.test("keys ascend by UTF-16 units, as JavaScript sorts them", () => {
  const value = { "\u{10000}": 1, "\uffee": 2, "\ue000": 3, a: 4, "10": 5, "9": 6 };
  const encoded = codec.encode({ v: value });
  assert.deepEqual(codec.decode(encoded), { v: value });
  // U+FFEE before U+10000 is the order of UTF-8 bytes, not this one.
  assert.equal(scan(fromHex("82a3efbfae02a4f090808001")), false);
  assert.ok(scan(fromHex("82a4f090808001a3efbfae02")));
});

function nested(depth: number): AnyValue {
  return depth <= 1 ? 1 : [nested(depth - 1)];
}

function limited(options: AnyOptions) {
  return compileCodec(t.struct({ v: t.any(options) }), { name: "Test" });
}

Deno.test("depth, items and bytes are limited on both sides", () => {
  const deep = limited({ maxBytes: 99, maxDepth: 3 });
  assert.deepEqual(deep.decode(deep.encode({ v: nested(3) })), { v: nested(3) });
  assert.throws(() => deep.encode({ v: nested(4) }), /Test\.v\[0\]\[0\]\[0\]: nested deeper/);
  assert.ok(scan(fromHex("919101"), 3));
  assert.equal(scan(fromHex("91919101"), 3), false);

  const few = limited({ maxBytes: 99, maxItems: 4 });
  assert.deepEqual(few.decode(few.encode({ v: [1, 2, 3] })), { v: [1, 2, 3] });
  assert.throws(() => few.encode({ v: [1, 2, 3, 4] }), /more than 4 values/);
  assert.throws(() => few.encode({ v: { a: 1, b: 2 } }), /more than 4 values/);
  assert.ok(scan(fromHex("93010203"), 9, 4));
  assert.equal(scan(fromHex("9401020304"), 9, 4), false);
  assert.ok(scan(fromHex("81a16101"), 9, 3));
  assert.equal(scan(fromHex("82a16101a16202"), 9, 4), false);

  const small = limited({ maxBytes: 3 });
  assert.deepEqual(small.encode({ v: "ab" }), fromHex("02a26162"));
  assert.throws(() => small.encode({ v: "abc" }), /4 bytes of msgpack exceed the limit of 3/);
  assert.equal(small.refusalOf(fromHex("03a3616263")), Refusal.count);
});

Deno.test("values that msgpack would bend are not written", () => {
  const cycle: AnyValue[] = [];
  cycle.push(cycle);
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [undefined, /a value of type undefined/],
    [[undefined], /Test\.v\[0\]: a value of type undefined/],
    [new Date(0), /a value of type Date/],
    [new Map(), /a value of type Map/],
    [1n, /a value of type bigint/],
    [() => 1, /a value of type function/],
    [NaN, /NaN is not a finite number/],
    [{ a: { b: Infinity } }, /Test\.v\.a\.b: Infinity is not/],
    ["\ud800", /unpaired surrogate/],
    [{ "\udc00": 1 }, /unpaired surrogate/],
    ["\ufeffmark", /byte order mark/],
    [JSON.parse('{"__proto__":1}'), /"__proto__" cannot travel/],
    [cycle, /nested deeper/],
  ];
  const any = limited({ maxBytes: 99 });
  for (const [value, message] of wrong) {
    assert.throws(() => any.encode({ v: value as AnyValue }), message);
  }
  const sparse: unknown = { a: 1, gone: undefined };
  assert.deepEqual(any.decode(any.encode({ v: sparse as AnyValue })), { v: { a: 1 } });
});

Deno.test("a dynamic value owns its bytes", () => {
  const encoded = codec.encode({ v: { raw: Uint8Array.of(1, 2, 3) } });
  const decoded = codec.decode(encoded);
  encoded.fill(0xff);
  assert.deepEqual(decoded, { v: { raw: Uint8Array.of(1, 2, 3) } });
});
