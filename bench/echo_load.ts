/**
 * The load of `echo_bench.ts`, a process of its own so that the server's processor time is its own too.
 *
 * It must be cheaper than the server, or it is what gets measured. So the packets of a round are sealed
 * before the clock starts, each with the acknowledgement of echoes that will have come by then, and what
 * comes back is only counted. Every client has a socket of its own, as real ones do.
 *
 * Reads lines from standard input: `connect <host> <port> <key> <clients>`, or `raw <host> <port>
 * <clients> <bytes>` for a bare echo; then `run <milliseconds> <in flight per client>`, answered by the
 * number of echoes and the milliseconds that they took.
 *
 * @module
 */
import { createInterface } from "node:readline";
import process from "node:process";
import { ClientEndpoint } from "../protocol/client_endpoint.ts";
import { decodeKey } from "../protocol/connect_url.ts";
import { loadSodium } from "../protocol/crypto/sodium.ts";
import { PacketWriter } from "../protocol/packet_writer.ts";
import { TAG_BYTES } from "../protocol/crypto/backend.ts";
import { BENCH_LIMITS, BENCH_VALUE, BenchEcho } from "./bench_protocol.ts";

/** Packets sealed per client and round; a round ends early when one client has sent all of its. */
const SEALED_PER_CLIENT = 4_000;
/** Echoes that may be on their way when a packet acknowledges what came before. */
const ACK_LAG_PACKETS = 40;
const ACKED_RUN = 16;

interface Runner {
  readonly socket: Deno.DatagramConn;
  readonly endpoint: ClientEndpoint | undefined;
  packets: Uint8Array[];
  next: number;
  nextPacketNumber: number;
  serverPacketNumber: number;
}

const crypto = await loadSodium();
const random = (into: Uint8Array): void => {
  globalThis.crypto.getRandomValues(into as Uint8Array<ArrayBuffer>);
};
const writer = new PacketWriter();
const runners: Runner[] = [];
const ignore = (): void => {};
let server: Deno.NetAddr = { transport: "udp", hostname: "127.0.0.1", port: 1 };
let echoes = 0;
let isRunning = false;
let hasRunDry = false;

function bind(): Deno.DatagramConn {
  return Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
}

/** Handshakes, and exchanges a few real packets so that both ends have a round-trip time. */
async function connect(key: Uint8Array): Promise<Runner> {
  const socket = bind();
  const endpoint = new ClientEndpoint({
    protocol: BenchEcho,
    crypto,
    random,
    serverKey: key,
    addresses: [server],
    sessionLimits: BENCH_LIMITS,
  });
  endpoint.connect(performance.now());
  const out = new Uint8Array(1_500);
  const flush = async (): Promise<void> => {
    for (let size; (size = endpoint.pollTransmit(out, performance.now())) > 0;) {
      await socket.send(out.slice(0, size), server);
    }
  };
  const buffer = new Uint8Array(2_048);
  await flush();
  const [bytes, from] = await socket.receive(buffer);
  endpoint.handleDatagram(bytes, from as Deno.NetAddr, performance.now());
  await flush();
  return {
    socket,
    endpoint,
    packets: [],
    next: 0,
    nextPacketNumber: endpoint.session!.connection!.recovery.sent.nextPacketNumber,
    serverPacketNumber: 0,
  };
}

/** Seals the packets of a round. */
function seal(runner: Runner): void {
  runner.packets = [];
  runner.next = 0;
  const link = runner.endpoint!.session!.connection!.link;
  const table = BenchEcho.tables[0]!;
  const { channel, maxBytes } = table.entries[BenchEcho.Echo.index]!;
  const body = new Uint8Array(maxBytes);
  const bodyBytes = table.write(BenchEcho.Echo, new DataView(body.buffer), 0, BENCH_VALUE);
  const scratch = sealBuffer;
  for (let i = 0; i < SEALED_PER_CLIENT; i++) {
    const packetNumber = runner.nextPacketNumber++;
    const headerBytes = link.writeHeader(scratch, packetNumber, packetNumber - 2, 0);
    writer.begin(scratch, headerBytes, 1_200 - TAG_BYTES);
    const acked = runner.serverPacketNumber + i - ACK_LAG_PACKETS;
    if (acked >= ACKED_RUN) {
      const { view, offset } = writer;
      view.setUint8(offset, 0x02);
      view.setUint16(offset + 1, acked & 0xffff, true);
      view.setUint8(offset + 3, 0);
      view.setUint8(offset + 4, ACKED_RUN);
      view.setUint8(offset + 5, 0);
      writer.accept(offset + 6, false);
    }
    writer.addMessage(channel, -1, body, bodyBytes);
    const textEnd = writer.finish() - scratch.byteOffset;
    const sizeBytes = link.seal(scratch, packetNumber, headerBytes, textEnd);
    runner.packets.push(scratch.slice(0, sizeBytes));
  }
}

const sealBuffer = crypto.allocate(1_500);

function sendNext(runner: Runner): void {
  if (!isRunning) return;
  const packet = runner.packets[runner.next++];
  if (packet === undefined) hasRunDry = true;
  else runner.socket.send(packet, server).catch(ignore);
}

async function receive(runner: Runner): Promise<void> {
  const buffer = new Uint8Array(2_048);
  try {
    for (;;) {
      await runner.socket.receive(buffer);
      if (!isRunning) continue;
      echoes++;
      sendNext(runner);
    }
  } catch {
    // Closed.
  }
}

async function run(durationMs: number, window: number): Promise<string> {
  for (const runner of runners) {
    if (runner.endpoint !== undefined) seal(runner);
    else runner.next = 0;
  }
  echoes = 0;
  hasRunDry = false;
  isRunning = true;
  const startMs = performance.now();
  process.stdout.write("started\n");
  for (let i = 0; i < window; i++) for (const runner of runners) sendNext(runner);
  while (performance.now() - startMs < durationMs && !hasRunDry) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const tookMs = performance.now() - startMs;
  isRunning = false;
  for (const runner of runners) {
    if (runner.endpoint === undefined) continue;
    // The next round goes on where this one stopped; what was sealed beyond never left.
    const sent = Math.min(runner.next, SEALED_PER_CLIENT);
    runner.nextPacketNumber -= SEALED_PER_CLIENT - sent;
    runner.serverPacketNumber += sent - 1;
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  return `${echoes} ${tookMs}`;
}

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...rest] = line.split(" ");
  if (command === "run") {
    process.stdout.write(`${await run(Number(rest[0]), Number(rest[1]))}\n`);
    continue;
  }
  server = { transport: "udp", hostname: rest[0]!, port: Number(rest[1]) };
  const isRaw = command === "raw";
  const [clients, sizeBytes] = rest.slice(isRaw ? 2 : 3).map(Number);
  for (let i = 0; i < clients!; i++) {
    const runner: Runner = isRaw
      ? {
        socket: bind(),
        endpoint: undefined,
        packets: new Array(SEALED_PER_CLIENT).fill(new Uint8Array(sizeBytes!)),
        next: 0,
        nextPacketNumber: 0,
        serverPacketNumber: 0,
      }
      : await connect(decodeKey(rest[2]!));
    runners.push(runner);
    receive(runner);
  }
  process.stdout.write("connected\n");
}
for (const runner of runners) runner.socket.close();
