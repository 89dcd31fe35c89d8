/**
 * The load of `scale_bench.ts`: thousands of clients that send at a steady rate, in a process of its own.
 *
 * Handshakes are real; after them each client seals its own packets and acknowledges what came, whose packet
 * numbers stand in clear text, and opens nothing: the load must cost less than the server.
 *
 * Reads lines: `connect <host> <port> <key> <clients>`, then `run <milliseconds> <packets per second>`, answered
 * by packets sent, packets received and how many sends came late.
 *
 * @module
 */
import { createInterface } from "node:readline";
import process from "node:process";
import { ClientEndpoint } from "../protocol/client_endpoint.ts";
import { decodeKey } from "../protocol/connect_url.ts";
import { TAG_BYTES } from "../protocol/crypto/backend.ts";
import { loadSodium } from "../protocol/crypto/sodium.ts";
import type { Link } from "../protocol/link.ts";
import { expandPacketNumber } from "../protocol/packet.ts";
import { PacketWriter } from "../protocol/packet_writer.ts";
import { systemRandom } from "../transport/system_random.ts";
import { BENCH_LIMITS, BENCH_VALUE, BenchEcho } from "./bench_protocol.ts";
import { pause } from "./cpu_time.ts";

const HANDSHAKES_AT_ONCE = 32;
const ACKED_RUN = 8;

const crypto = await loadSodium();
const writer = new PacketWriter();
const ignore = (): void => {};
const clients: LoadClient[] = [];
let received = 0;

/** What every packet carries. */
const body = ((): { channel: number; bytes: Uint8Array; sizeBytes: number } => {
  const table = BenchEcho.tables[0]!;
  const { channel, maxBytes } = table.entries[BenchEcho.Echo.index]!;
  const bytes = new Uint8Array(maxBytes);
  const sizeBytes = table.write(BenchEcho.Echo, new DataView(bytes.buffer), 0, BENCH_VALUE);
  return { channel, bytes, sizeBytes };
})();

class LoadClient {
  readonly #socket: Deno.DatagramConn;
  readonly #server: Deno.NetAddr;
  readonly #link: Link;
  #next: number;
  #newest = -1;

  constructor(socket: Deno.DatagramConn, server: Deno.NetAddr, link: Link, next: number) {
    this.#socket = socket;
    this.#server = server;
    this.#link = link;
    this.#next = next;
  }

  /** Sends one message with the acknowledgement of what came. */
  send(): void {
    const packet = new Uint8Array(160);
    const packetNumber = this.#next++;
    const headerBytes = this.#link.writeHeader(packet, packetNumber, packetNumber - 100, 0);
    writer.begin(packet, headerBytes, packet.byteLength - TAG_BYTES);
    if (this.#newest >= ACKED_RUN) {
      const { view, offset } = writer;
      view.setUint8(offset, 0x02);
      view.setUint16(offset + 1, this.#newest & 0xffff, true);
      view.setUint8(offset + 3, 0);
      view.setUint8(offset + 4, ACKED_RUN);
      view.setUint8(offset + 5, 0);
      writer.accept(offset + 6, false);
    }
    writer.addMessage(body.channel, -1, body.bytes, body.sizeBytes);
    const size = this.#link.seal(packet, packetNumber, headerBytes, writer.finish());
    this.#socket.send(packet.subarray(0, size), this.#server).catch(ignore);
  }

  /** Counts what comes; the packet number follows the first byte. */
  async receive(): Promise<void> {
    const buffer = new Uint8Array(1_500);
    try {
      for (;;) {
        const [bytes] = await this.#socket.receive(buffer);
        received++;
        const length = ((bytes[0]! >>> 1) & 3) + 1;
        let truncated = 0;
        for (let i = length; i > 0; i--) truncated = truncated * 256 + bytes[i]!;
        const packetNumber = expandPacketNumber(truncated, length, this.#newest);
        if (packetNumber > this.#newest) this.#newest = packetNumber;
      }
    } catch {
      // Closed.
    }
  }

  close(): void {
    this.#socket.close();
  }
}

async function connect(server: Deno.NetAddr, key: Uint8Array): Promise<LoadClient> {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const endpoint = new ClientEndpoint({
    protocol: BenchEcho,
    crypto,
    random: systemRandom,
    serverKey: key,
    addresses: [server],
    sessionLimits: BENCH_LIMITS,
  });
  endpoint.connect(performance.now());
  const out = new Uint8Array(1_500);
  const buffer = new Uint8Array(2_048);
  const flush = async (): Promise<void> => {
    for (let size; (size = endpoint.pollTransmit(out, performance.now())) > 0;) {
      await socket.send(out.slice(0, size), server);
    }
  };
  while (endpoint.session === undefined) {
    await flush();
    const [bytes, from] = await socket.receive(buffer);
    endpoint.handleDatagram(bytes, from as Deno.NetAddr, performance.now());
  }
  await flush();
  const { link, recovery } = endpoint.session.connection!;
  const client = new LoadClient(socket, server, link, recovery.sent.nextPacketNumber);
  client.receive();
  return client;
}

async function connectAll(server: Deno.NetAddr, key: Uint8Array, count: number): Promise<void> {
  while (clients.length < count) {
    const wave = Math.min(HANDSHAKES_AT_ONCE, count - clients.length);
    clients.push(...await Promise.all(Array.from({ length: wave }, () => connect(server, key))));
  }
}

/** Every client sends `perSecond` packets a second, spread evenly over time. */
async function run(durationMs: number, perSecond: number): Promise<string> {
  received = 0;
  let sent = 0;
  let late = 0;
  const total = Math.floor(clients.length * perSecond * durationMs / 1000);
  const everyMs = 1000 / (clients.length * perSecond);
  const startMs = performance.now();
  while (sent < total) {
    const due = Math.min(total, Math.floor((performance.now() - startMs) / everyMs));
    if (due - sent > clients.length / 4) late += due - sent;
    for (; sent < due; sent++) clients[sent % clients.length]!.send();
    await pause(1);
    if (performance.now() - startMs > durationMs * 1.5) break;
  }
  await pause(100);
  return `${sent} ${received} ${late} ${performance.now() - startMs - 100}`;
}

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...rest] = line.split(" ");
  if (command === "run") {
    process.stdout.write(`${await run(Number(rest[0]), Number(rest[1]))}\n`);
  } else {
    const server = { transport: "udp", hostname: rest[0]!, port: Number(rest[1]) } as const;
    await connectAll(server, decodeKey(rest[2]!), Number(rest[3]));
    process.stdout.write("connected\n");
  }
}
for (const client of clients) client.close();
