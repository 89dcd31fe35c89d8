/**
 * Bytes to values, as program text: one block at a time, first its fixed part, then its tail.
 *
 * The text keeps the cursor in `p`; `end` is where the bytes end. Every early `return` is a refusal.
 *
 * @module
 */
import {
  blockBounds,
  fixedBits,
  fixedBytes,
  hasTail,
  isLeaf,
  mapEntryNode,
  packedBits,
} from "../layout.ts";
import type {
  AnyNode,
  ArrayNode,
  LeafNode,
  MapNode,
  Node,
  StructNode,
  UnionNode,
} from "../node.ts";
import { Refusal } from "../refusal.ts";
import { type FixedPlan, planFixed } from "./fixed_plan.ts";
import { emitBounded, emitFiniteRead, emitLeafRead, emitObject } from "./read_leaf.ts";
import { member, plus, quoted, type Source } from "./source.ts";
import { fieldValue, structValue, variantValue } from "./values.ts";
import { WordLoader } from "./words.ts";

const SHORT = `return ${-Refusal.short};`;

/**
 * Emits the reading of a node as a block at `p` into `target`, and moves `p` behind it.
 *
 * @param target An expression that can be assigned to: a property, an element or a variable.
 * @param checkLength False when the caller has checked that the fixed part is there.
 */
export function emitBlockRead(out: Source, node: Node, target: string, checkLength = true): void {
  emitParts(out, node, checkLength, (block) => block.read(node, target));
}

/** Emits the reading of a struct as a block at `p` into an object that is there already. */
export function emitStructRead(out: Source, node: StructNode, object: string): void {
  emitParts(out, node, true, (block) => block.readFields(node, object));
}

function emitParts(
  out: Source,
  node: Node,
  checkLength: boolean,
  readFixed: (block: BlockReader) => void,
): void {
  const bytes = fixedBytes(node);
  if (checkLength && bytes > 0) out.line(`if (${bytes} > end - p) ${SHORT}`);
  const block = new BlockReader(out, node);
  readFixed(block);
  block.finish();
  for (const tail of block.tails) tail();
}

/** Reads the fixed part of one block and remembers what its tail needs. */
class BlockReader {
  /** What remains to be done after the fixed part, in wire order. */
  readonly tails: (() => void)[] = [];
  readonly #out: Source;
  readonly #plan: FixedPlan;
  readonly #loader: WordLoader;
  #nextSlot = 0;

  constructor(out: Source, node: Node) {
    this.#out = out;
    this.#plan = planFixed(node);
    this.#loader = new WordLoader(out, this.#plan);
  }

  /** Emits the refusal of padding that is not zero, and moves `p` behind the fixed part. */
  finish(): void {
    const padding = this.#loader.padding();
    if (padding !== undefined) {
      this.#out.line(`if ((${padding}) !== 0) return ${-Refusal.padding};`);
    }
    if (this.#plan.bytes > 0) this.#out.line(`p += ${this.#plan.bytes};`);
  }

  /** Emits the reading of a node's fixed part into `target`. */
  read(node: Node, target: string): void {
    const out = this.#out;
    if (isLeaf(node)) return this.#readLeaf(node, target);
    switch (node.kind) {
      case "struct":
        return this.readFields(node, emitObject(out, target, structValue(out, node)));
      case "varint":
        return this.#later(() => emitVarintRead(out, target));
      case "optional": {
        const present = out.declare("n", this.#take());
        return this.#later(() => emitOptionalRead(out, node.inner, present, target));
      }
      case "string": {
        const count = this.#count(node.bits, 0, node.maxBytes);
        return this.#later(() => emitTextRead(out, count, target));
      }
      case "bytes": {
        const count = this.#count(node.bits, node.minBytes, node.maxBytes);
        return this.#later(() => emitBytesRead(out, count, target));
      }
      case "any": {
        const count = this.#count(node.bits, 1, node.maxBytes);
        return this.#later(() => emitDynamicRead(out, node, count, target));
      }
      case "array": {
        const count = this.#count(node.bits, node.min, node.max);
        return this.#later(() => emitElementsRead(out, node, count, target));
      }
      case "map": {
        const count = this.#count(node.bits, 0, node.max);
        return this.#later(() => emitEntriesRead(out, node, count, target));
      }
      case "union": {
        const number = this.#count(node.bits, 0, node.variants.length - 1, Refusal.tag);
        return this.#later(() => emitVariantRead(out, node, number, target));
      }
    }
  }

  #later(tail: () => void): void {
    this.tails.push(tail);
  }

  #readLeaf(node: LeafNode, target: string): void {
    const slot = this.#plan.slots[this.#nextSlot];
    // A leaf without bits has no slot, so the next slot may belong to the leaf after it.
    if (node.kind === "float" && slot?.kind === "float") {
      this.#nextSlot++;
      const load = `view.getFloat${slot.bits}(${plus("p", slot.byte)}, true)`;
      this.#out.line(`${target} = ${emitFiniteRead(this.#out, load)};`);
      return;
    }
    const value = emitLeafRead(this.#out, node, () => this.#take(), target);
    if (value !== undefined) this.#out.line(`${target} = ${value};`);
  }

  readFields(node: StructNode, object: string): void {
    const out = this.#out;
    for (const field of node.fields) {
      if (field.carried) this.read(field.node, `${object}${member(field.name)}`);
      else out.line(`${object}${member(field.name)} = ${fieldValue(out, field)};`);
    }
  }

  #count(bits: number, min: number, max: number, reason: number = Refusal.count): string {
    if (bits === 0) return `${min}`;
    const offset = emitBounded(this.#out, this.#take(), bits, max - min, reason);
    return min === 0 ? offset : this.#out.declare("n", `${offset} + ${min}`);
  }

  #take(): string {
    const slot = this.#plan.slots[this.#nextSlot++];
    return slot?.kind === "bits" ? this.#loader.extract(slot) : "0";
  }
}

function emitVarintRead(out: Source, target: string): void {
  const value = out.declare("r", "readVarint(view, p, end)");
  out.line(`if (${value} < 0) return ${value};`);
  out.line("p = varintEnd();");
  out.line(`${target} = ${value};`);
}

function emitOptionalRead(out: Source, inner: Node, present: string, target: string): void {
  out.open(`if (${present} !== 0) {`);
  emitBlockRead(out, inner, target);
  out.close(`} else ${target} = undefined;`);
}

function emitTextRead(out: Source, count: string, target: string): void {
  out.line(`if (${count} > end - p) ${SHORT}`);
  const text = out.declare("v", `readUtf8(view, p, p + ${count})`);
  out.line(`if (${text} === undefined) return ${-Refusal.text};`);
  out.line(`${target} = ${text};`);
  out.line(`p += ${count};`);
}

function emitBytesRead(out: Source, count: string, target: string): void {
  out.line(`if (${count} > end - p) ${SHORT}`);
  out.line(`${target} = readBytes(view, p, ${count});`);
  out.line(`p += ${count};`);
}

function emitDynamicRead(out: Source, node: AnyNode, count: string, target: string): void {
  out.line(`if (${count} > end - p) ${SHORT}`);
  const limits = out.hoist("A", quoted(node));
  const box = out.declare("v", `readDynamic(view, p, p + ${count}, ${limits})`);
  out.line(`if (${box} === undefined) return ${-Refusal.dynamic};`);
  out.line(`${target} = ${box}.value;`);
  out.line(`p += ${count};`);
}

function emitElementsRead(out: Source, node: ArrayNode, count: string, target: string): void {
  const packed = packedBits(node.element);
  const bytes = packed > 0
    ? `(${count} * ${packed} + 7 >>> 3)`
    : `${count} * ${blockBounds(node.element).min}`;
  // Before a single element is made: a count alone must not make us allocate.
  out.line(`if (${bytes} > end - p) ${SHORT}`);
  out.line(`if (!Array.isArray(${target})) ${target} = [];`);
  const list = out.declare("l", target);
  out.line(`if (${list}.length > ${count}) ${list}.length = ${count};`);
  const i = out.fresh("i");
  const loop = `for (let ${i} = 0; ${i} < ${count}; ${i}++) {`;
  if (packed > 0 && packed % 8 !== 0) {
    emitPackedRead(out, node.element, packed, loop, `${list}[${i}]`);
    return;
  }
  out.open(loop);
  emitBlockRead(out, node.element, `${list}[${i}]`, hasTail(node.element));
  out.close();
}

/** The mirror of the packed writer: an accumulator of at most 7 + 16 bits. */
function emitPackedRead(
  out: Source,
  element: Node,
  bits: number,
  loop: string,
  target: string,
): void {
  const acc = out.declare("acc", "0", "let");
  const held = out.declare("held", "0", "let");
  out.open(loop);
  const pieces = [bits > 16 ? 16 : bits, bits > 16 ? bits - 16 : 0].filter((width) => width > 0)
    .map((width) => {
      out.open(`while (${held} < ${width}) {`);
      out.line(`${acc} |= view.getUint8(p++) << ${held};`);
      out.line(`${held} += 8;`);
      out.close();
      const piece = out.declare("e", `${acc} & ${2 ** width - 1}`);
      out.line(`${acc} >>>= ${width};`);
      out.line(`${held} -= ${width};`);
      return piece;
    });
  const word = pieces.length === 1
    ? pieces[0] ?? "0"
    : out.declare("e", `${pieces[0]} | ${pieces[1]} << 16`);
  emitPackedElement(out, element, word, bits, target);
  out.close();
  out.line(`if (${acc} !== 0) return ${-Refusal.padding};`);
}

/** Emits the leaves of a small element out of the integer that holds all its bits. */
function emitPackedElement(
  out: Source,
  element: Node,
  word: string,
  wordBits: number,
  target: string,
): void {
  let offset = 0;
  const take = (bits: number): string => {
    const shifted = offset === 0 ? word : `${word} >>> ${offset}`;
    offset += bits;
    return offset === wordBits ? shifted : `${shifted} & ${2 ** bits - 1}`;
  };
  const visit = (node: Node, into: string): void => {
    if (node.kind === "struct") {
      const s = emitObject(out, into, structValue(out, node));
      for (const field of node.fields) {
        if (field.carried) visit(field.node, `${s}${member(field.name)}`);
        else out.line(`${s}${member(field.name)} = ${fieldValue(out, field)};`);
      }
      return;
    }
    if (!isLeaf(node)) return;
    const widths = node.kind === "quaternion"
      ? [2, node.bits, node.bits, node.bits]
      : [fixedBits(node)];
    const value = emitLeafRead(out, node, () => take(widths.shift() ?? 0), into);
    if (value !== undefined) out.line(`${into} = ${value};`);
  };
  visit(element, target);
}

function emitEntriesRead(out: Source, node: MapNode, count: string, target: string): void {
  const entry = mapEntryNode(node.key, node.value);
  out.line(`if (${count} * ${blockBounds(entry).min} > end - p) ${SHORT}`);
  out.line(`if (!(${target} instanceof Map)) ${target} = new Map();`);
  const map = out.declare("m", target);
  out.line(`${map}.clear();`);
  const previous = out.declare("k", "undefined", "let");
  const i = out.fresh("i");
  out.open(`for (let ${i} = 0; ${i} < ${count}; ${i}++) {`);
  const pair = out.declare("e", "{ key: undefined, value: undefined }");
  emitStructRead(out, entry, pair);
  const key = out.hoist("K", quoted(node.key));
  out.line(
    `if (${i} > 0 && compareMapKeys(${key}, ${previous}, ${pair}.key) >= 0) return ${-Refusal
      .keyOrder};`,
  );
  out.line(`${previous} = ${pair}.key;`);
  out.line(`${map}.set(${pair}.key, ${pair}.value);`);
  out.close();
}

function emitVariantRead(out: Source, node: UnionNode, number: string, target: string): void {
  out.open(`switch (${number}) {`);
  node.variants.forEach((variant, i) => {
    out.open(`case ${i}: {`);
    const u = out.declare("u", target, "let");
    const name = quoted(variant.name);
    const created = variantValue(out, node.tag, variant);
    out.line(
      `if (${u} === undefined || ${u} === null || ${u}${member(node.tag)} !== ${name}) ` +
        `${target} = ${u} = ${created};`,
    );
    emitStructRead(out, variant.struct, u);
    out.line("break;");
    out.close();
  });
  out.close();
}
