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

Usage: deno run -R tools/schema_check.ts <module> ... [options]

  <module>          a module that exports a protocol, or a game that has one
  --export <name>   which export, when a module has several protocols
  --lock <file>     the record of released versions; default: schema.lock.json
  --write           record the versions that are not recorded yet (needs -W)
  --help            this text

Record a version when it is released, and commit the file. A recorded version is never
overwritten: raise the protocol's version instead, and keep the old one with accepts.
One that was recorded but never released is taken out of the file by hand.

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
    const protocols = await loadAll(positionals, values.export);
    const lock = await readLock(values.lock);
    const changed = protocols.filter((protocol) =>
      compare(protocol, lock[protocol.name] ?? {}, output)
    );
    if (changed.length > 0) return EXIT_FAILED;
    if (values.write) await record(protocols, lock, values.lock, output);
    return EXIT_OK;
  });
}

/** The protocols of all modules, each once. */
async function loadAll(
  modules: readonly string[],
  exportName: string | undefined,
): Promise<ProtocolCore[]> {
  if (modules.length === 0) throw new UsageError("Name at least one module");
  const byName = new Map<string, ProtocolCore>();
  for (const module of modules) {
    const protocol = await loadProtocol(module, exportName);
    const known = byName.get(protocol.name);
    if (known !== undefined && known !== protocol) {
      throw new UsageError(`Cannot check ${module}: another module has a "${protocol.name}" too`);
    }
    byName.set(protocol.name, protocol);
  }
  return [...byName.values()];
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
  protocols: readonly ProtocolCore[],
  lock: Lock,
  path: string,
  output: Output,
): Promise<void> {
  const next: Lock = { ...lock };
  for (const { name, tables } of protocols) {
    const versions = next[name] = { ...next[name] };
    for (const { version, idHex, projection } of tables) {
      if (versions[version] !== undefined) continue;
      versions[version] = { id: idHex, projection: projection.split("\n") };
      output.log(`${name} version ${version}: recorded, id ${idHex}`);
    }
  }
  const sorted = Object.fromEntries(Object.entries(next).sort(([a], [b]) => a < b ? -1 : 1));
  const text = `${JSON.stringify(sorted, null, 2)}\n`;
  if (text !== `${JSON.stringify(lock, null, 2)}\n`) await Deno.writeTextFile(path, text);
}

if (import.meta.main) Deno.exit(await schemaCheck(Deno.args));
