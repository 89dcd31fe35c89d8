/**
 * The secrets of a director in one file that only its owner can read: its key and the tokens of all roles.
 *
 * A single host needs no more than this: the file is made at the first start, relays and servers on the
 * same machine read their token from it. Several directors are given copies of one file.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { decodeKey, encodeKey } from "../../../protocol/connect_url.ts";
import { systemRandom } from "../../../transport/system_random.ts";
import { type ApiTokens, ROLES } from "./api_access.ts";
import type { ApiRole } from "./api_route.ts";

/** Where a director keeps its secrets, under the working directory. */
export const DEFAULT_SECRETS_FILE: string = join(".tickwire", "director.json");

/** Secrets of a director. */
export interface DirectorSecrets {
  /** 32 bytes that all directors of a network share. */
  readonly key: Uint8Array;
  /** One token or more per role. */
  readonly tokens: ApiTokens;
}

/** Codes of {@link SecretsFileError}. */
export type SecretsFileErrorCode =
  /** Others than the owner may read it. */
  | "too-open"
  /** It holds no secrets of a director. */
  | "malformed";

/** A secrets file that cannot be used. The message names the file and never what is in it. */
export class SecretsFileError extends Error {
  /** Always `"SecretsFileError"`. */
  override readonly name = "SecretsFileError";
  /** For programs. */
  readonly code: SecretsFileErrorCode;

  /** Takes the code and the sentence for people. */
  constructor(code: SecretsFileErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

const COMMENT =
  "Tickwire director. Secret: who has this can open every relayed path and end every game.";
const MAX_FILE_BYTES = 65_536;
const TOKEN_BYTES = 24;

/** New secrets from random bytes. */
export function makeSecrets(random: (into: Uint8Array) => void = systemRandom): DirectorSecrets {
  const draw = (sizeBytes: number): Uint8Array => {
    const bytes = new Uint8Array(sizeBytes);
    random(bytes);
    return bytes;
  };
  const token = (role: ApiRole): readonly string[] => [
    `${role}-${draw(TOKEN_BYTES).toBase64({ alphabet: "base64url", omitPadding: true })}`,
  ];
  return {
    key: draw(32),
    tokens: {
      relay: token("relay"),
      server: token("server"),
      backend: token("backend"),
      operator: token("operator"),
    },
  };
}

/**
 * Reads the secrets, or makes them when there is no file yet. Two processes that start at once end up
 * with the same.
 *
 * @throws SecretsFileError when others may read the file, or when it holds something else.
 */
export async function loadOrCreateSecrets(
  path: string = DEFAULT_SECRETS_FILE,
): Promise<DirectorSecrets & { readonly isNew: boolean }> {
  const known = await readSecrets(path);
  if (known !== undefined) return { ...known, isNew: false };
  const secrets = makeSecrets();
  if (await writeSecrets(path, secrets)) return { ...secrets, isNew: true };
  const other = await readSecrets(path);
  if (other === undefined) throw malformed(path);
  return { ...other, isNew: false };
}

/** Reads the secrets; `undefined` without a file. Throws SecretsFileError as {@link loadOrCreateSecrets}. */
export async function readSecrets(path: string): Promise<DirectorSecrets | undefined> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { read: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  using opened = file;
  // Asked of the open file, so that nobody can put another in its place in between.
  const { isFile, mode, size } = await opened.stat();
  if (!isFile || size > MAX_FILE_BYTES) throw malformed(path);
  if (Deno.build.os !== "windows" && mode !== null && (mode & 0o077) !== 0) {
    throw new SecretsFileError(
      "too-open",
      `Cannot use "${path}": others than its owner may read it; run: chmod 600 ${path}`,
    );
  }
  return parse(path, await new Response(opened.readable).text());
}

/** Writes the file in one step: either all of it is there or none. `false` when there is one already. */
async function writeSecrets(path: string, { key, tokens }: DirectorSecrets): Promise<boolean> {
  const folder = dirname(path);
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = join(folder, `.${crypto.randomUUID()}.tmp`);
  const text = JSON.stringify({ comment: COMMENT, key: encodeKey(key), tokens }, null, 2);
  try {
    await Deno.writeTextFile(draft, `${text}\n`, { createNew: true, mode: 0o600 });
    // A link fails where a rename would replace.
    await Deno.link(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  } finally {
    await Deno.remove(draft).catch(() => {});
  }
}

function parse(path: string, text: string): DirectorSecrets {
  try {
    const json: unknown = JSON.parse(text);
    if (!isRecord(json) || typeof json.key !== "string" || !isRecord(json.tokens)) {
      throw malformed(path);
    }
    const tokens = json.tokens;
    const listOf = (role: ApiRole): readonly string[] => {
      const list = tokens[role];
      if (Array.isArray(list) && list.every((token) => typeof token === "string")) return list;
      throw malformed(path);
    };
    const [relay, server, backend, operator] = ROLES.map(listOf);
    return {
      key: decodeKey(json.key),
      tokens: { relay: relay!, server: server!, backend: backend!, operator: operator! },
    };
  } catch {
    // Without the cause: it may quote a secret that was cut.
    throw malformed(path);
  }
}

function malformed(path: string): SecretsFileError {
  return new SecretsFileError("malformed", `"${path}" holds no secrets of a director`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
