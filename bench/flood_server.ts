/**
 * The server of `flood_bench.ts`, a process of its own.
 *
 * Reads lines: `start`, answered by URL, port and the port of a bare echo; `stats`, answered by seconds of processor time and bytes of heap.
 *
 * @module
 */
import { createInterface } from "node:readline";
import process from "node:process";
import { serve } from "../server/mod.ts";
import { bareEcho } from "./bare_echo.ts";
import { BENCH_LIMITS, BenchEcho } from "./bench_protocol.ts";
import { collectGarbage } from "./cpu_time.ts";

const server = await serve(BenchEcho, {
  hostname: "127.0.0.1",
  port: 0,
  sessionLimits: BENCH_LIMITS,
});
server.on(BenchEcho.Echo, (peer, value) => {
  peer.send(BenchEcho.Echo, value);
});

const bare = bareEcho();

for await (const line of createInterface({ input: process.stdin })) {
  if (line === "start") {
    process.stdout.write(`${server.url()} ${server.address.port} ${bare.port}\n`);
  } else {
    collectGarbage();
    const { user, system } = process.cpuUsage();
    process.stdout.write(`${(user + system) / 1e6} ${process.memoryUsage().heapUsed}\n`);
  }
}
bare.close();
await server.close();
