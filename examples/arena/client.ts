/**
 * Plays in the arena: in a terminal with keys, or through a pipe with lines of text.
 *
 *   deno run -A examples/arena/client.ts 'tickwire://127.0.0.1:9999#…' --name Ann
 *
 * @module
 */
import type { Client } from "../../mod.ts";
import { Arena, MAX_NAME_BYTES } from "../../schema/messages/arena.ts";
import { runCommand } from "../../server/cli_command.ts";
import { flag, UsageError } from "../../server/cli_flags.ts";
import { stderr, stdout } from "../../server/cli_output.ts";
import { onStopSignal } from "../../server/cli_signals.ts";
import { cleanName } from "../player_text.ts";
import { clientFlags, connectAs, serverKeyIn } from "../run_client.ts";
import { playInTerminal } from "./play.ts";
import { PlayerSession, type SeatWish } from "./player_session.ts";
import { NewsPrinter, runScript, SCRIPT_HELP } from "./script.ts";
import { seatToken } from "../seat_token.ts";

/** How often an unchanged wish is looked at; twice as often as it is due. */
const TICK_MS = 100;

/** Plays by commands from standard input. Returns the exit code. */
async function playByScript(
  client: Client<typeof Arena>,
  wish: SeatWish,
  json: boolean,
): Promise<number> {
  const printer = new NewsPrinter(stdout, json);
  const { promise: isOver, resolve: end } = Promise.withResolvers<number>();
  const session = new PlayerSession(client, wish, (news) => {
    printer.print(news);
    const isRefused = news.event === "refused" && news.retryAfterMs === 0;
    if (isRefused || (news.event === "disconnected" && news.isByServer)) end(1);
  });
  const timer = setInterval(() => session.tick(), TICK_MS);
  onStopSignal().then(() => end(0));
  runScript(session, Deno.stdin.readable, (text) => stderr.line(text)).then(() => end(0));
  const code = await isOver;
  clearInterval(timer);
  await session.leave();
  return code;
}

await runCommand({
  usage: "examples/arena/client.ts URL [options]",
  about: "Plays in the arena.",
  positionals: [0, 1],
  flags: {
    name: flag.text("NAME", "What others see; default: your user name"),
    guest: flag.toggle("Forgets the seat: nobody gets it back after a crash"),
    ...clientFlags,
  },
  notes: SCRIPT_HELP,
}, async ({ values, positionals: [url = ""] }) => {
  const wanted = values.name ?? Deno.env.get("USER") ?? Deno.env.get("USERNAME") ?? "player";
  const name = cleanName(wanted, MAX_NAME_BYTES);
  if (name === undefined) {
    throw new UsageError(`--name "${wanted}": a name has 1 to 16 visible characters`);
  }
  const client = await connectAs(Arena, url, values);
  const serverKey = serverKeyIn(url);
  const wish = { name, seat: await seatToken(serverKey, !values.guest) };
  const isInteractive = Deno.stdin.isTerminal() && stdout.isTerminal && !values.json;
  if (!isInteractive) return await playByScript(client, wish, values.json);
  const reason = await playInTerminal(client, wish);
  if (reason === "") return 0;
  stderr.line(reason);
  return 1;
});
