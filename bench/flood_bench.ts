/**
 * What a flood of worthless HELLOs does to players that are there already.
 *
 * Clients in this process measure their round trips with and without the flood; server and flood run in
 * processes of their own. `deno run -A bench/flood_bench.ts` prints it.
 *
 * @module
 */
import { connect } from "../client/mod.ts";
import { BENCH_LIMITS, BENCH_VALUE, BenchEcho } from "./bench_protocol.ts";
import { pause } from "./cpu_time.ts";
import { median, startLoad } from "./load_process.ts";

/** What was measured. Times are medians over rounds of each round's percentile. */
export interface FloodBenchResult {
  /** HELLOs a second that were sent. */
  readonly hellosPerSecond: number;
  /** Round trip without the flood. */
  readonly calm: { readonly p50Ms: number; readonly p99Ms: number };
  /** Round trip during the flood. */
  readonly flooded: { readonly p50Ms: number; readonly p99Ms: number };
  /** Processor time of the server per second during the flood. */
  readonly serverCpuShare: number;
  /** Growth of the server's heap over the whole flood. */
  readonly heapGrowthBytes: number;
}

/** What to measure. */
export interface FloodBenchOptions {
  /** HELLOs a second; 20,000 if not given. */
  readonly hellosPerSecond?: number;
  /** Players that are there; 8 if not given. */
  readonly clients?: number;
  /** Rounds of calm and flood in turn; 5 if not given. */
  readonly rounds?: number;
  /** Time of each; 1 s if not given. */
  readonly roundMs?: number;
}

const PINGS_PER_SECOND = 60;

/** Measures; takes some 12 seconds with the defaults. */
export async function runFloodBench(options: FloodBenchOptions = {}): Promise<FloodBenchResult> {
  const { hellosPerSecond = 20_000, clients: count = 8, rounds = 5, roundMs = 1_000 } = options;
  const server = startLoad("flood_server.ts");
  const flood = startLoad("flood_load.ts");
  const [url = "", port = ""] = (await server.ask("start")).split(" ");
  const clients = await Promise.all(
    Array.from(
      { length: count },
      () => connect(BenchEcho, url, { sessionLimits: BENCH_LIMITS }),
    ),
  );
  try {
    const calm: number[][] = [];
    const flooded: number[][] = [];
    const cpu: number[] = [];
    const sent: number[] = [];
    const heapBefore = Number((await server.ask("stats")).split(" ")[1]);
    for (let round = 0; round <= rounds; round++) {
      const calmRow = await measure(clients, roundMs);
      const cpuBefore = Number((await server.ask("stats")).split(" ")[0]);
      const done = flood.ask(`127.0.0.1 ${port} ${hellosPerSecond} ${roundMs + 400}`);
      await pause(200);
      const floodedRow = await measure(clients, roundMs);
      const hellos = Number(await done);
      const cpuAfter = Number((await server.ask("stats")).split(" ")[0]);
      // The first round compiles.
      if (round === 0) continue;
      calm.push(calmRow);
      flooded.push(floodedRow);
      cpu.push((cpuAfter - cpuBefore) / ((roundMs + 400) / 1000));
      sent.push(hellos / ((roundMs + 400) / 1000));
    }
    const heapAfter = Number((await server.ask("stats")).split(" ")[1]);
    return {
      hellosPerSecond: median(sent),
      calm: percentiles(calm),
      flooded: percentiles(flooded),
      serverCpuShare: median(cpu),
      heapGrowthBytes: heapAfter - heapBefore,
    };
  } finally {
    await Promise.all(clients.map((client) => client.close("", { flush: false })));
    await Promise.all([server.close(), flood.close()]);
  }
}

/** Round trips of all clients over some time, as p50 and p99. */
async function measure(
  clients: readonly Awaited<ReturnType<typeof connect<typeof BenchEcho>>>[],
  durationMs: number,
): Promise<number[]> {
  const times: number[] = [];
  const sentAt = new Map<number, number>();
  let id = 0;
  const removers = clients.map((client) =>
    client.on(BenchEcho.Echo, (value) => {
      const at = sentAt.get(value.id);
      if (at !== undefined) times.push(performance.now() - at);
      sentAt.delete(value.id);
    })
  );
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs) {
    for (const client of clients) {
      id++;
      sentAt.set(id, performance.now());
      client.send(BenchEcho.Echo, { ...BENCH_VALUE, id });
    }
    await pause(1000 / PINGS_PER_SECOND);
  }
  await pause(50);
  for (const remove of removers) remove();
  const sorted = times.toSorted((a, b) => a - b);
  return [sorted[sorted.length >> 1] ?? NaN, sorted[Math.floor(sorted.length * 0.99)] ?? NaN];
}

function percentiles(rows: readonly number[][]): { p50Ms: number; p99Ms: number } {
  return { p50Ms: median(rows.map((row) => row[0]!)), p99Ms: median(rows.map((row) => row[1]!)) };
}

if (import.meta.main) {
  // deno-lint-ignore no-console
  console.log(await runFloodBench());
}
