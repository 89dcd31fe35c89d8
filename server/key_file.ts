/**
 * Secret keys in files: made once, readable by their owner only.
 *
 * The text is a comment line that says what the key is for, then 32 bytes in base64url. A server
 * without a lasting key would have another connect URL after every start.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { decodeKey, encodeKey } from "../protocol/connect_url.ts";
import { systemRandom } from "../transport/system_random.ts";

/** Where `server/main.ts` keeps its key, under the working directory. */
export const DEFAULT_KEY_FILE: string = join(".tickwire", "server.key");

/** What a key is for. Its file says so, and a key of the wrong kind is refused. */
export type KeyKind =
  /** The server's X25519 secret key; its public half is in connect URLs. */
  | "server"
  /** Shared by a server and an issuer of connect tickets. */
  | "ticket"
  /** A relay's X25519 secret key; its director seals ticket keys to the public half. */
  | "relay";

/** Codes of {@link KeyFileError}. */
export type KeyFileErrorCode =
  /** There is no such file. */
  | "missing"
  /** There is one already. */
  | "exists"
  /** Others than the owner may read it. */
  | "too-open"
  /** It holds no key, or one of another kind. */
  | "malformed";

/** A key file that cannot be used. */
export class KeyFileError extends Error {
  /** Always `"KeyFileError"`. */
  override readonly name = "KeyFileError";
  /** For programs. */
  readonly code: KeyFileErrorCode;

  /** Takes the code and the sentence for people. */
  constructor(code: KeyFileErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What {@link loadOrCreateKey} found or made. */
export interface LoadedKey {
  /** 32 bytes. Secret. */
  readonly key: Uint8Array;
  /** Whether it was made just now. */
  readonly isNew: boolean;
}

const COMMENTS: Readonly<Record<KeyKind, string>> = {
  server: "# tickwire server key. Secret: who has it can pretend to be the server.",
  ticket: "# tickwire ticket key. Secret: who has it can let anybody in under any name.",
  relay: "# tickwire relay key. Secret: who has it can pretend to be the relay.",
};

const KINDS: readonly KeyKind[] = ["server", "ticket", "relay"];

/** A key file has under 200 bytes; whatever is longer is another file given by mistake. */
const MAX_FILE_BYTES = 4_096;

/**
 * Reads a key.
 *
 * @throws KeyFileError when there is none, when others may read the file, or when it holds something else.
 */
export async function readKeyFile(path: string, kind: KeyKind): Promise<Uint8Array> {
  return parseKey(path, kind, await readSecret(path));
}

/**
 * Reads a token: one line of visible characters.
 *
 * @throws KeyFileError as {@link readKeyFile} does.
 */
export async function readTokenFile(path: string): Promise<string> {
  const token = (await readSecret(path)).trim();
  if (/^[\x21-\x7e]{1,512}$/.test(token)) return token;
  throw new KeyFileError("malformed", `Cannot use "${path}": expected one line with a token`);
}

/** @throws KeyFileError `missing`, `too-open`, or `malformed` for what is no file. */
async function readSecret(path: string): Promise<string> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { read: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new KeyFileError("missing", `Cannot read key file "${path}": there is no such file`);
  }
  using _ = file;
  // Asked of the open file, so that nobody can put another in its place in between.
  checkInfo(path, await file.stat());
  const bytes = new Uint8Array(MAX_FILE_BYTES);
  const sizeBytes = await file.read(bytes) ?? 0;
  return new TextDecoder().decode(bytes.subarray(0, sizeBytes));
}

/**
 * Writes a key for its owner only, in one step: either the whole file is there or none.
 *
 * @throws KeyFileError `exists` when there is a file and `overwrite` is not set.
 */
export async function writeKeyFile(
  path: string,
  key: Uint8Array,
  options: { readonly kind: KeyKind; readonly overwrite?: boolean },
): Promise<void> {
  const { kind, overwrite = false } = options;
  const folder = dirname(path);
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = join(folder, `.${crypto.randomUUID()}.tmp`);
  const text = `${COMMENTS[kind]}\n${encodeKey(key)}\n`;
  try {
    await Deno.writeTextFile(draft, text, { createNew: true, mode: 0o600 });
    if (overwrite) await Deno.rename(draft, path);
    // A link fails where a rename would replace.
    else await Deno.link(draft, path);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) {
      throw new KeyFileError("exists", `Cannot write key file "${path}": there is one already`);
    }
    if (overwrite || !isWithoutLinks(error)) throw error;
    await createDirectly(path, text);
  } finally {
    await Deno.remove(draft).catch(() => {});
  }
}

/**
 * Reads a key, or makes one with random bytes when there is no file yet. Two processes that start at
 * once end up with the same key.
 *
 * @throws KeyFileError as {@link readKeyFile} does.
 */
export async function loadOrCreateKey(path: string, kind: KeyKind): Promise<LoadedKey> {
  try {
    return { key: await readKeyFile(path, kind), isNew: false };
  } catch (error) {
    if (!(error instanceof KeyFileError && error.code === "missing")) throw error;
  }
  const key = new Uint8Array(32);
  systemRandom(key);
  try {
    await writeKeyFile(path, key, { kind });
    return { key, isNew: true };
  } catch (error) {
    if (!(error instanceof KeyFileError && error.code === "exists")) throw error;
    return { key: await readKeyFile(path, kind), isNew: false };
  }
}

/** Windows has no such bits and reports no mode. */
function checkInfo(path: string, { isFile, mode }: Deno.FileInfo): void {
  if (!isFile) throw new KeyFileError("malformed", `Cannot read key file "${path}": it is no file`);
  if (Deno.build.os === "windows" || mode === null || (mode & 0o077) === 0) return;
  throw new KeyFileError(
    "too-open",
    `Cannot use key file "${path}": others than its owner may use it (mode ${
      (mode & 0o777).toString(8)
    }); run: chmod 600 ${path}`,
  );
}

function parseKey(path: string, kind: KeyKind, text: string): Uint8Array {
  const lines = text.split("\n").map((line) => line.trim());
  const keys = lines.filter((line) => line !== "" && !line.startsWith("#"));
  const other = KINDS.find((candidate) => lines.includes(COMMENTS[candidate]));
  if (other !== undefined && other !== kind) {
    throw new KeyFileError(
      "malformed",
      `Cannot use key file "${path}" as a ${kind} key: it is a ${other} key`,
    );
  }
  const [key] = keys;
  try {
    if (key !== undefined && keys.length === 1) return decodeKey(key);
  } catch {
    // Said below, without the text: it may be a secret that was cut.
  }
  throw new KeyFileError(
    "malformed",
    `Cannot use key file "${path}": expected one line with 43 characters of base64url`,
  );
}

/** File systems such as FAT have no hard links. */
function isWithoutLinks(error: unknown): boolean {
  return error instanceof Deno.errors.NotSupported ||
    error instanceof Deno.errors.PermissionDenied ||
    (error instanceof Error && "code" in error &&
      (error.code === "EPERM" || error.code === "ENOTSUP"));
}

async function createDirectly(path: string, text: string): Promise<void> {
  try {
    await Deno.writeTextFile(path, text, { createNew: true, mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new KeyFileError("exists", `Cannot write key file "${path}": there is one already`);
  }
}
