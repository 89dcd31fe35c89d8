/**
 * Finds the game that a command line names.
 *
 * @module
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Game, isGame } from "./game.ts";

/** A game module that cannot be hosted. */
export class GameModuleError extends Error {
  /** Always `"GameModuleError"`. */
  override readonly name = "GameModuleError";
  /** For programs. */
  readonly code = "game-module";
}

/**
 * Imports a game module.
 *
 * What comes back has forgotten its types: a host hands a game's server to the game and to nobody else.
 *
 * @param specifier A path, relative to the working directory, or a URL.
 * @throws GameModuleError that says what is wrong with it.
 */
export async function loadGame(specifier: string): Promise<Game> {
  const url = await urlOf(specifier);
  let module: Record<string, unknown>;
  try {
    module = await import(url);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new GameModuleError(`Cannot load game "${specifier}": ${reason}`, { cause: error });
  }
  const game = module["default"];
  if (game === undefined) {
    throw new GameModuleError(
      `Cannot host "${specifier}": it has no default export; ` +
        "end it with: export default defineGame({ … })",
    );
  }
  if (!isGame(game)) {
    throw new GameModuleError(
      `Cannot host "${specifier}": its default export is not what defineGame() returns`,
    );
  }
  return game;
}

async function urlOf(specifier: string): Promise<string> {
  // Two letters and more before the colon: C:\game.ts is a path.
  if (/^[a-z][a-z0-9+.-]+:/i.test(specifier)) return specifier;
  const path = resolve(specifier);
  const info = await Deno.stat(path).catch(() => undefined);
  if (info === undefined) {
    throw new GameModuleError(`Cannot load game "${specifier}": there is no file ${path}`);
  }
  if (!info.isFile) {
    throw new GameModuleError(
      `Cannot load game "${specifier}": it is a folder; name the module in it, such as ${
        resolve(path, "game.ts")
      }`,
    );
  }
  return pathToFileURL(path).href;
}
