/**
 * Whole values between and beyond two snapshots, field by field as the declaration says.
 *
 * `.lerp()` goes straight and turns angles the short way, `.slerp()` turns rotations, everything else
 * keeps the older value until the newer one's time has come. Also the difference of two values as plain
 * numbers, with which a client hides a correction. Pure; time is the caller's.
 *
 * @module
 */
import type { Interpolation, Node, StructField, StructNode } from "../node.ts";
import { copyValue, createStruct } from "../value.ts";
import type { Quaternion } from "../wire/quaternion.ts";
import { angleBetween, lerp, lerpAngle, setUnit, slerp, wrapAngle } from "./interpolate.ts";

/** What carries a struct and its type: a bound entity or message, or their definitions. */
export interface Shape<T> {
  /** The carried type; exists for the type checker only. */
  readonly "~type": T;
  /** The properties. */
  readonly struct: StructNode;
}

type Value = Record<string, unknown>;

/** How one property moves. */
interface Track {
  readonly name: string;
  /** `step` copies, `struct` goes down. */
  readonly mode: "step" | "line" | "angle" | "rotation" | "struct";
  /** Bounds of what the field can hold: extrapolation stops there. */
  readonly min: number;
  readonly max: number;
  /** Longer ways are not gone but jumped; `Infinity` when the field does not say. */
  readonly snap: number;
  /** Properties of a `struct`. */
  readonly tracks: readonly Track[];
}

/** Interpolates values of one declared struct. Reuses the objects it writes into; keeps none. */
export class Interpolator<T> {
  /** The numbers that {@link difference} writes. */
  readonly differenceLength: number;
  readonly #struct: StructNode;
  readonly #tracks: readonly Track[];

  /** @param shape Whose values. */
  constructor(shape: Shape<T>) {
    this.#struct = shape.struct;
    this.#tracks = shape.struct.fields.map((field) => trackOf(field, field.meta.interpolation));
    this.differenceLength = countNumbers(this.#tracks);
  }

  /** A new value of defaults. */
  create(): T {
    // The boundary: the builders inferred `T` for this struct.
    return createStruct(this.#struct) as T;
  }

  /** Copies a value, nested objects too. */
  copy(from: T, into: T): void {
    mix(this.#tracks, from as Value, from as Value, 0, into as Value);
  }

  /**
   * Writes the value at `share` of the way from one snapshot to the next. Beyond 1 it goes on at the
   * same speed, no further than the field's range; what does not move takes the newer value at 1.
   *
   * @param share 0 and more.
   * @param into Receives the result; neither of the two snapshots.
   */
  interpolate(from: T, to: T, share: number, into: T): void {
    mix(this.#tracks, from as Value, to as Value, share, into as Value);
  }

  /**
   * Writes how far `seen` is from `real`, number by number, for fields that move; 0 for what is further
   * apart than the field's `snap`.
   *
   * @param into {@link differenceLength} numbers.
   */
  difference(seen: T, real: T, into: Float64Array): void {
    into.fill(0);
    differ(this.#tracks, seen as Value, real as Value, into, 0);
  }

  /** Moves a value by differences: `real` by all of {@link difference} is what was seen. */
  shift(value: T, differences: Float64Array): void {
    moveBy(this.#tracks, value as Value, differences, 0);
  }
}

function trackOf(field: StructField, how: Interpolation | undefined): Track {
  const { name } = field;
  const node = field.node.kind === "optional" ? field.node.inner : field.node;
  const [min, max] = rangeOf(node);
  const base = { name, min, max, snap: how?.snap ?? Infinity, tracks: [] };
  if (field.node.kind === "struct") {
    return {
      ...base,
      mode: "struct",
      tracks: field.node.fields.map((child) => trackOf(child, how && { kind: how.kind })),
    };
  }
  if (how === undefined) return { ...base, mode: "step" };
  if (node.kind === "quaternion") return { ...base, mode: "rotation" };
  if (node.kind === "angle") return { ...base, mode: "angle" };
  return { ...base, mode: node.kind === "struct" ? "step" : "line" };
}

function rangeOf(node: Node): readonly [number, number] {
  switch (node.kind) {
    case "int":
      return [node.min, node.max];
    case "quantized":
    case "compressedFloat":
      return [node.grid.min, node.grid.max];
    default:
      return [-Number.MAX_VALUE, Number.MAX_VALUE];
  }
}

function countNumbers(tracks: readonly Track[]): number {
  let count = 0;
  for (const track of tracks) count += widthOf(track);
  return count;
}

function widthOf({ mode, tracks }: Track): number {
  if (mode === "struct") return countNumbers(tracks);
  return mode === "step" ? 0 : mode === "rotation" ? 4 : 1;
}

function mix(
  tracks: readonly Track[],
  from: Value,
  to: Value,
  share: number,
  into: Value,
): void {
  for (let i = 0; i < tracks.length; i++) {
    const track = tracks[i]!;
    const { name } = track;
    mixOne(track, from[name], to[name], share, into);
  }
}

function mixOne(track: Track, from: unknown, to: unknown, share: number, into: Value): void {
  const { name, mode } = track;
  if (mode === "struct" && isValue(from) && isValue(to)) {
    const isJump = track.snap < Infinity && distance(track, from, to) > track.snap;
    mix(track.tracks, from, to, isJump ? (share < 1 ? 0 : 1) : share, room(into, name));
  } else if (mode === "line" && typeof from === "number" && typeof to === "number") {
    into[name] = mixNumber(track, from, to, share);
  } else if (mode === "angle" && typeof from === "number" && typeof to === "number") {
    into[name] = mixAngle(track, from, to, share);
  } else if (mode === "rotation" && isRotation(from) && isRotation(to)) {
    mixRotation(from, to, share, room(into, name));
  } else {
    // Bytes, arrays and maps are copied, so that no two owners share one.
    into[name] = copyValue(share < 1 ? from : to);
  }
}

function mixNumber({ snap, min, max }: Track, from: number, to: number, share: number): number {
  if (Math.abs(to - from) > snap) return share < 1 ? from : to;
  const value = lerp(from, to, share);
  if (share <= 1) return value;
  return value >= min && value <= max ? value : value < min ? min : value > max ? max : to;
}

function mixAngle({ snap }: Track, from: number, to: number, share: number): number {
  if (Math.abs(angleBetween(from, to)) > snap) return share < 1 ? from : to;
  return lerpAngle(from, to, share);
}

function mixRotation(from: Quaternion, to: Quaternion, share: number, room: Value): void {
  if (share === 0 || share === 1) {
    // Exactly what came, not what is nearest to it at length 1.
    Object.assign(room, share === 0 ? from : to);
    return;
  }
  // The boundary: `room` is a rotation in the making; slerp writes all four components.
  slerp(from, to, share, room as unknown as Quaternion);
}

/** The object in a property, made when there is none. */
function room(into: Value, name: string): Value {
  const old = into[name];
  if (isValue(old)) return old;
  const made: Value = {};
  into[name] = made;
  return made;
}

/** Square root of the sum of squares of what moves. */
function distance(track: Track, from: Value, to: Value): number {
  return Math.sqrt(squares(track.tracks, from, to));
}

function squares(tracks: readonly Track[], from: Value, to: Value): number {
  let sum = 0;
  for (const { name, mode, tracks: inner } of tracks) {
    const a = from[name];
    const b = to[name];
    if (mode === "struct" && isValue(a) && isValue(b)) sum += squares(inner, a, b);
    else if (typeof a === "number" && typeof b === "number") {
      sum += (mode === "angle" ? angleBetween(a, b) : b - a) ** 2;
    }
  }
  return sum;
}

function differ(
  tracks: readonly Track[],
  seen: Value,
  real: Value,
  into: Float64Array,
  start: number,
): void {
  let at = start;
  for (const track of tracks) {
    const a = seen[track.name];
    const b = real[track.name];
    if (track.mode === "struct" && isValue(a) && isValue(b)) {
      if (!(distance(track, a, b) > track.snap)) differ(track.tracks, a, b, into, at);
    } else if (track.mode === "rotation" && isRotation(a) && isRotation(b)) {
      differRotation(a, b, into, at);
    } else if (typeof a === "number" && typeof b === "number" && track.mode !== "step") {
      const way = track.mode === "angle" ? angleBetween(b, a) : a - b;
      if (Math.abs(way) <= track.snap) into[at] = way;
    }
    at += widthOf(track);
  }
}

function differRotation(seen: Quaternion, real: Quaternion, into: Float64Array, at: number): void {
  const cosine = seen.x * real.x + seen.y * real.y + seen.z * real.z + seen.w * real.w;
  const sign = cosine < 0 ? -1 : 1;
  into[at] = seen.x * sign - real.x;
  into[at + 1] = seen.y * sign - real.y;
  into[at + 2] = seen.z * sign - real.z;
  into[at + 3] = seen.w * sign - real.w;
}

function moveBy(
  tracks: readonly Track[],
  value: Value,
  differences: Float64Array,
  start: number,
): void {
  let at = start;
  for (const track of tracks) {
    const { name, mode } = track;
    const old = value[name];
    if (mode === "struct" && isValue(old)) moveBy(track.tracks, old, differences, at);
    else if (mode === "rotation" && isRotation(old)) {
      setUnit(
        old.x + differences[at]!,
        old.y + differences[at + 1]!,
        old.z + differences[at + 2]!,
        old.w + differences[at + 3]!,
        old,
        old,
      );
    } else if (typeof old === "number" && mode === "line") value[name] = old + differences[at]!;
    else if (typeof old === "number" && mode === "angle") {
      value[name] = wrapAngle(old + differences[at]!);
    }
    at += widthOf(track);
  }
}

function isValue(value: unknown): value is Value {
  return typeof value === "object" && value !== null;
}

function isRotation(value: unknown): value is Quaternion {
  return isValue(value) && typeof value.x === "number" && typeof value.y === "number" &&
    typeof value.z === "number" && typeof value.w === "number";
}
