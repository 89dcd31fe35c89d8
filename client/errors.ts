/**
 * Why a client is not connected.
 *
 * @module
 */
import type { RefusalStatus } from "../schema/messages/mod.ts";

/** Codes of {@link ConnectError}. */
export type ConnectErrorCode =
  /** Nothing authentic answered. */
  | "unreachable"
  /** Nobody vouched for the server's key, or it is not the one that was known. */
  | "untrusted"
  /** The server speaks another wire version. */
  | "wire-version"
  /** The caller's signal ended the attempt. */
  | "aborted"
  /** No game has this join code, or no longer. */
  | "unknown-code"
  /** The director did not answer, or could not. */
  | "director-away"
  /** No relay leads to the server, or none of those that should answers. */
  | "no-relay"
  /** The connection ended while something was awaited. */
  | "closed"
  /** The server refused, with its status. */
  | RefusalStatus;

/** Thrown by {@link connect}. Branch on {@link ConnectError.code}. */
export class ConnectError extends Error {
  /** Always `"ConnectError"`. */
  override readonly name = "ConnectError";
  /** What went wrong, for programs; the message says it for people. */
  readonly code: ConnectErrorCode;
  /** When to try again, in milliseconds; 0 for no advice. */
  readonly retryAfterMs: number;

  /** Takes the code, the sentence for people, and what caused it. */
  constructor(
    code: ConnectErrorCode,
    message: string,
    options: ErrorOptions & { readonly retryAfterMs?: number } = {},
  ) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}
