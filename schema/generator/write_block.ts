/**
 * Values to bytes, as program text: one block at a time, first its fixed part, then its tail.
 *
 * The text keeps the cursor in `p` and the end of the room in `limit`.
 *
 * @module
 */
import { fixedBits, fixedBytes, hasTail, isLeaf, mapEntryNode, packedBits } from "../layout.ts";
import type {
  AnyNode,
  ArrayNode,
  BytesNode,
  MapNode,
  Node,
  StringNode,
  StructNode,
  UnionNode,
} from "../node.ts";
import { Refusal } from "../refusal.ts";
import { planFixed } from "./fixed_plan.ts";
import { member, quoted, type Source } from "./source.ts";
import { WordStorer } from "./words.ts";
import { emitLeafWrite, emitTextNumber } from "./write_leaf.ts";

/** Returns, although `fail` never does: a merge after the call would make V8 check every object again. */
const FAIL = "return fail(value);";
const SHORT = `return ${-Refusal.short};`;

/** Emits the writing of a node as a block at `p`, and moves `p` behind it. */
export function emitBlockWrite(out: Source, node: Node, source: string, checkRoom = true): void {
  emitParts(out, node, checkRoom, (block) => block.write(node, source));
}

/** Emits the writing of a struct whose object is in a variable and has been checked to be one. */
export function emitStructWrite(out: Source, node: StructNode, object: string): void {
  emitParts(out, node, true, (block) => block.writeFields(node, object));
}

function emitParts(
  out: Source,
  node: Node,
  checkRoom: boolean,
  writeFixed: (block: BlockWriter) => void,
): void {
  const bytes = fixedBytes(node);
  if (checkRoom && bytes > 0) emitRoomCheck(out, `${bytes}`);
  const block = new BlockWriter(out, node);
  writeFixed(block);
  if (bytes > 0) out.line(`p += ${bytes};`);
  for (const tail of block.tails) tail();
}

function emitRoomCheck(out: Source, bytes: string): void {
  out.line(`if (${bytes} > limit - p) ${SHORT}`);
}

/** Emits a check that a value has properties at all, and returns its variable. */
export function emitObject(out: Source, source: string): string {
  const object = source === "value" ? source : out.declare("s", source);
  out.line(`if (${object} === undefined || ${object} === null) ${FAIL}`);
  return object;
}

/** Writes the fixed part of one block and remembers what its tail needs. */
class BlockWriter {
  /** What remains to be done after the fixed part, in wire order. */
  readonly tails: (() => void)[] = [];
  readonly #out: Source;
  readonly #storer: WordStorer;

  constructor(out: Source, node: Node) {
    this.#out = out;
    this.#storer = new WordStorer(out, planFixed(node));
  }

  /** Emits checks, conversions and stores of everything in the fixed part. */
  write(node: Node, source: string): void {
    const out = this.#out;
    if (isLeaf(node)) {
      const names = emitLeafWrite(out, node, source, this.#storer.nextIsFloat);
      for (const name of names) this.#storer.put(name);
      return;
    }
    switch (node.kind) {
      case "struct":
        return this.writeFields(node, emitObject(out, source));
      case "optional": {
        const inner = out.declare("o", source);
        const present = out.declare("a", `${inner} === undefined ? 0 : 1`);
        this.#storer.put(present);
        this.tails.push(() => {
          out.open(`if (${present} !== 0) {`);
          emitBlockWrite(out, node.inner, inner);
          out.close();
        });
        return;
      }
      case "union":
        return this.#writeUnion(node, source);
      case "varint": {
        const a = out.declare("a", source);
        out.line(`if (typeof ${a} !== "number" || (${a} >>> 0) !== ${a}) ${FAIL}`);
        this.tails.push(() => {
          out.line(`p = writeVarint(view, p, ${a});`);
          out.line(`if (p < 0) return p;`);
        });
        return;
      }
      default:
        this.#writeCounted(node, source);
    }
  }

  /** Emits the fields of a struct whose object has been checked. */
  writeFields(node: StructNode, object: string): void {
    for (const field of node.fields) {
      if (field.carried) this.write(field.node, `${object}${member(field.name)}`);
    }
  }

  #writeUnion(node: UnionNode, source: string): void {
    const out = this.#out;
    const u = emitObject(out, source);
    const tag = out.declare("t", `${u}${member(node.tag)}`);
    const number = emitTextNumber(out, node.variants.map((variant) => variant.name), tag);
    if (node.bits > 0) this.#storer.put(number);
    this.tails.push(() => {
      out.open(`switch (${number}) {`);
      node.variants.forEach((variant, i) => {
        out.open(`case ${i}: {`);
        emitStructWrite(out, variant.struct, u);
        out.line("break;");
        out.close();
      });
      out.close();
    });
  }

  /** Texts, bytes, dynamic values, arrays and maps: a count in the fixed part, the rest in the tail. */
  #writeCounted(node: CountedNode, source: string): void {
    const out = this.#out;
    const value = out.declare("v", source);
    const { count, min, tail } = emitCount(out, node, value);
    this.tails.push(tail);
    if (node.bits > 0) {
      this.#storer.put(min === 0 ? count : out.declare("a", `${count} - ${min}`));
    }
  }
}

/** A node that has a count in the fixed part. */
type CountedNode = StringNode | BytesNode | AnyNode | ArrayNode | MapNode;

interface Counted {
  /** The variable that holds the count. */
  readonly count: string;
  /** What is subtracted from it on the wire. */
  readonly min: number;
  /** Emits what follows in the tail. */
  readonly tail: () => void;
}

/** Emits the check of a value and of its count. */
function emitCount(out: Source, node: CountedNode, value: string): Counted {
  switch (node.kind) {
    case "string": {
      const count = emitTextLength(out, node, value);
      return { count, min: 0, tail: () => emitText(out, value, count) };
    }
    case "bytes": {
      out.line(`if (!(${value} instanceof Uint8Array)) ${FAIL}`);
      const count = emitLength(out, `${value}.length`, node.minBytes, node.maxBytes);
      return { count, min: node.minBytes, tail: () => emitBytes(out, value, count) };
    }
    case "any": {
      const bytes = out.declare("b", `dynamicBytes(${out.hoist("A", quoted(node))}, ${value})`);
      out.line(`if (${bytes} === undefined) ${FAIL}`);
      const count = out.declare("n", `${bytes}.length`);
      return { count, min: 1, tail: () => emitBytes(out, bytes, count) };
    }
    case "array": {
      out.line(`if (!Array.isArray(${value})) ${FAIL}`);
      const count = emitLength(out, `${value}.length`, node.min, node.max);
      return { count, min: node.min, tail: () => emitElements(out, node, value, count) };
    }
    case "map": {
      out.line(`if (!(${value} instanceof Map)) ${FAIL}`);
      const count = emitLength(out, `${value}.size`, 0, node.max);
      return { count, min: 0, tail: () => emitEntries(out, node, value) };
    }
  }
}

function emitLength(out: Source, expression: string, min: number, max: number): string {
  const count = out.declare("n", expression);
  const tooFew = min > 0 ? `${count} < ${min} || ` : "";
  out.line(`if (${tooFew}${count} > ${max}) ${FAIL}`);
  return count;
}

function emitTextLength(out: Source, node: StringNode, value: string): string {
  // The length in units is checked first: no text of more units fits in as many bytes.
  out.line(`if (typeof ${value} !== "string" || ${value}.length > ${node.maxBytes}) ${FAIL}`);
  const count = out.declare("n", `utf8Bytes(${value})`);
  out.line(`if (${count} < 0 || ${count} > ${node.maxBytes}) ${FAIL}`);
  return count;
}

function emitText(out: Source, value: string, count: string): void {
  emitRoomCheck(out, count);
  out.line(`p = writeUtf8(view, p, ${value}, ${count});`);
}

function emitBytes(out: Source, bytes: string, count: string): void {
  emitRoomCheck(out, count);
  out.line(`p = writeBytes(view, p, ${bytes});`);
}

function emitElements(out: Source, node: ArrayNode, list: string, count: string): void {
  const packed = packedBits(node.element);
  const i = out.fresh("i");
  const loop = `for (let ${i} = 0; ${i} < ${count}; ${i}++) {`;
  const element = `${list}[${i}]`;
  if (packed > 0 && packed % 8 !== 0) {
    emitRoomCheck(out, `(${count} * ${packed} + 7 >>> 3)`);
    emitPackedElements(out, node.element, packed, loop, element);
    return;
  }
  const constant = !hasTail(node.element);
  if (constant) emitRoomCheck(out, `${count} * ${fixedBytes(node.element)}`);
  out.open(loop);
  emitBlockWrite(out, node.element, element, !constant);
  out.close();
}

/**
 * Elements without padding between them go through an accumulator of at most 7 + 16 bits; those of
 * more than 16 bits in two steps, which makes the same bits.
 */
function emitPackedElements(
  out: Source,
  element: Node,
  bits: number,
  loop: string,
  source: string,
): void {
  const acc = out.declare("acc", "0", "let");
  const held = out.declare("held", "0", "let");
  out.open(loop);
  const word = emitPackedWord(out, element, source);
  const pieces = bits > 16 ? [[0, 16], [16, bits - 16]] : [[0, bits]];
  for (const [shift = 0, width = 0] of pieces) {
    const piece = bits > 16 ? `(${word} >>> ${shift} & ${2 ** width - 1})` : word;
    out.line(`${acc} |= ${piece} << ${held};`);
    out.line(`${held} += ${width};`);
    out.open(`while (${held} >= 8) {`);
    out.line(`view.setUint8(p++, ${acc});`);
    out.line(`${acc} >>>= 8;`);
    out.line(`${held} -= 8;`);
    out.close();
  }
  out.close();
  out.line(`if (${held} > 0) view.setUint8(p++, ${acc});`);
}

/** Emits all slots of a small element as one integer of at most 32 bits, and returns its variable. */
function emitPackedWord(out: Source, element: Node, source: string): string {
  const parts: string[] = [];
  let offset = 0;
  const visit = (node: Node, from: string): void => {
    if (node.kind === "struct") {
      const s = emitObject(out, from);
      for (const field of node.fields) {
        if (field.carried) visit(field.node, `${s}${member(field.name)}`);
      }
      return;
    }
    if (!isLeaf(node)) return;
    const widths = node.kind === "quaternion"
      ? [2, node.bits, node.bits, node.bits]
      : [fixedBits(node)];
    emitLeafWrite(out, node, from, false).forEach((name, i) => {
      parts.push(offset === 0 ? name : `${name} << ${offset}`);
      offset += widths[i] ?? 0;
    });
  };
  visit(element, source);
  return out.declare("e", parts.join(" | "));
}

function emitEntries(out: Source, node: MapNode, map: string): void {
  const keys = out.declare("k", `sortedKeys(${out.hoist("K", quoted(node.key))}, ${map})`);
  const i = out.fresh("i");
  out.open(`for (let ${i} = 0; ${i} < ${keys}.length; ${i}++) {`);
  const key = out.declare("k", `${keys}[${i}]`);
  const entry = out.declare("m", `{ key: ${key}, value: ${map}.get(${key}) }`);
  emitStructWrite(out, mapEntryNode(node.key, node.value), entry);
  out.close();
}
