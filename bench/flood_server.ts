/**
 * The server of `flood_bench.ts`, a process of its own.
 *
 * Reads lines: `start`, answered by URL and port; `stats`, answered by seconds of processor time and bytes of heap.
 *
 * @module
 */
import { createInterface } from "node:readline";
import process from "node:process";
import { serve } from "../server/mod.ts";
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

/** The least that an echo can do, beside it. */
function bareEcho(): Deno.DatagramConn {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const loop = async (): Promise<void> => {
    const buffer = new Uint8Array(2_048);
    try {
      for (;;) {
        const [bytes, from] = await socket.receive(buffer);
        socket.send(bytes, from).catch(() => {});
      }
    } catch {
      // Closed.
    }
  };
  loop();
  return socket;
}

const bare = bareEcho();

for await (const line of createInterface({ input: process.stdin })) {
  if (line === "start") {
    const { port } = bare.addr as Deno.NetAddr;
    process.stdout.write(`${server.url()} ${server.address.port} ${port}\n`);
  } else {
    collectGarbage();
    const { user, system } = process.cpuUsage();
    process.stdout.write(`${(user + system) / 1e6} ${process.memoryUsage().heapUsed}\n`);
  }
}
bare.close();
await server.close();
