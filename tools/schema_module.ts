/**
 * Finds the protocol that a module exports, for the schema tools, and reports what goes wrong the
 * same way in all of them.
 *
 * @module
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ProtocolCore } from "../schema/mod.ts";

/** Everything is as it should be. */
export const EXIT_OK = 0;
/** What was to be checked is not as it should be. */
export const EXIT_FAILED = 1;
/** The command line or the module is wrong; nothing was checked. */
export const EXIT_USAGE = 2;

/** A mistake on the command line or in the module; its message is for the person who made it. */
export class UsageError extends Error {
  /** Names the mistake. */
  override readonly name = "UsageError";
}

/** Where a tool writes, so that tests can read it. */
export interface Output {
  /** A line of result. */
  readonly log: (line: string) => void;
  /** A line about what went wrong. */
  readonly error: (line: string) => void;
}

/** The terminal. */
export const terminal: Output = {
  // deno-lint-ignore no-console
  log: (line) => console.log(line),
  // deno-lint-ignore no-console
  error: (line) => console.error(line),
};

/** A file URL of a path or URL on the command line. */
export function urlOf(specifier: string): URL {
  return /^(https?|file):/.test(specifier)
    ? new URL(specifier)
    : pathToFileURL(resolve(Deno.cwd(), specifier));
}

/**
 * Imports a module and returns its protocol: the named export, or the default export (or its
 * `protocol` property), or the only protocol among the exports.
 *
 * @throws UsageError when there is none, or several to choose from.
 */
export async function loadProtocol(specifier: string, exportName?: string): Promise<ProtocolCore> {
  const module = await importModule(specifier);
  if (exportName !== undefined) {
    const chosen = asProtocol(module[exportName]);
    if (chosen === undefined) {
      throw new UsageError(`Cannot use ${specifier}: its export "${exportName}" is no protocol`);
    }
    return chosen;
  }
  const fromDefault = asProtocol(module["default"]);
  if (fromDefault !== undefined) return fromDefault;
  const found = Object.entries(module).flatMap(([name, value]) => {
    const protocol = asProtocol(value);
    return protocol === undefined ? [] : [{ name, protocol }];
  });
  const [first] = found;
  if (first === undefined) throw new UsageError(`Cannot use ${specifier}: it exports no protocol`);
  if (found.length > 1) {
    const names = found.map(({ name }) => name).join(", ");
    throw new UsageError(`Cannot use ${specifier}: choose one of ${names} with --export`);
  }
  return first.protocol;
}

async function importModule(specifier: string): Promise<Record<string, unknown>> {
  try {
    return await import(urlOf(specifier).href);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new UsageError(`Cannot load ${specifier}: ${reason}`);
  }
}

function asProtocol(value: unknown): ProtocolCore | undefined {
  if (value instanceof ProtocolCore) return value;
  if (typeof value !== "object" || value === null || !("protocol" in value)) return undefined;
  return value.protocol instanceof ProtocolCore ? value.protocol : undefined;
}

/** Runs a tool and turns a {@link UsageError}, or an argument that `parseArgs` refuses, into an exit code. */
export async function runTool(output: Output, tool: () => Promise<number>): Promise<number> {
  try {
    return await tool();
  } catch (error) {
    const isArgument = error instanceof TypeError && "code" in error &&
      String(error.code).startsWith("ERR_PARSE_ARGS");
    if (!(error instanceof UsageError) && !isArgument) throw error;
    output.error(error.message);
    output.error("Run with --help for the options.");
    return EXIT_USAGE;
  }
}
