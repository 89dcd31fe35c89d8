/**
 * Hosts a game: `deno run -A server/main.ts [GAME MODULE]`, the arena when no module is named.
 *
 * @module
 */
import { getLogger } from "npm:@logtape/logtape@2.4.2";
import arena from "../examples/arena/game.ts";
import { helpOf, parseCommand, reportFailure } from "./cli_command.ts";
import { describeFlags } from "./cli_line.ts";
import { loadGame } from "./cli_game.ts";
import { type HostedGame, hostGame } from "./cli_host.ts";
import { configureLogging } from "./cli_logging.ts";
import { hostCommand } from "./cli_options.ts";
import { stdout } from "./cli_output.ts";
import { type Game, isGame } from "./game.ts";

/** Ways to play a game of this repository; whoever wrote another game knows its client. */
const CLIENTS: ReadonlySet<string> = new Set(["arena", "chat"]);

async function main(): Promise<number> {
  const { values, positionals, rest, wantsHelp } = parseCommand(hostCommand, Deno.args);
  const [specifier] = positionals;
  const game = await (specifier === undefined ? builtIn() : loadGame(specifier));
  if (wantsHelp) {
    stdout.line(helpOf(hostCommand));
    const flags = describeFlags(game.flags);
    if (flags !== "") stdout.line(`\nArguments of ${game.name}, after --\n${flags}`);
    return 0;
  }
  const flushLogs = await configureLogging({ level: values.logLevel, accessLog: values.accessLog });
  const logger = getLogger(["tickwire", "server"]);
  globalThis.addEventListener("unhandledrejection", (event) => {
    // A promise that a game forgot must not throw out everybody else's game.
    event.preventDefault();
    logger.error("A promise of the game was rejected: {error}", { error: event.reason });
  });
  try {
    const module = specifier ?? "";
    return await hostGame({ game, module, values, gameArgs: rest, nextSteps: nextStepsOf(game) });
  } finally {
    await flushLogs();
  }
}

function builtIn(): Game {
  const game: unknown = arena;
  if (isGame(game)) return game;
  throw new TypeError("examples/arena/game.ts defines no game");
}

function nextStepsOf(game: Game): HostedGame["nextSteps"] {
  return (url, joinUrl) => {
    const steps: [string, string][] = [];
    // Bots and questions do without the key.
    const short = url && `'${url.replace(/#.*/, "")}'`;
    const way = joinUrl ?? url;
    if (CLIENTS.has(game.name) && way !== undefined) {
      steps.push(["play", `deno run -A ${pathOf(`examples/${game.name}/client.ts`)} '${way}'`]);
      const target = short ?? `'${way}'`;
      steps.push(["bots", `deno run -A ${pathOf("tools/bots.ts")} --count 10 --url ${target}`]);
    }
    if (short !== undefined) {
      steps.push(["look", `deno run -A ${pathOf("tools/query.ts")} ${short}`]);
    }
    steps.push(["stop", "ctrl-C"]);
    return steps;
  };
}

/** A file of this repository as it can be named from here: relative, or the URL that we came from. */
function pathOf(file: string): string {
  const url = new URL(`../${file}`, import.meta.url);
  if (url.protocol !== "file:") return url.href;
  const path = decodeURIComponent(url.pathname);
  const here = `${Deno.cwd()}/`;
  return path.startsWith(here) ? path.slice(here.length) : path;
}

let code = 1;
try {
  code = await main();
} catch (error) {
  reportFailure(error);
}
Deno.exit(code);
