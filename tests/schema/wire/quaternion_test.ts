import assert from "node:assert/strict";
import fc from "fast-check";
import {
  packedQuaternion,
  packQuaternion,
  type Quaternion,
  quaternionHalf,
  unpackQuaternion,
} from "../../../schema/wire/quaternion.ts";
import { BenchRandom } from "../serialize_vectors.ts";

function roundTrip(bits: number, value: Quaternion): Quaternion {
  assert.ok(packQuaternion(bits, value));
  const [largest = 0, a = 0, b = 0, c = 0] = packedQuaternion;
  const into = { x: 9, y: 9, z: 9, w: 9 };
  assert.ok(unpackQuaternion(bits, largest, a, b, c, into));
  return into;
}

/** The angle between two rotations in degrees. */
function degreesBetween(left: Quaternion, right: Quaternion): number {
  const length = Math.hypot(left.x, left.y, left.z, left.w);
  const dot = left.x * right.x + left.y * right.y + left.z * right.z + left.w * right.w;
  return 2 * Math.acos(Math.min(1, Math.abs(dot) / length)) * 180 / Math.PI;
}

const part = fc.double({ min: -1, max: 1, noNaN: true });
const rotation = fc.record({ x: part, y: part, z: part, w: part })
  .filter(({ x, y, z, w }) => Math.hypot(x, y, z, w) > 1e-3);

Deno.test("packing what was unpacked gives the same numbers", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 16 }),
      fc.nat(3),
      fc.array(fc.nat(65_535), { minLength: 3, maxLength: 3 }),
      (bits, largest, raw) => {
        const limit = 2 * quaternionHalf(bits) + 1;
        const [a = 0, b = 0, c = 0] = raw.map((value) => value % limit);
        const into = { x: 0, y: 0, z: 0, w: 0 };
        if (!unpackQuaternion(bits, largest, a, b, c, into)) return;
        assert.ok(packQuaternion(bits, into));
        assert.deepEqual([...packedQuaternion], [largest, a, b, c]);
      },
    ),
    { seed: 1, numRuns: 50_000 },
  );
});

Deno.test("every tuple of few bits is refused or comes back as itself", () => {
  for (const bits of [2, 3, 4]) {
    const limit = 2 ** bits;
    let accepted = 0;
    for (let tuple = 0; tuple < 4 * limit ** 3; tuple++) {
      const parts = [tuple, Math.floor(tuple / limit), Math.floor(tuple / limit ** 2)];
      const [a = 0, b = 0, c = 0] = parts.map((value) => value % limit);
      const largest = Math.floor(tuple / limit ** 3);
      const into = { x: 0, y: 0, z: 0, w: 0 };
      if (!unpackQuaternion(bits, largest, a, b, c, into)) continue;
      accepted++;
      assert.ok(packQuaternion(bits, into));
      assert.deepEqual([...packedQuaternion], [largest, a, b, c]);
    }
    assert.ok(accepted >= 4 * (limit / 2) ** 2, `${accepted} of ${bits} bits`);
  }
});

Deno.test("a rotation of 10 bits is off by less than 0.25 degrees, of 16 bits by less than 0.004", () => {
  let worst10 = 0;
  let worst16 = 0;
  const measure = (value: Quaternion) => {
    worst10 = Math.max(worst10, degreesBetween(value, roundTrip(10, value)));
    worst16 = Math.max(worst16, degreesBetween(value, roundTrip(16, value)));
  };
  // Odd numbers from fast-check, then many ordinary ones, among which the worst error is.
  fc.assert(fc.property(rotation, measure), { seed: 2, numRuns: 5_000 });
  const random = new BenchRandom();
  for (let i = 0; i < 20_000; i++) {
    random.step();
    const [x = 0, y = 0, z = 0, w = 0] = [8, 16, 24, 32].map((shift) =>
      random.bits(shift) / 2 ** 31 - 1
    );
    measure({ x, y, z, w });
  }
  assert.ok(worst10 > 0.1 && worst16 > 0.001, "the rotations are not varied enough");
  assert.ok(worst10 < 0.25, `${worst10}`);
  assert.ok(worst16 < 0.004, `${worst16}`);
});

Deno.test("what comes out has length 1", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 16 }), rotation, (bits, value) => {
      const { x, y, z, w } = roundTrip(bits, value);
      assert.ok(Math.abs(Math.hypot(x, y, z, w) - 1) < 1e-12);
    }),
    { seed: 3, numRuns: 5_000 },
  );
});

Deno.test("a rotation and its negative, at any scale, are packed alike", () => {
  const packed = (value: Quaternion): number[] => {
    assert.ok(packQuaternion(10, value));
    return [...packedQuaternion];
  };
  fc.assert(
    fc.property(rotation, ({ x, y, z, w }) => {
      const plain = packed({ x, y, z, w });
      assert.deepEqual(packed({ x: 4 * x, y: 4 * y, z: 4 * z, w: 4 * w }), plain);
      // Halves round up, so only values off the middle between two steps come out mirrored.
      const back = roundTrip(10, { x, y, z, w });
      assert.deepEqual(packed({ x: -back.x, y: -back.y, z: -back.z, w: -back.w }), plain);
    }),
    { seed: 4, numRuns: 5_000 },
  );
  assert.deepEqual(packed({ x: 0, y: 0, z: 0, w: 1e-300 }), packed({ x: 0, y: 0, z: 0, w: 1 }));
});

Deno.test("turns about one axis by quarters are exact", () => {
  const half = Math.SQRT1_2;
  for (
    const value of [
      { x: 0, y: 0, z: 0, w: 1 },
      { x: 1, y: 0, z: 0, w: 0 },
      { x: half, y: 0, z: 0, w: half },
      { x: 0, y: half, z: half, w: 0 },
    ]
  ) {
    assert.ok(degreesBetween(value, roundTrip(9, value)) < 1e-5);
  }
});

Deno.test("packQuaternion refuses what is no rotation", () => {
  for (
    const value of [
      { x: 0, y: 0, z: 0, w: 0 },
      { x: NaN, y: 0, z: 0, w: 1 },
      { x: 0, y: Infinity, z: 0, w: 1 },
    ]
  ) {
    assert.equal(packQuaternion(10, value), false);
  }
});

Deno.test("unpackQuaternion refuses components that are too long together or larger than the largest", () => {
  const into = { x: 7, y: 7, z: 7, w: 7 };
  const half = quaternionHalf(10);
  assert.equal(unpackQuaternion(10, 0, 2 * half, 2 * half, 2 * half, into), false);
  assert.equal(unpackQuaternion(10, 0, 2 * half + 1, half, half, into), false);
  // Two components of 1/√2: x is the first of the equal two, so y cannot be the one left out.
  assert.equal(unpackQuaternion(10, 1, 2 * half, half, half, into), false);
  assert.deepEqual(into, { x: 7, y: 7, z: 7, w: 7 });
  assert.ok(unpackQuaternion(10, 0, 2 * half, half, half, into));
  assert.ok(Math.abs(into.x - Math.SQRT1_2) < 1e-12 && Math.abs(into.y - Math.SQRT1_2) < 1e-12);
});
