/**
 * Builders of text, bytes and dynamic values: everything whose size is only known at run time.
 *
 * @module
 */
import type { AnyValue } from "../dynamic.ts";
import { Field } from "../field.ts";
import { checkInteger, MAX_CODEC_BYTES } from "../limits.ts";
import { bitsRequired } from "../wire/bits.ts";
import { MAX_MSGPACK_DEPTH } from "../wire/msgpack_scan.ts";

/** Options of `t.string`. */
export interface StringOptions {
  /** Largest length in bytes of UTF-8. */
  readonly maxBytes: number;
}

/** Options of `t.bytes`: a largest length, or one fixed length. */
export type BytesOptions = { readonly maxBytes: number } | { readonly length: number };

/** Options of `t.any`. */
export interface AnyOptions {
  /** Largest encoding in bytes, at most 65,535. */
  readonly maxBytes: number;
  /** Deepest nesting, 1 to 32, default 8; a bare number has depth 1. */
  readonly maxDepth?: number;
  /** Most values in all, with containers and map keys counted; default 256. */
  readonly maxItems?: number;
}

/** UTF-8 text. */
export function string(options: StringOptions): Field<string> {
  const { maxBytes } = options;
  checkInteger("string maxBytes", maxBytes, 1, MAX_CODEC_BYTES);
  return new Field(Object.freeze({ kind: "string", maxBytes, bits: bitsRequired(0, maxBytes) }));
}

/** Raw bytes. */
export function bytes(options: BytesOptions): Field<Uint8Array> {
  const fixed = "length" in options;
  const maxBytes = fixed ? options.length : options.maxBytes;
  checkInteger(fixed ? "bytes length" : "bytes maxBytes", maxBytes, 1, MAX_CODEC_BYTES);
  const minBytes = fixed ? maxBytes : 0;
  const bits = bitsRequired(minBytes, maxBytes);
  return new Field(Object.freeze({ kind: "bytes", minBytes, maxBytes, bits }));
}

/** A dynamic value. */
export function any(options: AnyOptions): Field<AnyValue> {
  const { maxBytes, maxDepth = 8, maxItems = 256 } = options;
  checkInteger("any maxBytes", maxBytes, 1, 65_535);
  checkInteger("any maxDepth", maxDepth, 1, MAX_MSGPACK_DEPTH);
  checkInteger("any maxItems", maxItems, 1, 65_535);
  const bits = bitsRequired(1, maxBytes);
  return new Field(Object.freeze({ kind: "any", maxBytes, maxDepth, maxItems, bits }));
}
