/**
 * A worker of a pool: what `WorkerPool` starts.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import type { PoolResult, PoolTask } from "./pool_wire.ts";
import { isTransferring } from "./transferring.ts";
import { cloneableError } from "./worker_port.ts";

// This file is a worker's own, whose global scope is this one.
const scope = self as unknown as DedicatedWorkerGlobalScope;

scope.onmessage = async ({ data }: MessageEvent): Promise<void> => {
  try {
    // What comes is what WorkerPool sends.
    const result = await runTask(data as PoolTask);
    const isMarked = isTransferring(result);
    const answer: PoolResult = { isOk: true, value: isMarked ? result.value : result };
    scope.postMessage(answer, isMarked ? result.transfer : []);
  } catch (error) {
    const answer: PoolResult = { isOk: false, error: cloneableError(error) };
    scope.postMessage(answer);
  }
};

/** A module is loaded once: the import of the second task finds it. */
async function runTask({ module, fn, args }: PoolTask): Promise<unknown> {
  const exports: Record<string, unknown> = await import(module);
  const run = exports[fn];
  if (typeof run !== "function") {
    throw new TypeError(`Cannot run "${fn}": ${module} exports no such function`);
  }
  return await run(...args);
}
