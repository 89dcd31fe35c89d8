/**
 * Writes captures of simulated sessions with their keys and what they say, for decoders in other
 * languages that read docs/protocol.md only. README.md describes the files.
 *
 * @example
 * ```sh
 * deno run -A tests/conformance/emit.ts --out /tmp/captures --seed 1
 * deno run -A tests/conformance/emit.ts --vectors --write && deno fmt docs/protocol.md
 * ```
 *
 * @module
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stdout } from "node:process";
import { parseArgs } from "node:util";
import { captureFiles, schemaFile } from "./capture_files.ts";
import { DOCUMENT_URL, withMarkedText } from "./document.ts";
import { SCENARIOS } from "./scenarios.ts";
import { vectorsMarkdown } from "./vectors_markdown.ts";

const HELP = `Writes captures of simulated sessions, or the test vectors of docs/protocol.md.

  --out <folder>       where the captures go, one folder per scenario
  --seed <number>      decides everything random, default 1
  --scenario <name>    only this one; may be given several times
  --list               the names of all scenarios
  --vectors            print the test vectors of docs/protocol.md
  --write              with --vectors: write them into the document
  --help               this text
`;

/** Writes the captures of the named scenarios below a folder. */
export async function emitCaptures(
  folder: string,
  seed: number,
  names: readonly string[] = [...SCENARIOS.keys()],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "schema.json"), schemaFile());
  for (const name of names) {
    const scenario = SCENARIOS.get(name);
    if (scenario === undefined) throw new RangeError(`There is no scenario "${name}"`);
    await mkdir(join(folder, name), { recursive: true });
    for (const [file, text] of Object.entries(captureFiles(scenario(seed)))) {
      await writeFile(join(folder, name, file), text);
    }
  }
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      out: { type: "string" },
      seed: { type: "string", default: "1" },
      scenario: { type: "string", multiple: true },
      list: { type: "boolean" },
      vectors: { type: "boolean" },
      write: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.list) {
    stdout.write(`${[...SCENARIOS.keys()].join("\n")}\n`);
    return 0;
  }
  if (values.vectors) {
    if (values.write) await writeFile(DOCUMENT_URL, withMarkedText("vectors", vectorsMarkdown()));
    else stdout.write(vectorsMarkdown());
    return 0;
  }
  if (values.help || values.out === undefined) {
    stdout.write(HELP);
    return values.help ? 0 : 2;
  }
  await emitCaptures(values.out, Number(values.seed), values.scenario);
  return 0;
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
