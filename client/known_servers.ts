/**
 * Trust on first use, remembered in a file, as ssh does with `known_hosts`.
 *
 * One line per server and key: `host:port key`. A server that is not in it is asked about, or trusted
 * without a question; a server whose key is another one than before is refused, loudly. The file is no
 * secret, but whoever can write it decides whom we trust.
 *
 * @module
 */
import { appendFile, mkdir, readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { decodeKey, formatConnectUrl } from "../protocol/connect_url.ts";
import { ConnectError } from "./errors.ts";
import type { TrustServer, TrustVerdict, UntrustedServer } from "./options.ts";

/** Bits of a mode that let group and others write. */
const WRITABLE_BY_OTHERS = 0o022;

const HEADER = "# Servers that were trusted, as host:port and key. Remove a line to forget one.\n";

/** Options of {@link knownServers}. */
export interface KnownServersOptions {
  /** Where they are remembered. Default: `.tickwire/known_servers` in the home directory. */
  readonly file?: string;
  /** Decides about a server that is not known yet. Default: every first one is trusted. */
  readonly onUnknown?: (server: UntrustedServer) => boolean | Promise<boolean>;
}

/** A line of the file. */
interface Entry {
  readonly line: number;
  readonly server: string;
  readonly key: string;
}

/**
 * Makes a `trustServer` that remembers. A server is remembered once it has proven that its key is its
 * own, so that nobody can plant a key by answering a question faster.
 *
 * @example
 * ```ts
 * import { knownServers } from "./known_servers.ts";
 *
 * const trustServer = knownServers({
 *   onUnknown: ({ hostname, keyText }) => confirm(`Trust ${hostname} with the key ${keyText}?`),
 * });
 * // await connect(Game, "tickwire://play.example.org:9999", { trustServer });
 * ```
 *
 * The function that it returns throws `ConnectError` `untrusted` when a known server shows another
 * key, or when the file can be written by others, cannot be read, or holds something else.
 */
export function knownServers(options: KnownServersOptions = {}): TrustServer {
  const { file = join(homedir(), ".tickwire", "known_servers"), onUnknown = () => true } = options;
  return async (server) => {
    const name = nameOf(server);
    const entries = (await read(file)).filter((entry) => entry.server === name);
    if (entries.some(({ key }) => key === server.keyText)) return true;
    const [known] = entries;
    if (known !== undefined) throw changed(file, known, server);
    return await onUnknown(server) && remembering(file, server);
  };
}

/** What is done once the server has proven its key. */
function remembering(file: string, server: UntrustedServer): TrustVerdict {
  return async () => {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const text = await readText(file) ?? "";
    const name = nameOf(server);
    const line = `${name} ${server.keyText}\n`;
    // Another process may have met the same server meanwhile.
    if (parse(file, text).some((entry) => `${entry.server} ${entry.key}\n` === line)) return;
    const lead = text === "" ? HEADER : text.endsWith("\n") ? "" : "\n";
    // One write at the end of the file: two processes that remember at once do not mix their lines.
    await appendFile(file, lead + line, { mode: 0o600 });
  };
}

async function read(file: string): Promise<Entry[]> {
  const text = await readText(file);
  if (text === undefined) return [];
  await checkPermissions(file);
  return parse(file, text);
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    const text = `Cannot read the known servers in ${file}: ${messageOf(cause)}`;
    throw new ConnectError("untrusted", text, { cause });
  }
}

function parse(file: string, text: string): Entry[] {
  const entries: Entry[] = [];
  for (const [index, content] of text.split("\n").entries()) {
    const trimmed = content.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const line = index + 1;
    const [server = "", key = "", ...rest] = trimmed.split(/\s+/);
    if (rest.length > 0 || !isKey(key)) {
      throw new ConnectError(
        "untrusted",
        `Cannot read the known servers: line ${line} of ${file} is not "host:port key"`,
      );
    }
    entries.push({ line, server, key });
  }
  return entries;
}

/** Windows has no such bits; there the profile folder belongs to its user alone. */
async function checkPermissions(file: string): Promise<void> {
  const { mode } = await stat(file);
  if (process.platform === "win32" || (mode & WRITABLE_BY_OTHERS) === 0) return;
  throw new ConnectError(
    "untrusted",
    `Cannot trust the known servers: others may write ${file}; run: chmod go-w '${file}'`,
  );
}

function changed(file: string, known: Entry, server: UntrustedServer): ConnectError {
  return new ConnectError(
    "untrusted",
    `Cannot connect: the key of ${known.server} has changed.\n` +
      `  known:  ${known.key} (line ${known.line} of ${file})\n` +
      `  claims: ${server.keyText}\n` +
      "Either the server was set up anew, or somebody stands between you and it. Ask whoever runs it " +
      "for its key; if the new one is right, remove that line.",
  );
}

/** `host:port` as in a URL, IPv6 in brackets, in lower case. */
function nameOf({ hostname, port }: UntrustedServer): string {
  const url = formatConnectUrl({ hostname: hostname.toLowerCase(), port, serverKey: undefined });
  return url.slice(url.indexOf("//") + 2);
}

function isKey(text: string): boolean {
  try {
    return decodeKey(text).byteLength === 32;
  } catch {
    return false;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
