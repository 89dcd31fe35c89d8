import assert from "node:assert/strict";
import * as fc from "fast-check";
import {
  ahead,
  freeShare,
  isFree,
  meetingShare,
  moveBody,
  type Place,
  RULES,
  squareOf,
  squaresAround,
  squaresSeenFrom,
  WALLS,
} from "../../examples/arena/field.ts";
import { WORLD_HALF_HEIGHT, WORLD_HALF_WIDTH } from "../../schema/messages/arena.ts";

const STEP = 1 / 30;
const INNER = WALLS.filter((wall) => wall.every(Number.isFinite));

const places = fc.record({
  x: fc.double({ min: -WORLD_HALF_WIDTH, max: WORLD_HALF_WIDTH - 1e-6, noNaN: true }),
  y: fc.double({ min: -WORLD_HALF_HEIGHT, max: WORLD_HALF_HEIGHT - 1e-6, noNaN: true }),
});
const axis = fc.double({ min: -1, max: 1, noNaN: true });

/** Where a body is after some steps. */
function run(pos: Place, moveX: number, moveY: number, steps = 1, others: Place[] = []): Place {
  const body = { pos: { ...pos }, hp: 100, aim: 0 };
  for (let i = 0; i < steps; i++) moveBody(body, { moveX, moveY, aim: 1 }, STEP, others);
  return body.pos;
}

Deno.test("a body runs at one speed in all directions, and not at all when it is down", () => {
  assert.ok(Math.abs(run({ x: 0, y: 0 }, 1, 0, 30).x - RULES.playerSpeed) < 1e-9);
  const { x, y } = run({ x: 0, y: 0 }, 1, 1);
  assert.ok(Math.abs(Math.hypot(x, y) - RULES.playerSpeed * STEP) < 1e-9);
  assert.ok(Math.abs(run({ x: 0, y: 0 }, 0.5, 0).x - RULES.playerSpeed * STEP / 2) < 1e-9);
  const down = { pos: { x: 0, y: 0 }, hp: 0, aim: 0 };
  moveBody(down, { moveX: 1, moveY: 0, aim: 1 }, STEP, []);
  assert.deepEqual(down, { pos: { x: 0, y: 0 }, hp: 0, aim: 0 });
});

Deno.test("wherever a free body runs, no wall is in it and the world has no end for it", () => {
  fc.assert(
    fc.property(places.filter(isFree), axis, axis, (pos, moveX, moveY) => {
      const end = run(pos, moveX, moveY, 40);
      assert.ok(isFree(end), JSON.stringify(end));
      assert.ok(Math.abs(end.x) < WORLD_HALF_WIDTH && Math.abs(end.y) < WORLD_HALF_HEIGHT);
    }),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("who runs into a wall at an angle slides along it", () => {
  const [left, top, right] = INNER[0]!;
  const from = { x: (left + right) / 2, y: top - RULES.playerRadius - 0.1 };
  const end = run(from, 0.5, 1, 10);
  assert.ok(end.x > from.x + 1);
  assert.ok(end.y <= top - RULES.playerRadius);
});

Deno.test("bodies keep out of each other", () => {
  const other = { x: 2, y: 0.1 };
  for (let steps = 1; steps < 60; steps++) {
    const { x, y } = run({ x: 0, y: 0 }, 1, 0, steps, [other]);
    assert.ok(Math.hypot(x - other.x, y - other.y) >= 2 * RULES.playerRadius - 1e-9, `${x} ${y}`);
  }
  // Two in one place have no direction to go apart in: the first step of either parts them.
  assert.deepEqual(run({ x: 1, y: 1 }, 0, 0, 1, [{ x: 1, y: 1 }]), { x: 1, y: 1 });
});

Deno.test("walls end a way where they begin", () => {
  const [left, top, right, bottom] = INNER[0]!;
  const y = (top + bottom) / 2;
  assert.equal(freeShare({ x: left - 4, y }, { x: left + 4, y }), 0.5);
  assert.equal(freeShare({ x: right + 4, y }, { x: right - 4, y }), 0.5);
  assert.equal(freeShare({ x: left - 4, y }, { x: left - 1, y }), 1);
  assert.equal(freeShare({ x: left, y: top - 1 }, { x: right, y: top - 1 }), 1);
  assert.equal(freeShare({ x: left + 1, y }, { x: left + 1, y }), 0, "in a wall");
  assert.equal(freeShare({ x: 60, y: 0 }, { x: 68, y: 0 }), 0.5, "the end of the world");
  assert.equal(freeShare({ x: 0, y: -30 }, { x: 0, y: -34 }), 0.5);
});

Deno.test("a bullet meets a body where it comes within reach, whatever the step", () => {
  const from = { x: 0, y: 0 };
  const to = ahead(from, 0, 10);
  assert.deepEqual(to, { x: 10, y: 0 });
  assert.equal(meetingShare(from, to, { x: 5, y: RULES.playerRadius }), 0.5);
  assert.equal(meetingShare(from, to, { x: 5, y: RULES.playerRadius + 0.01 }), Infinity);
  assert.equal(meetingShare(from, to, { x: -RULES.playerRadius - 0.01, y: 0 }), Infinity);
  assert.equal(meetingShare(from, to, { x: 10 + RULES.playerRadius, y: 0 }), 1);
});

Deno.test("what is in plain sight is in a square that is seen, both ways", () => {
  fc.assert(
    fc.property(places.filter(isFree), axis, axis, (from, dx, dy) => {
      const to = { x: from.x + dx * 20, y: from.y + dy * 20 };
      const isInWorld = Math.abs(to.x) < WORLD_HALF_WIDTH && Math.abs(to.y) < WORLD_HALF_HEIGHT;
      fc.pre(isInWorld && freeShare(from, to) === 1);
      // Through a gap that no corner and no center looks through, a body may be missed: not next to one.
      if (Math.hypot(to.x - from.x, to.y - from.y) > 8) return;
      assert.ok(squaresSeenFrom(squareOf(from)).has(squareOf(to)));
      assert.ok(squaresSeenFrom(squareOf(to)).has(squareOf(from)));
    }),
    { seed: 2, numRuns: 500 },
  );
});

Deno.test("walls hide squares, and the same ones from both sides", () => {
  const squares = Array.from({ length: 128 }, (_, i) => i);
  let hidden = 0;
  for (const from of squares) {
    for (const to of squares) {
      assert.equal(squaresSeenFrom(from).has(to), squaresSeenFrom(to).has(from), `${from} ${to}`);
      if (!squaresSeenFrom(from).has(to)) hidden++;
    }
  }
  const share = hidden / 128 ** 2;
  assert.ok(share > 0.15 && share < 0.7, `${share} of all pairs`);
});

Deno.test("squares cover the world, and those around are those that touch", () => {
  assert.equal(squareOf({ x: -WORLD_HALF_WIDTH, y: -WORLD_HALF_HEIGHT }), 0);
  assert.equal(squareOf({ x: WORLD_HALF_WIDTH - 0.01, y: WORLD_HALF_HEIGHT - 0.01 }), 127);
  assert.deepEqual(squaresAround(0), [0, 1, 16, 17]);
  assert.deepEqual(squaresAround(17), [0, 1, 2, 16, 17, 18, 32, 33, 34]);
  assert.deepEqual(squaresAround(-1), []);
});
