/**
 * Leaves through a run-time bit cursor.
 *
 * @module
 */
import type { LeafNode, QuaternionNode } from "../node.ts";
import { Refusal, type RefusalReason } from "../refusal.ts";
import { packAngle, unpackAngle } from "../wire/angle.ts";
import type { BitReader } from "../wire/bit_reader.ts";
import type { BitWriter } from "../wire/bit_writer.ts";
import { compressFloat, decompressFloat } from "../wire/compressed_float.ts";
import { dequantize, quantize } from "../wire/quantized.ts";
import {
  packedQuaternion,
  packQuaternion,
  type Quaternion,
  unpackQuaternion,
} from "../wire/quaternion.ts";

const floatScratch = new DataView(new ArrayBuffer(8));

/**
 * Writes a leaf. The values are `unknown` and cast here, at one boundary: `findFault` has walked the
 * whole value before the first bit is written.
 */
export function writeLeaf(writer: BitWriter, node: LeafNode, value: unknown): void {
  switch (node.kind) {
    case "bool":
      writer.writeBits(value === true ? 1 : 0, 1);
      break;
    case "int":
      writer.writeWide(value as number - node.min, node.bits);
      break;
    case "float":
      writeFloat(writer, node.bits, value as number);
      break;
    case "quantized":
      writer.writeBits(quantize(node.grid, value as number), node.grid.bits);
      break;
    case "compressedFloat":
      writer.writeBits(compressFloat(node.grid, value as number), node.grid.bits);
      break;
    case "angle":
      writer.writeBits(packAngle(node.bits, value as number), node.bits);
      break;
    case "enum":
      writer.writeBits(node.values.indexOf(value as string), node.bits);
      break;
    case "quaternion":
      writeQuaternion(writer, node, value as Quaternion);
  }
}

/** Reads a leaf; `undefined` refuses it for {@link leafRefusal}. The caller has checked the length. */
export function readLeaf(reader: BitReader, node: LeafNode): unknown {
  switch (node.kind) {
    case "bool":
      return reader.readBits(1) === 1;
    case "int": {
      const offset = reader.readWide(node.bits);
      return offset <= node.max - node.min ? node.min + offset : undefined;
    }
    case "float":
      return readFloat(reader, node.bits);
    case "quantized": {
      const step = reader.readBits(node.grid.bits);
      return step <= node.grid.steps ? dequantize(node.grid, step) : undefined;
    }
    case "compressedFloat": {
      const integer = reader.readBits(node.grid.bits);
      return integer <= node.grid.maxInteger ? decompressFloat(node.grid, integer) : undefined;
    }
    case "angle":
      return unpackAngle(node.bits, reader.readBits(node.bits));
    case "enum":
      return node.values[reader.readBits(node.bits)];
    case "quaternion":
      return readQuaternion(reader, node);
  }
}

/** Why bits of this kind are refused. */
export function leafRefusal(node: LeafNode): RefusalReason {
  switch (node.kind) {
    case "enum":
      return Refusal.tag;
    case "float":
      return Refusal.notFinite;
    case "quaternion":
      return Refusal.quaternion;
    default:
      return Refusal.range;
  }
}

function writeFloat(writer: BitWriter, bits: 32 | 64, value: number): void {
  if (bits === 32) {
    floatScratch.setFloat32(0, value, true);
  } else {
    floatScratch.setFloat64(0, value, true);
  }
  writer.writeBits(floatScratch.getUint32(0, true), 32);
  if (bits === 64) writer.writeBits(floatScratch.getUint32(4, true), 32);
}

function readFloat(reader: BitReader, bits: 32 | 64): number | undefined {
  floatScratch.setUint32(0, reader.readBits(32), true);
  if (bits === 64) floatScratch.setUint32(4, reader.readBits(32), true);
  const value = bits === 32 ? floatScratch.getFloat32(0, true) : floatScratch.getFloat64(0, true);
  return Number.isFinite(value) ? value : undefined;
}

function writeQuaternion(writer: BitWriter, node: QuaternionNode, value: Quaternion): void {
  packQuaternion(node.bits, value);
  const [largest = 0, a = 0, b = 0, c = 0] = packedQuaternion;
  writer.writeBits(largest, 2);
  writer.writeBits(a, node.bits);
  writer.writeBits(b, node.bits);
  writer.writeBits(c, node.bits);
}

function readQuaternion(reader: BitReader, node: QuaternionNode): Quaternion | undefined {
  const into = { x: 0, y: 0, z: 0, w: 1 };
  const largest = reader.readBits(2);
  const a = reader.readBits(node.bits);
  const b = reader.readBits(node.bits);
  const c = reader.readBits(node.bits);
  return unpackQuaternion(node.bits, largest, a, b, c, into) ? into : undefined;
}
