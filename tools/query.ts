/**
 * Asks a server about itself, and how far away it is.
 *
 *   deno run -A tools/query.ts tickwire://play.example.org:9999 --count 10
 *
 * @module
 */
import { queryServer, type ServerDescription } from "../client/query.ts";
import { ConnectError } from "../client/errors.ts";
import { parseConnectUrl } from "../protocol/connect_url.ts";
import { runCommand } from "../server/cli_command.ts";
import { flag, UsageError } from "../server/cli_flags.ts";
import { type Output, stdout } from "../server/cli_output.ts";
import { onStopSignal } from "../server/cli_signals.ts";
import { cleanText } from "../examples/player_text.ts";

/** What a row of questions found. */
interface Summary {
  readonly sent: number;
  readonly received: number;
  readonly rttMs: { readonly min: number; readonly mean: number; readonly max: number } | null;
}

/** Prints what a server says of itself. Whoever it is wrote the texts. */
function printDescription(output: Output, url: string, server: ServerDescription): void {
  const { hostname, port } = parseConnectUrl(url);
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  const rows: [string, string][] = [
    ["name", cleanText(server.name)],
    ["game", `${cleanText(server.game)}, version ${server.protocolVersion}`],
    ["players", `${server.players} of ${server.capacity}`],
    ["ticket", server.needsTicket ? "needed" : "not needed"],
    ["new players", server.draining ? "refused: the server is about to stop" : "welcome"],
    ["url", `tickwire://${host}:${port}#${server.keyText}`],
  ];
  for (const [name, value] of rows) output.line(`${name.padEnd(12)} ${value}`);
  output.line("Nothing of this is proven: compare the key with one that you trust.");
}

function summarize(sent: number, rttsMs: readonly number[]): Summary {
  if (rttsMs.length === 0) return { sent, received: 0, rttMs: null };
  const mean = rttsMs.reduce((sum, rttMs) => sum + rttMs, 0) / rttsMs.length;
  const rttMs = { min: Math.min(...rttsMs), mean, max: Math.max(...rttsMs) };
  return { sent, received: rttsMs.length, rttMs };
}

/** Resolves at ctrl-C, or when the time is over. */
function pause(ms: number, stopped: Promise<void>): Promise<void> {
  return Promise.race([stopped, new Promise<void>((resolve) => setTimeout(resolve, ms))]);
}

await runCommand({
  usage: "tools/query.ts URL [options]",
  about: "Asks a server about itself, and how far away it is. Nobody has to join for it.",
  positionals: [1, 1],
  flags: {
    count: flag.integer("N", "Round trips to measure, 0 for as many as until ctrl-C; default 4", {
      min: 0,
      max: 1e6,
      default: 4,
    }),
    interval: flag.number("SECONDS", "Time from one to the next; default 1", {
      min: 0.05,
      max: 3600,
      default: 1,
    }),
    timeout: flag.number("SECONDS", "How long to wait for an answer; default 5", {
      min: 0.1,
      max: 60,
      default: 5,
    }),
    json: flag.toggle("One JSON object per line"),
  },
}, async ({ values, positionals: [url = ""] }) => {
  const { json } = values;
  const timeoutMs = values.timeout * 1000;
  let isOver = false;
  const stopped = onStopSignal().then(() => {
    isOver = true;
  });
  try {
    parseConnectUrl(url);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const first = await queryServer(url, { timeoutMs });
  const { key: _, rttMs: __, ...description } = first;
  if (json) stdout.json({ event: "info", ...description });
  else printDescription(stdout, url, first);

  const rttsMs: number[] = [];
  let sent = 0;
  while (!isOver && (values.count === 0 || sent < values.count)) {
    const startedAtMs = performance.now();
    sent++;
    try {
      const { rttMs, players } = await queryServer(url, { timeoutMs });
      rttsMs.push(rttMs);
      if (json) stdout.json({ event: "ping", rttMs, players });
      else stdout.line(`${rttMs.toFixed(1)} ms  ${players} players`);
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error;
      if (json) stdout.json({ event: "ping", rttMs: null });
      else stdout.line("no answer");
    }
    if (sent === values.count) break;
    await pause(startedAtMs + values.interval * 1000 - performance.now(), stopped);
  }
  const summary = summarize(sent, rttsMs);
  if (json) stdout.json({ event: "done", ...summary });
  else if (summary.rttMs !== null) {
    const { min, mean, max } = summary.rttMs;
    stdout.line(
      `${summary.received} of ${sent} answered; round trip at least ${min.toFixed(1)} ms, ` +
        `on average ${mean.toFixed(1)} ms, at most ${max.toFixed(1)} ms`,
    );
  }
  return summary.received === 0 && sent > 0 ? 1 : 0;
});
