/**
 * A session round in memory: encode, frame, seal, open, parse, acknowledge, decode, without any socket.
 *
 * Two endpoints exchange one message each way per round; a one-way trip is half of it and counts both
 * ends' work. `deno run -A bench/session_bench.ts` prints it, beside the sealing and opening that it contains.
 *
 * @module
 */
import { ClientEndpoint } from "../protocol/client_endpoint.ts";
import { packetKey } from "../protocol/crypto/backend.ts";
import { loadSodium, type SodiumBackend } from "../protocol/crypto/sodium.ts";
import { ServerEndpoint } from "../protocol/server_endpoint.ts";
import type { Session } from "../protocol/session.ts";
import { TypedSession } from "../protocol/typed_session.ts";
import { systemRandom } from "../transport/system_random.ts";
import { BENCH_LIMITS, BENCH_VALUE, BenchEcho } from "./bench_protocol.ts";
import { median } from "./load_process.ts";

/** What was measured. */
export interface SessionBenchResult {
  /** Both ends' work for one message one way. */
  readonly oneWayUs: number;
  /** Of it, sealing and opening the packet. */
  readonly cryptoUs: number;
}

/** How long to measure. */
export interface SessionBenchOptions {
  /** Rounds, of which the median counts, after some that do not; 9 if not given. */
  readonly rounds?: number;
  /** Messages each way per round; 20,000 if not given. */
  readonly messages?: number;
}

const WARM_UP_ROUNDS = 4;
const SERVER_ADDRESS = { hostname: "192.0.2.1", port: 9999 };
const CLIENT_ADDRESS = { hostname: "192.0.2.2", port: 5555 };

/** Measures; takes some seconds with the defaults. */
export async function runSessionBench(
  options: SessionBenchOptions = {},
): Promise<SessionBenchResult> {
  const { rounds = 9, messages = 20_000 } = options;
  const crypto = await loadSodium();
  const pair = new Pair(crypto);
  const oneWay: number[] = [];
  const sealing: number[] = [];
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    const startMs = performance.now();
    for (let i = 0; i < messages; i++) pair.exchange();
    const us = (performance.now() - startMs) / messages / 2 * 1000;
    const cryptoUs = measureCrypto(crypto, messages);
    if (round < 0) continue;
    oneWay.push(us);
    sealing.push(cryptoUs);
  }
  return { oneWayUs: median(oneWay), cryptoUs: median(sealing) };
}

/** A server and a client in one memory. */
class Pair {
  readonly #buffer: Uint8Array;
  readonly #server: ServerEndpoint;
  readonly #client: ClientEndpoint;
  readonly #atServer: TypedSession;
  readonly #atClient: TypedSession;
  #nowMs = 0;

  constructor(crypto: SodiumBackend) {
    this.#buffer = crypto.allocate(1_500);
    const staticSecret = new Uint8Array(32).fill(7);
    this.#server = new ServerEndpoint({
      protocol: BenchEcho,
      crypto,
      random: systemRandom,
      staticSecret,
      epochMs: 0,
      sessionLimits: BENCH_LIMITS,
    }, 0);
    this.#client = new ClientEndpoint({
      protocol: BenchEcho,
      crypto,
      random: systemRandom,
      serverKey: this.#server.staticPublic,
      addresses: [SERVER_ADDRESS],
      sessionLimits: BENCH_LIMITS,
    });
    this.#client.connect(0);
    for (let i = 0; i < 4; i++) {
      this.#toServer();
      this.#toClient();
    }
    const [entry] = this.#server.sessions();
    const table = BenchEcho.tables[0]!;
    this.#atServer = new TypedSession(entry!.session, table, "client", this.#server.drops);
    this.#atClient = new TypedSession(this.#client.session!, table, "server", this.#client.drops);
  }

  /** One message to the server and one back. */
  exchange(): void {
    this.#nowMs += 1;
    this.#send(this.#atClient);
    this.#toServer();
    while (this.#server.pollNews() !== undefined);
    this.#receive(this.#atServer);
    this.#send(this.#atServer);
    const [entry] = this.#server.sessions();
    this.#server.touch(entry!);
    this.#toClient();
    this.#receive(this.#atClient);
  }

  #send(typed: TypedSession): void {
    typed.send(BenchEcho.Echo, BENCH_VALUE, undefined, this.#nowMs);
    (typed.session as Session).flush();
  }

  #receive(typed: TypedSession): void {
    if (!typed.poll(this.#nowMs)) throw new Error("A message did not arrive");
  }

  #toServer(): void {
    for (let size; (size = this.#client.pollTransmit(this.#buffer, this.#nowMs)) > 0;) {
      this.#server.handleDatagram(this.#buffer.subarray(0, size), CLIENT_ADDRESS, this.#nowMs);
    }
  }

  #toClient(): void {
    for (let size; (size = this.#server.pollTransmit(this.#buffer, this.#nowMs)) > 0;) {
      this.#client.handleDatagram(this.#buffer.subarray(0, size), SERVER_ADDRESS, this.#nowMs);
    }
    while (this.#client.pollEvent(this.#nowMs) !== undefined);
  }
}

/** Sealing and opening a packet of the same size, in place, and nothing else. */
function measureCrypto(crypto: SodiumBackend, count: number): number {
  const key = packetKey(new Uint8Array(32).fill(3));
  const buffer = crypto.allocate(128);
  const startMs = performance.now();
  for (let i = 0; i < count; i++) {
    crypto.seal(key, i, buffer, 0, 7, 100);
    crypto.open(key, i, buffer, 0, 7, 116);
  }
  return (performance.now() - startMs) / count * 1000;
}

if (import.meta.main) {
  const { oneWayUs, cryptoUs } = await runSessionBench();
  // deno-lint-ignore no-console
  console.log(`${oneWayUs.toFixed(2)} µs one way, of it ${cryptoUs.toFixed(2)} µs seal and open`);
}
