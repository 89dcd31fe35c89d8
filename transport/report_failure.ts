/**
 * Where failures of a game's handlers go when the game does not ask for them.
 *
 * To the log, which a program configures, not this library. A program without a configured log would
 * never hear of its own mistakes, so there they are printed.
 *
 * @module
 */
import { getConfig, getLogger } from "npm:@logtape/logtape@2.4.2";

/**
 * Logs or prints what a handler threw.
 *
 * @param side Whose handler: the category is `["tickwire", side]`.
 * @param where The message, event or callback.
 */
export function reportFailure(side: "server" | "client", error: unknown, where: string): void {
  if (getConfig() !== null) {
    getLogger(["tickwire", side]).error("Handler of {where} failed: {error}", { where, error });
  } else {
    // deno-lint-ignore no-console -- silence would hide the mistake from a program without a log.
    console.error(`Tickwire ${side}: the handler of ${where} failed:`, error);
  }
}
