/**
 * Whether the heap grows, as soaks and fuzzers ask it.
 *
 * @module
 */

/** Looks below which the heap says nothing. */
const LEAST_LOOKS = 9;

/** Bytes in use; exactly so with `--v8-flags=--expose-gc`. */
export function memoryBytes(): number {
  // V8 puts the function there when it is asked to: nothing that TypeScript knows of.
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/**
 * How much more the least of the last third is than the least of the middle one. The first is left for
 * queues and pools to fill: a session in bulk needs minutes for that.
 */
export function growthBytes(heapBytes: readonly number[]): number {
  if (heapBytes.length < LEAST_LOOKS) return 0;
  const third = Math.floor(heapBytes.length / 3);
  const least = (from: number, to?: number): number => Math.min(...heapBytes.slice(from, to));
  return least(2 * third) - least(third, 2 * third);
}
