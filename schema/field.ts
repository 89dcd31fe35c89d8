/**
 * A field: what one property of a message or entity holds, and how it behaves.
 *
 * @module
 */
import { assertWritable } from "./check.ts";
import { checkIdentifier, checkInteger } from "./limits.ts";
import type { FieldMeta, Node } from "./node.ts";
import { copyValue } from "./value.ts";
import { NEWEST_VERSION } from "./version.ts";

/** Options of {@link Field.lerp}. */
export interface LerpOptions {
  /** Jumps longer than this, in units of the field, are shown at once: teleports and respawns. Above 0. */
  readonly snap?: number;
}

/**
 * A declared field that carries values of type `T`. Immutable: each modifier returns a new field,
 * so a field can be shared between declarations. Made by the builders of `t`.
 *
 * Ranges and steps are not part of `T`: it is the plain JavaScript type, which keeps hovers short
 * and type-checking fast.
 */
export class Field<T> {
  /** The carried type; exists for the type checker only. */
  declare readonly "~type": T;
  /** What the compiler knows about the values. */
  readonly node: Node;
  /** What the modifiers said. */
  readonly meta: FieldMeta;

  /** Use the builders of `t` instead. */
  constructor(node: Node, meta: FieldMeta = {}) {
    this.node = node;
    this.meta = Object.freeze(meta);
  }

  /** The field may be absent (`undefined`). Costs one bit, and a byte boundary before a present value. */
  optional(): Field<T | undefined> {
    if (this.node.kind === "optional") {
      throw new TypeError("Cannot make a field optional: it is optional already");
    }
    return new Field(Object.freeze({ kind: "optional", inner: this.node }), this.meta);
  }

  /**
   * What a new value starts with, and what a reader fills in when the version in use does not carry
   * the field. Without it: 0 (or the nearest value in range), `false`, `""`, the first of an enum or
   * union, nothing for the rest.
   *
   * @throws RangeError or TypeError when the field could not carry `value`.
   */
  default(value: T): Field<T> {
    assertWritable("default", this.node, value);
    // A copy: what the author does to the object later must not change the declaration.
    return this.#with({ defaultValue: Object.freeze({ value: copyValue(value) }) });
  }

  /** The field travels from protocol version `version` on; readers of older versions fill the default. */
  since(version: number): Field<T> {
    checkInteger("since", version, 1, NEWEST_VERSION);
    return this.#with({ since: version });
  }

  /**
   * From protocol version `version` on the field no longer travels: writers ignore it and readers
   * fill the default. Older versions that are still accepted carry it.
   */
  deprecated(version: number): Field<T> {
    checkInteger("deprecated", version, 1, NEWEST_VERSION);
    return this.#with({ deprecated: version });
  }

  /** Of an entity: sent when the entity enters a client's view, never again. Names, colors, models. */
  once(): Field<T> {
    return this.#with({ once: true });
  }

  /** Of an entity: only clients that hold `tag` for the entity receive the field, such as `"owner"`. */
  view(tag: string): Field<T> {
    checkIdentifier("view", tag);
    return this.#with({ view: tag });
  }

  /** Of an entity: fields of one group share a bit of the change mask, because they change together. */
  group(name: string): Field<T> {
    checkIdentifier("group", name);
    return this.#with({ group: name });
  }

  /**
   * Of an entity: clients move in a straight line between two snapshots; angles take the short way.
   *
   * @throws TypeError when the field is not a number or a struct of numbers.
   */
  lerp(options: LerpOptions = {}): Field<T> {
    const { snap } = options;
    if (!isNumeric(this.node)) {
      throw new TypeError("Cannot lerp: the field is neither a number nor a struct of numbers");
    }
    if (snap !== undefined && !(snap > 0 && Number.isFinite(snap))) {
      throw new RangeError(`Cannot lerp: snap ${snap} is not a finite number above 0`);
    }
    return this.#with({
      interpolation: Object.freeze({ kind: "lerp", ...(snap === undefined ? {} : { snap }) }),
    });
  }

  /**
   * Of an entity: clients turn at constant speed between two snapshots.
   *
   * @throws TypeError when the field is not a quaternion.
   */
  slerp(): Field<T> {
    if (this.node.kind !== "quaternion") {
      throw new TypeError("Cannot slerp: the field is not a quaternion");
    }
    return this.#with({ interpolation: Object.freeze({ kind: "slerp" }) });
  }

  #with(meta: FieldMeta): Field<T> {
    return new Field<T>(this.node, { ...this.meta, ...meta });
  }
}

function isNumeric(node: Node): boolean {
  switch (node.kind) {
    case "int":
    case "float":
    case "quantized":
    case "compressedFloat":
    case "angle":
      return true;
    case "struct":
      return node.fields.length > 0 && node.fields.every((field) => isNumeric(field.node));
    default:
      return false;
  }
}
