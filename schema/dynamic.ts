/**
 * `t.any`: dynamic values as canonical msgpack, under limits that hold before anything is decoded.
 *
 * The library `@msgpack/msgpack` does the encoding and decoding. It trusts more than a game server
 * may (probed with 3.1.3: invalid UTF-8 decodes silently, lengths default to 2^32, a text longer than
 * 200 bytes loses a leading byte order mark), so `wire/msgpack_scan.ts` accepts the bytes first.
 *
 * @module
 */
import { decode, Encoder } from "npm:@msgpack/msgpack@3.1.3";
import type { Fault } from "./check.ts";
import type { AnyNode } from "./node.ts";
import { newBytes, readBytes } from "./wire/bytes.ts";
import { scanMsgpack } from "./wire/msgpack_scan.ts";

/** What `t.any` carries: JSON plus bytes. `undefined` properties are left out, as JSON does. */
export type AnyValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | AnyValue[]
  | { [key: string]: AnyValue };

const encoder = new Encoder({ sortKeys: true, ignoreUndefined: true, maxDepth: 64 });

/**
 * Encodes a value that {@link dynamicFault} has found nothing wrong with.
 *
 * @returns A view of shared memory, valid until the next call.
 */
export function encodeDynamic(value: unknown): Uint8Array {
  return encoder.encodeSharedRef(value);
}

/** The encoding of a value, copied, or `undefined` when it cannot travel as `node`. */
export function dynamicBytes(node: AnyNode, value: unknown): Uint8Array | undefined {
  if (shapeFault(node, value) !== undefined) return undefined;
  const encoded = encodeDynamic(value);
  if (encoded.length > node.maxBytes) return undefined;
  const bytes = newBytes(encoded.length);
  bytes.set(encoded);
  return bytes;
}

/** What keeps `value` from travelling as `node`, or `undefined`. */
export function dynamicFault(node: AnyNode, value: unknown): Fault | undefined {
  const fault = shapeFault(node, value);
  if (fault !== undefined) return fault;
  const bytes = encodeDynamic(value).length;
  return bytes <= node.maxBytes
    ? undefined
    : limit(`${bytes} bytes of msgpack exceed the limit of ${node.maxBytes}`);
}

/**
 * Reads the dynamic value in `[offset, end)`.
 *
 * @returns A box around the value, because every value is legal, or `undefined` to refuse.
 */
export function readDynamic(
  view: DataView,
  offset: number,
  end: number,
  node: AnyNode,
): { readonly value: AnyValue } | undefined {
  if (!scanMsgpack(view, offset, end, node.maxDepth, node.maxItems)) return undefined;
  // A copy, because the library hands out views of its input and ours is a pooled datagram.
  const bytes = readBytes(view, offset, end - offset);
  const limit = node.maxBytes;
  // The scan has accepted nothing but the kinds of AnyValue; the library's return type is `unknown`.
  const value = decode(bytes, {
    maxStrLength: limit,
    maxBinLength: limit,
    maxArrayLength: limit,
    maxMapLength: limit,
    maxExtLength: 0,
  }) as AnyValue;
  return { value };
}

/** Everything but the size of the encoding, which is known only once it is made. */
function shapeFault(node: AnyNode, value: unknown): Fault | undefined {
  const budget = { items: node.maxItems };
  const fault = valueFault(value, node.maxDepth, budget);
  return fault ?? (budget.items < 0 ? limit(`more than ${node.maxItems} values`) : undefined);
}

function valueFault(
  value: unknown,
  depthLeft: number,
  budget: { items: number },
): Fault | undefined {
  if (depthLeft === 0) return limit("nested deeper than the limit");
  // Stop walking once the budget is gone: the walk costs no more than the limit allows.
  if (--budget.items < 0) return undefined;
  if (value === null || typeof value === "boolean") return undefined;
  if (typeof value === "number") {
    return Number.isFinite(value) ? undefined : limit(`${value} is not a finite number`);
  }
  if (typeof value === "string") return textFault(value);
  if (value instanceof Uint8Array) return undefined;
  if (Array.isArray(value)) return elementsFault(value, depthLeft, budget);
  if (isPlainObject(value)) return propertiesFault(value, depthLeft, budget);
  const kind = typeof value === "object" ? value.constructor?.name ?? "object" : typeof value;
  return { path: "", problem: `a value of type ${kind} cannot travel as any`, wrongType: true };
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function elementsFault(
  values: readonly unknown[],
  depthLeft: number,
  budget: { items: number },
): Fault | undefined {
  for (let i = 0; i < values.length && budget.items >= 0; i++) {
    const fault = valueFault(values[i], depthLeft - 1, budget);
    if (fault !== undefined) return { ...fault, path: `[${i}]${fault.path}` };
  }
  return undefined;
}

function propertiesFault(
  values: Record<string, unknown>,
  depthLeft: number,
  budget: { items: number },
): Fault | undefined {
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) continue;
    // The library refuses to decode this key, as it would set a prototype.
    if (key === "__proto__") return limit('the key "__proto__" cannot travel');
    budget.items--;
    const fault = textFault(key) ?? valueFault(value, depthLeft - 1, budget);
    if (fault !== undefined) return { ...fault, path: `.${key}${fault.path}` };
    if (budget.items < 0) return undefined;
  }
  return undefined;
}

function textFault(text: string): Fault | undefined {
  if (!text.isWellFormed()) return limit("text with an unpaired surrogate");
  return text.startsWith("\uFEFF") ? limit("text that starts with a byte order mark") : undefined;
}

function limit(problem: string): Fault {
  return { path: "", problem, wrongType: false };
}
