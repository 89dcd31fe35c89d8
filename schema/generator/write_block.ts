/**
 * Values to bytes, as program text: one block at a time, first its fixed part, then its tail.
 *
 * The text keeps the cursor in `p` and the end of the room in `limit`.
 *
 * @module
 */
import { fixedBits, fixedBytes, hasTail, isLeaf, mapEntryNode, packedBits } from "../layout.ts";
import type { ArrayNode, MapNode, Node, StructNode, UnionNode } from "../node.ts";
import { Refusal } from "../refusal.ts";
import { planFixed } from "./fixed_plan.ts";
import { quoted, type Source } from "./source.ts";
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
      if (field.carried) this.write(field.node, `${object}.${field.name}`);
    }
  }

  #writeUnion(node: UnionNode, source: string): void {
    const out = this.#out;
    const u = emitObject(out, source);
    const tag = out.declare("t", `${u}.${node.tag}`);
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
  #writeCounted(
    node: Exclude<Node, { kind: "struct" | "union" | "optional" | "varint" }>,
    source: string,
  ): void {
    const out = this.#out;
    const v = out.declare("v", source);
    let count = "";
    let min = 0;
    switch (node.kind) {
      case "string":
        count = out.declare("n", "0", "let");
        // The length in units is checked first: no text of more units fits in as many bytes.
        out.line(
          `if (typeof ${v} !== "string" || ${v}.length > ${node.maxBytes} || ` +
            `(${count} = utf8Bytes(${v})) < 0 || ${count} > ${node.maxBytes}) ${FAIL}`,
        );
        this.tails.push(() => {
          emitRoomCheck(out, count);
          out.line(`p = writeUtf8(view, p, ${v}, ${count});`);
        });
        break;
      case "bytes":
        out.line(`if (!(${v} instanceof Uint8Array)) ${FAIL}`);
        count = out.declare("n", `${v}.length`);
        min = node.minBytes;
        out.line(`if (${count} < ${min} || ${count} > ${node.maxBytes}) ${FAIL}`);
        this.tails.push(() => this.#storeBytes(v, count));
        break;
      case "any": {
        const limits = out.hoist("A", quoted(node));
        const bytes = out.declare("b", `dynamicBytes(${limits}, ${v})`);
        out.line(`if (${bytes} === undefined) ${FAIL}`);
        count = out.declare("n", `${bytes}.length`);
        min = 1;
        this.tails.push(() => this.#storeBytes(bytes, count));
        break;
      }
      case "array":
        out.line(`if (!Array.isArray(${v})) ${FAIL}`);
        count = out.declare("n", `${v}.length`);
        min = node.min;
        out.line(`if (${count} < ${min} || ${count} > ${node.max}) ${FAIL}`);
        this.tails.push(() => emitElements(out, node, v, count));
        break;
      case "map":
        out.line(`if (!(${v} instanceof Map)) ${FAIL}`);
        count = out.declare("n", `${v}.size`);
        out.line(`if (${count} > ${node.max}) ${FAIL}`);
        this.tails.push(() => emitEntries(out, node, v));
        break;
      default:
        return;
    }
    if (node.bits > 0) this.#storer.put(min === 0 ? count : out.declare("a", `${count} - ${min}`));
  }

  #storeBytes(bytes: string, count: string): void {
    emitRoomCheck(this.#out, count);
    this.#out.line(`p = writeBytes(view, p, ${bytes});`);
  }
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
      for (const field of node.fields) if (field.carried) visit(field.node, `${s}.${field.name}`);
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
