/**
 * What replication costs, beside @colyseus/schema in the same process, in turns.
 * `deno run -A bench/sync_bench.ts` prints the tables; read the ratios.
 *
 * @module
 */
import { pause } from "./cpu_time.ts";
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
export async function runSyncBench(): Promise<SyncBenchResult> {
  // What waits for the event loop must not run inside a measurement.
  await pause(0);
  return { snapshots: measureSnapshots(), interest: measureInterest() };
}

if (import.meta.main) {
  const { snapshots, interest } = await runSyncBench();
  // deno-lint-ignore no-console
  console.table(snapshots);
  // deno-lint-ignore no-console
  console.table(interest);
}
