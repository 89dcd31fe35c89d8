/**
 * Follows one relayed session hop by hop, as its relays count it.
 *
 *   deno run -A tools/relay_trace.ts 0123456789abcdef --relay http://127.0.0.1:9980
 *
 * @module
 */
import { runCommand } from "../server/cli_command.ts";
import { flag, UsageError } from "../server/cli_flags.ts";
import { stderr, stdout } from "../server/cli_output.ts";
import { onStopSignal } from "../server/cli_signals.ts";
import { readTokenFile } from "../server/key_file.ts";
import { type HopDirection, type RelayLook, type TracedRoute, traceSession } from "./relay_path.ts";

/** How long a relay may take to answer. */
const TIMEOUT_MS = 5_000;

/** A relay with thousands of sessions tells of the busiest of them only. */
const MAX_STATUS_BYTES = 16_777_216;

/** One relay's status. Throws Error when it does not answer with one. */
async function lookAt(url: string, token: string | undefined): Promise<RelayLook> {
  const response = await fetch(`${url.replace(/\/$/, "")}/status.json`, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    redirect: "error",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const bytes = await response.bytes();
  if (!response.ok) {
    const why = response.status === 401
      ? "it wants a token: --token-file names the file operator.token of its director"
      : `status ${response.status}`;
    throw new Error(why);
  }
  if (bytes.byteLength > MAX_STATUS_BYTES) throw new Error("its status is too long");
  const json: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (!isLook(json)) throw new Error("what answers is no relay");
  return json;
}

function isLook(json: unknown): json is RelayLook {
  return typeof json === "object" && json !== null && "relayId" in json && "sessions" in json &&
    Array.isArray(json.sessions) && "routes" in json && Array.isArray(json.routes) &&
    "regionMatrix" in json && "takenAtMs" in json;
}

async function lookAtAll(
  urls: readonly string[],
  token: string | undefined,
): Promise<RelayLook[]> {
  const looks: RelayLook[] = [];
  await Promise.all(urls.map(async (url, i) => {
    try {
      looks[i] = await lookAt(url, token);
    } catch (error) {
      stderr.line(`${url}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }));
  return looks.filter((look) => look !== undefined);
}

/** `12 ms  60/s  98.4 kbit/s  lost 0.1 %`. */
function describe({ framesPerSecond, bitsPerSecond, loss }: HopDirection): string {
  if (framesPerSecond === undefined || bitsPerSecond === undefined) return "not counted here";
  const rate = `${framesPerSecond.toFixed(0)}/s ${(bitsPerSecond / 1_000).toFixed(1)} kbit/s`;
  return loss === undefined ? rate : `${rate} lost ${(loss * 100).toFixed(1)} %`;
}

function print(routes: readonly TracedRoute[]): void {
  for (const route of routes) {
    const { relays, epoch, isCarrying, rebinds, refused, silentMs, hops } = route;
    const way = ["client", ...relays, "server"].join(" -> ");
    const state = isCarrying ? stdout.paint("green", "carries data") : "in reserve";
    stdout.line(
      `${stdout.paint("bold", way)}  ${state}, epoch ${epoch}, rebound ${rebinds} times, ` +
        `refused ${refused}, client heard ${(silentMs / 1_000).toFixed(1)} s ago`,
    );
    for (const { from, to, p95RttMs, up, down } of hops) {
      const rtt = p95RttMs === undefined ? "" : `  rtt ${p95RttMs.toFixed(1)} ms`;
      stdout.line(`  ${`${from} -> ${to}`.padEnd(28)} up ${describe(up)}`);
      stdout.line(`  ${`${to} -> ${from}`.padEnd(28)} down ${describe(down)}${rtt}`);
    }
  }
}

function wayOf(routes: readonly TracedRoute[]): string | undefined {
  return routes.find(({ isCarrying }) => isCarrying)?.relays.join(" -> ");
}

await runCommand({
  usage: "tools/relay_trace.ts SESSION --relay URL [--relay URL …] [options]",
  about: "Follows one relayed session hop by hop. SESSION is its id, 16 hexadecimal digits, as\n" +
    "client.stats().route.sessionId and the relays' status pages have it.",
  positionals: [1, 1],
  flags: {
    relay: flag.texts("URL", "Where a relay answers, as in its status page's URL; repeatable"),
    tokenFile: flag.text("FILE", "The operator's token; not needed on the relays' own machine"),
    interval: flag.number("SECONDS", "Time from one look to the next; default 2", {
      min: 0.1,
      max: 3_600,
      default: 2,
    }),
    count: flag.integer("N", "Looks, 0 for as many as until ctrl-C; default 0", {
      min: 0,
      max: 1e6,
      default: 0,
    }),
    json: flag.toggle("One JSON object per line"),
  },
}, async ({ values, positionals: [given = ""] }) => {
  const { relay: urls, interval, count, json } = values;
  const sessionId = given.toLowerCase();
  if (!/^[0-9a-f]{16}$/.test(sessionId)) {
    throw new UsageError(`"${given}" is no session: expected 16 hexadecimal digits`);
  }
  if (urls.length === 0) throw new UsageError("name the relays to ask with --relay URL");
  for (const url of urls) {
    if (!/^https?:/.test(url)) throw new UsageError(`--relay ${url}: expected http://host:port`);
  }
  const token = values.tokenFile === undefined ? undefined : await readTokenFile(values.tokenFile);
  let isOver = false;
  const stopped = onStopSignal().then(() => {
    isOver = true;
  });
  let before: readonly RelayLook[] = await lookAtAll(urls, token);
  let way: string | undefined;
  let failovers = 0;
  let wasFound = false;
  for (let look = 0; !isOver && (count === 0 || look < count); look++) {
    const pause = new Promise<void>((resolve) => setTimeout(resolve, interval * 1_000));
    await Promise.race([stopped, pause]);
    if (isOver) break;
    const now = await lookAtAll(urls, token);
    const routes = traceSession(sessionId, now, before);
    before = now;
    wasFound ||= routes.length > 0;
    const next = wayOf(routes);
    const hasMoved = way !== undefined && next !== undefined && next !== way;
    if (hasMoved) failovers++;
    if (json) stdout.json({ event: "trace", sessionId, failovers, routes });
    else {
      if (hasMoved) stdout.line(stdout.paint("yellow", `The data moved from ${way} to ${next}.`));
      if (routes.length === 0) stdout.line("None of these relays has this session.");
      else print(routes);
    }
    way = next ?? way;
  }
  return wasFound ? 0 : 1;
});
