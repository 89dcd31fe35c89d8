/**
 * Why a task of a worker pool has no result.
 *
 * @module
 */

/** Codes of {@link WorkerPoolError}. */
export type WorkerPoolErrorCode =
  /** The queue is full. */
  | "full"
  /** The task took too long; its worker was ended. */
  | "timeout"
  /** The function threw, or there is none of this name; `cause` is what it threw. */
  | "failed"
  /** The worker failed while it ran the task: out of memory, or an error that nobody caught. */
  | "crashed"
  /** The pool was closed first. */
  | "closed";

/** Thrown by `WorkerPool.run`. Branch on {@link WorkerPoolError.code}. */
export class WorkerPoolError extends Error {
  /** Always `"WorkerPoolError"`. */
  override readonly name = "WorkerPoolError";
  /** What went wrong, for programs; the message says it for people. */
  readonly code: WorkerPoolErrorCode;

  /** Takes the code, the sentence for people, and what caused it. */
  constructor(code: WorkerPoolErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
