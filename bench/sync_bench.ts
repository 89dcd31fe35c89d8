/**
 * What replication costs, beside @colyseus/schema in the same process, in turns.
 * `deno run -A bench/sync_bench.ts` prints the tables; read the ratios.
 *
 * @module
 */
import { type InterestRow, measureInterest } from "./sync_interest.ts";
import { measureSnapshots, type SnapshotRow } from "./sync_snapshot.ts";

/** Both workloads. */
export interface SyncBenchResult {
  /** 32 players of 8 fields. */
  readonly snapshots: readonly SnapshotRow[];
  /** 2,000 entities, 50 clients. */
  readonly interest: readonly InterestRow[];
}

/** Measures everything; takes about five seconds. */
export function runSyncBench(): SyncBenchResult {
  return { snapshots: measureSnapshots(), interest: measureInterest() };
}

if (import.meta.main) {
  const { snapshots, interest } = runSyncBench();
  // deno-lint-ignore no-console
  console.table(snapshots);
  // deno-lint-ignore no-console
  console.table(interest);
}
