/**
 * Connect URLs: `tickwire://host:port#key`, where to connect and whom to believe.
 *
 * The key is the server's X25519 public key in base64url without padding (RFC 4648, section 5), 43
 * characters. Without it the client asks the server for its key and has somebody decide.
 *
 * @module
 */

/** The scheme of connect URLs. */
export const CONNECT_SCHEME = "tickwire:";

/** Port of a server that says nothing else. */
export const DEFAULT_PORT = 9999;

/** What a connect URL says. */
export interface ConnectUrl {
  /** Host name or IP literal, without brackets. */
  readonly hostname: string;
  /** 1 to 65,535. */
  readonly port: number;
  /** The server's public key, 32 bytes, or `undefined`. */
  readonly serverKey: Uint8Array | undefined;
}

/**
 * Parses a connect URL.
 *
 * @example
 * ```ts
 * import { parseConnectUrl } from "./connect_url.ts";
 *
 * const { hostname, port } = parseConnectUrl("tickwire://play.example.org:9999");
 * console.assert(hostname === "play.example.org" && port === 9999);
 * ```
 *
 * @throws TypeError when it is not a connect URL.
 */
export function parseConnectUrl(text: string): ConnectUrl {
  const url = URL.parse(text);
  if (url === null || url.protocol !== CONNECT_SCHEME || url.hostname === "") {
    throw new TypeError(`Cannot connect to "${text}": expected tickwire://host:port#key`);
  }
  const port = url.port === "" ? DEFAULT_PORT : Number(url.port);
  if (port === 0) throw new TypeError(`Cannot connect to "${text}": port 0 is not a port`);
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const key = url.hash.slice(1);
  return { hostname, port, serverKey: key === "" ? undefined : decodeKey(key) };
}

/** Formats a connect URL. */
export function formatConnectUrl(url: ConnectUrl): string {
  const host = url.hostname.includes(":") ? `[${url.hostname}]` : url.hostname;
  const key = url.serverKey === undefined ? "" : `#${encodeKey(url.serverKey)}`;
  return `${CONNECT_SCHEME}//${host}:${url.port}${key}`;
}

/** A 32-byte key in base64url. */
export function encodeKey(key: Uint8Array): string {
  return key.toBase64({ alphabet: "base64url", omitPadding: true });
}

/**
 * A key from its base64url form.
 *
 * @throws TypeError when it is not one of 32 bytes.
 */
export function decodeKey(text: string): Uint8Array {
  let key: Uint8Array | undefined;
  try {
    key = Uint8Array.fromBase64(text, { alphabet: "base64url" });
  } catch {
    key = undefined;
  }
  if (key?.byteLength !== 32) {
    throw new TypeError(`Cannot read key "${text}": expected 43 characters of base64url`);
  }
  return key;
}
