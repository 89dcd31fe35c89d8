/**
 * Values as JSON, for logs, replays, fixtures and tools. Stable: properties in declaration order.
 *
 * Plain values stay what they are. Bytes become base64, maps become objects (text and enum keys) or
 * arrays of pairs (number keys). An absent optional property is left out, an absent element is
 * `null`, or `{ "$absent": true }` where `null` is a value; the float -0 is `"-0"`. Inside `any`, bytes become
 * `{ "$bytes": base64 }`, and the key of an object that has only one key gets another `$` in front
 * when it starts with one, so that nothing is mistaken for these.
 *
 * @module
 */
import { assertWritable, isRecord } from "./check.ts";
import type { MapNode, Node, StructNode, UnionNode } from "./node.ts";
import { fieldDefault } from "./value.ts";

/** The property that marks bytes inside a dynamic value. */
const BYTES_MARK = "$bytes";

/** The property that marks an absent value where `null` is a value. */
const ABSENT_MARK = "$absent";

/** JSON text has no negative zero; floats have, and it has bytes of its own. */
const NEGATIVE_ZERO = "-0";

/** What JSON can say; a superset of what {@link valueToJson} returns. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * A value as JSON.
 *
 * @throws TypeError or RangeError when the value could not be written either.
 */
export function valueToJson(name: string, node: StructNode, value: unknown): Json {
  assertWritable(name, node, value);
  return toJson(node, value);
}

/**
 * A value from JSON, checked as a writer checks.
 *
 * @throws TypeError or RangeError that names the first place that does not fit.
 */
export function valueFromJson(name: string, node: StructNode, json: unknown): unknown {
  const value = fromJson(node, json);
  assertWritable(name, node, value);
  return value;
}

/** The casts below rest on `assertWritable`. */
function toJson(node: Node, value: unknown): Json {
  switch (node.kind) {
    case "bytes":
      return toBase64(value as Uint8Array);
    case "any":
      return dynamicToJson(value);
    case "array":
      return (value as unknown[]).map((element) => toJson(node.element, element));
    case "map":
      return mapToJson(node, value as Map<unknown, unknown>);
    case "struct":
      return structToJson(node, value as Readonly<Record<string, unknown>>);
    case "union":
      return unionToJson(node, value as Readonly<Record<string, unknown>>);
    case "optional":
      if (value !== undefined) return toJson(node.inner, value);
      return node.inner.kind === "any" ? { [ABSENT_MARK]: true } : null;
    case "float":
      return Object.is(value, -0) ? NEGATIVE_ZERO : value as number;
    case "quaternion": {
      const { x, y, z, w } = value as Record<string, number>;
      return { x: x ?? 0, y: y ?? 0, z: z ?? 0, w: w ?? 0 };
    }
    default:
      return value as boolean | number | string;
  }
}

function structToJson(node: StructNode, value: Readonly<Record<string, unknown>>): Json {
  const json: Record<string, Json> = {};
  for (const field of node.fields) {
    const item = value[field.name];
    if (item === undefined) continue;
    json[field.name] = toJson(field.node, item);
  }
  return json;
}

function unionToJson(node: UnionNode, value: Readonly<Record<string, unknown>>): Json {
  const name = value[node.tag];
  const variant = node.variants.find((variant) => variant.name === name);
  const properties = variant === undefined ? {} : structToJson(variant.struct, value);
  return Object.assign({ [node.tag]: name as string }, properties);
}

function mapToJson(node: MapNode, value: Map<unknown, unknown>): Json {
  if (node.key.kind === "string" || node.key.kind === "enum") {
    // From entries, because assigning a key named __proto__ would set the prototype.
    return Object.fromEntries(
      [...value].map(([key, item]) => [key as string, toJson(node.value, item)]),
    );
  }
  return [...value].map(([key, item]) => [key as number, toJson(node.value, item)]);
}

function dynamicToJson(value: unknown): Json {
  if (value instanceof Uint8Array) return { [BYTES_MARK]: toBase64(value) };
  if (Array.isArray(value)) return value.map(dynamicToJson);
  if (isRecord(value)) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined)
      .map(([key, item]): [string, Json] => [key, dynamicToJson(item)]);
    const [only] = entries;
    if (entries.length === 1 && only?.[0].startsWith("$") === true) only[0] = `$${only[0]}`;
    return Object.fromEntries(entries);
  }
  return value as null | boolean | number | string;
}

/** What does not fit is passed on as it is, for `assertWritable` to name. */
function fromJson(node: Node, json: unknown): unknown {
  switch (node.kind) {
    case "bytes":
      return typeof json === "string" ? fromBase64(json) : json;
    case "any":
      return dynamicFromJson(json);
    case "array":
      return Array.isArray(json) ? json.map((element) => fromJson(node.element, element)) : json;
    case "map":
      return mapFromJson(node, json);
    case "struct":
      return isRecord(json) ? structFromJson(node, json) : json;
    case "union":
      return isRecord(json) ? unionFromJson(node, json) : json;
    case "float":
      return json === NEGATIVE_ZERO ? -0 : json;
    case "optional":
      return isAbsent(node.inner, json) ? undefined : fromJson(node.inner, json);
    default:
      return json;
  }
}

function isAbsent(inner: Node, json: unknown): boolean {
  if (inner.kind !== "any") return json == null;
  return isRecord(json) && json[ABSENT_MARK] === true && Object.keys(json).length === 1;
}

function structFromJson(
  node: StructNode,
  json: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const field of node.fields) {
    value[field.name] = Object.hasOwn(json, field.name)
      ? fromJson(field.node, json[field.name])
      : field.node.kind === "optional"
      ? undefined
      : field.meta.defaultValue === undefined && field.carried
      ? undefined
      : fieldDefault(field);
  }
  return value;
}

function unionFromJson(node: UnionNode, json: Readonly<Record<string, unknown>>): unknown {
  const name = json[node.tag];
  const variant = node.variants.find((variant) => variant.name === name);
  return variant === undefined
    ? json
    : { [node.tag]: name, ...structFromJson(variant.struct, json) };
}

function mapFromJson(node: MapNode, json: unknown): unknown {
  const byName = node.key.kind === "string" || node.key.kind === "enum";
  if (byName ? !isRecord(json) || Array.isArray(json) : !Array.isArray(json)) return json;
  const pairs: unknown[] = Array.isArray(json) ? json : Object.entries(json as object);
  const map = new Map();
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) return json;
    map.set(fromJson(node.key, pair[0]), fromJson(node.value, pair[1]));
  }
  return map;
}

function dynamicFromJson(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(dynamicFromJson);
  if (!isRecord(json)) return json;
  const entries = Object.entries(json)
    .map(([key, item]): [string, unknown] => [key, dynamicFromJson(item)]);
  const [only] = entries;
  if (entries.length === 1 && only !== undefined) {
    const [key, item] = only;
    if (key === BYTES_MARK && typeof item === "string") return fromBase64(item);
    if (key.startsWith("$$")) only[0] = key.slice(1);
  }
  return Object.fromEntries(entries);
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** The bytes, or the text itself when it is not base64, for the check that follows to name. */
function fromBase64(text: string): Uint8Array | string {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return text;
  }
}
