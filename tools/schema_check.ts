/**
 * Guards released wires: compares each version of a protocol with what `schema.lock.json` recorded
 * of it, and says which field changed.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { ProtocolCore } from "../schema/mod.ts";
import { describeDifference } from "../schema/mismatch.ts";
import {
  EXIT_FAILED,
  EXIT_OK,
  loadProtocol,
  type Output,
  runTool,
  terminal,
  UsageError,
} from "./schema_module.ts";

const HELP = `Checks that the wire of released protocol versions has not changed.

Usage: deno run -R tools/schema_check.ts <module> [options]

  <module>          a module that exports a protocol, or a game that has one
  --export <name>   which export, when there are several protocols
  --lock <file>     the record of released versions; default: schema.lock.json
  --write           record the versions that are not recorded yet (needs -W)
  --help            this text

Record a version when it is released, and commit the file. A recorded version is never
overwritten: raise the protocol's version instead, and keep the old one with accepts.

Exit codes: 0 when every recorded version is unchanged, 1 when one has changed,
2 when the command line or the module is wrong.`;

/** A recorded version. */
interface LockedVersion {
  /** The protocol id in hexadecimal digits. */
  readonly id: string;
  /** The projection, line by line. */
  readonly projection: readonly string[];
}

/** The lock file: protocols by name, their versions by number. */
type Lock = Record<string, Record<string, LockedVersion>>;

/** Runs the tool; returns its exit code. */
export function schemaCheck(args: readonly string[], output: Output = terminal): Promise<number> {
  return runTool(output, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        export: { type: "string" },
        lock: { type: "string", default: "schema.lock.json" },
        write: { type: "boolean", default: false },
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
    const lock = await readLock(values.lock);
    const changed = compare(protocol, lock[protocol.name] ?? {}, output);
    if (changed) return EXIT_FAILED;
    if (values.write) await record(protocol, lock, values.lock, output);
    return EXIT_OK;
  });
}

/** Reports every version; returns whether a recorded one has changed. */
function compare(
  protocol: ProtocolCore,
  versions: Record<string, LockedVersion>,
  output: Output,
): boolean {
  let changed = false;
  for (const table of protocol.tables) {
    const label = `${protocol.name} version ${table.version}`;
    const locked = versions[table.version];
    if (locked === undefined) {
      output.log(`${label}: not recorded`);
    } else if (locked.id === table.idHex) {
      output.log(`${label}: unchanged, id ${table.idHex}`);
    } else {
      changed = true;
      const difference = describeDifference(table.projection, locked.projection.join("\n"));
      output.error(`${label}: its wire changed after it was recorded. Now vs then: ${difference}`);
    }
  }
  return changed;
}

async function readLock(path: string): Promise<Lock> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
  try {
    const lock: unknown = JSON.parse(text);
    if (isLock(lock)) return lock;
  } catch {
    // Falls through to the one message for everything that is not a lock file.
  }
  throw new UsageError(`Cannot read ${path}: it is not a lock file of this tool`);
}

function isLock(value: unknown): value is Lock {
  return isObject(value) &&
    Object.values(value).every((versions) =>
      isObject(versions) &&
      Object.values(versions).every((version) =>
        isObject(version) && typeof version.id === "string" && Array.isArray(version.projection) &&
        version.projection.every((line) => typeof line === "string")
      )
    );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function record(
  protocol: ProtocolCore,
  lock: Lock,
  path: string,
  output: Output,
): Promise<void> {
  const versions = { ...lock[protocol.name] };
  let added = 0;
  for (const table of protocol.tables) {
    if (versions[table.version] !== undefined) continue;
    versions[table.version] = { id: table.idHex, projection: table.projection.split("\n") };
    output.log(`${protocol.name} version ${table.version}: recorded, id ${table.idHex}`);
    added++;
  }
  if (added === 0) return;
  const next: Lock = { ...lock, [protocol.name]: versions };
  const sorted = Object.fromEntries(Object.entries(next).sort(([a], [b]) => a < b ? -1 : 1));
  await Deno.writeTextFile(path, `${JSON.stringify(sorted, null, 2)}\n`);
}

if (import.meta.main) Deno.exit(await schemaCheck(Deno.args));
