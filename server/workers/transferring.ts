/**
 * Results that leave a worker without a copy.
 *
 * @module
 */

/** Tells a marked result from others, in every copy of this module. */
const MARK = "tickwire-transferring-1";

/** A result with the buffers that go along. */
export interface Transferring<T> {
  /** Tells it from other values. */
  readonly kind: "tickwire-transferring-1";
  /** The result. */
  readonly value: T;
  /** What is given away. */
  readonly transfer: Transferable[];
}

/**
 * Marks a task's result: these buffers are handed over instead of copied, and are empty in the worker from
 * then on.
 *
 * @example
 * ```ts
 * import { transferring } from "../../mod.ts";
 *
 * export function heightMap(size: number) {
 *   const heights = new Float32Array(size * size);
 *   return transferring(heights, [heights.buffer]);
 * }
 * console.assert(heightMap(2).value.length === 4);
 * ```
 */
export function transferring<T>(value: T, transfer: Transferable[]): Transferring<T> {
  return { kind: MARK, value, transfer };
}

/** Whether a result is marked. */
export function isTransferring(result: unknown): result is Transferring<unknown> {
  return typeof result === "object" && result !== null && "kind" in result && result.kind === MARK;
}
