/**
 * What a session adds to a round trip over loopback, when the server answers at once.
 *
 * One client in this process sends one message after the other and waits for each; a bare socket does the
 * same with datagrams of the same size. Both servers run in processes of their own.
 * `deno run -A bench/latency_bench.ts` prints the table.
 *
 * @module
 */
import { connect } from "../client/mod.ts";
import { BENCH_LIMITS, BENCH_VALUE, BenchEcho } from "./bench_protocol.ts";
import { pause } from "./cpu_time.ts";
import { startLoad } from "./load_process.ts";

/** Round trips of one contender. */
export interface LatencyBenchRow {
  /** Who asked and answered. */
  readonly contender: string;
  /** Half of the round trips took at most this long. */
  readonly p50Ms: number;
  /** 99 of 100 took at most this long. */
  readonly p99Ms: number;
}

/** What to measure. */
export interface LatencyBenchOptions {
  /** Round trips of each contender, after as many that do not count; 4,000 if not given. */
  readonly roundTrips?: number;
}

/** What the message has on the wire. */
const DATAGRAM_BYTES = 100;
/** Contenders take turns of this many round trips, so that a slow moment of the machine hits both. */
const TURN = 500;

/** Measures both; takes a few seconds with the defaults. */
export async function runLatencyBench(
  options: LatencyBenchOptions = {},
): Promise<LatencyBenchRow[]> {
  const { roundTrips = 4_000 } = options;
  const server = startLoad("flood_server.ts");
  try {
    const [url = "", , barePort = ""] = (await server.ask("start")).split(" ");
    const client = await connect(BenchEcho, url, { sessionLimits: BENCH_LIMITS });
    const bare = new BareAsker(Number(barePort));
    const times = { bare: [] as number[], session: [] as number[] };
    for (let done = 0; done < roundTrips * 2; done += TURN) {
      for (let i = 0; i < TURN; i++) times.bare.push(await bare.ask());
      // Deno's timers and sockets need a turn of the event loop between the two.
      await pause(1);
      for (let i = 0; i < TURN; i++) {
        const startMs = performance.now();
        const answer = client.next(BenchEcho.Echo);
        client.send(BenchEcho.Echo, BENCH_VALUE);
        await answer;
        times.session.push(performance.now() - startMs);
      }
    }
    bare.close();
    await client.close("", { flush: false });
    return [
      rowOf("bare Deno.listenDatagram", times.bare.slice(roundTrips)),
      rowOf("Tickwire", times.session.slice(roundTrips)),
    ];
  } finally {
    await server.close();
  }
}

/** One datagram at a time, there and back. */
class BareAsker {
  readonly #socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  readonly #to: Deno.NetAddr;
  readonly #question = new Uint8Array(DATAGRAM_BYTES);
  readonly #answer = new Uint8Array(2_048);

  constructor(port: number) {
    this.#to = { transport: "udp", hostname: "127.0.0.1", port };
  }

  async ask(): Promise<number> {
    const startMs = performance.now();
    await this.#socket.send(this.#question, this.#to);
    await this.#socket.receive(this.#answer);
    return performance.now() - startMs;
  }

  close(): void {
    this.#socket.close();
  }
}

function rowOf(contender: string, times: readonly number[]): LatencyBenchRow {
  const sorted = times.toSorted((a, b) => a - b);
  return {
    contender,
    p50Ms: sorted[sorted.length >> 1] ?? NaN,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? NaN,
  };
}

if (import.meta.main) {
  const table = (await runLatencyBench()).map(({ contender, p50Ms, p99Ms }) => ({
    contender,
    "p50 ms": Number(p50Ms.toFixed(3)),
    "p99 ms": Number(p99Ms.toFixed(3)),
  }));
  // deno-lint-ignore no-console
  console.table(table);
}
