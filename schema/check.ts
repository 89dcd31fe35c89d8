/**
 * What a writer may write. A caller's mistake throws at once and names the place, the value and the
 * limit. The interpreter checks with this walk before it writes; generated code has its own inline
 * checks and comes here only to find the words once one of them has failed.
 *
 * @module
 */
import { dynamicFault } from "./dynamic.ts";
import { MAX_ELEMENTS } from "./limits.ts";
import type { IntNode, MapNode, Node, StructNode, UnionNode } from "./node.ts";
import { quantize } from "./wire/quantized.ts";
import { packQuaternion, type Quaternion } from "./wire/quaternion.ts";
import { utf8Bytes } from "./wire/utf8.ts";

/** A value that cannot be written. */
export interface Fault {
  /** Where, from the value that was checked: `""`, `.pos.x`, `.items[3]`. */
  path: string;
  /** What is wrong: `101 is not an integer of 0 to 100`. */
  readonly problem: string;
  /** Whether it is a value of the wrong type rather than one outside its limits. */
  readonly wrongType: boolean;
}

/**
 * Throws when `value` cannot be written.
 *
 * @param name What the path in the message starts with: the name of the message or codec.
 * @throws TypeError for a value of the wrong type, RangeError for one outside its limits.
 */
export function assertWritable(name: string, node: Node, value: unknown): void {
  const fault = findFault(node, value);
  if (fault === undefined) return;
  const message = `Cannot write ${name}${fault.path}: ${fault.problem}`;
  throw fault.wrongType ? new TypeError(message) : new RangeError(message);
}

/** The first thing about `value` that cannot be written, or `undefined`. Allocates only for a fault. */
export function findFault(node: Node, value: unknown): Fault | undefined {
  switch (node.kind) {
    case "bool":
      return typeof value === "boolean" ? undefined : wrongType(value, "a boolean");
    case "int":
      return intFault(node, value);
    case "varint":
      return typeof value === "number" && value >>> 0 === value
        ? undefined
        : numberFault(value, "an integer of 0 to 4294967295");
    case "float":
      return floatFault(value, node.bits === 32);
    case "quantized": {
      if (typeof value !== "number") return wrongType(value, "a number");
      const { min, max, steps } = node.grid;
      const step = quantize(node.grid, value);
      return step >= 0 && step <= steps ? undefined : outside(value, `in ${min} to ${max}`);
    }
    case "compressedFloat":
      return floatFault(value, true);
    case "angle":
      return floatFault(value, false);
    case "enum":
      return enumFault(node.values, value);
    case "quaternion":
      return quaternionFault(node.bits, value);
    case "string":
      return stringFault(node.maxBytes, value);
    case "bytes":
      return bytesFault(node.minBytes, node.maxBytes, value);
    case "any":
      return dynamicFault(node, value);
    case "array":
      return arrayFault(node.element, node.min, node.max, value);
    case "map":
      return mapFault(node, value);
    case "struct":
      return structFault(node, value);
    case "union":
      return unionFault(node, value);
    case "optional":
      return value === undefined ? undefined : findFault(node.inner, value);
  }
}

/** Whether a value is an object. The one place where `object` becomes a record of unknowns. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/**
 * Whether a value has properties to read. Writers ask for no more: `typeof` costs generated code
 * 20 instructions, and what is no object lacks the properties anyway.
 */
function hasProperties(value: unknown): value is Record<string, unknown> {
  return value !== undefined && value !== null;
}

function intFault(node: IntNode, value: unknown): Fault | undefined {
  if (Number.isSafeInteger(value) && typeof value === "number") {
    if (value >= node.min && value <= node.max) return undefined;
  }
  return numberFault(value, `an integer of ${node.min} to ${node.max}`);
}

function floatFault(value: unknown, single: boolean): Fault | undefined {
  if (typeof value !== "number") return wrongType(value, "a number");
  const stored = single ? Math.fround(value) : value;
  return Number.isFinite(stored)
    ? undefined
    : outside(value, single ? "a finite float32" : "a finite number");
}

function enumFault(values: readonly string[], value: unknown): Fault | undefined {
  if (typeof value !== "string") return wrongType(value, "a string");
  if (values.includes(value)) return undefined;
  const known = values.slice(0, 8).map((name) => JSON.stringify(name)).join(", ");
  return outside(value, `one of ${known}${values.length > 8 ? " …" : ""}`);
}

function quaternionFault(bits: number, value: unknown): Fault | undefined {
  if (!isRecord(value)) return wrongType(value, "a quaternion");
  for (const axis of ["x", "y", "z", "w"]) {
    const fault = floatFault(value[axis], false);
    if (fault !== undefined) return within(`.${axis}`, fault);
  }
  // The loop above has found four numbers.
  return packQuaternion(bits, value as unknown as Quaternion)
    ? undefined
    : { path: "", problem: "the zero quaternion is not a rotation", wrongType: false };
}

function stringFault(maxBytes: number, value: unknown): Fault | undefined {
  if (typeof value !== "string") return wrongType(value, "a string");
  const bytes = utf8Bytes(value);
  if (bytes < 0) return outside(value, "free of U+0000 and unpaired surrogates");
  return bytes <= maxBytes ? undefined : {
    path: "",
    problem: `${bytes} bytes of UTF-8 exceed the limit of ${maxBytes}`,
    wrongType: false,
  };
}

function bytesFault(min: number, max: number, value: unknown): Fault | undefined {
  if (!(value instanceof Uint8Array)) return wrongType(value, "a Uint8Array");
  return countFault(value.length, min, max, "bytes");
}

function countFault(count: number, min: number, max: number, what: string): Fault | undefined {
  if (count >= min && count <= max) return undefined;
  const limit = min === max
    ? `exactly ${max} must be there`
    : count > max
    ? `the limit is ${max}`
    : `at least ${min} must be there`;
  return { path: "", problem: `${count} ${what}, but ${limit}`, wrongType: false };
}

function arrayFault(element: Node, min: number, max: number, value: unknown): Fault | undefined {
  if (!Array.isArray(value)) return wrongType(value, "an array");
  const fault = countFault(value.length, min, max, "elements");
  if (fault !== undefined) return fault;
  for (let i = 0; i < value.length; i++) {
    const fault = findFault(element, value[i]);
    if (fault !== undefined) return within(`[${i}]`, fault);
  }
  return undefined;
}

function mapFault(node: MapNode, value: unknown): Fault | undefined {
  if (!(value instanceof Map)) return wrongType(value, "a Map");
  const fault = countFault(value.size, 0, Math.min(node.max, MAX_ELEMENTS), "entries");
  if (fault !== undefined) return fault;
  for (const [key, item] of value) {
    const keyFault = findFault(node.key, key);
    if (keyFault !== undefined) return within(".key", keyFault);
    const valueFault = findFault(node.value, item);
    if (valueFault !== undefined) return within(`[${describe(key)}]`, valueFault);
  }
  return undefined;
}

function structFault(node: StructNode, value: unknown): Fault | undefined {
  if (!hasProperties(value)) return wrongType(value, "an object");
  for (const field of node.fields) {
    if (!field.carried) continue;
    const fault = findFault(field.node, value[field.name]);
    if (fault !== undefined) return within(`.${field.name}`, fault);
  }
  return undefined;
}

function unionFault(node: UnionNode, value: unknown): Fault | undefined {
  if (!hasProperties(value)) return wrongType(value, "an object");
  const name = value[node.tag];
  const variant = node.variants.find((variant) => variant.name === name);
  if (variant !== undefined) return structFault(variant.struct, value);
  const fault = enumFault(node.variants.map((variant) => variant.name), name);
  return fault && within(`.${node.tag}`, fault);
}

function within(step: string, fault: Fault): Fault {
  fault.path = step + fault.path;
  return fault;
}

function numberFault(value: unknown, wanted: string): Fault {
  return typeof value === "number" ? outside(value, wanted) : wrongType(value, wanted);
}

function wrongType(value: unknown, wanted: string): Fault {
  return { path: "", problem: `${describe(value)} is not ${wanted}`, wrongType: true };
}

function outside(value: unknown, wanted: string): Fault {
  return { path: "", problem: `${describe(value)} is not ${wanted}`, wrongType: false };
}

/** A value in an error message: short, and of one line. */
function describe(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  }
  if (typeof value === "number" || typeof value === "boolean" || value == null) return `${value}`;
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
