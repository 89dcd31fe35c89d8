/**
 * Tokens in files of their own, one each, to be copied to the hosts that need them: the director's secrets
 * file holds its key as well and stays where it is.
 *
 * @module
 */
import { join } from "node:path";
import { type ApiTokens, ROLES } from "../director/api/api_access.ts";
import type { ApiRole } from "../director/api/api_route.ts";
import { SecretsFileError } from "../director/api/secrets_file.ts";

/** The file of a role's token in a folder. */
export function tokenFileOf(folder: string, role: ApiRole): string {
  return join(folder, `${role}.token`);
}

/** Writes one file per role, readable by its owner only. What is up to date is left alone. */
export async function writeTokenFiles(folder: string, tokens: ApiTokens): Promise<void> {
  for (const role of ROLES) {
    const token = tokens[role].at(-1);
    const path = tokenFileOf(folder, role);
    if (token === undefined || await currentToken(path) === token) continue;
    const draft = join(folder, `.${crypto.randomUUID()}.tmp`);
    await Deno.writeTextFile(draft, `${token}\n`, { createNew: true, mode: 0o600 });
    await Deno.rename(draft, path);
  }
}

/**
 * Reads a token.
 *
 * @throws SecretsFileError when others than the owner may read the file, or when it holds no token.
 */
export async function readTokenFile(path: string): Promise<string> {
  using file = await open(path);
  const { mode } = await file.stat();
  if (Deno.build.os !== "windows" && mode !== null && (mode & 0o077) !== 0) {
    throw new SecretsFileError(
      "too-open",
      `Cannot use "${path}": others than its owner may read it; run: chmod 600 ${path}`,
    );
  }
  const token = (await new Response(file.readable).text()).trim();
  if (/^[\x21-\x7e]{22,512}$/.test(token)) return token;
  throw new SecretsFileError("malformed", `"${path}" holds no token: expected one line`);
}

async function open(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { read: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new SecretsFileError(
      "malformed",
      `There is no "${path}": copy it from the director's folder, or name it with --token-file`,
    );
  }
}

async function currentToken(path: string): Promise<string | undefined> {
  try {
    return await readTokenFile(path);
  } catch {
    return undefined;
  }
}
