/**
 * Hosts a game from its first line of output to its last.
 *
 * @module
 */
import { getLogger } from "npm:@logtape/logtape@2.4.2";
import type { ProtocolCore } from "../schema/mod.ts";
import { isLoopback } from "../protocol/address.ts";
import { DirectorRequestError } from "../transport/director_http.ts";
import { TransportError } from "../transport/errors.ts";
import { hasListenDatagram } from "../transport/udp.ts";
import { UsageError } from "./cli_flags.ts";
import { parseFlags } from "./cli_line.ts";
import { ServerMeter } from "./cli_meter.ts";
import type { HostValues } from "./cli_options.ts";
import { stderr, stdout } from "./cli_output.ts";
import { hostRecording } from "./cli_recording.ts";
import { type HostReport, type JoinInfo, JsonReport, TextReport } from "./cli_report.ts";
import { relayOptionsOf } from "./cli_relay.ts";
import { onStopSignal } from "./cli_signals.ts";
import { type Game, type RunningGame, startGame } from "./game.ts";
import { loadOrCreateKey, readKeyFile } from "./key_file.ts";
import type { ServeOptions } from "./options.ts";
import type { ServerRelay } from "./server_relay.ts";
import type { Server } from "./server.ts";
import type { TickCounters } from "./tick_loop.ts";

/** What is hosted. */
export interface HostedGame {
  /** The game. */
  readonly game: Game;
  /** Path or URL of its module; empty for the one that is built in. */
  readonly module: string;
  /** What the command line said. */
  readonly values: HostValues;
  /** What stands after `--`. */
  readonly gameArgs: readonly string[];
  /**
   * What to do next, given the connect URL, where players may use it, and the join URL, if there is one: what
   * for, and the command.
   */
  readonly nextSteps: (
    url: string | undefined,
    joinUrl: string | undefined,
  ) => readonly (readonly [string, string])[];
}

/** A server of whatever game; only the game itself knows its types. */
type HostedServer = Server<ProtocolCore, unknown>;

/** At most one warning about slow ticks in this time. */
const OVERRUN_WARNING_MS = 5_000;

/** One slow tick is what a compiler or a collector takes now and then. */
const MIN_OVERRUNS = 2;

/** How often the tick is looked at. */
const WATCH_INTERVAL_MS = 1_000;

/** What whoever reads a director's refusal can do about it. */
const DIRECTOR_ADVICE: Readonly<Record<string, string>> = {
  "unreachable": "; start one with `deno run -A relay/main.ts`, or correct --relay",
  "unauthorized": "; --relay-token names the director's file server.token",
  "forbidden": "; --relay-token names the director's file server.token",
};

/** How long a game's `stop` may take. */
const GAME_STOP_MS = 5_000;

/**
 * Runs a game until somebody stops the process.
 *
 * @returns The exit code.
 * @throws UsageError, KeyFileError, TransportError when it cannot start.
 */
export async function hostGame(hosted: HostedGame): Promise<number> {
  const { game, module, values, gameArgs, nextSteps } = hosted;
  const logger = getLogger(["tickwire", "game", game.name]);
  const { values: flags, positionals: args } = parseFlags(game.flags, gameArgs);
  const options = await serveOptionsOf(game, values);
  const report = values.json ? new JsonReport(stdout) : new TextReport(stdout);
  if (values.json) keepStandardOutputClean();
  const stopSignal = onStopSignal();
  const { record, wallClockMs, watch } = hostRecording(values, module, gameArgs);
  const started = await startGame(
    game,
    record === undefined ? options : { ...options, record },
    { flags, args, logger, wallClockMs },
  ).catch(explainStart);
  const { server } = started;
  const running = watch(started.running);
  const tickHz = options.tickHz ?? game.tickHz ?? 0;
  server.on("connected", (peer) => report.connected(peer));
  server.on("disconnected", (peer, info) => report.disconnected(peer, info));
  const { hostname: host, port } = server.address;
  const url = server.url(values.publicHost);
  const networkUrl = values.publicHost === undefined ? networkUrlOf(server) : undefined;
  const { relay } = server;
  const join = relay && joinInfoOf(relay);
  // Where nobody may come without relays, the server's own URL leads nowhere.
  const isHidden = relay?.exposure === "never";
  report.ready({
    url,
    networkUrl,
    host,
    port,
    game: game.name,
    tickHz,
    join,
    isHidden,
    nextSteps: nextSteps(isHidden ? undefined : url, join?.url),
  });
  if (relay !== undefined) {
    server.on("joinCode", () => {
      const changed = joinInfoOf(relay);
      if (changed !== undefined) report.joinCode(changed);
    });
  }
  if (!hasListenDatagram()) {
    stderr.line("Using node:dgram: `deno run --unstable-net -A …` is three times as fast.");
  }
  const stopTimers = startTimers(server, running, report, values.statsSeconds, tickHz);
  await stopSignal;
  await stop(server, running, report, values.drainSeconds);
  stopTimers();
  report.stopped();
  return 0;
}

async function serveOptionsOf(game: Game, values: HostValues): Promise<ServeOptions<unknown>> {
  const { host, port, tickHz, name, maxPeers, maxPeersPerAddress, sim } = values;
  if (tickHz === 0 && (game.tickHz ?? 0) > 0) {
    throw new UsageError(`--tick-hz 0: ${game.name} runs in ticks, ${game.tickHz} a second`);
  }
  const { key } = await loadOrCreateKey(values.keyFile, "server");
  const ticketKeys = await Promise.all(values.ticketKey.map((file) => readKeyFile(file, "ticket")));
  if (values.requireTicket && ticketKeys.length === 0) {
    throw new UsageError("--require-ticket: give the key of an issuer with --ticket-key FILE");
  }
  const { limits } = game.options ?? {};
  const relay = await relayOptionsOf(values);
  return {
    port,
    key,
    ticketKeys,
    requireTicket: values.requireTicket,
    development: values.development,
    ...(relay === undefined ? {} : { relay }),
    ...(host === undefined ? {} : { hostname: host }),
    ...(tickHz === undefined ? {} : { tickHz }),
    ...(name === undefined ? {} : { name }),
    ...(maxPeers === undefined ? {} : { maxPeers }),
    ...(sim === undefined ? {} : { sim }),
    ...(maxPeersPerAddress === undefined
      ? {}
      : { limits: { ...limits, sessionsPerAddress: maxPeersPerAddress } }),
  };
}

function joinInfoOf({ joinCode, joinUrl }: ServerRelay): JoinInfo | undefined {
  return joinCode === undefined || joinUrl === undefined
    ? undefined
    : { code: joinCode, url: joinUrl };
}

/** Adds to an error of starting what its reader can do about it. */
function explainStart(error: unknown): never {
  if (error instanceof DirectorRequestError) {
    const advice = DIRECTOR_ADVICE[error.code] ?? "";
    throw new DirectorRequestError(error.code, `${error.message}${advice}`, { cause: error });
  }
  if (!(error instanceof TransportError)) throw error;
  const advice = error.code === "address-in-use"
    ? "; stop the program that has it, or choose another with --port (0 picks a free one)"
    : error.code === "address-not-available"
    ? "; --host takes an address of this machine, and without it all are used"
    : "";
  throw new TransportError(error.code, error.message + advice, { cause: error });
}

/** How other machines reach a server that listens on every address; `undefined` where nobody knows. */
function networkUrlOf(server: HostedServer): string | undefined {
  const { hostname } = server.address;
  if (hostname !== "::" && hostname !== "0.0.0.0") return undefined;
  try {
    const own = Deno.networkInterfaces().find(({ family, address }) =>
      family === "IPv4" && !isLoopback(address)
    );
    return own && server.url(own.address);
  } catch {
    // Without permission to look; the URL of this machine is what remains.
    return undefined;
  }
}

/** Whoever reads the lines must not stumble over what a game prints. */
function keepStandardOutputClean(): void {
  const { error } = console;
  // deno-lint-ignore no-console -- this is about what others write there.
  for (const method of ["log", "info", "debug"] as const) console[method] = error;
}

function startTimers(
  server: HostedServer,
  running: RunningGame,
  report: HostReport,
  statsSeconds: number,
  tickHz: number,
): () => void {
  const timers: ReturnType<typeof setInterval>[] = [];
  if (statsSeconds > 0) {
    const meter = new ServerMeter(server);
    timers.push(setInterval(() => {
      report.stats(meter.measure(), server.stats(), running.statusLine?.() ?? "");
    }, statsSeconds * 1000));
  }
  if (tickHz > 0) timers.push(setInterval(watchTicks(server, report, tickHz), WATCH_INTERVAL_MS));
  return () => timers.forEach((timer) => clearInterval(timer));
}

/** Warns of slow ticks, and sums up what happened since the last warning. */
function watchTicks(server: HostedServer, report: HostReport, tickHz: number): () => void {
  let warned: TickCounters | undefined;
  let warnedAtMs = -Infinity;
  return () => {
    const { tick } = server.stats();
    const nowMs = performance.now();
    if (tick === undefined || nowMs - warnedAtMs < OVERRUN_WARNING_MS) return;
    const overruns = tick.overruns - (warned?.overruns ?? 0);
    const skipped = tick.skipped - (warned?.skipped ?? 0);
    if (overruns < MIN_OVERRUNS && skipped === 0) return;
    warned = { ...tick };
    warnedAtMs = nowMs;
    const { longestMs } = tick;
    report.tickOverrun({ overruns, skipped, longestMs, periodMs: 1000 / tickHz });
  };
}

async function stop(
  server: HostedServer,
  running: RunningGame,
  report: HostReport,
  drainSeconds: number,
): Promise<void> {
  if (drainSeconds > 0) {
    report.draining(server.peers.size, drainSeconds);
    await server.drain(drainSeconds * 1000);
  }
  await Promise.race([
    Promise.resolve(running.stop?.()).catch((error) => {
      getLogger(["tickwire", "server"]).error("The game failed to stop: {error}", { error });
    }),
    new Promise((resolve) => setTimeout(resolve, GAME_STOP_MS)),
  ]);
  await server.close();
}
