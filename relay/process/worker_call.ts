/**
 * What a relay and the threads of its shards say to each other.
 *
 * @module
 */
import type { Shard, ShardOptions, ShardOrder, ShardReport } from "./shard.ts";
import type { ShardBinding } from "./shard_pipe.ts";

/** Where a shard came to be bound. */
export type ShardPlace = Pick<Shard, "hostname" | "port">;

/** Arguments and result of each call. */
export interface WorkerCalls {
  /** Binds. */
  readonly open: [{ readonly options: ShardOptions; readonly binding: ShardBinding }, ShardPlace];
  /** {@link Shard.start}. */
  readonly start: [undefined, void];
  /** {@link Shard.apply}. */
  readonly apply: [ShardOrder, void];
  /** {@link Shard.report}. */
  readonly report: [boolean, ShardReport];
  /** {@link Shard.exportTable}. */
  readonly exportTable: [undefined, Uint8Array];
  /** {@link Shard.importTable}. */
  readonly importTable: [Uint8Array, number];
  /** {@link Shard.close}. */
  readonly close: [undefined, void];
}

/** A call on its way to the thread. */
export type WorkerCall = {
  readonly [M in keyof WorkerCalls]: {
    /** Numbers calls. */
    readonly id: number;
    /** What to do. */
    readonly method: M;
    /** With what. */
    readonly argument: WorkerCalls[M][0];
  };
}[keyof WorkerCalls];

/** What came of it. */
export type WorkerReply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: Error; readonly code: string | undefined };
