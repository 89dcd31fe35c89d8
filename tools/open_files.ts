/**
 * Whether this process may open as many sockets as it is about to.
 *
 * @module
 */
import { UsageError } from "../server/cli_flags.ts";

/** What a process has open besides: modules, terminals, the event loop. */
const OTHER_FILES = 64;

/** The limit in a text such as that of `/proc/self/limits`; `undefined` when it says nothing of it. */
export function openFilesLimit(limits: string): number | undefined {
  const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(limits) ?? [];
  return soft === undefined ? undefined : soft === "unlimited" ? Infinity : Number(soft);
}

/**
 * Makes sure that so many sockets can be opened, where the system tells.
 *
 * @throws UsageError that says how to raise the limit.
 */
export async function checkOpenFiles(sockets: number): Promise<void> {
  // Linux only; elsewhere opening a socket fails in its own words.
  const limits = await Deno.readTextFile("/proc/self/limits").catch(() => "");
  const limit = openFilesLimit(limits) ?? Infinity;
  const needed = sockets + OTHER_FILES;
  if (needed <= limit) return;
  throw new UsageError(
    `${sockets} bots need ${needed} open files, but this shell allows ${limit}; ` +
      `run first: ulimit -n ${needed}`,
  );
}
