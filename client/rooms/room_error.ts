/**
 * Why a lobby did not do what it was asked.
 *
 * @module
 */
import type { RoomRefusal } from "../../schema/mod.ts";

/** Codes of {@link RoomError}. */
export type RoomErrorCode =
  /** The server did not answer within the time. */
  | "timeout"
  /** The session was lost before the answer came, or there is none. */
  | "lost"
  /** The lobby refused, with its reason. */
  | RoomRefusal;

/** Thrown by what {@link ClientRooms} asks. Branch on {@link RoomError.code}. */
export class RoomError extends Error {
  /** Always `"RoomError"`. */
  override readonly name = "RoomError";
  /** What went wrong, for programs; the message says it for people. */
  readonly code: RoomErrorCode;
  /** When to try again, in milliseconds; 0 for no advice. */
  readonly retryAfterMs: number;

  /** Takes the code, the sentence for people, and when to try again. */
  constructor(code: RoomErrorCode, message: string, retryAfterMs = 0) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}
