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
  /** Nobody vouched for the server's key. */
  | "untrusted"
  /** The server speaks another wire version. */
  | "wire-version"
  /** The caller's signal ended the attempt. */
  | "aborted"
  /** The server refused, with its status. */
  | RefusalStatus;

/** Thrown by {@link connect}. */
export class ConnectError extends Error {
  override readonly name = "ConnectError";
  /** For programs. */
  readonly code: ConnectErrorCode;
  /** When to try again, in milliseconds; 0 for no advice. */
  readonly retryAfterMs: number;

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
