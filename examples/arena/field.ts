/**
 * The arena's field: its rules, its walls, how bodies move on it, and who could see whom.
 *
 * The part of the game that server and clients both run. Pure: the same state and input give the same
 * result at both ends, which is what prediction needs.
 *
 * @module
 */
import { WORLD_HALF_HEIGHT, WORLD_HALF_WIDTH } from "../../schema/messages/arena.ts";

/** Units of the world, units a second, and hit points. */
export const RULES = { playerSpeed: 14, playerRadius: 0.75, bulletSpeed: 36, bulletDamage: 25 };

/** How long things take, in seconds. */
export const SECONDS = { bullet: 1, firePause: 0.25, respawn: 3, ready: 20, scores: 8 };

/** A place in the world: right and down are positive. */
export interface Place {
  x: number;
  y: number;
}
type Seen = Readonly<Place>;

/** A wall: left, top, right, bottom. */
export type Wall = readonly [number, number, number, number];

const INNER: readonly Wall[] = [[8, 6, 24, 8], [22, 8, 24, 18], [36, 4, 38, 22], [46, 14, 56, 16]];
const [RIGHT, BOTTOM] = [WORLD_HALF_WIDTH, WORLD_HALF_HEIGHT];
// They overlap their images: what flies along an axis meets them, too.
const OUTER: readonly Wall[] = [[-1, BOTTOM, RIGHT, Infinity], [RIGHT, -1, Infinity, BOTTOM]];

/** The walls: those of a quarter, and its mirror images. Nothing flies or runs beyond the outer ones. */
export const WALLS: readonly Wall[] = [...INNER, ...OUTER].flatMap(([x0, y0, x1, y1]): Wall[] => [
  [x0, y0, x1, y1],
  [-x1, y0, -x0, y1],
  [x0, -y1, x1, -y0],
  [-x1, -y1, -x0, -y0],
]);

/** Moves a body by one step, out of walls and of `others`. Who is down stays where it is. */
export function moveBody(
  body: { readonly pos: Place; readonly hp: number; aim: number },
  input: { readonly moveX: number; readonly moveY: number; readonly aim: number },
  stepSeconds: number,
  others: Iterable<Seen>,
): void {
  const { pos, hp } = body;
  const { moveX, moveY, aim } = input;
  if (hp === 0) return;
  body.aim = aim;
  const distance = RULES.playerSpeed * stepSeconds / Math.max(1, Math.hypot(moveX, moveY));
  slide(pos, moveX * distance, moveY * distance);
  for (const other of others) {
    const [offX, offY] = [pos.x - other.x, pos.y - other.y];
    const overlap = 2 * RULES.playerRadius / Math.hypot(offX, offY) - 1;
    if (overlap > 0 && overlap < Infinity) slide(pos, offX * overlap, offY * overlap);
  }
}

/** One direction after the other, so that who runs into a wall at an angle slides along it. */
function slide(pos: Place, byX: number, byY: number): void {
  if (isFree({ x: pos.x + byX, y: pos.y })) pos.x += byX;
  if (isFree({ x: pos.x, y: pos.y + byY })) pos.y += byY;
}

/** Whether walls leave room for a body. */
export function isFree({ x, y }: Seen): boolean {
  const radius = RULES.playerRadius;
  return !WALLS.some(([left, top, right, bottom]) =>
    x > left - radius && x < right + radius && y > top - radius && y < bottom + radius
  );
}

/** Where something is after flying so far. */
export function ahead({ x, y }: Seen, aim: number, distance: number): Place {
  return { x: x + Math.cos(aim) * distance, y: y + Math.sin(aim) * distance };
}

/** Which share of a way is free of walls: 1 when all of it is. */
export function freeShare(from: Seen, to: Seen): number {
  let free = 1;
  for (const [left, top, right, bottom] of WALLS) {
    const isBeside = from.x <= left && to.x <= left || from.x >= right && to.x >= right;
    if (isBeside || from.y <= top && to.y <= top || from.y >= bottom && to.y >= bottom) continue;
    const [enterX, leaveX] = crossing(from.x, to.x - from.x, left, right);
    const [enterY, leaveY] = crossing(from.y, to.y - from.y, top, bottom);
    const enter = Math.max(0, enterX, enterY);
    if (enter < Math.min(leaveX, leaveY)) free = Math.min(free, enter);
  }
  return free;
}

/** When a way is between two bounds, as shares of it. */
function crossing(from: number, way: number, low: number, high: number): [number, number] {
  if (way === 0) return from > low && from < high ? [-Infinity, Infinity] : [Infinity, -Infinity];
  const [first, second] = [(low - from) / way, (high - from) / way];
  return way > 0 ? [first, second] : [second, first];
}

/** Which share of a way passes before it is within reach of a body; `Infinity` for never. */
export function meetingShare(from: Seen, to: Seen, body: Seen): number {
  const [wayX, wayY] = [to.x - from.x, to.y - from.y];
  const along = (body.x - from.x) * wayX + (body.y - from.y) * wayY;
  const share = Math.min(1, Math.max(0, along / (wayX * wayX + wayY * wayY)));
  const off = Math.hypot(body.x - from.x - wayX * share, body.y - from.y - wayY * share);
  return off <= RULES.playerRadius ? share : Infinity;
}

/** Side of a square: more than anybody runs, or a bullet flies in a tick, within the rewind. */
const SIDE = 8;
const COLUMNS = 2 * WORLD_HALF_WIDTH / SIDE;
const SQUARES = Array.from({ length: COLUMNS * 2 * WORLD_HALF_HEIGHT / SIDE }, (_, i) => i);
/** Where in a square one looks from and at, as shares of its side: corners and center. */
const POINTS = [[0.02, 0.02], [0.98, 0.02], [0.02, 0.98], [0.98, 0.98], [0.5, 0.5]] as const;
const neighbors = SQUARES.map((from) => SQUARES.filter((to) => isNear(from, to)));
const seen: (ReadonlySet<number> | undefined)[] = [];

/** The square of a place in the world. */
export function squareOf({ x, y }: Seen): number {
  const column = Math.floor((x + WORLD_HALF_WIDTH) / SIDE);
  return Math.floor((y + WORLD_HALF_HEIGHT) / SIDE) * COLUMNS + column;
}

/** A square and those that touch it. */
export function squaresAround(square: number): readonly number[] {
  return neighbors[square] ?? [];
}

/** The squares of which something can be seen from somewhere in a square, and those around it. */
export function squaresSeenFrom(square: number): ReadonlySet<number> {
  return seen[square] ??= new Set(SQUARES.filter((to) => isNear(square, to) || sees(square, to)));
}

function isNear(a: number, b: number): boolean {
  const rows = Math.floor(a / COLUMNS) - Math.floor(b / COLUMNS);
  return Math.abs(rows) <= 1 && Math.abs(a % COLUMNS - b % COLUMNS) <= 1;
}

function sees(a: number, b: number): boolean {
  return POINTS.some((from) =>
    POINTS.some((to) => freeShare(pointIn(a, from), pointIn(b, to)) === 1)
  );
}

function pointIn(square: number, [shareX, shareY]: readonly [number, number]): Place {
  const x = (square % COLUMNS + shareX) * SIDE - WORLD_HALF_WIDTH;
  return { x, y: (Math.floor(square / COLUMNS) + shareY) * SIDE - WORLD_HALF_HEIGHT };
}
