/**
 * Replays a recording: shows what happened, and whether the same happens again, bit by bit.
 *
 *   deno run -A tools/replay.ts game.tickwire --peer 3 --message Chat
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { loadSodium } from "../protocol/crypto/sodium.ts";
import { RecordingError } from "../protocol/recording/recording_error.ts";
import {
  readRecording,
  type Recording,
  ReplayDivergence,
} from "../protocol/recording/verifying_tape.ts";
import { runCommand } from "../server/cli_command.ts";
import { flag, type FlagValues, UsageError } from "../server/cli_flags.ts";
import { loadGame } from "../server/cli_game.ts";
import { configureLogging } from "../server/cli_logging.ts";
import { stdout } from "../server/cli_output.ts";
import { readKeyFile } from "../server/key_file.ts";
import { showReplay } from "./replay_show.ts";
import { replayGame } from "./replay_game.ts";
import { loadProtocol } from "./schema_module.ts";
import { getLogger } from "npm:@logtape/logtape@2.4.2";
import type { ReplayKeys } from "../protocol/recording/made_options.ts";

const flags = {
  verify: flag.toggle("Shows nothing but whether every byte and event comes out the same"),
  info: flag.toggle("Shows who made the recording, of what, and nothing more"),
  from: flag.number("SECONDS", "Shows what happened after this; default 0", { min: 0, default: 0 }),
  to: flag.number("SECONDS", "Shows what happened before this; default: the end", { min: 0 }),
  peer: flag.integer("N", "Only this peer", { min: 0 }),
  message: flag.text("NAME", "Only messages of this name"),
  packets: flag.toggle("Shows datagrams with their frames, and ticks"),
  json: flag.toggle("One JSON object per line"),
  game: flag.optionalText(
    "MODULE",
    "Replays into the game itself; without a module into the one that was\nrecorded",
    (argument) => /^[a-z][a-z0-9+.-]+:|\.[cm]?[jt]sx?$/i.test(argument),
  ),
  protocol: flag.text("MODULE", "The protocol's module; default: as the recording declares it"),
  keyFile: flag.text("FILE", "The server's key, for a recording made without keys"),
  ticketKey: flag.texts("FILE", "A key of tickets, for a recording made without keys; repeatable"),
  partial: flag.toggle("Takes what is whole of a damaged recording"),
};

/** What the flags were set to. */
export type ReplayFlags = FlagValues<typeof flags>;

async function replay(file: string, values: ReplayFlags): Promise<number> {
  const recording = readRecording(await readBytes(file), { partial: values.partial });
  describe(recording, values.json);
  if (values.info) return 0;
  const crypto = await loadSodium();
  const keys = await keysOf(values);
  try {
    if (values.game !== undefined) {
      await configureLogging({ level: "info", accessLog: undefined });
      const logger = getLogger(["tickwire", "game"]);
      const game = await loadGame(gameOf(recording, values.game));
      const records = await replayGame(recording, game, { crypto, keys, logger });
      tellSame(records, values.json);
      return 0;
    }
    const protocol = values.protocol === undefined
      ? undefined
      : await loadProtocol(values.protocol);
    const records = showReplay(recording, { crypto, keys, protocol, output: stdout, values });
    tellSame(records, values.json);
    return 0;
  } catch (error) {
    if (!(error instanceof ReplayDivergence)) throw error;
    const { record, atMs, expected, actual } = error;
    if (values.json) stdout.line(JSON.stringify({ same: false, record, atMs, expected, actual }));
    else stdout.line(error.message);
    return 2;
  }
}

function describe({ header, chunks, damage }: Recording, asJson: boolean): void {
  const { protocol: { name, version }, ...rest } = header;
  if (asJson) {
    const protocol = { name, version };
    stdout.line(JSON.stringify({ ...rest, protocol, chunks: chunks.length }));
  } else {
    const made = new Date(header.startedAtMs).toISOString();
    stdout.line(
      `A ${header.role}'s recording of ${name} version ${version}, begun ${made}, ` +
        `by Tickwire ${header.tickwire} on ${header.runtime}; ` +
        `it holds ${header.hasKeys ? "its keys" : "no long-lived keys"}.`,
    );
    if (damage !== undefined) stdout.line(`Its end is missing: ${damage.message}`);
  }
}

function tellSame(records: number, asJson: boolean): void {
  if (asJson) stdout.line(JSON.stringify({ same: true, records }));
  else stdout.line(`The same again: ${records} records, every event and every byte.`);
}

function gameOf({ header }: Recording, module: string): string {
  const named = module === "" ? header.game?.module ?? "" : module;
  if (named !== "") return named;
  if (header.game !== undefined) return new URL("../examples/arena/game.ts", import.meta.url).href;
  throw new UsageError("--game: the recording does not name its game, give the module");
}

async function keysOf({ keyFile, ticketKey }: ReplayFlags): Promise<ReplayKeys> {
  const staticSecret = keyFile === undefined ? undefined : await readKeyFile(keyFile, "server");
  const ticketKeys = await Promise.all(ticketKey.map((file) => readKeyFile(file, "ticket")));
  return { staticSecret, ...(ticketKeys.length === 0 ? {} : { ticketKeys }) };
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RecordingError("not-a-recording", `Cannot read ${file}: ${reason}`, { cause: error });
  }
}

if (import.meta.main) {
  await runCommand({
    usage: "tools/replay.ts FILE [options]",
    about: "Replays a recording of a server or client, and shows what happened.\n" +
      "Exit code 2: the replay differs from the recording, at the place that is shown.",
    positionals: [1, 1],
    flags,
  }, ({ values, positionals }) => replay(positionals[0]!, values));
}
