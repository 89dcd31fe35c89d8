/**
 * Leaves to bits, as program text: each value is checked inline, and whatever is wrong ends in
 * `fail(value)`, which finds the words for it.
 *
 * @module
 */
import type { IntNode, LeafNode, QuantizedNode } from "../node.ts";
import { TURN } from "../wire/angle.ts";
import { numeral, quoted, type Source } from "./source.ts";

/** Returns, although `fail` never does: a merge after the call would make V8 check every object again. */
const FAIL = "return fail(value);";

/** Up to this many texts are compared one by one; more are looked up. */
const MAX_COMPARED_TEXTS = 8;

/**
 * Emits the check and conversion of a leaf.
 *
 * @param source Expression for the value; evaluated once.
 * @param direct Whether a float is stored by `DataView` itself.
 * @returns The names of the variables that hold the bits of its slots, or the float's own variable.
 */
export function emitLeafWrite(
  out: Source,
  node: LeafNode,
  source: string,
  direct: boolean,
): string[] {
  switch (node.kind) {
    case "bool": {
      const a = out.declare("a", source);
      out.line(`if (${a} !== true && ${a} !== false) ${FAIL}`);
      return [out.declare("a", `${a} === true ? 1 : 0`)];
    }
    case "int":
      return emitInt(out, node, source);
    case "float":
      return emitFloat(out, node.bits, source, direct);
    case "quantized":
      return emitQuantized(out, node, source);
    case "compressedFloat": {
      const a = emitFinite(out, source, true);
      const grid = out.hoist("G", quoted(node.grid));
      return slots(node.grid.bits, () => out.declare("a", `compressFloat(${grid}, ${a})`));
    }
    case "angle": {
      const a = emitFinite(out, source, false);
      const step = `Math.floor(${a} * ${numeral(2 ** node.bits / TURN)} + 0.5)`;
      const mask = node.bits === 32 ? ">>> 0" : `& ${2 ** node.bits - 1}`;
      return [out.declare("a", `${step} ${mask}`)];
    }
    case "enum": {
      const a = out.declare("a", source);
      const number = emitTextNumber(out, node.values, a);
      return slots(node.bits, () => number);
    }
    case "quaternion": {
      const a = out.declare("q", source);
      out.line(`if (!isQuaternion(${a}) || !packQuaternion(${node.bits}, ${a})) ${FAIL}`);
      return [0, 1, 2, 3].map((i) => out.declare("a", `packedQuaternion[${i}]`));
    }
  }
}

function slots(bits: number, name: () => string): string[] {
  const only = name();
  return bits === 0 ? [] : [only];
}

/** Emits the position of a text among the values of an enum or the variants of a union. */
export function emitTextNumber(out: Source, values: readonly string[], text: string): string {
  if (values.length <= MAX_COMPARED_TEXTS) {
    const tests = values.map((value, i) => `${text} === ${quoted(value)} ? ${i} : `).join("");
    const number = out.declare("a", `${tests}-1`);
    out.line(`if (${number} < 0) ${FAIL}`);
    return number;
  }
  const pairs = values.map((value, i) => [value, i]);
  const numbers = out.hoist("E", `new Map(${quoted(pairs)})`);
  const number = out.declare("a", `${numbers}.get(${text})`);
  out.line(`if (${number} === undefined) ${FAIL}`);
  return number;
}

function emitInt(out: Source, node: IntNode, source: string): string[] {
  const { min, max, bits } = node;
  const a = emitNumber(out, source);
  if (min < -0x8000_0000 || (max > 0x7fff_ffff && (min !== 0 || max > 0xffff_ffff))) {
    return emitWideInt(out, node, a);
  }
  // 32-bit arithmetic wraps, so one unsigned comparison of the offset checks both bounds.
  const offset = min === 0 ? a : out.declare("a", `${a} - ${numeral(min)} | 0`);
  out.line(`if (${narrowFault(a, offset, max - min)}) ${FAIL}`);
  return bits === 0 ? [] : [offset];
}

/** A condition that is true unless the number `a` is an integer and its offset is in the range. */
function narrowFault(a: string, offset: string, range: number): string {
  if (a !== offset) {
    const integer = `(${a} | 0) !== ${a}`;
    return range === 0xffff_ffff ? integer : `${integer} || ${offset} >>> 0 > ${range}`;
  }
  if (range > 0x7fff_ffff) {
    const integer = `(${a} >>> 0) !== ${a}`;
    return range === 0xffff_ffff ? integer : `${integer} || ${a} > ${range}`;
  }
  // Where V8 has only seen small integers the first test costs nothing; one with a mask would.
  return `(${a} | 0) !== ${a} || ${a} >>> 0 > ${range}`;
}

function emitWideInt(out: Source, node: IntNode, a: string): string[] {
  const { min, max, bits } = node;
  const range = `${a} < ${numeral(min)} || ${a} > ${numeral(max)}`;
  out.line(`if (!Number.isSafeInteger(${a}) || ${range}) ${FAIL}`);
  if (bits === 0) return [];
  const offset = out.declare("a", `${a} - ${numeral(min)}`);
  if (bits <= 32) return [offset];
  return [
    out.declare("a", `${offset} >>> 0`),
    out.declare("a", `Math.floor(${offset} / 4294967296)`),
  ];
}

/** Emits the value, checked to be a number before arithmetic could convert it or throw. */
function emitNumber(out: Source, source: string): string {
  const a = out.declare("a", source);
  out.line(`if (typeof ${a} !== "number") ${FAIL}`);
  return a;
}

/** Emits the value, checked to be a number that is finite as float32 or float64. */
function emitFinite(out: Source, source: string, single: boolean): string {
  const a = emitNumber(out, source);
  const f = single ? out.declare("f", `Math.fround(${a})`) : a;
  // Infinity minus itself is NaN, so one comparison finds NaN and both infinities.
  out.line(`if (${f} - ${f} !== 0) ${FAIL}`);
  return f;
}

function emitFloat(out: Source, bits: 32 | 64, source: string, direct: boolean): string[] {
  const f = emitFinite(out, source, bits === 32);
  if (direct) return [f];
  if (bits === 32) {
    out.line(`float32[0] = ${f};`);
    return [out.declare("a", "int32[0]")];
  }
  out.line(`scratch.setFloat64(0, ${f}, true);`);
  return [
    out.declare("a", "scratch.getInt32(0, true)"),
    out.declare("a", "scratch.getInt32(4, true)"),
  ];
}

function emitQuantized(out: Source, node: QuantizedNode, source: string): string[] {
  const { origin, center, steps, stepsPerUnit } = node.grid;
  const a = emitNumber(out, source);
  const offset = origin === 0 ? a : `(${a} - ${numeral(origin)})`;
  const step = `Math.floor(${offset} * ${numeral(stepsPerUnit)} + 0.5)`;
  const k = out.declare("k", center === 0 ? step : `${step} + ${center}`);
  out.line(`if (!(${k} >= 0 && ${k} <= ${steps})) ${FAIL}`);
  return [k];
}
