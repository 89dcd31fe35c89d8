/**
 * Records as program text: the functions of a {@link RecordCodec} for one view, with column numbers,
 * widths and limits as constants. Only numbers get into the text.
 *
 * @module
 */
import { rangeReason } from "./column_values.ts";
import { type EntityLayout, type LeafItem, type Unit, unitsOfView } from "./layout.ts";
import { Refusal } from "../refusal.ts";
import { hasZeroBits, MASK_UNITS } from "./record_interpreter.ts";

/** The body of a function of `(blobCodecs, unpackQuaternion)` that returns a {@link RecordCodec}. */
export function generateRecords(layout: EntityLayout, view: number): string {
  const all = unitsOfView(layout, view);
  const masked = all.filter((unit) => !unit.once);
  return [
    `"use strict";`,
    "const rotation = { x: 0, y: 0, z: 0, w: 1 };",
    "function writeUpdate(out, now, at, base, from, blobs) {",
    "let m = 0, v = 0, d = 0, z = 0;",
    ...chunks(masked).flatMap((units) => writeChunk(layout, units)),
    "}",
    "function writeSpawn(out, now, at, blobs) {",
    ...all.flatMap(({ items }) => items.flatMap((item) => writeWhole(layout, item))),
    "}",
    "function readUpdate(input, now, at, base, from, store, isChecked) {",
    "let m = 0, b = 0, v = 0, z = 0, any = false;",
    ...layout.columns.map((_, i) => `now[${place("at", i)}] = base[${place("from", i)}];`),
    ...chunks(masked).flatMap((units) => readChunk(layout, units)),
    "return 0;",
    "}",
    "function readSpawn(input, now, at, store) {",
    "let v = 0;",
    ...all.flatMap(({ items }) => items.flatMap((item) => readWhole(layout, item))),
    "return 0;",
    "}",
    "return { writeUpdate, writeSpawn, readUpdate, readSpawn };",
  ].join("\n");
}

function chunks(units: readonly Unit[]): Unit[][] {
  const all: Unit[][] = [];
  for (let i = 0; i < units.length; i += MASK_UNITS) all.push(units.slice(i, i + MASK_UNITS));
  return all;
}

function place(base: string, column: number): string {
  return column === 0 ? base : `${base} + ${column}`;
}

function columnsOf(item: Unit["items"][number]): number[] {
  const count = item.kind === "blob" ? 1 : item.columns;
  return Array.from({ length: count }, (_, i) => item.column + i);
}

function writeChunk(layout: EntityLayout, units: readonly Unit[]): string[] {
  const lines = ["m = 0;"];
  units.forEach(({ items }, i) => {
    const differs = items.flatMap(columnsOf).map((column) =>
      `now[${place("at", column)}] !== base[${place("from", column)}]`
    );
    lines.push(`if (${differs.join(" || ")}) m |= ${1 << i};`);
  });
  lines.push(`out.put(m, ${units.length});`);
  units.forEach((unit, i) => {
    lines.push(`if ((m & ${1 << i}) !== 0) {`, ...writeUnit(layout, unit), "}");
  });
  return lines;
}

function writeUnit(layout: EntityLayout, { items }: Unit): string[] {
  const isShared = hasZeroBits(items);
  return items.flatMap((item) =>
    columnsOf(item).flatMap((column) => {
      const value = `v = now[${place("at", column)}];`;
      const write = item.kind === "blob"
        ? [...(isShared ? ["out.put(1, 1);"] : []), writeBlob(item.index)]
        : writeColumn(layout, column, isShared ? 1 : 0);
      if (!isShared) return [value, ...write];
      return [
        value,
        `if (v === base[${place("from", column)}]) out.put(0, 1);`,
        "else {",
        ...write,
        "}",
      ];
    })
  );
}

function writeBlob(index: number): string {
  return `blobCodecs[${index}].write(out, blobs[${index}]);`;
}

/** Writes `v`; what tells that it changed, a bit of one where `lead` is 1, goes with the first bits. */
function writeColumn(layout: EntityLayout, column: number, lead: 0 | 1): string[] {
  const { width, wraps, tiers: { small, large } } = layout.columns[column]!;
  if (small === 0) return [putPrefixed(lead, lead, width)];
  const spare = 32 - width;
  const difference = `v - base[${place("from", column)}]`;
  const ofSmall = 2 ** small;
  const lines = [
    wraps && spare > 0 ? `d = (${difference}) << ${spare} >> ${spare};` : `d = ${difference} | 0;`,
    "z = (d << 1 ^ d >> 31) - 1;",
    `if (z >>> 0 < ${ofSmall}) out.put(${lead} | z << ${lead + 1}, ${lead + 1 + small});`,
  ];
  if (large > 0) {
    const prefix = lead | 1 << lead;
    lines.push(
      `else if ((z >>> 0) - ${ofSmall} < ${2 ** large}) ` +
        `out.put(${prefix} | z - ${ofSmall} << ${lead + 2}, ${lead + 2 + large});`,
    );
  }
  const bits = lead + (large > 0 ? 2 : 1);
  lines.push(`else { ${putPrefixed(2 ** bits - 1, bits, width)} }`);
  return lines;
}

/** Puts `bits` constant bits and then `v` of `width` bits, at once where both fit in a word. */
function putPrefixed(prefix: number, bits: number, width: number): string {
  if (bits === 0) return `out.put(v, ${width});`;
  if (bits + width <= 32) return `out.put(${prefix} | v << ${bits}, ${bits + width});`;
  return `out.put(${prefix}, ${bits}); out.put(v, ${width});`;
}

function writeWhole(layout: EntityLayout, item: Unit["items"][number]): string[] {
  if (item.kind === "blob") return [writeBlob(item.index)];
  return columnsOf(item).map((column) =>
    `out.put(now[${place("at", column)}], ${layout.columns[column]!.width});`
  );
}

function readChunk(layout: EntityLayout, units: readonly Unit[]): string[] {
  const lines = [`m = input.take(${units.length});`];
  units.forEach((unit, i) => {
    lines.push(`if ((m & ${1 << i}) !== 0) {`, ...readUnit(layout, unit), "}");
  });
  return lines;
}

function readUnit(layout: EntityLayout, { items }: Unit): string[] {
  const isShared = hasZeroBits(items);
  const lines: string[] = isShared ? ["any = false;"] : [];
  for (const item of items) {
    for (const column of columnsOf(item)) {
      if (isShared) lines.push("if (input.take(1) !== 0) {", "any = true;");
      lines.push(
        ...(item.kind === "blob"
          ? readBlob(item.index, item.column)
          : readColumn(layout, column, rangeReason(item))),
      );
      if (isShared) lines.push("}");
    }
    if (item.kind === "leaf") lines.push(...checkLeaf(item, "isChecked && "));
  }
  if (isShared) lines.push(`if (!any && isChecked) return ${-Refusal.varint};`);
  return lines;
}

function readBlob(index: number, column: number): string[] {
  return [
    `v = blobCodecs[${index}].read(input, store);`,
    "if (v < 0) return v;",
    `now[${place("at", column)}] = v;`,
  ];
}

function readColumn(layout: EntityLayout, column: number, reason: number): string[] {
  const { width, max, wraps, tiers: { small, large } } = layout.columns[column]!;
  const target = `now[${place("at", column)}]`;
  const lines = [`b = ${target};`];
  const longForm = (test: string): string =>
    `if (isChecked && (${test})) return ${-Refusal.varint};`;
  if (small === 0) {
    lines.push(`v = input.take(${width});`, longForm("v === b"));
  } else {
    const spare = 32 - width;
    const apply = wraps && spare > 0
      ? `v = b + ((z + 1 >>> 1) ^ -(z + 1 & 1)) & ${2 ** width - 1};`
      : "v = b + ((z + 1 >>> 1) ^ -(z + 1 & 1)) | 0;";
    const number = wraps && spare > 0
      ? `z = (v - b) << ${spare} >> ${spare}; z = (z << 1 ^ z >> 31) - 1;`
      : "z = v - b | 0; z = (z << 1 ^ z >> 31) - 1;";
    const shortest = 2 ** small + (large > 0 ? 2 ** large : 0);
    lines.push(`if (input.take(1) === 0) { z = input.take(${small}); ${apply} }`);
    if (large > 0) {
      lines.push(
        `else if (input.take(1) === 0) { z = input.take(${large}) + ${2 ** small}; ${apply} }`,
      );
    }
    lines.push(
      `else { v = input.take(${width}); ${number} ${
        longForm(`v === b || z >>> 0 < ${shortest}`)
      } }`,
    );
  }
  if (!wraps && max < 0xffff_ffff) {
    lines.push(`if (isChecked && v >>> 0 > ${max}) return ${-reason};`);
  }
  lines.push(`${target} = v;`);
  return lines;
}

function readWhole(layout: EntityLayout, item: Unit["items"][number]): string[] {
  if (item.kind === "blob") return readBlob(item.index, item.column);
  const lines = columnsOf(item).flatMap((column) => {
    const { width, max } = layout.columns[column]!;
    const target = `now[${place("at", column)}]`;
    if (max >= 2 ** width - 1) return [`${target} = input.take(${width});`];
    return [
      `v = input.take(${width});`,
      `if (v >>> 0 > ${max}) return ${-rangeReason(item)};`,
      `${target} = v;`,
    ];
  });
  return [...lines, ...checkLeaf(item, "")];
}

/** What the columns of a leaf have to be together. */
function checkLeaf({ node, column }: LeafItem, condition: string): string[] {
  const at = (i: number): string => `now[${place("at", column + i)}]`;
  const refuse = (test: string, reason: number): string[] => [
    `if (${condition}${test}) return ${-reason};`,
  ];
  if (node.kind === "float") {
    // All bits of the exponent are set in what is infinite or no number.
    return node.bits === 32
      ? refuse(`(${at(0)} & 0x7f800000) === 0x7f800000`, Refusal.notFinite)
      : refuse(`(${at(1)} & 0x7ff00000) === 0x7ff00000`, Refusal.notFinite);
  }
  if (node.kind === "int" && node.bits > 32) {
    const range = node.max - node.min;
    if (range >= 2 ** node.bits - 1) return [];
    return refuse(`(${at(0)} >>> 0) + ${at(1)} * 4294967296 > ${range}`, Refusal.range);
  }
  if (node.kind === "quaternion") {
    const parts = [at(0), at(1), at(2), at(3)].join(", ");
    return refuse(`!unpackQuaternion(${node.bits}, ${parts}, rotation)`, Refusal.quaternion);
  }
  return [];
}
