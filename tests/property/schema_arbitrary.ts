/**
 * Random declarations together with the values that they carry, for property tests.
 *
 * @module
 */
import fc from "fast-check";
import { type AnyValue, Field, t } from "../../schema/mod.ts";

/** A declared field and an arbitrary of its values. */
export interface Declared {
  /** The field. */
  readonly field: Field<unknown>;
  /** Its values. */
  readonly values: fc.Arbitrary<unknown>;
}

/** A declared struct. */
export interface DeclaredStruct {
  /** The struct, for `compileCodec`. */
  readonly field: Field<Record<string, unknown>>;
  /** Its values. */
  readonly values: fc.Arbitrary<Record<string, unknown>>;
}

/** A random struct of at most `depth` levels of nesting. */
export function declaredStruct(depth = 3): fc.Arbitrary<DeclaredStruct> {
  return fieldsOf(depth, 6).map(({ fields, values }) => ({
    field: t.struct(fields),
    values,
  }));
}

const NAMES = ["a", "id", "pos", "x", "y", "kind", "_private", "toString", "default", "length"];

interface DeclaredFields {
  readonly fields: Record<string, Field<unknown>>;
  readonly values: fc.Arbitrary<Record<string, unknown>>;
}

function fieldsOf(depth: number, maxFields: number): fc.Arbitrary<DeclaredFields> {
  return fc.dictionary(fc.constantFrom(...NAMES), declared(depth), { maxKeys: maxFields })
    .map((entries) => {
      const names = Object.keys(entries).sort();
      const fields: Record<string, Field<unknown>> = {};
      const values: Record<string, fc.Arbitrary<unknown>> = {};
      for (const name of names) {
        const entry = entries[name];
        if (entry === undefined) continue;
        fields[name] = entry.field;
        values[name] = entry.values;
      }
      return { fields, values: fc.record(values) };
    });
}

/** A random field. */
export function declared(depth: number): fc.Arbitrary<Declared> {
  return depth <= 0 ? leaf() : fc.oneof(
    { weight: 5, arbitrary: leaf() },
    { weight: 2, arbitrary: sized() },
    { weight: 3, arbitrary: composite(depth - 1) },
  );
}

function numbers(field: Field<number>, values: fc.Arbitrary<number>): Declared {
  return { field, values };
}

const FINITE = { noNaN: true, noDefaultInfinity: true } as const;

function leaf(): fc.Arbitrary<Declared> {
  return fc.oneof(
    fc.constant<Declared>({ field: t.bool(), values: fc.boolean() }),
    integer(),
    fc.constantFrom(
      numbers(t.f32(), fc.float(FINITE)),
      numbers(t.f64(), fc.double(FINITE)),
    ),
    quantized(),
    compressedFloat(),
    fc.integer({ min: 1, max: 32 }).map((bits) =>
      numbers(t.angle(bits), fc.double({ min: -100, max: 100, ...FINITE }))
    ),
    enumeration(),
    fc.integer({ min: 2, max: 16 }).map((bits) => ({
      field: t.quat(bits),
      values: rotation(),
    })),
  );
}

function integer(): fc.Arbitrary<Declared> {
  const bound = fc.oneof(
    fc.integer({ min: -40, max: 40 }),
    fc.integer(),
    fc.maxSafeInteger().map((value) => Math.trunc(value / 2)),
    fc.constantFrom(0, 255, 65_535, 4_294_967_295, -2_147_483_648, 2_147_483_647),
  );
  return fc.tuple(bound, bound).map(([a, b]) => {
    const min = Math.min(a, b);
    const max = Math.max(a, b);
    return numbers(
      t.int(min, max),
      fc.oneof(fc.maxSafeNat().map((n) => min + n % (max - min + 1)), fc.constantFrom(min, max)),
    );
  });
}

function quantized(): fc.Arbitrary<Declared> {
  const symmetric = fc.double({ min: 0.25, max: 4096, ...FINITE }).map((max) => [-max, max]);
  const free = fc.tuple(
    fc.double({ min: -4096, max: 4096, ...FINITE }),
    fc.double({ min: 0.25, max: 4096, ...FINITE }),
  ).map(([min, span]) => [min, min + span]);
  return fc.tuple(fc.oneof(symmetric, free), fc.integer({ min: 1, max: 70_000 })).map(
    ([[min = 0, max = 1], steps]) =>
      numbers(
        t.quantized(min, max, (max - min) / steps),
        fc.oneof(
          fc.double({ min: 0, max: 1, ...FINITE }).map((part) =>
            Math.min(Math.max(min + part * (max - min), min), max)
          ),
          fc.constantFrom(min, max),
        ),
      ),
  );
}

/** Few quanta against a zero that is not far away: with many, float32 has no exact round trip. */
function compressedFloat(): fc.Arbitrary<Declared> {
  return fc.tuple(fc.integer({ min: -100, max: 100 }), fc.integer({ min: 1, max: 1000 })).map(
    ([min, span]) =>
      numbers(
        t.compressedFloat(min, min + span, 0.1),
        fc.float({ min: Math.fround(min - 5), max: Math.fround(min + span + 5), ...FINITE }),
      ),
  );
}

function enumeration(): fc.Arbitrary<Declared> {
  const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }).filter((text) =>
    text.length > 0 && text.length <= 64 && text.isWellFormed()
  );
  return fc.uniqueArray(name, { minLength: 1, maxLength: 20 }).map((names) => ({
    field: t.enum(...names),
    values: fc.constantFrom(...names),
  }));
}

function rotation(): fc.Arbitrary<unknown> {
  const part = fc.oneof(
    fc.double({ min: -1, max: 1, ...FINITE }),
    fc.constantFrom(0, 1, -1, Math.SQRT1_2, 0.5),
  );
  return fc.record({ x: part, y: part, z: part, w: part }).filter(({ x, y, z, w }) =>
    x !== 0 || y !== 0 || z !== 0 || w !== 0
  );
}

function sized(): fc.Arbitrary<Declared> {
  return fc.oneof(
    fc.constant(numbers(t.varint(), fc.nat({ max: 0xffff_ffff }))),
    fc.integer({ min: 1, max: 300 }).map((maxBytes) => ({
      field: t.string({ maxBytes }),
      values: text(maxBytes),
    })),
    fc.tuple(fc.integer({ min: 1, max: 100 }), fc.boolean()).map(([size, fixed]) => ({
      field: fixed ? t.bytes({ length: size }) : t.bytes({ maxBytes: size }),
      values: fc.uint8Array({ minLength: fixed ? size : 0, maxLength: size }),
    })),
    fc.constant<Declared>({
      field: t.any({ maxBytes: 4_000, maxDepth: 4, maxItems: 400 }),
      values: dynamic(),
    }),
  );
}

/**
 * Any character but U+0000, each length in UTF-8 equally often. Unlike the unit `"binary"` of
 * fast-check it does not begin with a table of all code points, which takes a second.
 */
export const character: fc.Arbitrary<string> = fc.oneof(
  fc.integer({ min: 1, max: 0x7f }),
  fc.integer({ min: 0x80, max: 0x7ff }),
  fc.oneof(fc.integer({ min: 0x800, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0xffff })),
  fc.integer({ min: 0x10000, max: 0x10ffff }),
).map((point) => String.fromCodePoint(point));

/** Text of at most `maxBytes` bytes, without U+0000. */
export function text(maxBytes: number): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string({ unit: "grapheme-ascii", maxLength: maxBytes }),
    fc.string({ unit: character, maxLength: Math.floor(maxBytes / 4) }),
  );
}

/** A dynamic value within small limits. */
export function dynamic(): fc.Arbitrary<AnyValue> {
  const word = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 12 }),
    // What the JSON form marks bytes and absence with must survive as an ordinary key.
    fc.constantFrom("$bytes", "$$bytes", "$absent", "$", "constructor"),
  )
    .filter((text) => text.isWellFormed() && !text.startsWith("\uFEFF") && text !== "__proto__");
  const scalar: fc.Arbitrary<AnyValue> = fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.integer({ min: -200, max: 300 }),
    fc.double(FINITE).map((value) => value + 0),
    word,
    fc.uint8Array({ maxLength: 12 }),
  );
  const inner: fc.Arbitrary<AnyValue> = fc.oneof(
    scalar,
    fc.array(scalar, { maxLength: 5 }),
    fc.dictionary(word, scalar, { maxKeys: 5 }).map((value) => ({ ...value })),
  );
  return fc.oneof(scalar, fc.array(inner, { maxLength: 5 }));
}

function composite(depth: number): fc.Arbitrary<Declared> {
  return fc.oneof(
    fieldsOf(depth, 4).map(({ fields, values }) => ({ field: t.struct(fields), values })),
    fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 6 }).map((names) => ({
      field: t.flags(...names),
      values: fc.record(Object.fromEntries(names.map((name) => [name, fc.boolean()]))),
    })),
    declared(depth).filter(isNotOptional).map(({ field, values }) => ({
      field: field.optional(),
      values: fc.option(values, { nil: undefined }),
    })),
    vector(),
    array(depth),
    map(depth),
    union(depth),
  );
}

function isNotOptional({ field }: Declared): boolean {
  return field.node.kind !== "optional";
}

function vector(): fc.Arbitrary<Declared> {
  return fc.integer({ min: 1, max: 64 }).map((half) => ({
    field: t.vec3(t.quantized(-half, half, 1 / 4)),
    values: fc.record({
      x: fc.double({ min: -half, max: half, ...FINITE }),
      y: fc.double({ min: -half, max: half, ...FINITE }),
      z: fc.double({ min: -half, max: half, ...FINITE }),
    }),
  }));
}

/** `undefined` where a builder refuses the combination, as for elements without bits. */
function attempt(make: () => Declared): Declared | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

function made(options: fc.Arbitrary<Declared | undefined>): fc.Arbitrary<Declared> {
  return options.map((result) => result ?? { field: t.bool(), values: fc.boolean() });
}

function array(depth: number): fc.Arbitrary<Declared> {
  return made(
    fc.tuple(declared(depth), fc.integer({ min: 1, max: 12 }), fc.nat(3)).map(
      ([element, max, least]) =>
        attempt(() => {
          const min = Math.min(least, max);
          return {
            field: t.array(element.field, { min, max }),
            values: fc.array(element.values, { minLength: min, maxLength: max }),
          };
        }),
    ),
  );
}

function map(depth: number): fc.Arbitrary<Declared> {
  const key = fc.constantFrom<[Field<string | number>, fc.Arbitrary<string | number>]>(
    [t.u8() as Field<string | number>, fc.nat(255)],
    [t.int(-5, 5) as Field<string | number>, fc.integer({ min: -5, max: 5 })],
    [t.varint() as Field<string | number>, fc.nat()],
    [t.enum("z", "a", "m") as Field<string | number>, fc.constantFrom("z", "a", "m")],
    [t.string({ maxBytes: 20 }) as Field<string | number>, text(20)],
  );
  return made(
    fc.tuple(key, declared(depth), fc.integer({ min: 1, max: 6 })).map(
      ([[keyField, keys], value, max]) =>
        attempt(() => ({
          field: t.map(keyField, value.field, { max }),
          values: fc.uniqueArray(fc.tuple(keys, value.values), {
            maxLength: max,
            selector: ([key]) => key,
          }).map((pairs) => new Map(pairs)),
        })),
    ),
  );
}

function union(depth: number): fc.Arbitrary<Declared> {
  const variant = fieldsOf(depth, 3);
  return fc.dictionary(fc.constantFrom("move", "cast", "idle"), variant, {
    minKeys: 1,
    maxKeys: 3,
  }).map((variants) => {
    const fields = Object.fromEntries(
      Object.entries(variants).map(([name, { fields }]) => [name, fields]),
    );
    const values = Object.entries(variants).map(([name, { values }]) =>
      values.map((value) => ({ ...value, tag: name }))
    );
    return { field: t.union("tag", fields), values: fc.oneof(...values) };
  });
}
