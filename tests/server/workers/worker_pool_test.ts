import assert from "node:assert/strict";
import { WorkerPool, WorkerPoolError, type WorkerPoolErrorCode } from "../../../server/mod.ts";
import { VirtualClock } from "../../../transport/virtual_clock.ts";

const TASKS = new URL("./pool_tasks.ts", import.meta.url);

async function rejectsWith(code: WorkerPoolErrorCode, promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof WorkerPoolError, String(error));
    assert.equal(error.code, code);
    return error;
  }
  assert.fail("it did not reject");
}

Deno.test("a pool runs functions of modules and hands over buffers", async () => {
  await using pool = new WorkerPool({ size: 2 });
  const bytes = new Uint8Array(1_000).fill(3);
  const results = await Promise.all([
    pool.run<number>(TASKS, "add", [1, 2]),
    pool.run<number>(TASKS.href, "addLater", [3, 4]),
    pool.run<{ sum: number; bytes: Uint8Array }>(TASKS, "sum", [bytes], {
      transfer: [bytes.buffer],
    }),
  ]);
  assert.deepEqual(results.slice(0, 2), [3, 7]);
  assert.deepEqual([results[2].sum, results[2].bytes.byteLength], [3_000, 1_000]);
  assert.equal(bytes.byteLength, 0, "the caller's buffer is gone");
  const { workers, done, failed, running, queued } = pool.stats();
  assert.deepEqual([workers, done, failed, running, queued], [2, 3, 0, 0, 0]);
});

Deno.test("a function that throws fails its task with the cause, and its worker goes on", async () => {
  await using pool = new WorkerPool({ size: 1 });
  const error = await rejectsWith("failed", pool.run(TASKS, "fail"));
  assert.ok(error.cause instanceof RangeError);
  assert.match(error.message, /"fail" failed: it was asked for/);
  await rejectsWith("failed", pool.run(TASKS, "failOddly"));
  await rejectsWith("failed", pool.run(TASKS, "uncloneable"));
  await rejectsWith("failed", pool.run(TASKS, "notAFunction"));
  await rejectsWith("failed", pool.run(TASKS, "missing"));
  await rejectsWith("failed", pool.run(new URL("./none.ts", TASKS), "add"));
  assert.equal(await pool.run(TASKS, "add", [1, 1]), 2);
  assert.deepEqual([pool.stats().failed, pool.stats().ended], [6, 0]);
});

Deno.test("a worker that crashes or hangs loses its task and is replaced", async () => {
  const clock = new VirtualClock();
  await using pool = new WorkerPool({ size: 1, timeoutMs: 1_000, clock });
  await rejectsWith("crashed", pool.run(TASKS, "crash"));
  const hanging = pool.run(TASKS, "hang");
  const after = pool.run(TASKS, "add", [2, 2]);
  clock.run(1_001);
  await rejectsWith("timeout", hanging);
  assert.equal(await after, 4);
  assert.deepEqual([pool.stats().ended, pool.stats().workers], [2, 1]);
});

Deno.test("the queue is bounded, tasks can be given up, and closing ends what runs", async () => {
  const clock = new VirtualClock();
  const pool = new WorkerPool({ size: 1, maxQueued: 2, clock });
  const running = pool.run(TASKS, "wait");
  const abort = new AbortController();
  const waiting = pool.run(TASKS, "add", [1, 1], { signal: abort.signal });
  const last = pool.run(TASKS, "add", [1, 1]);
  await rejectsWith("full", pool.run(TASKS, "add", [1, 1]));
  abort.abort(new Error("not any more"));
  await assert.rejects(waiting, /not any more/);
  assert.equal(pool.stats().queued, 1);
  const closing = pool.close(0);
  await rejectsWith("closed", running);
  await rejectsWith("closed", last);
  await closing;
  await rejectsWith("closed", pool.run(TASKS, "add", [1, 1]));
  assert.equal(pool.stats().workers, 0);
  await pool.close();
});

Deno.test("giving up a task that runs ends its worker, closing waits for one that ends in time", async () => {
  const pool = new WorkerPool({ size: 1 });
  const abort = new AbortController();
  const hanging = pool.run(TASKS, "hang", [], { signal: abort.signal });
  abort.abort(new Error("enough"));
  await assert.rejects(hanging, /enough/);
  const adding = pool.run(TASKS, "add", [20, 22]);
  await pool.close();
  assert.equal(await adding, 42);
});

Deno.test("what makes no sense throws or rejects at once", async () => {
  assert.throws(() => new WorkerPool({ size: 0 }), RangeError);
  assert.throws(() => new WorkerPool({ size: 257 }), RangeError);
  assert.throws(() => new WorkerPool({ maxQueued: -1 }), RangeError);
  assert.throws(() => new WorkerPool({ timeoutMs: 0 }), RangeError);
  await using pool = new WorkerPool({ size: 1 });
  await assert.rejects(pool.run("./relative.ts", "add"), TypeError);
  await assert.rejects(pool.run(TASKS, "add", [() => {}]), { name: "DataCloneError" });
  await assert.rejects(pool.run(TASKS, "add", [], { timeoutMs: NaN }), RangeError);
  await assert.rejects(
    pool.run(TASKS, "add", [], { signal: AbortSignal.abort(new Error("no")) }),
    /no/,
  );
  assert.equal(pool.stats().workers, 0, "no worker was started for any of it");
});
