/**
 * The load of `flood_bench.ts`: HELLOs that nobody will follow up, at a steady rate, in a process of its own.
 *
 * Reads lines of `<host> <port> <hellos per second> <milliseconds>`, answered by the number sent.
 *
 * @module
 */
import { createInterface } from "node:readline";
import process from "node:process";
import { HELLO_BYTES, writeHelloBody, writeHelloPrologue } from "../protocol/handshake_packets.ts";
import { systemRandom } from "../transport/system_random.ts";
import { pause } from "./cpu_time.ts";

/** A HELLO whose Noise message is random: well formed, and worthless once somebody pays to decrypt it. */
function forgeHello(): Uint8Array {
  const bytes = new Uint8Array(HELLO_BYTES);
  const noise = new Uint8Array(120);
  systemRandom(noise);
  writeHelloPrologue(bytes, 0, noise.slice(0, 8), noise[9]! * 0x1010101 >>> 0);
  writeHelloBody(bytes, new Uint8Array(20), noise);
  return bytes;
}

const hellos = Array.from({ length: 4_096 }, forgeHello);
const ignore = (): void => {};

async function flood(to: Deno.NetAddr, perSecond: number, durationMs: number): Promise<number> {
  const sockets = Array.from(
    { length: 16 },
    () => Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 }),
  );
  const startMs = performance.now();
  let sent = 0;
  while (performance.now() - startMs < durationMs) {
    const due = Math.floor((performance.now() - startMs) / 1000 * perSecond);
    for (; sent < due; sent++) {
      sockets[sent % sockets.length]!.send(hellos[sent % hellos.length]!, to).catch(ignore);
    }
    await pause(1);
  }
  for (const socket of sockets) socket.close();
  return sent;
}

for await (const line of createInterface({ input: process.stdin })) {
  const [hostname = "", port, perSecond, durationMs] = line.split(" ");
  const to = { transport: "udp", hostname, port: Number(port) } as const;
  process.stdout.write(`${await flood(to, Number(perSecond), Number(durationMs))}\n`);
}
