/**
 * Datagrams that the system dropped before a socket was read: the first sign of a relay that is too slow.
 *
 * @module
 */

const FILES = ["/proc/net/udp", "/proc/net/udp6"] as const;

/**
 * Drops of all sockets of this machine that are bound to one of these ports, or `undefined` where the
 * system does not tell.
 */
export async function kernelDrops(ports: ReadonlySet<number>): Promise<number | undefined> {
  let drops: number | undefined;
  for (const file of FILES) {
    let text: string;
    try {
      text = await Deno.readTextFile(file);
    } catch {
      continue;
    }
    drops = (drops ?? 0) + dropsIn(text, ports);
  }
  return drops;
}

/** Sums the last column of the lines whose local port is one of these; proc(5) has the layout. */
export function dropsIn(text: string, ports: ReadonlySet<number>): number {
  let drops = 0;
  for (const line of text.split("\n").slice(1)) {
    const columns = line.trim().split(/\s+/);
    const port = parseInt(columns[1]?.split(":")[1] ?? "", 16);
    const count = Number(columns.at(-1));
    if (ports.has(port) && Number.isSafeInteger(count)) drops += count;
  }
  return drops;
}
