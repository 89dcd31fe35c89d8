/**
 * Thousands of clients at a steady rate against a ticking server: ticks that overran, processor time, and the
 * memory that a connection takes.
 *
 * The load runs in a process of its own. `deno run -A --v8-flags=--expose-gc bench/scale_bench.ts [CLIENTS] [PER_SECOND]`.
 *
 * @module
 */
import process from "node:process";
import { encodeKey } from "../protocol/connect_url.ts";
import { serve } from "../server/mod.ts";
import { BENCH_LIMITS, BenchEcho } from "./bench_protocol.ts";
import { collectGarbage, pause, withCpuSeconds } from "./cpu_time.ts";
import { startLoad } from "./load_process.ts";

/** What was measured. */
export interface ScaleBenchResult {
  /** Clients that were connected. */
  readonly clients: number;
  /** Packets a second that the load sent, over all clients. */
  readonly sentPerSecond: number;
  /** Share of them that the server took. */
  readonly arrived: number;
  /** Packets a second that the server sent. */
  readonly answeredPerSecond: number;
  /** Processor time of the server per second. */
  readonly cpuShare: number;
  /** Ticks that took longer than their period, or never ran, of all. */
  readonly overruns: number;
  /** Mean work of a tick. */
  readonly tickMs: number;
  /** Heap, WebAssembly and buffers per connected client, without traffic. */
  readonly bytesPerConnection: number;
  /** Growth of the resident set per connected client, without traffic. */
  readonly residentBytesPerConnection: number;
}

/** What to measure. */
export interface ScaleBenchOptions {
  /** Clients; 2,000 if not given. */
  readonly clients?: number;
  /** Packets a second of each; 32 if not given. */
  readonly perSecond?: number;
  /** Time of the measurement; 5 s if not given. */
  readonly durationMs?: number;
}

const TICK_HZ = 60;
const WARM_UP_MS = 2_000;

/** Measures; takes some 15 seconds with the defaults. */
export async function runScaleBench(options: ScaleBenchOptions = {}): Promise<ScaleBenchResult> {
  const { clients = 2_000, perSecond = 32, durationMs = 5_000 } = options;
  const server = await serve(BenchEcho, {
    hostname: "127.0.0.1",
    port: 0,
    tickHz: TICK_HZ,
    maxPeers: clients,
    sessionLimits: BENCH_LIMITS,
    limits: { directHalfOpen: 1_000, directHellosPerSecond: 100_000 },
  });
  server.on(BenchEcho.Echo, (peer, value) => {
    peer.send(BenchEcho.Echo, value);
  });
  const load = startLoad("scale_load.ts");
  try {
    collectGarbage();
    const before = process.memoryUsage();
    const { port } = server.address;
    await load.ask(`connect 127.0.0.1 ${port} ${encodeKey(server.publicKey)} ${clients}`);
    await pause(500);
    collectGarbage();
    const after = process.memoryUsage();
    const connected = server.peers.size;
    await load.ask(`run ${WARM_UP_MS} ${perSecond}`);
    const ticksBefore = { ...server.stats().tick! };
    const packetsBefore = { ...server.stats().sessions };
    const [line, cpuSeconds] = await withCpuSeconds(() =>
      load.ask(`run ${durationMs} ${perSecond}`)
    );
    const [sent = 0, , , tookMs = 1] = line.split(" ").map(Number);
    const ticks = server.stats().tick!;
    const packets = server.stats().sessions;
    const ran = ticks.ticks - ticksBefore.ticks;
    const failed = ticks.overruns - ticksBefore.overruns + ticks.skipped - ticksBefore.skipped;
    const taken = packets.packetsReceived - packetsBefore.packetsReceived;
    const answered = packets.packetsSent - packetsBefore.packetsSent;
    return {
      clients: connected,
      sentPerSecond: sent / tookMs * 1000,
      arrived: taken / sent,
      answeredPerSecond: answered / tookMs * 1000,
      cpuShare: cpuSeconds / (tookMs / 1000 + 0.1),
      overruns: failed / Math.max(1, ran),
      tickMs: (ticks.totalMs - ticksBefore.totalMs) / Math.max(1, ran),
      bytesPerConnection: (after.heapUsed + after.external - before.heapUsed - before.external) /
        Math.max(1, connected),
      residentBytesPerConnection: (after.rss - before.rss) / Math.max(1, connected),
    };
  } finally {
    await load.close();
    await server.close();
  }
}

if (import.meta.main) {
  const [clients = 2_000, perSecond = 32] = Deno.args.map(Number);
  // deno-lint-ignore no-console
  console.table([await runScaleBench({ clients, perSecond })]);
}
