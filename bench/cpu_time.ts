/**
 * Processor time of this process, and garbage collection on demand.
 *
 * @module
 */
import process from "node:process";

/** Runs a function and returns its result with the seconds of processor time that passed meanwhile. */
export async function withCpuSeconds<T>(work: () => Promise<T>): Promise<[T, number]> {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return [result, (user + system) / 1e6];
}

/** Collects garbage where V8 was started with `--expose-gc`, as `deno task bench` does. */
export function collectGarbage(): void {
  // Boundary cast: V8 adds the function under that flag only.
  (globalThis as { gc?: () => void }).gc?.();
}

/** Pauses without blocking the event loop. */
export function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
