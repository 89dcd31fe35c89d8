/**
 * A relay's shard on sockets against a bare forwarder and coturn: frames per second of processor time, what it
 * adds to a round trip, and how exact caps are.
 *
 * Relay and bare forwarder are in this process, coturn in its own, players and servers in others. Contenders
 * take turns, medians count; read the ratios. coturn is left out where it is not installed (Debian: coturn).
 * `deno run -A bench/relay_bench.ts` prints the tables.
 *
 * @module
 */
import process from "node:process";
import { LocalShard } from "../relay/process/local_shard.ts";
import { openShardPipe } from "../relay/process/shard_pipe.ts";
import { systemClock } from "../transport/system_clock.ts";
import { systemRandom } from "../transport/system_random.ts";
import { type Load, median, startLoad } from "./load_process.ts";
import { BENCH_RELAY_KEY } from "./relay_grants.ts";
import { cpuSecondsOf, startCoturn } from "./relay_turn.ts";

/** One forwarder. */
export interface RelayBenchRow {
  /** Who forwarded. */
  readonly contender: string;
  /** Median of frames forwarded per second of its processor time. */
  readonly framesPerCpuSecond: number;
  /** Median of frames forwarded per second, as far as the load could keep up. */
  readonly framesPerSecond: number;
  /** Of what the bare forwarder did per second of processor time. */
  readonly ratio: number;
  /** Median of a round trip of one datagram, beyond one without a forwarder, halved: what one way gains. */
  readonly addedP50Ms: number;
}

/** A cap, and what passed under three times as much. */
export interface CapRow {
  /** Which. */
  readonly cap: string;
  /** Frames a second that it allows. */
  readonly allowed: number;
  /** Frames a second that passed, after the burst. */
  readonly passed: number;
}

/** What was measured. */
export interface RelayBenchResult {
  readonly rows: readonly RelayBenchRow[];
  readonly caps: readonly CapRow[];
  /** Whether coturn is installed. */
  readonly hasCoturn: boolean;
}

/** How long and what to measure. */
export interface RelayBenchOptions {
  /** Rounds, after {@link WARM_UP_ROUNDS} that do not count; 9 if not given. */
  readonly rounds?: number;
  /** Time of one round of one contender; 500 ms if not given. */
  readonly roundMs?: number;
  /** Sessions, each with sockets of its own; 8 if not given. */
  readonly sessions?: number;
  /** Datagrams on their way per session; 8 if not given. */
  readonly inFlight?: number;
}

/** The first some 100,000 frames are compiled as they go. */
const WARM_UP_ROUNDS = 4;

/** Round trips per round. */
const ROUND_TRIPS = 200;

/** Bytes of the frames of the load, of which caps of bits count all. */
const FRAME_BYTES = 120;

interface Contender {
  readonly name: string;
  readonly load: Load;
  readonly cpuSeconds: () => number | Promise<number>;
  readonly close: () => unknown;
}

/** Measures all; takes about half a minute with the defaults. */
export async function runRelayBench(options: RelayBenchOptions = {}): Promise<RelayBenchResult> {
  const { rounds = 9, roundMs = 500, sessions = 8, inFlight = 8 } = options;
  const direct = startLoad("relay_load.ts");
  const contenders: Contender[] = [];
  try {
    await direct.ask(`direct ${sessions} 0`);
    contenders.push(await bareContender(sessions), await relayContender(sessions));
    const coturn = await coturnContender(sessions);
    if (coturn !== undefined) contenders.push(coturn);
    const perCpuSecond = contenders.map((): number[] => []);
    const perSecond = contenders.map((): number[] => []);
    const added = contenders.map((): number[] => []);
    for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
      for (const [at, { load, cpuSeconds }] of contenders.entries()) {
        const before = await cpuSeconds();
        // There and back are two frames.
        const frames = 2 * Number(await load.ask(`run ${roundMs} ${inFlight}`));
        const spentS = await cpuSeconds() - before;
        const addedMs = (await p50Of(load) - await p50Of(direct)) / 2;
        if (round < 0) continue;
        perCpuSecond[at]!.push(frames / spentS);
        perSecond[at]!.push(frames / roundMs * 1e3);
        added[at]!.push(addedMs);
      }
    }
    const bare = median(perCpuSecond[0]!);
    return {
      rows: contenders.map(({ name }, at) => ({
        contender: name,
        framesPerCpuSecond: median(perCpuSecond[at]!),
        framesPerSecond: median(perSecond[at]!),
        ratio: median(perCpuSecond[at]!) / bare,
        addedP50Ms: median(added[at]!),
      })),
      caps: [await measureCap("frames", 500), await measureCap("bits", 500)],
      hasCoturn: coturn !== undefined,
    };
  } finally {
    await direct.close();
    for (const { load, close } of contenders) {
      await load.close();
      await close();
    }
  }
}

async function p50Of(load: Load): Promise<number> {
  const times: unknown = JSON.parse(await load.ask(`latency ${ROUND_TRIPS}`));
  return Array.isArray(times) ? Number(times[times.length >> 1]) : NaN;
}

function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** The least that a forwarder can do: look up where it goes, and send it there. */
async function bareContender(sessions: number): Promise<Contender> {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = socket.addr as Deno.NetAddr;
  const load = startLoad("relay_load.ts");
  const targets = new Map<number, Deno.NetAddr>();
  for (const pair of (await load.ask(`bare ${sessions} ${port}`)).split(",")) {
    const [client = 0, peer = 0] = pair.split(":").map(Number);
    targets.set(client, { transport: "udp", hostname: "127.0.0.1", port: peer });
    targets.set(peer, { transport: "udp", hostname: "127.0.0.1", port: client });
  }
  const ignore = (): void => {};
  const forward = async (): Promise<void> => {
    const buffer = new Uint8Array(2_048);
    try {
      for (;;) {
        const [bytes, from] = await socket.receive(buffer);
        const to = targets.get((from as Deno.NetAddr).port);
        if (to !== undefined) socket.send(bytes, to).catch(ignore);
      }
    } catch {
      // Closed.
    }
  };
  void forward();
  return {
    name: "bare Deno.listenDatagram",
    load,
    cpuSeconds: ownCpuSeconds,
    close: () => socket.close(),
  };
}

async function openShard(): Promise<LocalShard> {
  const binding = { hostname: "127.0.0.1", port: 0, sim: undefined, takesOver: false };
  const shard = await LocalShard.open(
    {
      shard: 0,
      relayId: "bench",
      limits: { bindsPerSecondPerPrefix: 1_000, bindBurstPerPrefix: 1_000 },
    },
    {
      openPipe: () => openShardPipe(binding, systemClock),
      clock: systemClock,
      wallClockMs: Date.now,
      random: systemRandom,
    },
  );
  await shard.apply({ keys: [BENCH_RELAY_KEY] });
  await shard.start();
  return shard;
}

async function relayContender(sessions: number): Promise<Contender> {
  const shard = await openShard();
  const load = startLoad("relay_load.ts");
  await load.ask(`relay ${sessions} ${shard.port} 0 0`);
  return { name: "Tickwire relay", load, cpuSeconds: ownCpuSeconds, close: () => shard.close() };
}

async function coturnContender(sessions: number): Promise<Contender | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const coturn = await startCoturn();
  if (coturn === undefined) return undefined;
  const load = startLoad("relay_load.ts");
  await load.ask(`turn ${sessions} ${coturn.port}`);
  return {
    name: "coturn, one relay thread",
    load,
    cpuSeconds: () => cpuSecondsOf(coturn.pid),
    close: () => coturn.close(),
  };
}

/** Offers three times what the cap allows; counts at the relay, when the burst of two seconds is over. */
async function measureCap(kind: "frames" | "bits", pps: number): Promise<CapRow> {
  const shard = await openShard();
  const load = startLoad("relay_load.ts");
  const kbps = pps * FRAME_BYTES * 8 / 1_000;
  const caps = kind === "frames" ? `${pps} 0` : `0 ${kbps}`;
  try {
    await load.ask(`relay 1 ${shard.port} ${caps}`);
    const offered = load.ask(`offer 6000 ${3 * pps}`);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const [fromMs, from] = [performance.now(), await forwardedUp(shard)];
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const [toMs, to] = [performance.now(), await forwardedUp(shard)];
    await offered;
    return {
      cap: kind === "frames" ? `${pps} frames/s` : `${kbps} kbit/s of ${FRAME_BYTES} bytes`,
      allowed: pps,
      passed: (to - from) / (toMs - fromMs) * 1_000,
    };
  } finally {
    await load.close();
    await shard.close();
  }
}

async function forwardedUp(shard: LocalShard): Promise<number> {
  const { list } = await shard.report(true);
  return list.reduce((sum, { framesUp }) => sum + framesUp, 0);
}

if (import.meta.main) {
  const { rows, caps, hasCoturn } = await runRelayBench();
  // deno-lint-ignore no-console -- a program that prints.
  console.table(rows);
  // deno-lint-ignore no-console -- a program that prints.
  console.table(caps);
  // deno-lint-ignore no-console -- a program that prints.
  if (!hasCoturn) console.log("coturn is not installed: not compared");
}
