/**
 * All benches, one after the other, each in a process of its own, and the bars that they are held to.
 *
 *     deno task bench [--json FILE] [--only NAME,NAME]
 *
 * Machines differ and drift: contenders take turns within a bench, medians of several rounds count, and
 * most bars are ratios. A bar that is missed is said so; the exit code is 0 all the same, since a slow
 * machine is no defect.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { runCryptoBench } from "./crypto_bench.ts";
import { runEchoBench } from "./echo_bench.ts";
import { runFloodBench } from "./flood_bench.ts";
import { runLatencyBench } from "./latency_bench.ts";
import { runRelayBench } from "./relay_bench.ts";
import { runRecordingBench } from "./recording_bench.ts";
import { runScaleBench } from "./scale_bench.ts";
import { runSchemaBench } from "./schema_bench.ts";
import { runSessionBench } from "./session_bench.ts";
import { runSimulationBench } from "./simulation_bench.ts";
import { runSyncBench } from "./sync_bench.ts";
import { runUdpBench, type UdpBenchRow } from "./udp_bench.ts";

/** A goal of design, and what was measured. */
interface Bar {
  readonly what: string;
  readonly goal: string;
  readonly measured: string;
  readonly isMet: boolean;
}

/** What a bench gives: rows for a table, and the bars that it decides. */
interface Outcome {
  readonly rows: readonly Readonly<Record<string, string | number>>[];
  readonly bars: readonly Bar[];
}

/** A bench by name. */
interface Section {
  readonly title: string;
  readonly run: () => Promise<Outcome>;
}

const SECTIONS: Readonly<Record<string, Section>> = {
  schema: { title: "Encoding and decoding", run: schema },
  crypto: { title: "Sealing and opening", run: crypto },
  sync: { title: "Replication of entities", run: sync },
  session: { title: "One message one way in memory, both ends", run: session },
  echo: { title: "Typed, encrypted echo over loopback UDP", run: echo },
  latency: { title: "Round trip over loopback UDP", run: latency },
  scale: { title: "2,000 clients, 32 datagrams a second each, ticks at 60 Hz", run: scale },
  flood: { title: "20,000 worthless HELLOs a second", run: flood },
  relay: { title: "A relay against a bare forwarder and coturn", run: relay },
  recording: { title: "What recording costs", run: recording },
  udp: { title: "UDP pipes without sessions", run: udp },
  simulation: { title: "The simulated network", run: simulation },
};

async function schema(): Promise<Outcome> {
  const rows = await runSchemaBench();
  const of = (name: string): (typeof rows)[number] => {
    const row = rows.find((row) => row.name === name);
    if (row === undefined) throw new Error(`There is no row "${name}"`);
    return row;
  };
  const jit = of("mixed, jit");
  const interpreter = of("mixed, interpreter");
  const msgpack = of("mixed, msgpack");
  const encodeRatio = msgpack.encodeNs / jit.encodeNs;
  const decodeRatio = msgpack.decodeNs / jit.decodeNs;
  return {
    rows: rows.map(({ name, encodeNs, decodeNs, bytes }) => ({
      "message, codec": name,
      "encode ns": round(encodeNs, 1),
      "decode ns": round(decodeNs, 1),
      bytes: round(bytes),
    })),
    bars: [
      bar("12 fields in 21 bytes: encode", "<= 15 ns", jit.encodeNs, 15, "ns"),
      bar("12 fields in 21 bytes: decode", "<= 20 ns", jit.decodeNs, 20, "ns"),
      atLeast("encode against @msgpack/msgpack", encodeRatio, 20),
      atLeast("decode against @msgpack/msgpack", decodeRatio, 20),
      bar("interpreter: encode", "<= 300 ns", interpreter.encodeNs, 300, "ns"),
      bar("interpreter: decode", "<= 300 ns", interpreter.decodeNs, 300, "ns"),
    ],
  };
}

async function sync(): Promise<Outcome> {
  const { snapshots, interest } = await runSyncBench();
  const ours = snapshots.find((row) => row.contender === "Tickwire")!;
  const crowd = interest.find((row) => row.contender === "Tickwire")!;
  return {
    rows: [
      ...snapshots.map(({ contender, encodeUs, decodeUs, bytes }) => ({
        workload: "32 players of 8 fields",
        who: contender,
        "encode µs": round(encodeUs, 2),
        "decode µs": round(decodeUs, 2),
        bytes: round(bytes),
      })),
      ...interest.map(({ contender, tickMs, bytes }) => ({
        workload: "2,000 entities, 50 clients",
        who: contender,
        "tick ms": round(tickMs, 2),
        bytes: round(bytes),
      })),
    ],
    bars: [
      bar("32 players against a baseline of 100 ms: bytes", "<= 250 B", ours.bytes, 250, "B"),
      bar("the same: encode", "<= 4 µs", ours.encodeUs, 4, "µs"),
      bar("the same: decode", "<= 3 µs", ours.decodeUs, 3, "µs"),
      bar("2,000 entities, 50 clients: tick", "<= 0.6 ms", crowd.tickMs, 0.6, "ms"),
      bar("the same: bytes of a tick", "<= 80 KB", crowd.bytes / 1_000, 80, "KB"),
    ],
  };
}

async function crypto(): Promise<Outcome> {
  const rows = await runCryptoBench();
  return {
    rows: rows.map((row) => ({
      operation: row.operation,
      bytes: row.sizeBytes,
      who: row.contender,
      "µs": round(row.medianNs / 1_000, 2),
      ratio: round(row.ratio, 1),
    })),
    bars: [],
  };
}

async function session(): Promise<Outcome> {
  const { oneWayUs, cryptoUs } = await runSessionBench();
  return {
    rows: [{ "one way µs": round(oneWayUs, 2), "of it seal and open µs": round(cryptoUs, 2) }],
    bars: [bar("one message one way, both ends", "<= 4 µs", oneWayUs, 4, "µs")],
  };
}

async function echo(): Promise<Outcome> {
  const rows = await runEchoBench();
  const ours = rows.find((row) => row.contender === "Tickwire")!;
  return {
    rows: rows.map(echoRow),
    bars: [
      {
        what: "echoes per second of the server's processor time",
        goal: ">= 75,000",
        measured: round(ours.echoesPerCpuSecond).toLocaleString("en"),
        isMet: ours.echoesPerCpuSecond >= 75_000,
      },
      {
        what: "of a bare echo in the same run",
        goal: ">= 0.7",
        measured: ours.ratio.toFixed(2),
        isMet: ours.ratio >= 0.7,
      },
    ],
  };
}

function echoRow(row: UdpBenchRow): Outcome["rows"][number] {
  return {
    who: row.contender,
    "echoes per CPU second": round(row.echoesPerCpuSecond),
    "echoes per second": round(row.echoesPerSecond),
    ratio: round(row.ratio, 2),
  };
}

async function latency(): Promise<Outcome> {
  const rows = await runLatencyBench();
  const ours = rows.find((row) => row.contender === "Tickwire")!;
  return {
    rows: rows.map(({ contender, p50Ms, p99Ms }) => ({
      who: contender,
      "p50 ms": round(p50Ms, 3),
      "p99 ms": round(p99Ms, 3),
    })),
    bars: [bar("round trip when answering at once, p50", "<= 0.3 ms", ours.p50Ms, 0.3, "ms")],
  };
}

async function scale(): Promise<Outcome> {
  const result = await runScaleBench();
  const perConnection = Math.max(result.bytesPerConnection, result.residentBytesPerConnection);
  return {
    rows: [{
      clients: result.clients,
      "sent per s": round(result.sentPerSecond),
      "arrived %": round(result.arrived * 100, 1),
      "answered per s": round(result.answeredPerSecond),
      "CPU %": round(result.cpuShare * 100),
      "overruns %": round(result.overruns * 100, 2),
      "tick ms": round(result.tickMs, 2),
      "KiB per connection": round(result.bytesPerConnection / 1_024, 1),
      "resident KiB": round(result.residentBytesPerConnection / 1_024, 1),
    }],
    bars: [
      bar("tick overruns", "< 1 %", result.overruns * 100, 1, "%"),
      bar("memory per connection", "<= 32 KiB", perConnection / 1_024, 32, "KiB"),
    ],
  };
}

async function flood(): Promise<Outcome> {
  const { hellosPerSecond, calm, flooded, serverCpuShare, heapGrowthBytes } = await runFloodBench();
  const growth = (flooded.p99Ms / calm.p99Ms - 1) * 100;
  return {
    rows: [{
      "HELLOs per s": round(hellosPerSecond),
      "calm p50 ms": round(calm.p50Ms, 2),
      "calm p99 ms": round(calm.p99Ms, 2),
      "flooded p50 ms": round(flooded.p50Ms, 2),
      "flooded p99 ms": round(flooded.p99Ms, 2),
      "server CPU %": round(serverCpuShare * 100),
      "heap growth KiB": round(heapGrowthBytes / 1_024),
    }],
    bars: [bar("growth of players' p99 in a flood", "<= 20 %", growth, 20, "%")],
  };
}

async function relay(): Promise<Outcome> {
  const { rows, caps, hasCoturn } = await runRelayBench();
  const ours = rows.find((row) => row.contender === "Tickwire relay")!;
  const missing = hasCoturn ? [] : [{ who: "coturn is not installed: not compared" }];
  return {
    rows: [
      ...rows.map((row) => ({
        who: row.contender,
        "frames per CPU second": round(row.framesPerCpuSecond),
        "frames per second": round(row.framesPerSecond),
        ratio: round(row.ratio, 2),
        "added p50 ms": round(row.addedP50Ms, 3),
      })),
      ...missing,
      ...caps.map(({ cap, passed }) => ({
        who: `cap of ${cap}, three times as much offered`,
        "frames per second": round(passed, 1),
      })),
    ],
    bars: [
      {
        what: "relayed frames per CPU second, of a bare forwarder's",
        goal: ">= 0.8",
        measured: ours.ratio.toFixed(2),
        isMet: ours.ratio >= 0.8,
      },
      bar("what a relay adds to one way, p50", "<= 0.2 ms", ours.addedP50Ms, 0.2, "ms"),
      ...caps.map(({ cap, allowed, passed }) =>
        bar(`error of a cap of ${cap}`, "<= 2 %", Math.abs(passed / allowed - 1) * 100, 2, "%")
      ),
    ],
  };
}

async function recording(): Promise<Outcome> {
  const { plainUs, recordedUs, ratio, bytesPerEcho } = await runRecordingBench();
  return {
    rows: [{
      "echo µs": round(plainUs, 2),
      "recorded µs": round(recordedUs, 2),
      ratio: round(ratio, 2),
      "bytes of file per echo": round(bytesPerEcho),
    }],
    bars: [],
  };
}

async function udp(): Promise<Outcome> {
  const rows = await runUdpBench();
  return {
    rows: rows.map(echoRow),
    bars: [],
  };
}

async function simulation(): Promise<Outcome> {
  const rows = await runSimulationBench();
  return {
    rows: rows.map((row) => ({
      path: row.contender,
      "datagrams per second of real time": round(row.datagramsPerSecond),
    })),
    bars: [],
  };
}

/** A bar that is met by little. */
function bar(what: string, goal: string, value: number, most: number, unit: string): Bar {
  return { what, goal, measured: `${value.toFixed(2)} ${unit}`, isMet: value <= most };
}

function atLeast(what: string, ratio: number, least: number): Bar {
  return { what, goal: `>= ${least}x`, measured: `${ratio.toFixed(1)}x`, isMet: ratio >= least };
}

function round(value: number, digits = 0): number {
  return Number(value.toFixed(digits));
}

/** Runs one bench in a process of its own: what one has compiled and kept must not slow the next. */
async function runApart(name: string): Promise<Outcome> {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      "--unstable-net",
      "--v8-flags=--expose-gc",
      import.meta.url,
      "--section",
      name,
    ],
    stderr: "inherit",
  }).output();
  if (code !== 0) throw new Error(`The bench "${name}" failed`);
  const outcome: Outcome = JSON.parse(new TextDecoder().decode(stdout));
  return outcome;
}

const HELP = `Measures Tickwire and prints which of its bars it meets.

deno task bench [--json FILE] [--only NAME,NAME]

  --json FILE   writes all results to a file too
  --only NAMES  ${Object.keys(SECTIONS).join(", ")}
  --help        this text
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      json: { type: "string" },
      only: { type: "string" },
      section: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    print(HELP);
    return 0;
  }
  const names = (values.only ?? values.section ?? Object.keys(SECTIONS).join()).split(",");
  for (const name of names) {
    if (SECTIONS[name] !== undefined) continue;
    print(`Cannot run "${name}": benches are ${Object.keys(SECTIONS).join(", ")}`);
    return 2;
  }
  if (values.section !== undefined) {
    print(JSON.stringify(await SECTIONS[values.section]!.run()));
    return 0;
  }
  const results: Record<string, Outcome> = {};
  for (const name of names) {
    print(`\n${SECTIONS[name]!.title}`);
    const outcome = await runApart(name);
    results[name] = outcome;
    // deno-lint-ignore no-console -- a program that prints.
    console.table(outcome.rows);
  }
  const bars = Object.values(results).flatMap((outcome) => outcome.bars);
  print("\nBars");
  for (const { what, goal, measured, isMet } of bars) {
    print(`${isMet ? "met   " : "MISSED"}  ${what.padEnd(52)}${goal.padEnd(12)}${measured}`);
  }
  if (values.json !== undefined) {
    const about = { deno: Deno.version.deno, v8: Deno.version.v8, os: Deno.build.os, bars };
    Deno.writeTextFileSync(values.json, `${JSON.stringify({ ...about, results }, null, 2)}\n`);
  }
  return 0;
}

function print(text: string): void {
  // deno-lint-ignore no-console -- a program that prints.
  console.log(text);
}

Deno.exitCode = await main();
