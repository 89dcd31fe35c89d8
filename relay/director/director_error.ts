/**
 * What a director refuses, and why.
 *
 * @module
 */

/** Codes of {@link DirectorError}. */
export type DirectorErrorCode =
  /** The request says something that cannot be. */
  | "invalid"
  /** No such server, relay, session or code, or no longer. */
  | "not-found"
  /** Another one holds that id, or changed the record at the same moment. */
  | "conflict"
  /** The request shows no secret, or one that does not allow this. */
  | "forbidden"
  /** No server has room, or no relay leads to it. */
  | "no-capacity"
  /** Too many requests. */
  | "too-many"
  /** The directory cannot be written to. */
  | "away";

/** A director did not do what it was asked. */
export class DirectorError extends Error {
  /** Always `"DirectorError"`. */
  override readonly name = "DirectorError";
  /** For programs. */
  readonly code: DirectorErrorCode;

  /** Takes the code and the sentence for people. */
  constructor(code: DirectorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
