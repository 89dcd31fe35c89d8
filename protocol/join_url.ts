/**
 * Join URLs: `tickwire-join://host:port/CODE#key`, a code that a director knows, and where to ask.
 *
 * The director is asked by HTTP, or by HTTPS with `tickwire-joins:`. The key after `#` is that of the game
 * server, as in connect URLs: with it nobody in between can lead a player to another server; without it
 * the director is believed.
 *
 * @module
 */
import { decodeKey, encodeKey } from "./connect_url.ts";

/** The scheme of join URLs that lead to a director by HTTP. */
export const JOIN_SCHEME = "tickwire-join:";

/** The scheme of join URLs that lead to a director by HTTPS. */
export const SECURE_JOIN_SCHEME = "tickwire-joins:";

/** Longest code that is sent to a director; real ones have six characters, and dashes may stand between. */
const MAX_CODE_CHARACTERS = 32;

/** What a join URL says. */
export interface JoinUrl {
  /** Where the director is, without a slash at the end: `http://203.0.113.1:9980`. */
  readonly directorUrl: string;
  /** The code, as it stands there. */
  readonly code: string;
  /** The server's public key, 32 bytes, or `undefined`. */
  readonly serverKey: Uint8Array | undefined;
}

/** Whether a text begins like a join URL. */
export function isJoinUrl(text: string): boolean {
  return /^\s*tickwire-joins?:/i.test(text);
}

/**
 * Parses a join URL. Folders before the code are the director's.
 *
 * @throws TypeError when it is not a join URL.
 */
export function parseJoinUrl(text: string): JoinUrl {
  const url = URL.parse(text);
  const isSecure = url?.protocol === SECURE_JOIN_SCHEME;
  const isOurs = url !== null && (isSecure || url.protocol === JOIN_SCHEME);
  const folders = isOurs ? url.pathname.split("/") : [];
  const code = decodeText(folders.pop() ?? "");
  if (!isOurs || url.host === "" || url.search !== "" || !isCode(code)) {
    throw new TypeError(`Cannot join "${text}": expected tickwire-join://host:port/CODE`);
  }
  const key = url.hash.slice(1);
  return {
    directorUrl: `${isSecure ? "https" : "http"}://${url.host}${folders.join("/")}`,
    code,
    serverKey: key === "" ? undefined : decodeKey(key),
  };
}

/**
 * Formats a join URL.
 *
 * @throws TypeError when the director's URL is neither http nor https.
 */
export function formatJoinUrl({ directorUrl, code, serverKey }: JoinUrl): string {
  const url = parseDirectorUrl(directorUrl);
  const scheme = url.protocol === "https:" ? SECURE_JOIN_SCHEME : JOIN_SCHEME;
  const key = serverKey === undefined ? "" : `#${encodeKey(serverKey)}`;
  return `${scheme}//${url.host}${url.pathname.replace(/\/$/, "")}/${
    encodeURIComponent(code)
  }${key}`;
}

/**
 * The URL of a director.
 *
 * @throws TypeError when it is neither http nor https, or says more than where.
 */
export function parseDirectorUrl(text: string): URL {
  const url = URL.parse(text);
  const isWhere = url !== null && /^https?:$/.test(url.protocol) && url.search + url.hash === "" &&
    url.username + url.password === "";
  if (isWhere) return url;
  throw new TypeError(
    `Cannot ask a director at "${text}": expected http://host:port or https://host`,
  );
}

function isCode(text: string): boolean {
  return text.length > 0 && text.length <= MAX_CODE_CHARACTERS && !/[^\w\s-]/.test(text);
}

function decodeText(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
