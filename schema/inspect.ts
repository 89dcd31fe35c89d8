/**
 * Encodings field by field, for people: where each value lies, its raw bits and what they mean.
 *
 * @module
 */
import { readDynamic } from "./dynamic.ts";
import { leafRefusal, readLeaf } from "./interpreter/leaf.ts";
import { countOf } from "./interpreter/program.ts";
import { hasTail, isLeaf, leafBits, mapEntryNode, packedBits } from "./layout.ts";
import type { ArrayNode, MapNode, Node, StructNode } from "./node.ts";
import { Refusal, refusalName } from "./refusal.ts";
import { BitReader } from "./wire/bit_reader.ts";
import { readUtf8 } from "./wire/utf8.ts";
import { readVarint, varintEnd } from "./wire/varint.ts";

/** One part of an encoding. Rows follow each other without gaps. */
export interface InspectRow {
  /** Position of the first bit, counted from the start of the encoding. */
  readonly offsetBits: number;
  /** Number of bits, 0 for a refusal. */
  readonly bits: number;
  /** Path of the field; lengths, counts, presence and variants end in `#`, padding is `(padding)`. */
  readonly name: string;
  /** The bits as a hexadecimal number, least significant bit first on the wire. */
  readonly raw: string;
  /** What the bits mean; the name of the reason in the last row when the encoding is refused. */
  readonly value: unknown;
}

/** The rows of an encoding. The last one is named `(refused)` when a reader would refuse it. */
export function inspectBytes(node: StructNode, bytes: Uint8Array): InspectRow[] {
  const inspection = new Inspection(bytes);
  inspection.block(node, "");
  inspection.finish();
  return inspection.rows;
}

class Inspection {
  readonly rows: InspectRow[] = [];
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #reader = new BitReader();
  #refused = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#reader.reset(this.#view, 0, bytes.length);
  }

  finish(): void {
    if (!this.#refused && this.#reader.bitsLeft > 0) this.#refuse(Refusal.trailing);
  }

  block(node: Node, path: string): void {
    const counts: number[] = [];
    this.#fixed(node, path, counts);
    this.#padding();
    if (hasTail(node)) this.#tail(node, path, counts);
  }

  #fixed(node: Node, path: string, counts: number[]): void {
    if (this.#refused || node.kind === "varint") return;
    if (node.kind === "struct") {
      for (const field of node.fields) {
        if (field.carried) this.#fixed(field.node, join(path, field.name), counts);
      }
    } else if (isLeaf(node)) {
      const start = this.#position();
      if (!this.#enough(leafBits(node))) return;
      const value = readLeaf(this.#reader, node);
      this.#row(start, path, value);
      if (value === undefined) this.#refuse(leafRefusal(node));
    } else {
      this.#count(node, path, counts);
    }
  }

  #count(node: Exclude<Node, StructNode>, path: string, counts: number[]): void {
    const { bits, min, max } = countOf(node);
    const start = this.#position();
    if (!this.#enough(bits)) return;
    const count = min + this.#reader.readBits(bits);
    const name = node.kind === "union" ? node.variants[count]?.name : undefined;
    this.#row(start, `${path}#`, name ?? count);
    if (count > max) this.#refuse(node.kind === "union" ? Refusal.tag : Refusal.count);
    counts.push(count);
  }

  #tail(node: Node, path: string, counts: number[]): void {
    if (this.#refused) return;
    if (node.kind === "struct") {
      for (const field of node.fields) {
        if (field.carried && hasTail(field.node)) {
          this.#tail(field.node, join(path, field.name), counts);
        }
      }
      return;
    }
    if (node.kind === "varint") return this.#varint(path);
    const count = counts.shift() ?? 0;
    if (node.kind === "array") {
      this.#elements(node, count, path);
    } else if (node.kind === "map") {
      this.#entries(node, count, path);
    } else if (node.kind === "optional") {
      if (count === 1) this.block(node.inner, path);
    } else if (node.kind === "union") {
      const variant = node.variants[count];
      if (variant !== undefined) this.block(variant.struct, join(path, variant.name));
    } else {
      this.#blob(node, count, path);
    }
  }

  #elements(node: ArrayNode, count: number, path: string): void {
    const packed = packedBits(node.element) > 0;
    for (let i = 0; i < count && !this.#refused; i++) {
      if (packed) this.#fixed(node.element, `${path}[${i}]`, []);
      else this.block(node.element, `${path}[${i}]`);
    }
    if (packed) this.#padding();
  }

  #entries(node: MapNode, count: number, path: string): void {
    const entry = mapEntryNode(node.key, node.value);
    for (let i = 0; i < count && !this.#refused; i++) this.block(entry, `${path}[${i}]`);
  }

  #blob(node: Node, bytes: number, path: string): void {
    const start = this.#position();
    if (!this.#enough(bytes * 8)) return;
    const from = start / 8;
    const end = from + bytes;
    this.#reader.skipTo(end);
    if (node.kind === "string") {
      const text = readUtf8(this.#view, from, end);
      this.#row(start, path, text);
      if (text === undefined) this.#refuse(Refusal.text);
    } else if (node.kind === "any") {
      const box = readDynamic(this.#view, from, end, node);
      this.#row(start, path, box?.value);
      if (box === undefined) this.#refuse(Refusal.dynamic);
    } else {
      this.#row(start, path, this.#bytes.slice(from, end));
    }
  }

  #varint(path: string): void {
    const start = this.#position();
    const value = readVarint(this.#view, start / 8, this.#bytes.length);
    if (value < 0) return this.#refuse(-value);
    this.#reader.skipTo(varintEnd());
    this.#row(start, path, value);
  }

  #padding(): void {
    if (this.#refused) return;
    const start = this.#position();
    const clean = this.#reader.align();
    if (this.#position() > start) this.#row(start, "(padding)", clean ? 0 : undefined);
    if (!clean) this.#refuse(Refusal.padding);
  }

  #enough(bits: number): boolean {
    if (bits <= this.#reader.bitsLeft) return true;
    this.#refuse(Refusal.short);
    return false;
  }

  #position(): number {
    return this.#bytes.length * 8 - this.#reader.bitsLeft;
  }

  #row(offsetBits: number, name: string, value: unknown): void {
    const bits = this.#position() - offsetBits;
    this.rows.push({ offsetBits, bits, name, raw: this.#raw(offsetBits, bits), value });
  }

  #raw(offsetBits: number, bits: number): string {
    let digits = "";
    // Digit by digit and not as a bigint, which would copy all of a long text for each of its bits.
    for (let done = (bits - 1) & ~3; done >= 0; done -= 4) {
      const at = offsetBits + done;
      const pair = (this.#bytes[at >> 3] ?? 0) | (this.#bytes[(at >> 3) + 1] ?? 0) << 8;
      const digit = (pair >> (at & 7)) & (2 ** Math.min(4, bits - done) - 1);
      digits += digit.toString(16);
    }
    return `0x${digits.replace(/^0+(?=.)/, "") || "0"}`;
  }

  #refuse(reason: number): void {
    if (this.#refused) return;
    this.#refused = true;
    const offsetBits = this.#position();
    this.rows.push({ offsetBits, bits: 0, name: "(refused)", raw: "", value: refusalName(reason) });
  }
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
