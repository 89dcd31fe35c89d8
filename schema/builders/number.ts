/**
 * Builders of numbers.
 *
 * @module
 */
import { Field } from "../field.ts";
import { checkInteger } from "../limits.ts";
import type { IntNode, Node } from "../node.ts";
import { bitsRequired } from "../wire/bits.ts";
import { compressedFloatGrid } from "../wire/compressed_float.ts";
import { quantizedGrid } from "../wire/quantized.ts";

const U32_MAX = 4_294_967_295;

/** Options of `t.entityRef`. */
export interface EntityRefOptions {
  /** Largest entity number, default 65,535. */
  readonly max?: number;
}

/** An integer of `[min, max]`, both safe integers. */
export function int(min: number, max: number): Field<number> {
  return new Field(intNode(min, max));
}

/** The node of {@link int}; also used for entity references and ticks. */
export function intNode(min: number, max: number, role: IntNode["role"] = "number"): IntNode {
  if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || min > max) {
    throw new RangeError(
      `Cannot declare int(${min}, ${max}): the bounds must be ascending integers`,
    );
  }
  if (!Number.isSafeInteger(max - min)) {
    throw new RangeError(`Cannot declare int(${min}, ${max}): the range is wider than 2^53 - 1`);
  }
  // -0 would make min and max print and compare unlike what they mean.
  return Object.freeze({
    kind: "int",
    min: min + 0,
    max: max + 0,
    bits: bitsRequired(min, max),
    role,
  });
}

/** Game time. 32 bits: 16 would wrap after 18 minutes at 60 Hz and need a context to unwrap. */
export function tick(): Field<number> {
  return new Field(intNode(0, U32_MAX, "tick"));
}

/** The number of an entity; 0 is free for "none". */
export function entityRef(options: EntityRefOptions = {}): Field<number> {
  const { max = 65_535 } = options;
  checkInteger("entityRef max", max, 1, U32_MAX);
  return new Field(intNode(0, max, "entity"));
}

/** A 32-bit integer of 1 to 5 bytes. */
export function varint(): Field<number> {
  return new Field(Object.freeze({ kind: "varint" }));
}

/** A float of 32 or 64 bits. */
export function float(bits: 32 | 64): Field<number> {
  return new Field(Object.freeze({ kind: "float", bits }));
}

/** A number on a grid. */
export function quantized(min: number, max: number, step: number): Field<number> {
  return new Field(
    Object.freeze({ kind: "quantized", grid: quantizedGrid(min + 0, max + 0, step) }),
  );
}

/** The compressed float of serialize 1.0. */
export function compressedFloat(min: number, max: number, resolution: number): Field<number> {
  return new Field(
    Object.freeze({ kind: "compressedFloat", grid: compressedFloatGrid(min, max, resolution) }),
  );
}

/** An angle in radians. */
export function angle(bits: number): Field<number> {
  checkInteger("angle bits", bits, 1, 32);
  const node: Node = Object.freeze({ kind: "angle", bits });
  return new Field(node);
}
