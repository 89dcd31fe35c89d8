/**
 * Results that leave a worker without a copy.
 *
 * @module
 */

/** Known under this name in every copy of this module. */
const TRANSFER: unique symbol = Symbol.for("tickwire.transfer") as never;

/** A result with the buffers that go along. */
export interface Transferring<T> {
  /** The result. */
  readonly value: T;
  /** What is given away. */
  readonly [TRANSFER]: Transferable[];
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
  return { value, [TRANSFER]: transfer };
}

/** The buffers of a marked result; `undefined` for any other. */
export function transferOf(result: unknown): Transferring<unknown> | undefined {
  const isMarked = typeof result === "object" && result !== null && TRANSFER in result;
  return isMarked ? result as Transferring<unknown> : undefined;
}

/** The transfer list of a marked result. */
export function transferListOf(marked: Transferring<unknown>): Transferable[] {
  return marked[TRANSFER];
}
