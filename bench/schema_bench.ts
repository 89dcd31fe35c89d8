/**
 * What encoding and decoding cost: our codecs beside msgpack, JSON and code by hand.
 *
 * Every row runs in processes of its own, in turns with the others; the median of rounds counts, and
 * of processes the median again. Loops go through 64 varied values. Our decoding and the one by hand
 * read into an object used before, the others make new ones, as their interfaces do.
 * `deno run -A bench/schema_bench.ts` prints the table; read the ratios.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { median } from "./load_process.ts";
import { type Contender, contender, type ContenderName, CONTENDERS } from "./schema_contenders.ts";
import { SHAPES, VARIANTS } from "./schema_shapes.ts";

/** One measured codec and message. */
export interface SchemaBenchRow {
  /** Message and contender: `mixed, jit`. */
  readonly name: string;
  /** Time to encode one message in nanoseconds. */
  readonly encodeNs: number;
  /** Time to decode one message in nanoseconds. */
  readonly decodeNs: number;
  /** Mean size of the messages in bytes. */
  readonly bytes: number;
}

/** How long to measure. */
export interface SchemaBenchOptions {
  /** Processes for each row, of which the median counts; 5 if not given. */
  readonly samples?: number;
  /** Shapes to measure, by name; all if not given. */
  readonly shapes?: readonly string[];
}

/** Measures every shape with every contender. Takes about a second for each row and sample. */
export async function runSchemaBench(options: SchemaBenchOptions = {}): Promise<SchemaBenchRow[]> {
  const { samples = 5, shapes = SHAPES.map((shape) => shape.name) } = options;
  const measured = new Map<string, SchemaBenchRow[]>();
  for (let sample = 0; sample < samples; sample++) {
    for (const shape of shapes) {
      for (const name of CONTENDERS) {
        const row = await measureInProcess(shape, name);
        if (row === undefined) continue;
        const rows = measured.get(row.name) ?? [];
        measured.set(row.name, [...rows, row]);
      }
    }
  }
  return [...measured.values()].map(middle);
}

/** One row out of several of the same name. */
function middle(rows: readonly SchemaBenchRow[]): SchemaBenchRow {
  return {
    name: rows[0]?.name ?? "",
    bytes: rows[0]?.bytes ?? 0,
    encodeNs: median(rows.map((row) => row.encodeNs)),
    decodeNs: median(rows.map((row) => row.decodeNs)),
  };
}

async function measureInProcess(
  shape: string,
  name: ContenderName,
): Promise<SchemaBenchRow | undefined> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", fileURLToPath(import.meta.url), "--row", shape, name],
  }).output();
  if (code !== 0) {
    throw new Error(`Cannot measure ${shape}, ${name}: ${new TextDecoder().decode(stderr)}`);
  }
  const row: SchemaBenchRow | null = JSON.parse(new TextDecoder().decode(stdout));
  return row ?? undefined;
}

/** Measures one row in this process; `undefined` when the contender has no code for the shape. */
export function measureRow(shapeName: string, name: ContenderName): SchemaBenchRow | undefined {
  const shape = SHAPES.find((shape) => shape.name === shapeName);
  if (shape === undefined) throw new Error(`Cannot measure "${shapeName}": there is no such shape`);
  const chosen = contender(shape, name);
  if (chosen === undefined) return undefined;
  return {
    name: `${shape.name}, ${name}`,
    encodeNs: timeLoop(chosen.scope, chosen.encode),
    decodeNs: timeLoop(chosen.scope, chosen.decode),
    bytes: chosen.bytes,
  };
}

const WARM_UP_ROUNDS = 20;
const ROUNDS = 41;
/** A round is at least this long, so that the clock's steps do not matter. */
const ROUND_MS = 3;

/** The time of one statement: the median of rounds, after as many to warm up as V8 wants. */
function timeLoop(scope: Contender["scope"], statement: string): number {
  // A loop of its own for each statement: one loop that has seen several calls all of them slowly.
  const loop = new Function(
    "calls",
    ...Object.keys(scope),
    `let sink; for (let c = 0; c < calls; c++) { const i = c & ${VARIANTS - 1}; ${statement} }
     return sink;`,
  );
  const operands = Object.values(scope);
  const time = (calls: number): number => {
    const started = performance.now();
    loop(calls, ...operands);
    return performance.now() - started;
  };
  let calls = 1_000;
  for (let round = 0; round < WARM_UP_ROUNDS; round++) if (time(calls) < ROUND_MS) calls *= 2;
  return median(Array.from({ length: ROUNDS }, () => time(calls) * 1e6 / calls));
}

/** The rows as a table, each with how many times as fast it is as msgpack. */
export function formatSchemaBench(rows: readonly SchemaBenchRow[]): string {
  const lines = [
    "message, codec              encode ns  decode ns  bytes   msgpack / encode, decode",
  ];
  for (const row of rows) {
    const [shape = ""] = row.name.split(", ");
    const peer = rows.find((other) => other.name === `${shape}, msgpack`);
    const ratios = peer === undefined
      ? ""
      : `${(peer.encodeNs / row.encodeNs).toFixed(1)}x, ${
        (peer.decodeNs / row.decodeNs).toFixed(1)
      }x`;
    lines.push(
      row.name.padEnd(26) + row.encodeNs.toFixed(1).padStart(11) +
        row.decodeNs.toFixed(1).padStart(11) + row.bytes.toFixed(0).padStart(7) + `   ${ratios}`,
    );
  }
  return lines.join("\n");
}

if (import.meta.main) {
  const [mode, shape = "", name = ""] = Deno.args;
  if (mode === "--row") {
    const chosen = CONTENDERS.find((known) => known === name);
    if (chosen === undefined) {
      throw new Error(`Cannot measure "${name}": there is no such contender`);
    }
    // deno-lint-ignore no-console
    console.log(JSON.stringify(measureRow(shape, chosen) ?? null));
  } else {
    // deno-lint-ignore no-console
    console.log(formatSchemaBench(await runSchemaBench()));
  }
}
