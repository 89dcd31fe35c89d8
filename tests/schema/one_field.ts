/**
 * What tests say about a field: which values it carries, which it does not write, which bytes it refuses.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  type Backend,
  type Codec,
  compileCodec,
  type Field,
  refusalName,
  t,
} from "../../schema/mod.ts";

/** Both. */
export const BACKENDS: readonly Backend[] = ["jit", "interpreter"];

/** A codec of one field called `v`, by each backend. */
export function each<T>(field: Field<T>, test: (codec: Codec<{ v: T }>) => void): void {
  for (const backend of BACKENDS) {
    // The builder infers the same type; with a generic T the checker cannot see through it.
    test(compileCodec(t.struct({ v: field }) as Field<{ v: T }>, { backend, name: "Test" }));
  }
}

/** Bytes, one number each. */
export function bytesOf(...bytes: number[]): Uint8Array {
  return Uint8Array.from(bytes);
}

/** The values come back, in the bytes given if any are given. */
export function carries<T>(field: Field<T>, cases: readonly (readonly [T, ...number[]])[]): void {
  each(field, (codec) => {
    for (const [v, ...bytes] of cases) {
      const encoded = codec.encode({ v });
      if (bytes.length > 0) assert.deepEqual(encoded, bytesOf(...bytes));
      assert.deepEqual(codec.decode(encoded), { v });
    }
  });
}

/** The writer throws and names the field. */
export function rejects<T>(field: Field<T>, values: readonly unknown[], message: RegExp): void {
  each(field, (codec) => {
    for (const v of values) {
      // What the type checker would not let through is the point of these cases.
      assert.throws(() => codec.encode({ v } as { v: T }), message, String(v));
    }
  });
}

/** The reader refuses the bytes for this reason. */
export function refuses<T>(field: Field<T>, reason: number, cases: readonly number[][]): void {
  each(field, (codec) => {
    for (const bytes of cases) {
      const found = codec.refusalOf(bytesOf(...bytes));
      assert.equal(refusalName(found), refusalName(reason), bytes.join(" "));
      assert.equal(codec.decode(bytesOf(...bytes)), undefined);
    }
  });
}
