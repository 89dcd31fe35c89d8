/**
 * Imports modules that a command line names, and says what is wrong with them.
 *
 * @module
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** A module that is not what it should be. */
export class ModuleError extends Error {
  /** Always `"ModuleError"`. */
  override readonly name = "ModuleError";
  /** For programs. */
  readonly code = "module";
}

/** What a module should be. */
export interface ModuleKind {
  /** In a word: `"game"`. */
  readonly what: string;
  /** What makes its default export: `"defineGame"`. */
  readonly maker: string;
}

/**
 * The default export of a module.
 *
 * @param specifier A path, relative to the working directory, or a URL.
 * @throws ModuleError when there is no such module, it fails, or it has no default export.
 */
export async function importDefault(specifier: string, kind: ModuleKind): Promise<unknown> {
  const { what, maker } = kind;
  let module: Record<string, unknown>;
  try {
    module = await import(await moduleUrl(specifier, what));
  } catch (error) {
    if (error instanceof ModuleError) throw error;
    throw new ModuleError(`Cannot load ${what} "${specifier}": ${placeOf(error)}`, {
      cause: error,
    });
  }
  const value = module["default"];
  if (value !== undefined) return value;
  throw new ModuleError(
    `Cannot use ${what} "${specifier}": it has no default export; ` +
      `end it with: export default ${maker}({ … })`,
  );
}

/** What went wrong and where: Deno's own messages say where, those of the module have a stack. */
function placeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message.includes("://") ? error.message : error.stack ?? error.message;
}

/** An error for a default export that is something else. */
export function wrongDefault(specifier: string, { what, maker }: ModuleKind): ModuleError {
  return new ModuleError(
    `Cannot use ${what} "${specifier}": its default export is not what ${maker}() returns`,
  );
}

/**
 * The URL of a module.
 *
 * @param specifier A path, relative to the working directory, or a URL.
 * @throws ModuleError when there is no such file.
 */
export async function moduleUrl(specifier: string, what: string): Promise<string> {
  // Two letters and more before the colon: C:\game.ts is a path.
  if (/^[a-z][a-z0-9+.-]+:/i.test(specifier)) return specifier;
  const path = resolve(specifier);
  const info = await Deno.stat(path).catch(() => undefined);
  if (info === undefined) {
    throw new ModuleError(`Cannot load ${what} "${specifier}": there is no file ${path}`);
  }
  if (!info.isFile) {
    throw new ModuleError(
      `Cannot load ${what} "${specifier}": it is a folder; name the module in it`,
    );
  }
  return pathToFileURL(path).href;
}
