/**
 * How far a decoded value may be from the one that was encoded, for property tests.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Node } from "../../schema/mod.ts";

/** Asserts that `decoded` is what `node` makes of `original`: equal, or off by no more than half a step. */
export function assertNear(node: Node, original: unknown, decoded: unknown, path = "value"): void {
  switch (node.kind) {
    case "float":
      return assert.equal(
        decoded,
        node.bits === 32 ? Math.fround(Number(original)) : original,
        path,
      );
    case "quantized": {
      const off = Math.abs(Number(decoded) - Number(original));
      return assert.ok(off <= node.grid.stepSize * 0.5000001, `${path} is ${off} off`);
    }
    case "compressedFloat": {
      const { min, max, delta, maxInteger } = node.grid;
      const clamped = Math.min(Math.max(Number(original), min), max);
      const off = Math.abs(Number(decoded) - clamped);
      return assert.ok(off <= delta / maxInteger, `${path} is ${off} off`);
    }
    case "angle": {
      const turn = 2 * Math.PI;
      const off = Math.abs(Number(decoded) - Number(original)) % turn;
      const near = Math.min(off, turn - off);
      assert.ok(Number(decoded) >= -Math.PI && Number(decoded) < Math.PI, path);
      return assert.ok(near <= turn / 2 ** node.bits * 0.5000001, `${path} is ${near} off`);
    }
    case "quaternion":
      return assertSameRotation(node.bits, original, decoded, path);
    case "struct":
      for (const { name, node: inner } of node.fields) {
        assertNear(inner, property(original, name), property(decoded, name), `${path}.${name}`);
      }
      return;
    case "union": {
      const name = property(original, node.tag);
      const variant = node.variants.find((variant) => variant.name === name);
      assert.ok(variant, path);
      assert.equal(property(decoded, node.tag), name, path);
      return assertNear(variant.struct, original, decoded, path);
    }
    case "optional":
      return original === undefined
        ? assert.equal(decoded, undefined, path)
        : assertNear(node.inner, original, decoded, path);
    case "array":
      assert.ok(Array.isArray(original) && Array.isArray(decoded), path);
      assert.equal(decoded.length, original.length, path);
      return original.forEach((item, i) =>
        assertNear(node.element, item, decoded[i], `${path}[${i}]`)
      );
    case "map":
      assert.ok(original instanceof Map && decoded instanceof Map, path);
      assert.equal(decoded.size, original.size, path);
      for (const [key, item] of original) {
        assertNear(node.value, item, decoded.get(key), `${path}[${key}]`);
      }
      return;
    default:
      return assert.deepEqual(decoded, original, path);
  }
}

function property(value: unknown, name: string): unknown {
  assert.ok(typeof value === "object" && value !== null);
  return Reflect.get(value, name);
}

/** The largest error of smallest-three is about `√3 · step` radians in the sphere of quaternions. */
function assertSameRotation(bits: number, original: unknown, decoded: unknown, path: string): void {
  const left = unit(original);
  const right = unit(decoded);
  const dot = left.reduce((sum, part, i) => sum + part * (right[i] ?? 0), 0);
  const step = Math.SQRT1_2 / (2 ** (bits - 1) - 1);
  const radians = Math.acos(Math.min(1, Math.abs(dot)));
  assert.ok(radians <= 4 * step, `${path} is turned by ${radians} with steps of ${step}`);
}

function unit(value: unknown): number[] {
  const raw = ["x", "y", "z", "w"].map((axis) => Number(property(value, axis)));
  // The length of numbers near the smallest float would be rounded beyond recognition.
  const largest = Math.max(...raw.map(Math.abs));
  const parts = raw.map((part) => part / largest);
  const length = Math.hypot(...parts);
  return parts.map((part) => part / length);
}
