import assert from "node:assert/strict";
import fc from "fast-check";
import { compareUtf8, isUtf8, readUtf8, utf8Bytes, writeUtf8 } from "../../../schema/wire/utf8.ts";
import { character } from "../../property/schema_arbitrary.ts";

const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** The text if it comes back as these bytes: a decoder that throws would take a hundred times as long. */
function decodeOracle(bytes: Uint8Array): string | undefined {
  const text = lenient.decode(bytes);
  const again = encoder.encode(text);
  const isWellFormed = again.length === bytes.length && again.every((byte, i) => byte === bytes[i]);
  return isWellFormed && !text.includes("\0") ? text : undefined;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function agrees(bytes: Uint8Array): void {
  const expected = decodeOracle(bytes);
  assert.equal(readUtf8(viewOf(bytes), 0, bytes.length), expected);
  assert.equal(isUtf8(viewOf(bytes), 0, bytes.length, false), expected !== undefined);
}

Deno.test("readUtf8 agrees with TextDecoder on every one, two and three byte sequence that begins oddly", () => {
  for (let first = 0; first < 256; first++) {
    agrees(Uint8Array.of(first));
    for (let second = 0; second < 256; second++) {
      agrees(Uint8Array.of(first, second));
      if (first >= 0xe0 && second >= 0x7f && second <= 0xc0) {
        for (const third of [0x7f, 0x80, 0xbf, 0xc0]) {
          agrees(Uint8Array.of(first, second, third));
          if (first >= 0xf0) agrees(Uint8Array.of(first, second, third, 0x80));
        }
      }
    }
  }
});

Deno.test("readUtf8 agrees with TextDecoder on random bytes and on damaged text", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), agrees),
    { seed: 1, numRuns: 3_000 },
  );
  fc.assert(
    fc.property(
      fc.string({ unit: character, minLength: 1, maxLength: 60 }),
      fc.nat(),
      fc.nat(7),
      (text, at, bit) => {
        const bytes = encoder.encode(text);
        const index = at % bytes.length;
        bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
        agrees(bytes);
      },
    ),
    { seed: 2, numRuns: 3_000 },
  );
});

Deno.test("writeUtf8 writes what TextEncoder writes, in the bytes that utf8Bytes announced", () => {
  const text = fc.oneof(
    fc.string({ unit: character, maxLength: 150 }),
    fc.string({ unit: "grapheme-ascii", maxLength: 150 }),
  );
  fc.assert(
    fc.property(text, (text) => {
      const expected = encoder.encode(text);
      assert.equal(utf8Bytes(text), expected.length);
      const bytes = new Uint8Array(expected.length + 4).fill(0xaa);
      const view = new DataView(bytes.buffer);
      assert.equal(writeUtf8(view, 2, text, expected.length), 2 + expected.length);
      assert.deepEqual(bytes.subarray(2, 2 + expected.length), expected);
      assert.deepEqual([...bytes.subarray(2 + expected.length)], [0xaa, 0xaa]);
      assert.equal(readUtf8(view, 2, 2 + expected.length), text);
    }),
    { seed: 3, numRuns: 3_000 },
  );
});

Deno.test("utf8Bytes refuses unpaired surrogates and U+0000, and takes their neighbors", () => {
  for (const text of ["\ud800", "a\udfff", "\ud800a", "\udc00\ud800", "a\0b", "\ud83d"]) {
    assert.equal(utf8Bytes(text), -1);
  }
  for (const [text, bytes] of [["\ud7ff", 3], ["\ue000", 3], ["\u{10000}", 4], ["\u0001", 1]]) {
    assert.equal(utf8Bytes(String(text)), bytes);
  }
});

Deno.test("compareUtf8 orders texts as their bytes are ordered", () => {
  const text = fc.string({ unit: character, maxLength: 6 });
  fc.assert(
    fc.property(text, text, (left, right) => {
      const a = encoder.encode(left);
      const b = encoder.encode(right);
      let expected = a.length - b.length;
      for (let i = Math.min(a.length, b.length) - 1; i >= 0; i--) {
        if (a[i] !== b[i]) expected = (a[i] ?? 0) - (b[i] ?? 0);
      }
      assert.equal(Math.sign(compareUtf8(left, right)), Math.sign(expected));
    }),
    { seed: 4, numRuns: 5_000 },
  );
  assert.ok(compareUtf8("\ufffd", "\u{10000}") < 0);
});
