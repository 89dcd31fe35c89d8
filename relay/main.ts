/**
 * Runs a relay, a director, or both: `deno run -A relay/main.ts` is a whole network on one host.
 *
 * @module
 */
import { join } from "node:path";
import release from "../deno.json" with { type: "json" };
import type { Command } from "../server/cli_command.ts";
import { runCommand } from "../server/cli_command.ts";
import { flag, type FlagValues, UsageError } from "../server/cli_flags.ts";
import { configureLogging, LOG_LEVELS } from "../server/cli_logging.ts";
import { SIM_NOTES, simFlag } from "../server/cli_options.ts";
import { stdout } from "../server/cli_output.ts";
import { onStopSignal } from "../server/cli_signals.ts";
import { loadOrCreateKey } from "../server/key_file.ts";
import { parseAdvertised } from "./process/advertised_address.ts";
import { hostRelay } from "./process/host_relay.ts";
import { DEFAULT_FOLDER } from "./process/next_steps.ts";
import type { RelayConfig } from "./process/relay_config.ts";
import { JsonRelayReport, TextRelayReport } from "./process/relay_report.ts";
import { DEFAULT_RELAY_PORT } from "./serve_relay.ts";

const flags = {
  role: flag.choice(["both", "relay", "director"], "What this process is; default both", {
    default: "both",
  }),
  region: flag.text("NAME", "Where the relay is; default local", { default: "local" }),
  zone: flag.text("NAME", "Whose network or zone it is in: standby routes go through another"),
  id: flag.text("NAME", "Id of the relay, one per relay; default REGION-1"),
  host: flag.text("ADDRESS", "Address for UDP; default: all, IPv6 and IPv4"),
  port: flag.integer(
    "PORT",
    `UDP port of the first shard, 0 for a free one; default ${DEFAULT_RELAY_PORT}`,
    { min: 0, max: 65_535, default: DEFAULT_RELAY_PORT },
  ),
  advertise: flag.parsed(
    "HOST[:PORT]",
    "IP address, and port of the first shard, under which the world\nreaches the relay;" +
      " default: the first address of this machine",
    parseAdvertised,
  ),
  httpHost: flag.text(
    "ADDRESS",
    "Address for HTTP: the director's API and status pages;\ndefault 127.0.0.1",
    { default: "127.0.0.1" },
  ),
  httpPort: flag.integer(
    "PORT",
    "TCP port for HTTP, 0 for a free one; default 9980,\n9981 for a relay alone",
    { min: 0, max: 65_535 },
  ),
  publicUrl: flag.text("URL", "Where clients reach the director's API; default: where it listens"),
  behindProxy: flag.toggle("A proxy in front of HTTP appends to X-Forwarded-For"),
  shards: flag.integer(
    "N",
    "Shards, each with a thread and a port of its own; default 1",
    { min: 1, max: 256, default: 1 },
  ),
  shard: flag.integer("N", "Number of the first shard; default 0", {
    min: 0,
    max: 255,
    default: 0,
  }),
  steered: flag.toggle("All shards are reached at one port: nftables steers by the shard byte"),
  stun: flag.toggle(
    "Answers STUN Binding requests on the relay's ports, for tools that look at NATs",
  ),
  capacity: flag.integer("N", "Sessions of each shard at once; default 4096", {
    min: 1,
    max: 65_536,
  }),
  ceilingPps: flag.integer(
    "N",
    "Frames a second that each shard can take, as measured:\nfrom 80 % on load is shed",
    { min: 1 },
  ),
  egressCostMs: flag.number("MS", "What its traffic costs, as a detour in milliseconds", {
    min: 0,
    max: 10_000,
  }),
  director: flag.text("URL", "The director of a relay alone"),
  tokenFile: flag.text("FILE", "The relay's token; default relay.token in the data folder"),
  nats: flag.texts("URL", "NATS server of the directory, for several directors; repeatable"),
  keyRotation: flag.number("HOURS", "How long tickets are sealed with one key; default 24", {
    min: 1,
    max: 720,
    default: 24,
  }),
  maxRelays: flag.integer("N", "Most relays of a route, 1 to 3; default 2", {
    min: 1,
    max: 3,
    default: 2,
  }),
  drainSeconds: flag.number(
    "N",
    "On ctrl-C, refuse new sessions and wait this long for the\nothers to move to other relays; default 30",
    { min: 0, max: 1e6, default: 30 },
  ),
  takeover: flag.toggle("Takes the place of a running process of the same id, with its sessions"),
  data: flag.text("FOLDER", "Keys and tokens, for their owner only; default .tickwire", {
    default: DEFAULT_FOLDER,
  }),
  sim: simFlag,
  json: flag.toggle("One JSON object per line on standard output, nothing else there"),
  statsSeconds: flag.number("N", "A line of statistics every so often, 0 for none; default 5", {
    min: 0,
    max: 1e6,
    default: 5,
  }),
  logLevel: flag.choice(LOG_LEVELS, "Least important log that is shown; default info", {
    default: "info",
  }),
};

const command: Command<typeof flags> = {
  usage: "relay/main.ts [options]",
  about: "Forwards sessions of games between players and servers, also behind NAT and across" +
    "\nregions, and issues the tickets for it. Without options: a whole network on this host.",
  flags,
  notes: SIM_NOTES,
};

await runCommand(command, async ({ values }) => {
  const config = await configOf(values);
  const flushLogs = await configureLogging({ level: values.logLevel, accessLog: undefined });
  try {
    await hostRelay(config, {
      report: values.json ? new JsonRelayReport(stdout) : new TextRelayReport(stdout),
      stopSignal: onStopSignal(),
      commandOf: (file) => `deno run -A ${pathOf(file)}`,
    });
  } finally {
    await flushLogs();
  }
});

async function configOf(values: FlagValues<typeof flags>): Promise<RelayConfig> {
  const { role, region, director, data, nats, tokenFile } = values;
  const id = values.id ?? `${region}-1`;
  checkName("id", id);
  checkName("region", region);
  if (values.zone !== undefined) checkName("zone", values.zone);
  if (role === "relay" && director === undefined) {
    throw new UsageError("--role relay: name its director with --director URL");
  }
  if (role !== "relay" && (director !== undefined || tokenFile !== undefined)) {
    throw new UsageError("--director and --token-file are for --role relay");
  }
  if (role === "relay" && nats.length > 0) {
    throw new UsageError("--nats is for directors: a relay speaks to its director");
  }
  if (role === "director" && values.takeover) {
    throw new UsageError("--takeover: a director has no sessions to take over; just start it anew");
  }
  const { key } = await loadOrCreateKey(join(data, `${id}.key`), "relay");
  return {
    role,
    id,
    region,
    zone: values.zone,
    egressCostMs: values.egressCostMs,
    version: release.version,
    host: values.host,
    port: values.port,
    httpHost: values.httpHost,
    httpPort: values.httpPort,
    publicUrl: values.publicUrl?.replace(/\/$/, ""),
    behindProxy: values.behindProxy,
    advertise: values.advertise,
    shards: values.shards,
    firstShard: values.shard,
    isSteered: values.steered,
    answersStun: values.stun,
    capacity: values.capacity,
    ceilingPps: values.ceilingPps,
    directorUrl: director?.replace(/\/$/, ""),
    tokenFile,
    nats,
    keyPeriodMs: values.keyRotation * 3_600_000,
    maxRelays: values.maxRelays,
    drainMs: values.drainSeconds * 1_000,
    takesOver: values.takeover,
    sim: values.sim,
    statsMs: values.statsSeconds * 1_000,
    folder: data,
    secretKey: key,
  };
}

function checkName(name: string, text: string): void {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(text)) return;
  throw new UsageError(`--${name} ${text}: expected 1 to 64 letters, digits, "_" or "-"`);
}

/** A file of this repository as it can be named from here: relative, or the URL that we came from. */
function pathOf(file: string): string {
  const url = new URL(`../${file}`, import.meta.url);
  if (url.protocol !== "file:") return url.href;
  const path = decodeURIComponent(url.pathname);
  const here = `${Deno.cwd()}/`;
  return path.startsWith(here) ? path.slice(here.length) : path;
}
