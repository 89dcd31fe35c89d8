/**
 * What a pool and its workers say to each other.
 *
 * @module
 */

/** To a worker: one task. */
export interface PoolTask {
  /** Absolute URL of the module. */
  readonly module: string;
  /** Name of the exported function. */
  readonly fn: string;
  /** What it is called with. */
  readonly args: readonly unknown[];
}

/** From a worker: what came of its task. */
export type PoolResult =
  | { readonly isOk: true; readonly value: unknown }
  | { readonly isOk: false; readonly error: unknown };
