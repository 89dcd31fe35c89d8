/**
 * Entities: things of the game world that the server replicates to clients.
 *
 * @module
 */
import { structNode } from "./builders/composite.ts";
import type { Fields, InferFields } from "./infer.ts";
import { checkInteger } from "./limits.ts";
import type { StructNode } from "./node.ts";
import { NEWEST_VERSION } from "./version.ts";

/** Options of {@link entity}. */
export interface EntityOptions {
  /** Updates per second at most; default as often as the server ticks. Above 0. */
  readonly rateHz?: number;
  /** How fast waiting updates of this entity gain urgency against others, above 0, default 1. */
  readonly priority?: number;
  /** First protocol version that has it. */
  readonly since?: number;
  /** First protocol version that no longer has it. */
  readonly deprecated?: number;
}

/** A declared entity; `protocol()` gives it its name. */
export class EntityDefinition<T> {
  /** The carried type; exists for the type checker only. */
  declare readonly "~type": T;
  /** Tells definitions apart. */
  readonly kind = "entity";
  /** The properties, with the modifiers that steer replication. */
  readonly struct: StructNode;
  /** The options, checked. */
  readonly options: Readonly<EntityOptions>;

  /** Use {@link entity} instead. */
  constructor(struct: StructNode, options: EntityOptions) {
    this.struct = struct;
    this.options = Object.freeze({ ...options });
  }
}

/**
 * Declares an entity.
 *
 * @param fields Its properties; only here have `once`, `view`, `group`, `lerp` and `slerp` a meaning.
 * @throws RangeError or TypeError that names what is wrong.
 *
 * @example
 * ```ts
 * import { entity, t } from "./mod.ts";
 * const Player = entity({
 *   pos: t.vec2(t.quantized(-64, 64, 1 / 64)).lerp({ snap: 8 }),
 *   hp: t.int(0, 100).default(100),
 *   name: t.string({ maxBytes: 24 }).once(),
 * });
 * console.assert(Player.struct.fields.length === 3);
 * ```
 */
export function entity<F extends Fields>(
  fields: F,
  options: EntityOptions = {},
): EntityDefinition<InferFields<F>> {
  const { rateHz, priority, since, deprecated } = options;
  checkPositive("rateHz", rateHz);
  checkPositive("priority", priority);
  if (since !== undefined) checkInteger("entity since", since, 1, NEWEST_VERSION);
  if (deprecated !== undefined) {
    checkInteger("entity deprecated", deprecated, (since ?? 1) + 1, NEWEST_VERSION);
  }
  return new EntityDefinition(structNode("entity", fields, true), options);
}

function checkPositive(option: string, value: number | undefined): void {
  if (value === undefined || (value > 0 && Number.isFinite(value))) return;
  throw new RangeError(`Cannot declare entity: ${option} ${value} is not a finite number above 0`);
}
