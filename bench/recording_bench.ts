/**
 * What recording costs a server: the same echoes with and without, in memory, only the server's share.
 *
 * A batch of messages from many clients is handled as a tick does it: datagrams in, messages out of
 * their sessions, an answer to each, datagrams out. The recording goes to a real file.
 * `deno run -A bench/recording_bench.ts` prints it.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Address } from "../protocol/address.ts";
import { ClientEndpoint } from "../protocol/client_endpoint.ts";
import { loadSodium, type SodiumBackend } from "../protocol/crypto/sodium.ts";
import { ServerEndpoint } from "../protocol/server_endpoint.ts";
import { TypedSession } from "../protocol/typed_session.ts";
import { Recorder } from "../transport/recorder.ts";
import { systemRandom } from "../transport/system_random.ts";
import { BENCH_LIMITS, BENCH_VALUE, BenchEcho } from "./bench_protocol.ts";
import { median } from "./load_process.ts";

/** What was measured. */
export interface RecordingBenchResult {
  /** The server's time per echo without recording. */
  readonly plainUs: number;
  /** With it. */
  readonly recordedUs: number;
  /** Of each pair of rounds, how many times as much the recorded one took; the median. */
  readonly ratio: number;
  /** What an echo adds to the file, both datagrams' worth. */
  readonly bytesPerEcho: number;
}

/** How long to measure. */
export interface RecordingBenchOptions {
  /** Rounds of each kind, in turns; 9 if not given. */
  readonly rounds?: number;
  /** Ticks per round; 200 if not given. */
  readonly ticks?: number;
}

const CLIENTS = 50;
const WARM_UP_ROUNDS = 3;
const SERVER_ADDRESS: Address = { hostname: "192.0.2.1", port: 9_999 };

/** Measures; takes some seconds with the defaults. */
export async function runRecordingBench(
  options: RecordingBenchOptions = {},
): Promise<RecordingBenchResult> {
  const { rounds = 9, ticks = 200 } = options;
  const crypto = await loadSodium();
  const folder = mkdtempSync(join(tmpdir(), "tickwire-bench-"));
  const recorder = new Recorder({ file: join(folder, "bench.tickwire"), maxBytes: 2 ** 40 });
  try {
    const plain = new EchoRoom(crypto, undefined);
    const recorded = new EchoRoom(crypto, recorder);
    const plainUs: number[] = [];
    const recordedUs: number[] = [];
    let sizeBytes = 0;
    for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
      const without = plain.run(ticks);
      const before = recorder.sizeBytes;
      const withIt = recorded.run(ticks);
      if (round < 0) continue;
      sizeBytes += recorder.sizeBytes - before;
      plainUs.push(without);
      recordedUs.push(withIt);
    }
    return {
      plainUs: median(plainUs),
      recordedUs: median(recordedUs),
      ratio: median(recordedUs.map((us, round) => us / plainUs[round]!)),
      bytesPerEcho: sizeBytes / (rounds * ticks * CLIENTS),
    };
  } finally {
    recorder.end();
    rmSync(folder, { recursive: true });
  }
}

/** A server and its clients in one memory. */
class EchoRoom {
  readonly #server: ServerEndpoint;
  readonly #clients: { readonly endpoint: ClientEndpoint; readonly address: Address }[] = [];
  readonly #peers = new Map<number, TypedSession>();
  readonly #buffer: Uint8Array;
  #nowMs = 0;

  constructor(crypto: SodiumBackend, recorder: Recorder | undefined) {
    this.#buffer = crypto.allocate(1_500);
    const options = {
      protocol: BenchEcho,
      crypto,
      random: systemRandom,
      staticSecret: new Uint8Array(32).fill(7),
      epochMs: 0,
      sessionLimits: BENCH_LIMITS,
    };
    this.#server = recorder === undefined ? new ServerEndpoint(options, 0) : recorder.server(
      options,
      {
        tickHz: 60,
        dispatch: "tick",
        deliversInBatches: true,
        maxDatagramBytes: 1_452,
        isKeyOwn: true,
      },
      { nowMs: () => this.#nowMs, wallClockMs: () => 0, random: systemRandom },
    );
    for (let number = 0; number < CLIENTS; number++) this.#connect(crypto, number);
  }

  /** Microseconds of the server per echo. */
  run(ticks: number): number {
    let spentMs = 0;
    for (let tick = 0; tick < ticks; tick++) {
      this.#nowMs += 1000 / 60;
      const datagrams = this.#clients.flatMap(({ endpoint, address }) => {
        this.#say(endpoint);
        return this.#drain(endpoint).map((bytes) => ({ bytes, address }));
      });
      const startMs = performance.now();
      for (const { bytes, address } of datagrams) {
        this.#server.handleDatagram(bytes, address, this.#nowMs);
      }
      this.#tick();
      spentMs += performance.now() - startMs;
      this.#deliver();
    }
    return spentMs / ticks / CLIENTS * 1000;
  }

  #connect(crypto: SodiumBackend, number: number): void {
    const endpoint = new ClientEndpoint({
      protocol: BenchEcho,
      crypto,
      random: systemRandom,
      serverKey: this.#server.staticPublic,
      addresses: [SERVER_ADDRESS],
      sessionLimits: BENCH_LIMITS,
    });
    const address = { hostname: `198.51.100.${number}`, port: 5_555 };
    this.#clients.push({ endpoint, address });
    endpoint.connect(this.#nowMs);
    for (let i = 0; i < 4; i++) {
      for (const bytes of this.#drain(endpoint)) {
        this.#server.handleDatagram(bytes, address, this.#nowMs);
      }
      this.#tick();
      this.#deliver();
    }
  }

  #say(endpoint: ClientEndpoint): void {
    const typed = new TypedSession(
      endpoint.session!,
      BenchEcho.tables[0]!,
      "server",
      endpoint.drops,
    );
    typed.send(BenchEcho.Echo, BENCH_VALUE, undefined, this.#nowMs);
    endpoint.session!.flush();
  }

  #drain(endpoint: ClientEndpoint): Uint8Array[] {
    const datagrams: Uint8Array[] = [];
    for (let size; (size = endpoint.pollTransmit(this.#buffer, this.#nowMs)) > 0;) {
      datagrams.push(this.#buffer.slice(0, size));
    }
    return datagrams;
  }

  /** What a server does in a tick. The buffers stay filled: clients read them afterwards. */
  #tick(): void {
    const server = this.#server;
    for (let entry = server.pollNews(); entry; entry = server.pollNews()) {
      while (entry.session.pollEvent() !== undefined);
      let typed = this.#peers.get(entry.id);
      if (typed === undefined) {
        typed = new TypedSession(entry.session, entry.table, "client", server.drops);
        this.#peers.set(entry.id, typed);
      }
      let isAnswered = false;
      while (typed.poll(this.#nowMs)) {
        typed.send(BenchEcho.Echo, BENCH_VALUE, undefined, this.#nowMs);
        isAnswered = true;
      }
      if (isAnswered) server.flush(entry);
    }
    for (let size; (size = server.pollTransmit(this.#buffer, this.#nowMs)) > 0;) {
      this.#sent.push({ bytes: this.#buffer.slice(0, size), to: server.transmitTo });
    }
  }

  #sent: { readonly bytes: Uint8Array; readonly to: Address }[] = [];

  #deliver(): void {
    const byHost = new Map(this.#clients.map((client) => [client.address.hostname, client]));
    for (const { bytes, to } of this.#sent) {
      byHost.get(to.hostname)?.endpoint.handleDatagram(bytes, SERVER_ADDRESS, this.#nowMs);
    }
    this.#sent = [];
    for (const { endpoint } of this.#clients) {
      while (endpoint.pollEvent(this.#nowMs) !== undefined);
      const { session } = endpoint;
      for (let message = session?.pollMessage(); message; message = session?.pollMessage()) {
        session!.release(message);
      }
    }
  }
}

if (import.meta.main) {
  const { plainUs, recordedUs, ratio, bytesPerEcho } = await runRecordingBench();
  // deno-lint-ignore no-console
  console.log(
    `${plainUs.toFixed(2)} us per echo, ${recordedUs.toFixed(2)} us recorded: ` +
      `${ratio.toFixed(2)} times as much, ${bytesPerEcho.toFixed(0)} bytes of file`,
  );
}
