/**
 * Bits to leaves, as program text: each value is checked before it is assigned, and a refused one
 * returns its reason.
 *
 * @module
 */
import type { IntNode, LeafNode, QuantizedNode } from "../node.ts";
import { Refusal } from "../refusal.ts";
import { TURN } from "../wire/angle.ts";
import { numeral, quoted, type Source } from "./source.ts";
import { identityRotation } from "./values.ts";

/**
 * Emits the check of a leaf.
 *
 * @param take Gives an expression for the bits of the leaf's next slot.
 * @param target Where a quaternion goes; the only leaf that is an object.
 * @returns An expression for the value, or `undefined` when it is in `target` already.
 */
export function emitLeafRead(
  out: Source,
  node: LeafNode,
  take: () => string,
  target: string,
): string | undefined {
  switch (node.kind) {
    case "bool":
      return `(${take()}) !== 0`;
    case "int":
      return emitInt(out, node, take);
    case "float":
      return emitFloatBits(out, node.bits, take);
    case "quantized":
      return emitQuantized(out, node, take);
    case "compressedFloat": {
      const { bits, maxInteger } = node.grid;
      const k = emitBounded(out, take(), bits, maxInteger, Refusal.range);
      return `decompressFloat(${out.hoist("G", quoted(node.grid))}, ${k})`;
    }
    case "angle": {
      const spare = 32 - node.bits;
      const signed = spare === 0 ? `(${take()})` : `((${take()}) << ${spare} >> ${spare})`;
      return `${signed} * ${numeral(TURN / 2 ** node.bits)}`;
    }
    case "enum": {
      const values = out.hoist("E", quoted(node.values));
      if (node.bits === 0) return `${values}[0]`;
      const last = node.values.length - 1;
      return `${values}[${emitBounded(out, take(), node.bits, last, Refusal.tag)}]`;
    }
    case "quaternion": {
      const parts = [take(), take(), take(), take()].map((bits) => out.declare("a", bits));
      const object = emitObject(out, target, identityRotation(out));
      const arguments_ = [node.bits, ...parts, object].join(", ");
      out.line(`if (!unpackQuaternion(${arguments_})) return ${-Refusal.quaternion};`);
      return undefined;
    }
  }
}

/** Emits a variable for the object in `target`; where there is none yet, a new one is put there. */
export function emitObject(out: Source, target: string, created: string): string {
  const object = out.declare("s", target, "let");
  out.line(
    `if (${object} === undefined || ${object} === null) ${target} = ${object} = ${created};`,
  );
  return object;
}

/** Emits an unsigned integer that is refused above `max`, and returns its variable. */
export function emitBounded(
  out: Source,
  bits: string,
  width: number,
  max: number,
  reason: number,
): string {
  const name = out.declare("r", width === 32 ? `(${bits}) >>> 0` : bits);
  if (max < 2 ** width - 1) out.line(`if (${name} > ${max}) return ${-reason};`);
  return name;
}

function emitInt(out: Source, node: IntNode, take: () => string): string {
  const { min, max, bits } = node;
  if (bits === 0) return numeral(min);
  const offset = bits <= 32
    ? emitBounded(out, take(), bits, max - min, Refusal.range)
    : emitWide(out, node, take);
  return min === 0 ? offset : `${offset} + ${numeral(min)}`;
}

function emitWide(out: Source, node: IntNode, take: () => string): string {
  const low = out.declare("r", `(${take()}) >>> 0`);
  const offset = out.declare("r", `${low} + (${take()}) * 4294967296`);
  const range = node.max - node.min;
  if (range < 2 ** node.bits - 1) {
    out.line(`if (${offset} > ${range}) return ${-Refusal.range};`);
  }
  return offset;
}

function emitFloatBits(out: Source, bits: 32 | 64, take: () => string): string {
  if (bits === 32) {
    out.line(`int32[0] = ${take()};`);
    return emitFiniteRead(out, "float32[0]");
  }
  const low = out.declare("r", take());
  const high = out.declare("r", take());
  out.line(`scratch.setInt32(0, ${low}, true);`);
  out.line(`scratch.setInt32(4, ${high}, true);`);
  return emitFiniteRead(out, "scratch.getFloat64(0, true)");
}

/** Emits a float that is refused unless it is finite, and returns its variable. */
export function emitFiniteRead(out: Source, expression: string): string {
  const name = out.declare("f", expression);
  out.line(`if (${name} - ${name} !== 0) return ${-Refusal.notFinite};`);
  return name;
}

function emitQuantized(out: Source, node: QuantizedNode, take: () => string): string {
  const { min, max, steps, bits, origin, center, stepSize, exactEnds } = node.grid;
  const k = emitBounded(out, take(), bits, steps, Refusal.range);
  const distance = `${center === 0 ? k : `(${k} - ${center})`} * ${numeral(stepSize)}`;
  // Exactly the sum that dequantize() computes; adding an origin of zero changes nothing.
  const value = origin === 0 ? distance : `${numeral(origin)} + ${distance}`;
  if (exactEnds) return value;
  return `${k} === 0 ? ${numeral(min)} : ${k} === ${steps} ? ${numeral(max)} : ${value}`;
}
