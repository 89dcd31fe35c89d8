/**
 * Thousands of players for a server: a load test, or company for a developer.
 *
 *   deno run -A tools/bots.ts --count 200 --rate 30 --seconds 20 --url tickwire://127.0.0.1:9999
 *
 * @module
 */
import { queryServer } from "../client/query.ts";
import { type ConnectUrl, formatConnectUrl, parseConnectUrl } from "../protocol/connect_url.ts";
import { isJoinUrl, parseJoinUrl } from "../protocol/join_url.ts";
import { runCommand } from "../server/cli_command.ts";
import { flag, type FlagValues, UsageError } from "../server/cli_flags.ts";
import { importDefault, type ModuleKind, moduleUrl, wrongDefault } from "../server/cli_module.ts";
import { SIM_NOTES, simFlag } from "../server/cli_options.ts";
import { stderr, stdout } from "../server/cli_output.ts";
import { onStopSignal } from "../server/cli_signals.ts";
import type { FleetOptions } from "./bot_messages.ts";
import { BotCrew } from "./bot_crew.ts";
import { BotProgress } from "./bot_progress.ts";
import { type BotSummary, BotTally, missedObjectives } from "./bot_summary.ts";
import { isBot } from "./define_bot.ts";
import { checkOpenFiles } from "./open_files.ts";

/** Bots of the games of this repository, for who names none. */
const KNOWN_GAMES: ReadonlySet<string> = new Set(["arena", "chat", "echo"]);

/** A thread carries more, but two are quicker. */
const BOTS_PER_WORKER = 1_000;

/** Share of actions that a collector's pause may cost without a word about it. */
const TOLERATED_SKIPS = 0.01;

/** Exit code of a run that missed an objective. */
const MISSED_EXIT_CODE = 2;

/** Where to: a join URL stays as it is. */
function parseUrl(text: string): ConnectUrl | string {
  if (!isJoinUrl(text)) return parseConnectUrl(text);
  parseJoinUrl(text);
  return text;
}

const flags = {
  count: flag.integer("N", "Bots; default 1", { min: 1, max: 100_000, default: 1 }),
  speed: flag.number("SECONDS", "Seconds from one action of a bot to the next; default 1", {
    min: 0.001,
    max: 3600,
  }),
  rate: flag.number("PER_SECOND", "Actions a second of each bot, instead of --speed", {
    min: 0.001,
    max: 1_000,
  }),
  host: flag.text("HOST", "Server to connect to; default localhost", { default: "localhost" }),
  port: flag.integer("PORT", "Its port; default 9999", { min: 1, max: 65_535, default: 9999 }),
  url: flag.parsed("URL", "Connect or join URL, instead of --host and --port", parseUrl),
  bot: flag.text(
    "MODULE",
    "Bot module; default: the one of the game that the server runs, or echo",
  ),
  ramp: flag.number("PER_SECOND", "Bots that connect a second; default 200", {
    min: 0.1,
    max: 1e5,
    default: 200,
  }),
  churn: flag.number("PER_SECOND", "Bots a second that leave and are replaced; default 0", {
    min: 0,
    max: 1e4,
    default: 0,
  }),
  sim: simFlag,
  seconds: flag.number("S", "How long, the ramp included; default 10", {
    min: 0.1,
    max: 1e6,
    default: 10,
  }),
  workers: flag.integer("N", `Threads; default: one per ${BOTS_PER_WORKER} bots`, {
    min: 1,
    max: 64,
  }),
  seed: flag.integer("N", "Decides what bots do at random; default: another one each time", {
    min: 0,
    max: 0xffff_ffff,
  }),
  json: flag.toggle("The summary as one JSON object on standard output"),
  failLoss: flag.number("PERCENT", "Exit with 2 when more than this is lost", { min: 0, max: 100 }),
  failRttP99: flag.number("MS", "Exit with 2 when the 99th percentile of round trips is above", {
    min: 0,
  }),
  failConnect: flag.number("PERCENT", "Exit with 2 when more than this fails to connect", {
    min: 0,
    max: 100,
  }),
};

type Values = FlagValues<typeof flags>;

const BOT: ModuleKind = { what: "bot", maker: "defineBot" };

/** Whom to connect to: a load test trusts the server that it is pointed at. */
async function findServer(values: Values): Promise<{ url: string; game: string }> {
  if (typeof values.url === "string") {
    // Every bot joins by itself, as players do; the director says which key to trust.
    const { game } = await queryServer(values.url);
    return { url: values.url, game };
  }
  const target = values.url ?? { hostname: values.host, port: values.port, serverKey: undefined };
  const { key, game } = await queryServer(formatConnectUrl({ ...target, serverKey: undefined }));
  return { url: formatConnectUrl({ ...target, serverKey: target.serverKey ?? key }), game };
}

async function findBot(named: string | undefined, game: string): Promise<string> {
  const known = KNOWN_GAMES.has(game) ? game : "echo";
  const url = named === undefined
    ? new URL(`../examples/${known}/bot.ts`, import.meta.url).href
    : await moduleUrl(named, BOT.what);
  const bot = await importDefault(url, BOT);
  if (!isBot(bot)) throw wrongDefault(named ?? url, BOT);
  if (bot.protocol.name !== game) {
    throw new UsageError(
      `the server runs ${game}, the bot plays ${bot.protocol.name}; name its bot with --bot MODULE`,
    );
  }
  return url;
}

/** Shares the bots out to workers. */
function fleetsOf(values: Values, url: string, botUrl: string): FleetOptions[] {
  const { count, ramp, churn, sim, seconds } = values;
  const ratePerSecond = values.rate ?? 1 / (values.speed ?? 1);
  const workers = Math.min(count, values.workers ?? Math.ceil(count / BOTS_PER_WORKER));
  const seed = values.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]!;
  return Array.from({ length: workers }, (_, worker) => {
    const firstNumber = Math.floor(worker * count / workers);
    const own = Math.floor((worker + 1) * count / workers) - firstNumber;
    return {
      url,
      botUrl,
      count: own,
      firstNumber,
      ratePerSecond,
      rampPerSecond: ramp * own / count,
      churnPerSecond: churn * own / count,
      sim,
      seed,
      seconds,
    };
  });
}

function printSummary(summary: BotSummary): void {
  const { clients, connected, failed, dropped, sent, received, lost, rttMs, connectMs } = summary;
  const ms = (value: number | null): string => value === null ? "-" : `${value.toFixed(2)} ms`;
  const failures = Object.entries(failed).map(([code, count]) => `${count} ${code}`).join(", ");
  const { bytes, seconds } = summary;
  const rows = [
    ["bots", `${clients} wanted, ${connected} connected, ${dropped} dropped`],
    ["failed", failures === "" ? "none" : failures],
    ["messages", `${sent} sent, ${received} received, ${lost} lost`],
    ["round trip", `p50 ${ms(rttMs.p50)}  p90 ${ms(rttMs.p90)}  p99 ${ms(rttMs.p99)}`],
    ["", `longest ${ms(rttMs.max)}`],
    ["connecting", `p50 ${ms(connectMs.p50)}  p99 ${ms(connectMs.p99)}`],
    ["traffic", `${bytes.sent} bytes out, ${bytes.received} bytes in, ${seconds} s`],
  ];
  for (const [name = "", text = ""] of rows) stdout.line(`${name.padEnd(11)} ${text}`);
}

await runCommand({
  usage: "tools/bots.ts [options]",
  about: "Bots for a game server: a load test, or company for a developer.",
  flags,
  notes: SIM_NOTES,
}, async ({ values }) => {
  if (values.speed !== undefined && values.rate !== undefined) {
    throw new UsageError("--speed and --rate say the same; give one of them");
  }
  await checkOpenFiles(values.count);
  const stopSignal = onStopSignal();
  const { url, game } = await findServer(values);
  const botUrl = await findBot(values.bot, game);
  const tally = new BotTally();
  const startedAtMs = performance.now();
  const elapsed = (): number => (performance.now() - startedAtMs) / 1000;
  const crew = new BotCrew(fleetsOf(values, url, botUrl), tally);
  stopSignal.then(() => crew.stop());
  const progress = new BotProgress(stderr, tally, values.count, elapsed);
  try {
    await crew.finished;
  } finally {
    progress.stop();
  }
  const summary = tally.summary(values.count, elapsed());
  const missed = missedObjectives(summary, values);
  if (values.json) stdout.json({ event: "done", ...summary, missed });
  else printSummary(summary);
  if (summary.skipped > summary.sent * TOLERATED_SKIPS) {
    stderr.line(
      `The bots did not keep up: ${summary.skipped} actions left out; try more --workers.`,
    );
  }
  for (const objective of missed) stderr.line(`${stderr.paint("red", "missed:")} ${objective}`);
  if (missed.length > 0) return MISSED_EXIT_CODE;
  if (summary.connected > 0) return 0;
  stderr.line(`${stderr.paint("red", "error:")} not a single bot could connect`);
  return 1;
});
