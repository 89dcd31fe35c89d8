import assert from "node:assert/strict";
import fc from "fast-check";
import { entity, type Infer, t } from "../../../schema/mod.ts";
import {
  angleBetween,
  lerp,
  lerpAngle,
  slerp,
  wrapAngle,
} from "../../../schema/sync/interpolate.ts";
import { Interpolator } from "../../../schema/sync/interpolator.ts";
import { WireRounder } from "../../../schema/sync/wire_rounder.ts";

const Ship = entity({
  pos: t.vec2(t.quantized(-64, 64, 1 / 64)).lerp({ snap: 8 }),
  heading: t.angle(12).lerp(),
  turn: t.quat(10).slerp(),
  hp: t.int(0, 100),
  shield: t.int(0, 100).lerp().optional(),
  name: t.string({ maxBytes: 24 }).once(),
  cargo: t.array(t.u8(), { max: 4 }),
});
type ShipValue = Infer<typeof Ship>;

const ships = new Interpolator(Ship);

function ship(changes: Partial<ShipValue> = {}): ShipValue {
  return { ...ships.create(), ...changes };
}

function at(from: ShipValue, to: ShipValue, share: number): ShipValue {
  const into = ships.create();
  ships.interpolate(from, to, share, into);
  return into;
}

const finite = (): fc.Arbitrary<number> => fc.double({ noNaN: true, noDefaultInfinity: true });
const angles = (): fc.Arbitrary<number> =>
  fc.double({ min: -Math.PI, max: Math.PI, maxExcluded: true, noNaN: true });
const rotations = () =>
  fc.tuple(angles(), angles(), angles(), angles()).map(([x, y, z, w]) => ({ x, y, z, w }))
    .filter(({ x, y, z, w }) => Math.hypot(x, y, z, w) > 1e-3);

Deno.test("lerp is exact at both ends and stays between them", () => {
  fc.assert(
    fc.property(finite(), finite(), fc.double({ min: 0, max: 1, noNaN: true }), (a, b, share) => {
      assert.equal(lerp(a, b, 0) + 0, a + 0);
      assert.equal(lerp(a, b, 1) + 0, b + 0);
      assert.equal(lerp(a, a, share), a);
      const value = lerp(a, b, share);
      assert.ok(value >= Math.min(a, b) && value <= Math.max(a, b), `${a} ${b} ${share}: ${value}`);
    }),
  );
});

Deno.test("wrapAngle puts any angle into [-π, π) and moves it by whole turns", () => {
  fc.assert(fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), (angle) => {
    const wrapped = wrapAngle(angle);
    assert.ok(wrapped >= -Math.PI && wrapped < Math.PI, `${wrapped}`);
    assert.ok(Math.abs(Math.sin(wrapped) - Math.sin(angle)) < 1e-9);
    assert.ok(Math.abs(Math.cos(wrapped) - Math.cos(angle)) < 1e-9);
  }));
  assert.equal(wrapAngle(Math.PI), -Math.PI);
  assert.equal(wrapAngle(-Math.PI), -Math.PI);
});

Deno.test("lerpAngle goes the short way across the seam", () => {
  assert.ok(Math.abs(lerpAngle(3, -3, 0.5) + Math.PI) < 0.001 || lerpAngle(3, -3, 0.5) > 3);
  assert.ok(Math.abs(lerpAngle(-0.5, 0.5, 0.25) + 0.25) < 1e-12);
  fc.assert(
    fc.property(angles(), angles(), fc.double({ min: 0, max: 1, noNaN: true }), (a, b, share) => {
      const gone = Math.abs(angleBetween(a, lerpAngle(a, b, share)));
      const whole = Math.abs(angleBetween(a, b));
      assert.ok(whole <= Math.PI + 1e-12);
      assert.ok(Math.abs(gone - whole * share) < 1e-9, `${gone} of ${whole} at ${share}`);
    }),
  );
});

Deno.test("slerp gives rotations of length 1 and turns at constant speed the short way", () => {
  const into = { x: 0, y: 0, z: 0, w: 0 };
  fc.assert(
    fc.property(
      rotations(),
      rotations(),
      fc.double({ min: 0, max: 1.5, noNaN: true }),
      (a, b, share) => {
        slerp(unit(a), unit(b), share, into);
        assert.ok(Math.abs(Math.hypot(into.x, into.y, into.z, into.w) - 1) < 1e-9);
        const whole = turnBetween(unit(a), unit(b));
        if (share > 1 || whole > Math.PI - 1e-3) return;
        assert.ok(Math.abs(turnBetween(unit(a), into) - whole * share) < 1e-6);
      },
    ),
  );
});

Deno.test("slerp of no rotation gives the newer one, and never NaN", () => {
  const into = { x: 0, y: 0, z: 0, w: 0 };
  slerp({ x: 0, y: 0, z: 0, w: 0 }, { x: 0, y: 0, z: 0, w: 0 }, 0.5, into);
  assert.deepEqual(into, { x: 0, y: 0, z: 0, w: 0 });
  slerp({ x: NaN, y: 0, z: 0, w: 0 }, { x: 0, y: 1, z: 0, w: 0 }, 0.5, into);
  assert.deepEqual(into, { x: 0, y: 1, z: 0, w: 0 });
});

Deno.test("Interpolator moves what the declaration says and steps the rest", () => {
  const from = ship({ pos: { x: 0, y: 0 }, heading: 3, hp: 100, shield: 10, cargo: [1] });
  const to = ship({ pos: { x: 4, y: -2 }, heading: -3, hp: 60, shield: 20, cargo: [1, 2] });
  const half = at(from, to, 0.5);
  assert.deepEqual(half.pos, { x: 2, y: -1 });
  assert.ok(Math.abs(Math.abs(half.heading) - Math.PI) < 1e-9);
  assert.equal(half.shield, 15);
  assert.equal(half.hp, 100, "not half dead");
  assert.deepEqual(half.cargo, [1]);
  assert.deepEqual(at(from, to, 0), from);
  assert.deepEqual(at(from, to, 1), to);
});

Deno.test("Interpolator jumps what is further than the snap, and what is absent on one side", () => {
  const from = ship({ pos: { x: 0, y: 0 }, shield: 10 });
  const to = ship({ pos: { x: 6, y: 6 } });
  assert.deepEqual(at(from, to, 0.9).pos, { x: 0, y: 0 });
  assert.deepEqual(at(from, to, 1).pos, { x: 6, y: 6 });
  assert.deepEqual(at(from, to, 1.5).pos, { x: 6, y: 6 }, "nor does it fly on");
  assert.equal(at(from, to, 0.9).shield, 10);
  assert.equal(at(from, to, 1).shield, undefined);
  const near = ship({ pos: { x: 5.6, y: 5.6 } });
  assert.deepEqual(at(from, near, 0.5).pos, { x: 2.8, y: 2.8 });
});

Deno.test("Interpolator goes on beyond the newer snapshot, not beyond the field's range", () => {
  const from = ship({ pos: { x: 60, y: 0 }, heading: 3, shield: 90 });
  const to = ship({ pos: { x: 62, y: 1 }, heading: 3.1, shield: 99 });
  const beyond = at(from, to, 3);
  assert.deepEqual(beyond.pos, { x: 64, y: 3 });
  assert.equal(beyond.shield, 100);
  assert.ok(beyond.heading < -Math.PI + 0.2, "wrapped");
});

Deno.test("Interpolator copies: what it wrote shares nothing with what it read", () => {
  const from = ship({ cargo: [1, 2], pos: { x: 1, y: 2 } });
  const copy = ships.create();
  ships.copy(from, copy);
  from.cargo.push(3);
  from.pos.x = 9;
  assert.deepEqual(copy.cargo, [1, 2]);
  assert.deepEqual(copy.pos, { x: 1, y: 2 });
});

Deno.test("difference and shift bring back what was seen, and leave alone what jumps", () => {
  const differences = new Float64Array(ships.differenceLength);
  const axis = fc.double({ min: -4, max: 4, noNaN: true });
  fc.assert(
    fc.property(axis, axis, angles(), angles(), rotations(), rotations(), (x, y, a, b, p, q) => {
      const seen = ship({ pos: { x, y: 0 }, heading: a, turn: unit(p), hp: 3 });
      const real = ship({ pos: { x: y, y: 0 }, heading: b, turn: unit(q), hp: 9 });
      ships.difference(seen, real, differences);
      const value = ship();
      ships.copy(real, value);
      ships.shift(value, differences);
      assert.ok(Math.abs(value.pos.x - x) < 1e-9);
      assert.ok(Math.abs(angleBetween(value.heading, a)) < 1e-9);
      assert.ok(turnBetween(value.turn, unit(p)) < 1e-6);
      assert.equal(value.hp, 9);
    }),
  );
  ships.difference(ship({ pos: { x: 20, y: 0 } }), ship(), differences);
  assert.deepEqual(differences, new Float64Array(ships.differenceLength), "a teleport");
});

Deno.test("WireRounder rounds to what travels, once and for all", () => {
  const rounder = new WireRounder(Ship);
  const value = ship({ pos: { x: 1.003, y: -0.01 }, heading: 1, turn: { x: 1, y: 2, z: 3, w: 4 } });
  rounder.round(value);
  assert.deepEqual(value.pos, { x: 1, y: -1 / 64 });
  const again = structuredClone(value);
  rounder.round(again);
  assert.deepEqual(again, value);
  assert.throws(() => rounder.round(ship({ hp: 101 })), RangeError);
});

function unit({ x, y, z, w }: { x: number; y: number; z: number; w: number }) {
  const length = Math.hypot(x, y, z, w);
  return { x: x / length, y: y / length, z: z / length, w: w / length };
}

/** The angle between two rotations as points of the sphere, where q and -q are one. */
function turnBetween(a: ReturnType<typeof unit>, b: ReturnType<typeof unit>): number {
  const cosine = Math.abs(a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w);
  return Math.acos(Math.min(1, cosine));
}
