import assert from "node:assert/strict";
import { newBytes, readBytes, writeBytes } from "../../../schema/wire/bytes.ts";

const LENGTHS = [0, 1, 31, 32, 33, 64, 65, 1_000, 4_095, 4_096, 4_097, 9_000];

function counting(count: number, first = 1): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: count }, (_, i) => first + i * 7);
}

Deno.test("what is read is a copy: neither the datagram nor another value can change it", () => {
  const source = counting(10_000);
  const view = new DataView(source.buffer, 16);
  const read = LENGTHS.map((length) => readBytes(view, 5, length));
  source.fill(0xee);
  for (const bytes of read) {
    assert.deepEqual(bytes, counting(10_000).slice(21, 21 + bytes.length));
    const others = read.filter((other) => other !== bytes).map((other) => other.slice());
    bytes.fill(0xdd);
    assert.deepEqual(read.filter((other) => other !== bytes), others);
  }
});

Deno.test("new bytes are zeros that nobody had before, however many are asked for", () => {
  for (let round = 0; round < 40; round++) {
    for (const length of LENGTHS) {
      const bytes = newBytes(length);
      assert.equal(bytes.length, length);
      assert.ok(bytes.every((byte) => byte === 0));
      bytes.fill(0xff);
    }
  }
});

Deno.test("values share chunks up to half a chunk's size, and a longer one has memory of its own", () => {
  assert.equal(newBytes(100).buffer.byteLength, 8_192);
  assert.equal(newBytes(4_096).buffer.byteLength, 8_192);
  assert.equal(newBytes(4_097).buffer.byteLength, 4_097);
  assert.equal(newBytes(0), newBytes(0));
});

Deno.test("a chunk that somebody has transferred away is replaced", () => {
  const { buffer } = newBytes(10);
  structuredClone(buffer, { transfer: [buffer] });
  const view = new DataView(counting(100).buffer);
  assert.deepEqual(readBytes(view, 0, 60), counting(60));
});

Deno.test("writing touches the bytes it returns the end of, in whichever buffer the view looks at", () => {
  for (const length of LENGTHS) {
    for (const start of [0, 24]) {
      const target = new Uint8Array(start + 3 + length + 8).fill(0xaa);
      const bytes = counting(length, 9);
      assert.equal(writeBytes(new DataView(target.buffer, start), 3, bytes), 3 + length);
      assert.deepEqual(target.subarray(start + 3, start + 3 + length), bytes);
      assert.ok(target.subarray(0, start + 3).every((byte) => byte === 0xaa));
      assert.ok(target.subarray(start + 3 + length).every((byte) => byte === 0xaa));
    }
  }
});
