/**
 * The command line of `server/main.ts`.
 *
 * @module
 */
import { IMPAIRMENT_HELP, parseImpairment } from "../transport/impairment_text.ts";
import { type Flag, flag, type FlagValues } from "./cli_flags.ts";
import type { Command } from "./cli_command.ts";
import { LOG_LEVELS } from "./cli_logging.ts";
import { DEFAULT_KEY_FILE } from "./key_file.ts";
import { DEFAULT_PORT } from "../protocol/connect_url.ts";
import type { Exposure } from "../protocol/relay/hop_ticket.ts";
import { MAX_TICK_HZ } from "./options.ts";
import { DEFAULT_RELAY_TOKEN_FILE, parseRelayAddress } from "./cli_relay.ts";

const EXPOSURES: readonly Exposure[] = ["never", "fallback", "prefer"];

/** How bad a line to simulate. Clients and tools have the same flag. */
export const simFlag: Flag<string | undefined> = flag.parsed(
  "LINE",
  "Impairs the own traffic in both directions: delay=80ms,loss=5%\n(all keys below)",
  (text) => {
    parseImpairment(text);
    return text;
  },
);

/** Help about {@link simFlag}. */
export const SIM_NOTES = `Keys of --sim, joined by commas\n${
  IMPAIRMENT_HELP.split("\n").map((line) => `  ${line}`).join("\n")
}`;

const flags = {
  host: flag.text("ADDRESS", "Address to listen on; default: all, IPv6 and IPv4"),
  port: flag.integer("PORT", `UDP port, 0 for a free one; default ${DEFAULT_PORT}`, {
    min: 0,
    max: 65_535,
    default: DEFAULT_PORT,
  }),
  publicHost: flag.text("NAME", "Name or address under which clients reach this machine"),
  tickHz: flag.number("HZ", "Ticks a second; default: what the game says", {
    min: 0,
    max: MAX_TICK_HZ,
  }),
  name: flag.text("NAME", "What the server calls itself in server lists; default: the game's name"),
  maxPeers: flag.integer("N", "Players at once; default 4096", { min: 1, max: 1_000_000 }),
  maxPeersPerAddress: flag.integer(
    "N",
    "Players at once from one address, IPv6 from one /64; default 8,\nthis machine itself: no limit",
    { min: 1, max: 1_000_000 },
  ),
  keyFile: flag.text(
    "FILE",
    `The server's secret key, made when missing;\ndefault ${DEFAULT_KEY_FILE}`,
    { default: DEFAULT_KEY_FILE },
  ),
  ticketKey: flag.texts("FILE", "Key shared with an issuer of connect tickets; repeatable"),
  requireTicket: flag.toggle("Lets in only players with a connect ticket"),
  development: flag.toggle("Lets clients read the schema, to explain a mismatch"),
  drainSeconds: flag.number(
    "N",
    "On ctrl-C, refuse new players and wait this long for the others to leave;\ndefault 0",
    { min: 0, max: 1e6, default: 0 },
  ),
  relay: flag.text(
    "URL",
    "Registers with the director there: players come through its relays,\nby a join code",
  ),
  relayToken: flag.text(
    "FILE",
    `The director's token for servers; default ${DEFAULT_RELAY_TOKEN_FILE}`,
    { default: DEFAULT_RELAY_TOKEN_FILE },
  ),
  exposure: flag.choice(
    EXPOSURES,
    "Who may learn the server's address and come without relays: nobody, clients\nwhose relays fail, or all; default never",
    { default: "never" },
  ),
  relayExit: flag.texts("ID", "A relay next to this server; repeatable; default: the nearest ones"),
  relayRegion: flag.text("NAME", "Where this server is; default: where the nearest relay is"),
  relayAddress: flag.parsed(
    "HOST:PORT",
    "Where relays reach this server; default: nowhere, it reaches them",
    parseRelayAddress,
  ),
  sim: simFlag,
  record: flag.text(
    "FILE",
    "Records everything to a new file, for tools/replay.ts. Whoever has it\ncan read what was said",
  ),
  recordKeys: flag.toggle("Puts the server's and the tickets' keys into it, so that it is enough"),
  recordLimit: flag.integer("MIB", "Stops recording at this size; default 1024", {
    min: 1,
    max: 1_048_576,
    default: 1_024,
  }),
  json: flag.toggle("One JSON object per line on standard output, nothing else there"),
  statsSeconds: flag.number("N", "A line of statistics every so often, 0 for none; default 5", {
    min: 0,
    max: 1e6,
    default: 5,
  }),
  accessLog: flag.optionalText(
    "FILE",
    "Logs who comes and goes to a file, or to standard error",
    (argument) => !/^[a-z][a-z0-9+.-]+:|\.[cm]?[jt]sx?$/i.test(argument),
  ),
  logLevel: flag.choice(LOG_LEVELS, "Least important log that is shown; default info", {
    default: "info",
  }),
};

/** The flags of `server/main.ts`. */
export type HostFlags = typeof flags;

/** What they were set to. */
export type HostValues = FlagValues<HostFlags>;

/** The command. */
export const hostCommand: Command<HostFlags> = {
  usage: "server/main.ts [GAME MODULE] [options] [-- GAME ARGUMENTS]",
  about:
    "Hosts a Tickwire game: a module whose default export is defineGame({ … }), by path or URL;\n" +
    "without one, the arena.",
  flags,
  positionals: [0, 1],
  notes: SIM_NOTES,
};
