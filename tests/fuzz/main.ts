/**
 * Fuzzes everything that reads what a peer wrote, for as long as one likes.
 *
 * Run with `--v8-flags=--expose-gc`, or the heap cannot be told from its garbage.
 * `deno task fuzz [--seconds 60] [--iterations 1000000] [--seed 1] [--target frames]` takes turns with all
 * targets, or plays one. It prints progress, ends by itself, and ends with 1 when something was wrong;
 * the seed that it prints plays the same inputs again.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { fuzzDatagrams } from "./datagrams.ts";
import { fuzzFrames } from "./frames.ts";
import { fuzzHandshakes } from "./handshakes.ts";
import type { FuzzOptions, FuzzReport } from "./mutator.ts";
import { fuzzRelayFrames } from "./relay_frames.ts";
import { fuzzSchemaReaders } from "./schema_readers.ts";
import { growthBytes, memoryBytes } from "../soak/heap.ts";
import { fuzzScripts } from "./scripts.ts";

/** A fuzzer under its name. */
type Fuzzer = (options: FuzzOptions) => FuzzReport;

const TARGETS: Readonly<Record<string, Fuzzer>> = {
  datagrams: fuzzDatagrams,
  frames: fuzzFrames,
  handshakes: fuzzHandshakes,
  scripts: fuzzScripts,
  relay_frames: fuzzRelayFrames,
  schema_readers: (options) => {
    const { accepted, refused, slowestUs } = fuzzSchemaReaders(options);
    const verdicts = new Map([["accepted", accepted]]);
    for (const [reason, count] of refused) verdicts.set(`refused for ${reason}`, count);
    return { inputs: options.iterations, slowestUs, verdicts };
  },
};

/** Inputs of one turn of a target; also where a failure can be played again. */
const INPUTS_PER_TURN = 10_000;

/** Turns of the schema's readers are longer: each compiles new schemas, and V8 keeps their code a while. */
const LONGER_TURNS: Readonly<Record<string, number>> = { schema_readers: 50_000 };

/** Between two lines of progress. */
const PROGRESS_MS = 5_000;

/** Growth of the heap, from the middle third of a run to the last, that no noise explains. */
const MOST_GROWTH_BYTES = 16 * 2 ** 20;

/** Nor is less than this for every input anything that was kept of it. */
const MOST_GROWTH_PER_INPUT_BYTES = 40;

interface Totals {
  inputs: number;
  slowestUs: number;
  seconds: number;
  readonly verdicts: Map<string, number>;
}

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}

const HELP = `Feeds random and mutated input to everything that reads what a peer wrote.

deno task fuzz [--iterations N] [--seconds S] [--seed N] [--target NAME,NAME]

  --iterations N  inputs in all
  --seconds S     ends after this long; 60 without --iterations
  --seed N        decides every input; default 1
  --target NAMES  ${Object.keys(TARGETS).join(", ")}; default all of them in turns
`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string" },
      iterations: { type: "string" },
      seed: { type: "string", default: "1" },
      target: { type: "string", default: "all" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    print(HELP);
    Deno.exit(0);
  }
  const names = values.target === "all" ? Object.keys(TARGETS) : values.target.split(",");
  const unknown = names.find((name) => TARGETS[name] === undefined);
  if (unknown !== undefined) {
    throw new TypeError(`No target "${unknown}": there are ${Object.keys(TARGETS).join(", ")}`);
  }
  // Without either, a minute.
  const seconds = values.seconds ?? (values.iterations === undefined ? "60" : "Infinity");
  const numbers = {
    seconds: Number(seconds),
    iterations: Number(values.iterations ?? Infinity),
    seed: Number(values.seed),
  };
  for (const [name, value] of Object.entries(numbers)) {
    if (!(value >= 0)) throw new TypeError(`--${name} takes a number`);
  }
  return { names, ...numbers };
}

function add(totals: Totals, report: FuzzReport, seconds: number): void {
  totals.inputs += report.inputs;
  totals.seconds += seconds;
  totals.slowestUs = Math.max(totals.slowestUs, report.slowestUs);
  for (const [verdict, count] of report.verdicts) {
    totals.verdicts.set(verdict, (totals.verdicts.get(verdict) ?? 0) + count);
  }
}

function summary(name: string, totals: Totals): string {
  const perSecond = Math.round(totals.inputs / totals.seconds);
  const verdicts = [...totals.verdicts].map(([verdict, count]) => `  ${count} ${verdict}`);
  return [
    `${name}: ${totals.inputs} inputs in ${totals.seconds.toFixed(1)} s, ${perSecond} a second, ` +
    `the slowest ${(totals.slowestUs / 1_000).toFixed(1)} ms`,
    ...verdicts,
  ].join("\n");
}

/** One turn of a target; `undefined` when something was wrong, which is then said. */
function play(name: string, options: FuzzOptions): FuzzReport | undefined {
  try {
    return TARGETS[name]!(options);
  } catch (error) {
    print(
      `${name} failed: --target ${name} --seed ${options.seed} --iterations ${options.iterations}`,
    );
    print(error instanceof Error ? error.stack ?? error.message : String(error));
    return undefined;
  }
}

/** The end of a run: what was seen, and whether the heap grew. */
function conclude(all: ReadonlyMap<string, Totals>, inputs: number, heapBytes: number[]): number {
  for (const [name, totals] of all) print(summary(name, totals));
  const grownBytes = growthBytes(heapBytes);
  print(`${inputs} inputs, heap grown by ${Math.round(grownBytes / 1_024)} KiB`);
  if (grownBytes <= MOST_GROWTH_BYTES) return 0;
  if (grownBytes <= inputs * MOST_GROWTH_PER_INPUT_BYTES) return 0;
  print("The heap grows: something is kept for every input");
  return 1;
}

function main(): number {
  const { names, seconds, iterations, seed } = readOptions();
  const all = new Map<string, Totals>();
  const heapBytes: number[] = [];
  const startMs = performance.now();
  let [inputs, turn, printedMs] = [0, 0, startMs];
  while (inputs < iterations && performance.now() - startMs < seconds * 1_000) {
    const name = names[turn % names.length]!;
    const wanted = LONGER_TURNS[name] ?? INPUTS_PER_TURN;
    const beganMs = performance.now();
    const report = play(name, {
      seed: seed + Math.floor(turn / names.length) * INPUTS_PER_TURN,
      iterations: Math.min(wanted, iterations - inputs),
    });
    if (report === undefined) return 1;
    const nowMs = performance.now();
    const totals = all.get(name) ?? { inputs: 0, slowestUs: 0, seconds: 0, verdicts: new Map() };
    all.set(name, totals);
    add(totals, report, (nowMs - beganMs) / 1_000);
    inputs += report.inputs;
    turn++;
    heapBytes.push(memoryBytes());
    if (nowMs - printedMs >= PROGRESS_MS) {
      printedMs = nowMs;
      print(`${((nowMs - startMs) / 1_000).toFixed(0)} s: ${inputs} inputs, ${name}`);
    }
  }
  return conclude(all, inputs, heapBytes);
}

if (import.meta.main) Deno.exit(main());
