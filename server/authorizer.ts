/**
 * Asks the game who gets in, and tells the endpoint.
 *
 * @module
 */
import type { AuthorizationRequest, Verdict } from "../protocol/server_door.ts";
import type { ServerEndpoint } from "../protocol/server_endpoint.ts";
import { MAX_REFUSAL_REASON_BYTES } from "../schema/messages/mod.ts";
import type { AuthorizeContext, AuthorizeResult } from "./options.ts";

/** The game's decision, now or later. */
export type AuthorizeHook = (
  context: AuthorizeContext,
) => AuthorizeResult | Promise<AuthorizeResult>;

/** What an authorizer works with. */
export interface AuthorizerOptions {
  /** Whose players are judged. */
  readonly endpoint: ServerEndpoint;
  /** Judges. */
  readonly hook: AuthorizeHook;
  /** The time. */
  readonly nowMs: () => number;
  /** Told when an answer waits to be sent. */
  readonly onAnswer: () => void;
  /** Told what the hook threw. */
  readonly onError: (error: unknown) => void;
}

/** What the player reads when the hook failed: nothing of the game's insides. */
const FAILED: Verdict = { refused: { status: "busy", reason: "internal error" } };

/** Runs the authorize hook. The endpoint keeps the time that an answer may take. */
export class Authorizer {
  readonly #options: AuthorizerOptions;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /** Judges all players who are at the door now. */
  poll(): void {
    const { endpoint } = this.#options;
    for (let door = endpoint.pollAuthorization(); door; door = endpoint.pollAuthorization()) {
      this.#judge(door);
    }
  }

  async #judge(door: AuthorizationRequest): Promise<void> {
    const { endpoint, hook, nowMs, onAnswer, onError } = this.#options;
    const { handshake, address, userId, userData, auth } = door;
    let verdict: Verdict;
    try {
      verdict = verdictOf(await hook({ address, userId, userData, auth }));
    } catch (error) {
      onError(error);
      verdict = FAILED;
    }
    endpoint.authorize(handshake, verdict, nowMs());
    onAnswer();
  }
}

/** @throws TypeError when the hook returned none of its results, as a forgotten `return` does. */
function verdictOf(result: AuthorizeResult): Verdict {
  if (result === true) return {};
  if (result === false) return { refused: { status: "auth", reason: "not authorized" } };
  if (typeof result === "object" && result !== null) {
    if ("userId" in result && typeof result.userId === "string") return { userId: result.userId };
    if ("refused" in result) {
      const { refused: status, reason, retryAfterMs = 0 } = result;
      return { refused: { status, reason: cutReason(reason), retryAfterMs } };
    }
  }
  throw new TypeError(
    `Cannot authorize: the hook returned ${String(result)} and not true, false, ` +
      "{ userId } or { refused, reason }",
  );
}

/** Cuts a text to what fits a refusal, without splitting a character. */
function cutReason(reason: string): string {
  const bytes = new Uint8Array(MAX_REFUSAL_REASON_BYTES);
  const { read } = new TextEncoder().encodeInto(reason, bytes);
  return reason.slice(0, read);
}
