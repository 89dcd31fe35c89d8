/**
 * `t`: the vocabulary of declarations.
 *
 * @module
 */
import type { AnyValue } from "../dynamic.ts";
import { Field } from "../field.ts";
import type { Fields, InferFields, InferUnion } from "../infer.ts";
import type { Quaternion } from "../wire/quaternion.ts";
import {
  array,
  type ArrayOptions,
  enumeration,
  flags,
  map,
  type MapOptions,
  quat,
  struct,
  union,
  type Vec2,
  vec2,
  type Vec3,
  vec3,
} from "./composite.ts";
import {
  angle,
  compressedFloat,
  entityRef,
  type EntityRefOptions,
  float,
  int,
  quantized,
  tick,
  varint,
} from "./number.ts";
import {
  any,
  type AnyOptions,
  bytes,
  type BytesOptions,
  string,
  type StringOptions,
} from "./text.ts";

/** Builders of fields. Each checks its arguments and throws RangeError or TypeError that says what is wrong. */
export interface Builders {
  /** `true` or `false`; 1 bit. */
  bool(): Field<boolean>;
  /** An integer of 0 to 255; 8 bits. */
  u8(): Field<number>;
  /** An integer of 0 to 65,535; 16 bits. */
  u16(): Field<number>;
  /** An integer of 0 to 4,294,967,295; 32 bits. */
  u32(): Field<number>;
  /** An integer of -128 to 127; 8 bits. */
  i8(): Field<number>;
  /** An integer of -32,768 to 32,767; 16 bits. */
  i16(): Field<number>;
  /** An integer of -2,147,483,648 to 2,147,483,647; 32 bits. */
  i32(): Field<number>;
  /** An integer of `min` to `max` in as few bits as hold the range: `int(0, 100)` takes 7. At most 53 bits. */
  int(min: number, max: number): Field<number>;
  /** An unsigned 32-bit integer of 1 to 5 bytes, for numbers that are small most of the time. */
  varint(): Field<number>;
  /** A finite float32; written values are rounded to it. NaN and infinities are refused. */
  f32(): Field<number>;
  /** A finite float64. NaN and infinities are refused. */
  f64(): Field<number>;
  /**
   * A number of `min` to `max` on a grid no coarser than `step`: `quantized(-64, 64, 1 / 64)` takes
   * 14 bits. Zero is exact when `min` is `-max`, the ends always are.
   */
  quantized(min: number, max: number, step: number): Field<number>;
  /** `compressed_float` of the serialize 1.0 standard, for peers that speak it; values outside the range are clamped. */
  compressedFloat(min: number, max: number, resolution: number): Field<number>;
  /** An angle in radians that wraps, `2^bits` steps a turn, read back in `[-π, π)`; 1 to 32 bits. */
  angle(bits: number): Field<number>;
  /** A rotation of `2 + 3 * bits` bits, 2 to 16; 10 bits keep the error below 0.25°. */
  quat(bits: number): Field<Quaternion>;
  /** A tick of game time; 32 bits. */
  tick(): Field<number>;
  /** The number of an entity, 0 to 65,535 unless told otherwise. */
  entityRef(options?: EntityRefOptions): Field<number>;
  /** One of several texts, of which the position travels; 1 value takes no bits, 3 take 2. */
  enum<const V extends string>(...values: readonly V[]): Field<V>;
  /** Named booleans, 1 bit each. */
  flags<const N extends string>(...names: readonly N[]): Field<Record<N, boolean>>;
  /** UTF-8 text of at most `maxBytes` bytes, without U+0000. */
  string(options: StringOptions): Field<string>;
  /**
   * Raw bytes, at most `maxBytes` of them or always `length`. What is read is a copy, often a slice
   * of memory shared with other values: copy it again before transferring its `buffer` or keeping
   * many for long.
   */
  bytes(options: BytesOptions): Field<Uint8Array>;
  /** A dynamic value, JSON plus bytes, as msgpack under limits. For tools and mods, not for hot state. */
  any(options: AnyOptions): Field<AnyValue>;
  /** At most `max` elements, or always `length`. */
  array<T>(element: Field<T>, options: ArrayOptions): Field<T[]>;
  /** A `Map` of at most `max` entries with integer, enum or string keys. */
  map<K extends string | number, V>(
    key: Field<K>,
    value: Field<V>,
    options: MapOptions,
  ): Field<Map<K, V>>;
  /** An object with these properties. */
  struct<F extends Fields>(fields: F): Field<InferFields<F>>;
  /** One of several objects, told apart by the property `tag`. */
  union<const Tag extends string, V extends Readonly<Record<string, Fields>>>(
    tag: Tag,
    variants: V,
  ): Field<InferUnion<Tag, V>>;
  /** An object with `x` and `y`. */
  vec2(axis: Field<number>): Field<Vec2>;
  /** An object with `x`, `y` and `z`. */
  vec3(axis: Field<number>): Field<Vec3>;
}

/**
 * The vocabulary of declarations.
 *
 * @example
 * ```ts
 * import { t } from "../mod.ts";
 * const Position = t.vec2(t.quantized(-64, 64, 1 / 64));
 * const Player = t.struct({ pos: Position, hp: t.int(0, 100).default(100), name: t.string({ maxBytes: 24 }) });
 * console.assert(Player.node.kind === "struct");
 * ```
 */
export const t: Builders = Object.freeze({
  bool: (): Field<boolean> => new Field(Object.freeze({ kind: "bool" })),
  u8: (): Field<number> => int(0, 0xff),
  u16: (): Field<number> => int(0, 0xffff),
  u32: (): Field<number> => int(0, 0xffff_ffff),
  i8: (): Field<number> => int(-0x80, 0x7f),
  i16: (): Field<number> => int(-0x8000, 0x7fff),
  i32: (): Field<number> => int(-0x8000_0000, 0x7fff_ffff),
  int,
  varint,
  f32: (): Field<number> => float(32),
  f64: (): Field<number> => float(64),
  quantized,
  compressedFloat,
  angle,
  quat,
  tick,
  entityRef,
  enum: enumeration,
  flags,
  string,
  bytes,
  any,
  array,
  map,
  struct,
  union,
  vec2,
  vec3,
});
