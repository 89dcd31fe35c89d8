/**
 * Finds the game that a command line names.
 *
 * @module
 */
import { importDefault, type ModuleKind, wrongDefault } from "./cli_module.ts";
import { type Game, isGame } from "./game.ts";

const GAME: ModuleKind = { what: "game", maker: "defineGame" };

/**
 * Imports a game module.
 *
 * What comes back has forgotten its types: a host hands a game's server to the game and to nobody else.
 *
 * @param specifier A path, relative to the working directory, or a URL.
 * @throws ModuleError that says what is wrong with it.
 */
export async function loadGame(specifier: string): Promise<Game> {
  const game = await importDefault(specifier, GAME);
  if (isGame(game)) return game;
  throw wrongDefault(specifier, GAME);
}
