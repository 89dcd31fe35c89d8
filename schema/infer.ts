/**
 * Types from declarations. Nothing here exists at run time.
 *
 * @module
 */
import type { Field } from "./field.ts";

/** Properties of a message, entity, struct or union variant. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

/** Anything that carries a type: a field, a message or an entity, declared or bound. */
export interface Carrier<T> {
  /** The carried type; exists for the type checker only. */
  readonly "~type": T;
}

/**
 * The plain JavaScript type of a declaration.
 *
 * @example
 * ```ts
 * import { type Infer, t } from "./mod.ts";
 * const Point = t.struct({ x: t.int(0, 9), label: t.string({ maxBytes: 8 }).optional() });
 * const point: Infer<typeof Point> = { x: 3 };
 * console.assert(point.label === undefined);
 * ```
 */
export type Infer<D extends Carrier<unknown>> = D["~type"];

/** One object type instead of an intersection, so that hovers show what a value looks like. */
export type Flatten<T> = { [K in keyof T]: T[K] };

/** The object type of a set of fields; a field that may be `undefined` becomes an optional property. */
export type InferFields<F extends Fields> = Flatten<
  & { -readonly [K in keyof F as undefined extends F[K]["~type"] ? never : K]: F[K]["~type"] }
  & { -readonly [K in keyof F as undefined extends F[K]["~type"] ? K : never]?: F[K]["~type"] }
>;

/** The discriminated union of a set of variants. */
export type InferUnion<Tag extends string, V extends Readonly<Record<string, Fields>>> = {
  [K in keyof V & string]: Flatten<{ [P in Tag]: K } & InferFields<V[K]>>;
}[keyof V & string];
