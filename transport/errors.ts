/**
 * Errors of opening and addressing a pipe. What a peer or the network does later is counted, not thrown.
 *
 * @module
 */

/**
 * Why a pipe could not be opened or an address not found.
 *
 * - `flag-missing`: UDP through `Deno.listenDatagram` was asked for and Deno runs without `--unstable-net`;
 * - `address-in-use`: another socket holds the port;
 * - `address-not-available`: this machine has no such address, or no such address family;
 * - `unresolved`: a host name has no address that the pipe can send to.
 */
export type TransportErrorCode =
  | "flag-missing"
  | "address-in-use"
  | "address-not-available"
  | "unresolved";

/** A pipe could not be opened, or an address not found. Branch on {@link TransportError.code}. */
export class TransportError extends Error {
  /** Always `"TransportError"`. */
  override readonly name = "TransportError";
  /** What went wrong, for programs; the message says it for people. */
  readonly code: TransportErrorCode;

  /** Takes the code, the sentence for people, and the error of the platform as `cause`. */
  constructor(code: TransportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
