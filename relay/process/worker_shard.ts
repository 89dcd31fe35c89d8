/**
 * A shard in a thread of its own: shards share nothing, so each can have a processor.
 *
 * @module
 */
import type { Shard, ShardOptions, ShardOrder, ShardReport } from "./shard.ts";
import type { ShardBinding } from "./shard_pipe.ts";
import type { ShardPlace, WorkerCalls, WorkerReply } from "./worker_call.ts";

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A shard of another thread failed. */
export class ShardError extends Error {
  /** Always `"ShardError"`. */
  override readonly name = "ShardError";
  /** The code that the error had there, such as `"address-in-use"`. */
  readonly code: string;

  /** Takes the code and the sentence for people. */
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** A shard of another thread. A defect that ends the thread ends the process: half a relay is none. */
export class WorkerShard implements Shard {
  readonly shard: number;
  #place: ShardPlace = { hostname: "", port: 0 };
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;

  private constructor(shard: number) {
    this.shard = shard;
    this.#worker = new Worker(new URL("./shard_worker.ts", import.meta.url), {
      type: "module",
      name: `shard ${shard}`,
    });
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerReply>) => this.#settle(data);
  }

  /** Starts a thread and binds there. Throws ShardError with what went wrong. */
  static async open(options: ShardOptions, binding: ShardBinding): Promise<WorkerShard> {
    const shard = new WorkerShard(options.shard);
    try {
      shard.#place = await shard.#call("open", { options, binding });
      return shard;
    } catch (error) {
      shard.#worker.terminate();
      throw error;
    }
  }

  get hostname(): string {
    return this.#place.hostname;
  }

  get port(): number {
    return this.#place.port;
  }

  start(): Promise<void> {
    return this.#call("start", undefined);
  }

  apply(order: ShardOrder): Promise<void> {
    return this.#call("apply", order);
  }

  report(withSessions: boolean): Promise<ShardReport> {
    return this.#call("report", withSessions);
  }

  exportTable(): Promise<Uint8Array> {
    return this.#call("exportTable", undefined);
  }

  importTable(table: Uint8Array): Promise<number> {
    return this.#call("importTable", table);
  }

  async close(): Promise<void> {
    try {
      await this.#call("close", undefined);
    } finally {
      this.#worker.terminate();
    }
  }

  #call<M extends keyof WorkerCalls>(
    method: M,
    argument: WorkerCalls[M][0],
  ): Promise<WorkerCalls[M][1]> {
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject });
    this.#worker.postMessage({ id, method, argument });
    // The boundary between threads: the worker answers each call with the type that the table says.
    return promise as Promise<WorkerCalls[M][1]>;
  }

  #settle(reply: WorkerReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ("error" in reply) {
      const { code = "shard", error: { message } } = reply;
      waiting?.reject(new ShardError(code, message));
    } else waiting?.resolve(reply.value);
  }
}
