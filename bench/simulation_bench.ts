/**
 * How many datagrams the simulated network moves per second of real time.
 *
 * 64 clients keep 4 datagrams each going to a server that answers, so every datagram is sent, waits on
 * the event queue and is delivered. `deno run -A bench/simulation_bench.ts` prints the table.
 *
 * @module
 */
import type { ImpairmentOptions } from "../transport/impairment.ts";
import type { DatagramPipe } from "../transport/pipe.ts";
import { SimulatedNetwork } from "../transport/simulated_network.ts";

/** One measured kind of path. */
export interface SimulationBenchRow {
  /** What the paths do, and how time was run. */
  readonly contender: string;
  /** Median of delivered datagrams per second of real time. */
  readonly datagramsPerSecond: number;
}

/** How long to measure. */
export interface SimulationBenchOptions {
  /** Rounds, of which the median counts, after one that does not; 5 if not given. */
  readonly rounds?: number;
  /** Datagrams per round; 100,000 if not given. */
  readonly datagrams?: number;
}

const CLIENTS = 64;
const WINDOW = 4;
const SIZE_BYTES = 100;

const LINKS: readonly (readonly [string, ImpairmentOptions])[] = [
  ["fixed delay", { delayMs: 20 }],
  ["jitter", { delayMs: 20, jitterMs: 5 }],
  ["jitter, duplicates, bandwidth", {
    delayMs: 20,
    jitterMs: 5,
    duplicate: 0.01,
    rateBytesPerSecond: 1e9,
  }],
];

/** Measures every kind of path. Takes some 10 seconds with the defaults. */
export async function runSimulationBench(
  options: SimulationBenchOptions = {},
): Promise<SimulationBenchRow[]> {
  const { rounds = 5, datagrams = 100_000 } = options;
  const samples = new Map<string, number[]>();
  for (let round = 0; round <= rounds; round++) {
    for (const [name, link] of LINKS) {
      for (const isAsync of [false, true]) {
        const rate = await measure(link, datagrams, isAsync);
        const contender = `${name}, ${isAsync ? "runAsync" : "run"}`;
        const rates = samples.get(contender) ?? [];
        samples.set(contender, rates);
        // The first round compiles.
        if (round > 0) rates.push(rate);
      }
    }
  }
  return Array.from(samples, ([contender, rates]) => ({
    contender,
    datagramsPerSecond: rates.toSorted((a, b) => a - b)[rates.length >> 1] ?? NaN,
  }));
}

async function measure(
  link: ImpairmentOptions,
  datagrams: number,
  isAsync: boolean,
): Promise<number> {
  const network = new SimulatedNetwork({ seed: 1, link });
  const server = network.bind("192.0.2.1", 9_999);
  echo(server);
  for (let index = 1; index <= CLIENTS; index++) {
    const client = network.bind(`198.51.100.${index}`, 0);
    echo(client);
    for (let count = 0; count < WINDOW; count++) {
      const slot = client.acquire();
      if (slot !== undefined) client.send(slot, SIZE_BYTES, server.localAddress);
    }
  }
  // Every datagram in the window takes 20 ms, so this is how long that many take.
  const untilMs = 20 * datagrams / (CLIENTS * WINDOW);
  const startedMs = performance.now();
  if (isAsync) await network.runAsync(untilMs);
  else network.run(untilMs);
  return network.counters.delivered / (performance.now() - startedMs) * 1e3;
}

function echo(pipe: DatagramPipe): void {
  pipe.start((bytes, from) => {
    const slot = pipe.acquire();
    if (slot === undefined) return;
    slot.bytes.set(bytes);
    pipe.send(slot, bytes.byteLength, from);
  });
}

if (import.meta.main) {
  for (const { contender, datagramsPerSecond } of await runSimulationBench()) {
    const rate = Math.round(datagramsPerSecond).toLocaleString("en").padStart(12);
    // deno-lint-ignore no-console
    console.log(`${contender.padEnd(42)}${rate} datagrams/s`);
  }
}
