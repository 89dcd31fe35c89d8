/**
 * Writes the codecs of a protocol ahead of time, for places where code generation is forbidden.
 *
 * The file holds the very text that the run-time compiler would compile. Importing it registers the
 * codecs, and from then on they are used for every struct that has not changed since.
 *
 * @module
 */
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { generateCodec } from "../schema/generator/generate.ts";
import type { ProtocolCore } from "../schema/mod.ts";
import { runtime } from "../schema/runtime.ts";
import { structId } from "../schema/struct_id.ts";
import {
  EXIT_FAILED,
  EXIT_OK,
  loadProtocol,
  type Output,
  runTool,
  terminal,
  urlOf,
  UsageError,
} from "./schema_module.ts";

const HELP = `Writes the codecs of a protocol ahead of time.

Usage: deno run -R -W tools/schema_gen.ts <module> [options]

  <module>            a module that exports a protocol, or a game that has one
  --export <name>     which export, when there are several protocols
  --out <file>        where to write; default: the module's name with .gen.ts
  --runtime <url>     how the file imports Tickwire's schema/runtime.ts;
                      default: the relative path from the file to this checkout
  --check             write nothing; exit 1 when the file is not up to date
  --help              this text

Import the file once, before or after the protocol, and its codecs are used:
  import "./arena.gen.ts";`;

/** The text of a generated module for all versions of a protocol. */
export function generateModule(protocol: ProtocolCore, runtimeSpecifier: string): string {
  const helpers = Object.keys(runtime);
  const factories = new Map<string, string>();
  for (const table of protocol.tables) {
    for (const entry of table.entries) {
      if (entry === undefined) continue;
      const id = structId(entry.struct);
      if (factories.has(id)) continue;
      const body = generateCodec(entry.struct, helpers).split("\n")
        .map((line) => `    ${line}`).join("\n");
      factories.set(
        id,
        `  // ${entry.message.name}, version ${table.version}\n` +
          `  "${id}": (runtime, fail) => {\n${body}\n  },`,
      );
    }
  }
  return [
    `// Codecs of the protocol "${protocol.name}", made by tools/schema_gen.ts. Do not edit.`,
    "// deno-lint-ignore-file",
    "// deno-fmt-ignore-file",
    "// @ts-nocheck: generated text is checked by running it against the interpreter.",
    `import { registerGenerated } from ${JSON.stringify(runtimeSpecifier)};`,
    "",
    "registerGenerated({",
    ...factories.values(),
    "});",
    "",
  ].join("\n");
}

/** Runs the tool; returns its exit code. */
export function schemaGen(args: readonly string[], output: Output = terminal): Promise<number> {
  return runTool(output, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        export: { type: "string" },
        out: { type: "string" },
        runtime: { type: "string" },
        check: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      output.log(HELP);
      return EXIT_OK;
    }
    const [module, ...rest] = positionals;
    if (module === undefined || rest.length > 0) throw new UsageError("Name exactly one module");
    const protocol = await loadProtocol(module, values.export);
    const out = fileURLToPath(urlOf(values.out ?? module.replace(/\.ts$/, ".gen.ts")));
    const text = generateModule(protocol, values.runtime ?? relativeRuntime(out));
    if (values.check) return check(out, text, output);
    await Deno.writeTextFile(out, text);
    output.log(`Wrote ${out}`);
    return EXIT_OK;
  });
}

function relativeRuntime(out: string): string {
  const runtime = new URL("../schema/runtime.ts", import.meta.url);
  // A tool that was run by its URL names the runtime by URL too.
  if (runtime.protocol !== "file:") return runtime.href;
  const target = fileURLToPath(runtime);
  const path = relative(dirname(out), target).replaceAll("\\", "/");
  return path.startsWith(".") ? path : `./${path}`;
}

async function check(out: string, text: string, output: Output): Promise<number> {
  let existing: string;
  try {
    existing = await Deno.readTextFile(out);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    output.error(`${out} does not exist: run without --check to write it`);
    return EXIT_FAILED;
  }
  if (existing === text) {
    output.log(`${out} is up to date`);
    return EXIT_OK;
  }
  output.error(`${out} is not up to date: run without --check to write it`);
  return EXIT_FAILED;
}

if (import.meta.main) Deno.exit(await schemaGen(Deno.args));
