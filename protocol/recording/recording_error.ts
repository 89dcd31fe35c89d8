/**
 * What can be wrong with a recording, for whoever wants to read it.
 *
 * @module
 */

/**
 * - `not-a-recording`: the file is something else;
 * - `version`: a later Tickwire wrote it;
 * - `truncated`: it ends inside a chunk;
 * - `corrupt`: its bytes are not those that were written;
 * - `no-keys`: it was made without its keys, and they were not given;
 * - `protocol`: the protocol at hand is another one;
 * - `unsupported`: it does not hold what was asked for.
 */
export type RecordingErrorCode =
  | "not-a-recording"
  | "version"
  | "truncated"
  | "corrupt"
  | "no-keys"
  | "protocol"
  | "unsupported";

/** A recording that cannot be read or replayed. The message says what to do. */
export class RecordingError extends Error {
  /** Always `"RecordingError"`. */
  override readonly name = "RecordingError";
  /** For programs. */
  readonly code: RecordingErrorCode;

  /** @param code What is wrong. */
  constructor(code: RecordingErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
