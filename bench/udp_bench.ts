/**
 * Echo over loopback: our pipes against a bare `Deno.listenDatagram` in the same run.
 *
 * Servers in this process, the load in another, in turns, the median of several rounds each. Machines
 * differ and drift, and the load may be what limits the rate: read the ratio of echoes per second of
 * processor time. `deno run -A bench/udp_bench.ts` prints the table.
 *
 * @module
 */
import process from "node:process";
import { openDgram } from "../transport/node_dgram.ts";
import type { DatagramPipe } from "../transport/pipe.ts";
import { openUdp } from "../transport/udp.ts";
import { bareEcho } from "./bare_echo.ts";
import { median, startLoad } from "./load_process.ts";

/** One measured server. */
export interface UdpBenchRow {
  /** Who echoed. */
  readonly contender: string;
  /** Median of echoes per second, as far as the load could keep up. */
  readonly echoesPerSecond: number;
  /** Median of echoes per second of the server's processor time. */
  readonly echoesPerCpuSecond: number;
  /** Of what the bare echo did per second of processor time in the same run. */
  readonly ratio: number;
}

/** How long and what to measure. */
export interface UdpBenchOptions {
  /** Rounds, of which the median counts, after one that does not; 7 if not given. */
  readonly rounds?: number;
  /** Time of one round of one contender; 400 ms if not given. */
  readonly roundMs?: number;
  /** Bytes per datagram; 100 if not given. */
  readonly sizeBytes?: number;
  /** Datagrams in flight; 64 if not given. */
  readonly inFlight?: number;
}

const BASELINE = "bare, 1 receive";

interface EchoServer {
  readonly name: string;
  readonly port: number;
  readonly close: () => void | Promise<void>;
}

/** Measures every contender. Takes some 20 seconds with the defaults. */
export async function runUdpBench(options: UdpBenchOptions = {}): Promise<UdpBenchRow[]> {
  const { rounds = 7, roundMs = 400, sizeBytes = 100, inFlight = 64 } = options;
  const servers = [
    { name: BASELINE, ...bareEcho() },
    { name: "bare, 2 receives", ...bareEcho(2) },
    { name: "bare, 4 receives", ...bareEcho(4) },
    pipeEcho("pipe over udp", await openUdp({ hostname: "127.0.0.1", port: 0 })),
    pipeEcho("pipe over node:dgram", await openDgram({ hostname: "127.0.0.1", port: 0 })),
  ];
  const load = startLoad("udp_load.ts");
  const perSecond = new Map<string, number[]>(servers.map(({ name }) => [name, []]));
  const perCpuSecond = new Map<string, number[]>(servers.map(({ name }) => [name, []]));
  try {
    for (let round = 0; round <= rounds; round++) {
      for (const { name, port } of servers) {
        const cpuBefore = process.cpuUsage();
        const echoes = Number(await load.ask(`${port} ${roundMs} ${sizeBytes} ${inFlight}`));
        const { user, system } = process.cpuUsage(cpuBefore);
        // The first round compiles.
        if (round === 0) continue;
        perSecond.get(name)?.push(echoes / roundMs * 1e3);
        perCpuSecond.get(name)?.push(echoes / (user + system) * 1e6);
      }
    }
  } finally {
    await Promise.all(servers.map((server) => server.close()));
    await load.close();
  }
  const baseline = median(perCpuSecond.get(BASELINE)!);
  return servers.map(({ name }) => ({
    contender: name,
    echoesPerSecond: median(perSecond.get(name)!),
    echoesPerCpuSecond: median(perCpuSecond.get(name)!),
    ratio: median(perCpuSecond.get(name)!) / baseline,
  }));
}

function pipeEcho(name: string, pipe: DatagramPipe): EchoServer {
  pipe.start((bytes, from) => {
    const slot = pipe.acquire();
    if (slot === undefined) return;
    slot.bytes.set(bytes);
    pipe.send(slot, bytes.byteLength, from);
  });
  return { name, port: pipe.localAddress.port, close: () => pipe.close() };
}

if (import.meta.main) {
  const table = (await runUdpBench()).map((row) => ({
    contender: row.contender,
    "echoes/s": Math.round(row.echoesPerSecond),
    "echoes/CPU s": Math.round(row.echoesPerCpuSecond),
    ratio: Number(row.ratio.toFixed(2)),
  }));
  // deno-lint-ignore no-console
  console.table(table);
}
