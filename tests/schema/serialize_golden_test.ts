/**
 * The whole golden message of serialize 1.0 through the bit cursors that the interpreter uses: it has
 * parts that our language does not declare. See serialize_vectors.ts for the source of the figures.
 *
 * @module
 */
import assert from "node:assert/strict";
import { BitReader } from "../../schema/wire/bit_reader.ts";
import { BitWriter } from "../../schema/wire/bit_writer.ts";
import { bitsRequired } from "../../schema/wire/bits.ts";
import { GOLDEN, GOLDEN_BITS } from "./serialize_vectors.ts";

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
