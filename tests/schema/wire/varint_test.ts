import assert from "node:assert/strict";
import fc from "fast-check";
import { readVarint, Refusal, varintBytes, varintEnd, writeVarint } from "../../../schema/mod.ts";

function viewOf(...bytes: number[]): DataView {
  return new DataView(Uint8Array.from(bytes).buffer);
}

Deno.test("a varint takes one byte for each seven bits", () => {
  const cases: readonly (readonly [number, number[]])[] = [
    [0, [0]],
    [1, [1]],
    [127, [0x7f]],
    [128, [0x80, 0x01]],
    [300, [0xac, 0x02]],
    [16_383, [0xff, 0x7f]],
    [16_384, [0x80, 0x80, 0x01]],
    [2_097_151, [0xff, 0xff, 0x7f]],
    [2_097_152, [0x80, 0x80, 0x80, 0x01]],
    [268_435_455, [0xff, 0xff, 0xff, 0x7f]],
    [268_435_456, [0x80, 0x80, 0x80, 0x80, 0x01]],
    [4_294_967_295, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ];
  for (const [value, bytes] of cases) {
    const view = new DataView(new ArrayBuffer(8));
    assert.equal(writeVarint(view, 1, value), 1 + bytes.length);
    assert.deepEqual([...new Uint8Array(view.buffer, 1, bytes.length)], bytes);
    assert.equal(varintBytes(value), bytes.length);
    assert.equal(readVarint(view, 1, 8), value);
    assert.equal(varintEnd(), 1 + bytes.length);
  }
});

Deno.test("readVarint refuses a form that is longer than needed, and accepts the short one", () => {
  for (
    const bytes of [[0x80, 0x00], [0xff, 0x00], [0x80, 0x80, 0x00], [0x80, 0x80, 0x80, 0x80, 0x00]]
  ) {
    assert.equal(readVarint(viewOf(...bytes), 0, bytes.length), -Refusal.varint);
  }
  assert.equal(readVarint(viewOf(0x00), 0, 1), 0);
  assert.equal(readVarint(viewOf(0x80, 0x01), 0, 2), 128);
});

Deno.test("readVarint refuses more than 32 bits, and accepts the largest 32-bit value", () => {
  assert.equal(readVarint(viewOf(0xff, 0xff, 0xff, 0xff, 0x10), 0, 5), -Refusal.varint);
  assert.equal(readVarint(viewOf(0xff, 0xff, 0xff, 0xff, 0x8f, 0x00), 0, 6), -Refusal.varint);
  assert.equal(readVarint(viewOf(0xff, 0xff, 0xff, 0xff, 0xff, 0x01), 0, 6), -Refusal.varint);
  assert.equal(readVarint(viewOf(0xff, 0xff, 0xff, 0xff, 0x0f), 0, 5), 4_294_967_295);
});

Deno.test("readVarint refuses what the end cuts off, even when bytes follow the end", () => {
  const view = viewOf(0x80, 0x80, 0x80, 0x80, 0x01);
  for (let end = 0; end < 5; end++) assert.equal(readVarint(view, 0, end), -Refusal.short);
  assert.equal(readVarint(view, 0, 5), 268_435_456);
});

Deno.test("writeVarint says when there is no room, and writes nothing", () => {
  const view = viewOf(0xaa, 0xaa);
  assert.equal(writeVarint(view, 0, 16_384), -Refusal.short);
  assert.equal(writeVarint(view, 1, 128), -Refusal.short);
  assert.equal(view.getUint16(0), 0xaaaa);
  assert.equal(writeVarint(view, 0, 128), 2);
});

Deno.test("writeVarint throws for what is no 32-bit integer", () => {
  const view = new DataView(new ArrayBuffer(8));
  for (const value of [-1, 0.5, NaN, Infinity, 4_294_967_296]) {
    assert.throws(() => writeVarint(view, 0, value), RangeError);
  }
});

Deno.test("any bytes are refused or are the one encoding of what they mean", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      const value = readVarint(view, 0, bytes.length);
      if (value < 0) return;
      const end = varintEnd();
      const again = new DataView(new ArrayBuffer(8));
      assert.equal(writeVarint(again, 0, value), end);
      assert.deepEqual(new Uint8Array(again.buffer, 0, end), bytes.slice(0, end));
    }),
    { seed: 1, numRuns: 5_000 },
  );
});
