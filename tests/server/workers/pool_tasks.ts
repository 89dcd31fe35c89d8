/**
 * What the tests of the worker pool run.
 *
 * @module
 */
import { transferring } from "../../../server/workers/transferring.ts";

/** Adds. */
export function add(left: number, right: number): number {
  return left + right;
}

/** Adds later. */
export async function addLater(left: number, right: number): Promise<number> {
  return await Promise.resolve(left + right);
}

/** Throws. */
export function fail(): never {
  throw new RangeError("it was asked for");
}

/** Throws what cannot be copied. */
export function failOddly(): never {
  throw () => {};
}

/** Never ends. */
export function hang(): void {
  while (true);
}

/** Waits until it is ended. */
export function wait(): Promise<void> {
  return new Promise(() => {});
}

/** Fails where nobody can catch it, and does not end. */
export function crash(): Promise<void> {
  queueMicrotask(() => {
    throw new Error("nobody catches this");
  });
  return wait();
}

/** Sums bytes and gives the buffer back. */
export function sum(bytes: Uint8Array<ArrayBuffer>): unknown {
  return transferring({ sum: bytes.reduce((left, right) => left + right, 0), bytes }, [
    bytes.buffer,
  ]);
}

/** Returns what cannot be copied. */
export function uncloneable(): unknown {
  return () => {};
}

/** No function. */
export const notAFunction = 1;
