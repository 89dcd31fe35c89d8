/**
 * Encrypted, typed echo over loopback against a bare `Deno.listenDatagram` echo in the same run.
 *
 * Both servers in this process, the loads in others, in turns, the median of several rounds each. Machines
 * differ and drift: read echoes per second of the server's processor time, and the ratio.
 * `deno run -A bench/echo_bench.ts` prints the table.
 *
 * @module
 */
import process from "node:process";
import { encodeKey } from "../protocol/connect_url.ts";
import { serve } from "../server/mod.ts";
import { bareEcho } from "./bare_echo.ts";
import { BENCH_LIMITS, BenchEcho } from "./bench_protocol.ts";
import { type Load, median, startLoad } from "./load_process.ts";

/** One measured server. */
export interface EchoBenchRow {
  /** Who echoed. */
  readonly contender: string;
  /** Median of echoes per second of the server's processor time. */
  readonly echoesPerCpuSecond: number;
  /** Median of echoes per second, as far as the load could keep up. */
  readonly echoesPerSecond: number;
  /** Of what the bare echo did per second of processor time in the same run. */
  readonly ratio: number;
}

/** How long and what to measure. */
export interface EchoBenchOptions {
  /** Rounds, of which the median counts, after {@link WARM_UP_ROUNDS} that do not; 9 if not given. */
  readonly rounds?: number;
  /** Time of one round of one contender; 500 ms if not given. */
  readonly roundMs?: number;
  /** Clients, each with a socket of its own; 64 if not given. */
  readonly clients?: number;
  /** Echoes in flight per client; 3 if not given, which is what a default receive buffer holds for 64 clients. */
  readonly inFlight?: number;
}

/** The first some 100,000 echoes are compiled as they go; a server that runs for days has them behind it. */
export const WARM_UP_ROUNDS = 8;

/** What the encrypted echo has on the wire, and so the bare one too. */
const DATAGRAM_BYTES = 100;

/** Measures both. Takes some 20 seconds with the defaults. */
export async function runEchoBench(options: EchoBenchOptions = {}): Promise<EchoBenchRow[]> {
  const { rounds = 9, roundMs = 500, clients = 64, inFlight = 3 } = options;
  const bare = bareEcho();
  const server = await serve(BenchEcho, {
    hostname: "127.0.0.1",
    port: 0,
    sessionLimits: BENCH_LIMITS,
  });
  server.on(BenchEcho.Echo, (peer, value) => {
    peer.send(BenchEcho.Echo, value);
  });
  const bareLoad = startLoad("echo_load.ts");
  const load = startLoad("echo_load.ts");
  const rows: { bare: number[][]; ours: number[][] } = { bare: [], ours: [] };
  try {
    const { port } = server.address;
    const key = encodeKey(server.publicKey);
    await bareLoad.ask(`raw 127.0.0.1 ${bare.port} ${clients} ${DATAGRAM_BYTES}`);
    await load.ask(`connect 127.0.0.1 ${port} ${key} ${clients}`);
    for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
      const bareRow = await measure(bareLoad, roundMs, inFlight);
      const ourRow = await measure(load, roundMs, inFlight);
      if (round < 0) continue;
      rows.bare.push(bareRow);
      rows.ours.push(ourRow);
    }
  } finally {
    await Promise.all([load.close(), bareLoad.close()]);
    bare.close();
    await server.close();
  }
  const baseline = median(rows.bare.map((row) => row[0]!));
  return [["bare Deno.listenDatagram", rows.bare] as const, ["Tickwire", rows.ours] as const]
    .map(([contender, table]) => ({
      contender,
      echoesPerCpuSecond: median(table.map((row) => row[0]!)),
      echoesPerSecond: median(table.map((row) => row[1]!)),
      ratio: median(table.map((row) => row[0]!)) / baseline,
    }));
}

/** One round: echoes per second of our processor time, and per second. */
async function measure(load: Load, roundMs: number, inFlight: number): Promise<number[]> {
  await load.ask(`run ${roundMs} ${inFlight}`);
  const before = process.cpuUsage();
  const [echoes, tookMs] = (await load.next()).split(" ").map(Number);
  const { user, system } = process.cpuUsage(before);
  return [echoes! / (user + system) * 1e6, echoes! / tookMs! * 1e3];
}

if (import.meta.main) {
  const clients = Number(Deno.args[0] ?? 64);
  const table = (await runEchoBench({ clients })).map((row) => ({
    contender: row.contender,
    "echoes/CPU s": Math.round(row.echoesPerCpuSecond),
    "echoes/s": Math.round(row.echoesPerSecond),
    ratio: Number(row.ratio.toFixed(2)),
  }));
  // deno-lint-ignore no-console
  console.table(table);
}
