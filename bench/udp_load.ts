/**
 * The load of `udp_bench.ts`, a process of its own so that the server's processor time is its own too.
 *
 * Reads lines of `<port> <milliseconds> <bytes> <in flight>` and answers each with the number of echoes.
 * A closed loop: every echo is answered with the next datagram, and silence starts the window anew.
 *
 * @module
 */
import { createInterface } from "node:readline";
import process from "node:process";

const SILENCE_MS = 100;

/** Keeps `inFlight` datagrams going for `durationMs` and counts what comes back. */
async function measure(
  port: number,
  durationMs: number,
  sizeBytes: number,
  inFlight: number,
): Promise<number> {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const server: Deno.NetAddr = { transport: "udp", hostname: "127.0.0.1", port };
  const datagram = new Uint8Array(sizeBytes).fill(7);
  const buffer = new Uint8Array(2_048);
  // What is lost was lost on loopback: the watch below starts the window anew.
  const ignore = (): void => {};
  const fillWindow = (): void => {
    for (let count = 0; count < inFlight; count++) socket.send(datagram, server).catch(ignore);
  };
  let echoes = 0;
  let seen = 0;
  const watch = setInterval(() => {
    if (echoes === seen) fillWindow();
    seen = echoes;
  }, SILENCE_MS);
  const end = setTimeout(() => socket.close(), durationMs);
  fillWindow();
  try {
    for (;;) {
      await socket.receive(buffer);
      echoes++;
      socket.send(datagram, server).catch(ignore);
    }
  } catch {
    // Closed by the timer.
  }
  clearInterval(watch);
  clearTimeout(end);
  return echoes;
}

for await (const line of createInterface({ input: process.stdin })) {
  const [port = 0, durationMs = 0, sizeBytes = 0, inFlight = 0] = line.split(" ").map(Number);
  process.stdout.write(`${await measure(port, durationMs, sizeBytes, inFlight)}\n`);
}
