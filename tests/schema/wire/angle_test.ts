import assert from "node:assert/strict";
import { packAngle, TURN, unpackAngle } from "../../../schema/wire/angle.ts";

Deno.test("every step of an angle comes back as itself", () => {
  for (const bits of [1, 2, 3, 8, 12, 16]) {
    for (let step = 0; step < 2 ** bits; step++) {
      assert.equal(packAngle(bits, unpackAngle(bits, step)), step);
    }
  }
  for (const step of [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
    assert.equal(packAngle(32, unpackAngle(32, step)), step);
  }
});

Deno.test("quarter turns are exact, and π reads back as -π, where the range begins", () => {
  for (const bits of [2, 12, 32]) {
    for (const quarter of [0, Math.PI / 2, -Math.PI / 2, -Math.PI]) {
      assert.equal(unpackAngle(bits, packAngle(bits, quarter)), quarter);
    }
    assert.equal(unpackAngle(bits, packAngle(bits, Math.PI)), -Math.PI);
  }
});

Deno.test("whole turns change nothing", () => {
  for (const turns of [-1000, -1, 1, 7, 1000]) {
    assert.equal(packAngle(12, 1 + turns * TURN), packAngle(12, 1));
  }
  for (const huge of [1e15, -1e300, Number.MAX_VALUE]) {
    const step = packAngle(12, huge);
    assert.ok(Number.isInteger(step) && step >= 0 && step < 4096);
  }
});

Deno.test("an angle is off by no more than half a step", () => {
  for (const bits of [4, 8, 12, 20]) {
    for (let i = -500; i <= 500; i++) {
      const angle = i / 160;
      const off = Math.abs(unpackAngle(bits, packAngle(bits, angle)) - angle);
      assert.ok(Math.min(off, TURN - off) <= TURN / 2 ** bits / 2 + 1e-12);
    }
  }
});
