/**
 * What the small example servers have in common besides their game: a command line, a word that they
 * are ready, and an orderly end. A game of your own needs none of it: `server/main.ts` hosts modules.
 *
 * @module
 */
import type { ProtocolCore, Server } from "../mod.ts";
import { flag, type FlagValues } from "../server/cli_flags.ts";
import { stdout } from "../server/cli_output.ts";
import { onStopSignal } from "../server/cli_signals.ts";

/** Flags of every example server. */
export const serverFlags = {
  host: flag.text("ADDRESS", "Address to listen on; default: all"),
  port: flag.integer("PORT", "UDP port, 0 for a free one; default 9999", {
    min: 0,
    max: 65_535,
    default: 9999,
  }),
  json: flag.toggle("One JSON object per line"),
};

/** The options of `serve()` that those flags say. */
export function addressOf(
  { host, port }: FlagValues<typeof serverFlags>,
): { port: number; hostname?: string } {
  return host === undefined ? { port } : { port, hostname: host };
}

/** Says where the server is, and stops it at ctrl-C. */
export async function runUntilStopped<Data>(
  server: Server<ProtocolCore, Data>,
  { json, client }: {
    /** Whether programs read what is said. */
    readonly json: boolean;
    /** The client to try it with. */
    readonly client: string;
  },
): Promise<void> {
  const stopSignal = onStopSignal();
  const { hostname: host, port } = server.address;
  const url = server.url();
  if (json) stdout.json({ event: "ready", url, host, port });
  else {
    stdout.line(`Ready. In another terminal:\n\n  deno run -A ${client} '${url}'\n`);
    stdout.line("Ctrl-C stops.");
  }
  await stopSignal;
  await server.close();
  if (json) stdout.json({ event: "stopped" });
}
