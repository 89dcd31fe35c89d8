/**
 * A pool of workers for work that would hold up the tick: paths, terrain, replays, passwords.
 *
 * @module
 */
import type { Clock, TimerId } from "../../transport/clock.ts";
import { systemClock } from "../../transport/system_clock.ts";
import { WorkerPoolError } from "./pool_error.ts";
import type { PoolResult, PoolTask } from "./pool_wire.ts";

/** Tasks that wait, unless told otherwise. */
const MAX_QUEUED = 256;
/** How long a task may take, unless told otherwise. */
const TIMEOUT_MS = 30_000;
/** Most workers of a pool. */
const MAX_SIZE = 256;

/** Options of {@link WorkerPool}. */
export interface WorkerPoolOptions {
  /** Workers at most, 1 to 256; each is started when it is first needed. Default: one less than processors. */
  readonly size?: number;
  /** Tasks that wait for a worker at most. Default 256. */
  readonly maxQueued?: number;
  /** How long a task may take once a worker has begun it. Default 30,000 ms; `Infinity` for ever. */
  readonly timeoutMs?: number;
  /** Time and timers. Default: the system's. */
  readonly clock?: Clock;
}

/** Options of {@link WorkerPool.run}. */
export interface RunOptions {
  /** How long this task may take once a worker has begun it. Default: the pool's `timeoutMs`. */
  readonly timeoutMs?: number;
  /** Buffers of the arguments that are handed over instead of copied: they are empty here afterwards. */
  readonly transfer?: Transferable[];
  /** Gives the task up: one that waits is not begun, and the worker of one that runs is ended. */
  readonly signal?: AbortSignal;
}

/** What a pool does, and what it counted. */
export interface WorkerPoolStats {
  /** Workers there are. */
  readonly workers: number;
  /** Tasks that run. */
  readonly running: number;
  /** Tasks that wait. */
  readonly queued: number;
  /** Tasks that had a result. */
  readonly done: number;
  /** Tasks that failed, whatever the reason. */
  readonly failed: number;
  /** Workers that were ended with their task: it took too long, was given up, or failed beyond repair. */
  readonly ended: number;
}

interface Job {
  readonly task: PoolTask;
  readonly transfer: Transferable[];
  readonly timeoutMs: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: AbortSignal | undefined;
  onAbort: (() => void) | undefined;
}

interface Member {
  readonly worker: Worker;
  job: Job | undefined;
  timer: TimerId | undefined;
}

/**
 * Runs exported functions of modules on workers. Close it: idle workers keep a program alive.
 *
 * @example
 * ```ts ignore
 * await using pool = new WorkerPool({ size: 2 });
 * const url = new URL("./terrain.ts", import.meta.url);
 * const heights = await pool.run<Float32Array>(url, "heightMap", [256]);
 * ```
 */
export class WorkerPool {
  readonly #size: number;
  readonly #maxQueued: number;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #members: Member[] = [];
  readonly #queue: Job[] = [];
  #onIdle: (() => void)[] = [];
  #done = 0;
  #failed = 0;
  #ended = 0;
  #isClosed = false;

  /**
   * Makes a pool; workers start when they are needed.
   *
   * @throws RangeError for options out of bounds.
   */
  constructor(options: WorkerPoolOptions = {}) {
    const { size = Math.max(1, navigator.hardwareConcurrency - 1), maxQueued = MAX_QUEUED } =
      options;
    const { timeoutMs = TIMEOUT_MS, clock = systemClock } = options;
    if (!Number.isInteger(size) || size < 1 || size > MAX_SIZE) {
      throw new RangeError(`Cannot make a pool of ${size} workers: it has 1 to ${MAX_SIZE}`);
    }
    if (!Number.isInteger(maxQueued) || maxQueued < 0) {
      throw new RangeError(
        `Cannot queue ${maxQueued} tasks: "maxQueued" is an integer of 0 and more`,
      );
    }
    checkTimeout(timeoutMs);
    this.#size = size;
    this.#maxQueued = maxQueued;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
  }

  /**
   * Calls an exported function of a module on a worker and returns its result.
   *
   * @param module Absolute URL of the module, as `new URL("./paths.ts", import.meta.url)`; loaded once per
   * worker. It runs with the permissions of the program: never pass on what a player sent.
   * @param fn Name of the function; it may be async.
   * @param args What it is called with; whatever `structuredClone` copies.
   * @throws WorkerPoolError; TypeError for a URL that is not absolute or arguments that cannot be copied;
   * the reason of the signal.
   */
  run<Result>(
    module: string | URL,
    fn: string,
    args: readonly unknown[] = [],
    options: RunOptions = {},
  ): Promise<Result> {
    const { timeoutMs = this.#timeoutMs, transfer = [], signal } = options;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    try {
      checkTimeout(timeoutMs);
      signal?.throwIfAborted();
      if (this.#isClosed) throw new WorkerPoolError("closed", "The pool is closed");
      if (this.#queue.length >= this.#maxQueued && !this.#hasIdle()) {
        throw new WorkerPoolError(
          "full",
          `The pool is full: ${this.#maxQueued} tasks wait already`,
        );
      }
      // What the function returns is the caller's word, as with any module that is loaded by name.
      const settle = resolve as (value: unknown) => void;
      const task = { module: new URL(module).href, fn, args };
      this.#add({ task, transfer, timeoutMs, resolve: settle, reject, signal, onAbort: undefined });
    } catch (error) {
      reject(error);
    }
    return promise;
  }

  /** What the pool does, and what it counted. */
  stats(): WorkerPoolStats {
    const running = this.#members.filter(({ job }) => job !== undefined).length;
    return {
      workers: this.#members.length,
      running,
      queued: this.#queue.length,
      done: this.#done,
      failed: this.#failed,
      ended: this.#ended,
    };
  }

  /**
   * Takes no more tasks, lets those that run finish within the time, and ends all workers. Tasks that wait
   * are rejected as `"closed"`. Idempotent.
   *
   * @param timeoutMs How long tasks that run have. Default 5,000 ms; 0 ends them at once.
   */
  async close(timeoutMs = 5_000): Promise<void> {
    this.#isClosed = true;
    const closed = (): WorkerPoolError => new WorkerPoolError("closed", "The pool was closed");
    for (const job of this.#queue.splice(0)) this.#reject(job, closed());
    await this.#idleWithin(timeoutMs);
    for (const member of [...this.#members]) {
      this.#remove(member);
      if (member.job !== undefined) this.#finish(member, (job) => this.#reject(job, closed()));
    }
  }

  /** Same as {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #add(job: Job): void {
    // Copied now: a task that cannot be copied fails here, and what the caller changes later changes
    // nothing. Buffers that are handed over are moved, and the list then names them where they are now.
    const [task, transfer] = structuredClone([job.task, job.transfer] as const, {
      transfer: job.transfer,
    });
    const own: Job = { ...job, task, transfer: [...transfer] };
    this.#queue.push(own);
    if (job.signal !== undefined) {
      own.onAbort = () => this.#abort(own);
      job.signal.addEventListener("abort", own.onAbort, { once: true });
    }
    this.#pump();
  }

  #hasIdle(): boolean {
    return this.#members.length < this.#size || this.#members.some(({ job }) => job === undefined);
  }

  #pump(): void {
    while (this.#queue.length > 0) {
      let member = this.#members.find(({ job }) => job === undefined);
      if (member === undefined && this.#members.length < this.#size) member = this.#spawn();
      if (member === undefined) return;
      this.#begin(member, this.#queue.shift()!);
    }
    if (this.#members.every(({ job }) => job === undefined)) {
      for (const onIdle of this.#onIdle.splice(0)) onIdle();
    }
  }

  #spawn(): Member {
    const url = new URL("./pool_worker.ts", import.meta.url);
    const worker = new Worker(url, { type: "module", name: "tickwire pool" });
    const member: Member = { worker, job: undefined, timer: undefined };
    worker.onmessage = ({ data }) => {
      // What comes is what pool_worker.ts sends.
      this.#finish(member, (job) => this.#settle(job, data as PoolResult));
    };
    worker.onmessageerror = () => this.#lose(member, "its result cannot be read");
    worker.onerror = (event) => {
      // Otherwise the failure of a worker ends the whole program.
      event.preventDefault();
      this.#lose(member, event.message);
    };
    this.#members.push(member);
    return member;
  }

  #begin(member: Member, job: Job): void {
    member.job = job;
    const { task, transfer, timeoutMs } = job;
    if (timeoutMs !== Infinity) {
      member.timer = this.#clock.setTimer(this.#clock.nowMs() + timeoutMs, () => {
        const error = new WorkerPoolError("timeout", `"${task.fn}" took more than ${timeoutMs} ms`);
        this.#end(member, error);
      });
    }
    member.worker.postMessage(task, transfer);
  }

  #settle(job: Job, result: PoolResult): void {
    if (result.isOk) {
      this.#done++;
      this.#forgetSignal(job);
      job.resolve(result.value);
      return;
    }
    const { error } = result;
    const why = error instanceof Error ? error.message : String(error);
    const { fn } = job.task;
    this.#reject(job, new WorkerPoolError("failed", `"${fn}" failed: ${why}`, { cause: error }));
  }

  #lose(member: Member, why: string): void {
    const fn = member.job?.task.fn ?? "nothing";
    this.#end(member, new WorkerPoolError("crashed", `The worker that ran "${fn}" failed: ${why}`));
  }

  #abort(job: Job): void {
    const reason: unknown = job.signal?.reason;
    const waiting = this.#queue.indexOf(job);
    if (waiting >= 0) {
      this.#queue.splice(waiting, 1);
      this.#reject(job, reason);
      return;
    }
    const member = this.#members.find((candidate) => candidate.job === job);
    if (member !== undefined) this.#end(member, reason);
  }

  /** Ends a worker and its task: nothing else stops a loop that does not end by itself. */
  #end(member: Member, error: unknown): void {
    this.#ended++;
    this.#remove(member);
    this.#finish(member, (job) => this.#reject(job, error));
  }

  #remove(member: Member): void {
    member.worker.terminate();
    const index = this.#members.indexOf(member);
    if (index >= 0) this.#members.splice(index, 1);
  }

  #finish(member: Member, settle: (job: Job) => void): void {
    const { job, timer } = member;
    if (timer !== undefined) this.#clock.clearTimer(timer);
    member.timer = undefined;
    member.job = undefined;
    if (job !== undefined) settle(job);
    this.#pump();
  }

  #reject(job: Job, error: unknown): void {
    this.#failed++;
    this.#forgetSignal(job);
    job.reject(error);
  }

  #forgetSignal({ signal, onAbort }: Job): void {
    if (onAbort !== undefined) signal?.removeEventListener("abort", onAbort);
  }

  async #idleWithin(timeoutMs: number): Promise<void> {
    if (timeoutMs <= 0 || this.stats().running === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle.push(resolve);
    const timer = this.#clock.setTimer(this.#clock.nowMs() + timeoutMs, resolve);
    await promise;
    this.#clock.clearTimer(timer);
  }
}

function checkTimeout(timeoutMs: number): void {
  if (timeoutMs > 0) return;
  throw new RangeError(`Cannot run a task within ${timeoutMs} ms: "timeoutMs" is above 0`);
}
