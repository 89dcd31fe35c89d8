/**
 * What errors of the NATS client mean for a directory.
 *
 * @module
 */
import { JetStreamApiError } from "npm:@nats-io/jetstream@3.4.0";
import { DirectoryError } from "./directory.ts";

/** "wrong last sequence": somebody else wrote before; both codes of the server's error table. */
const LOST_COMPARISON_CODES: ReadonlySet<number> = new Set([10_071, 10_164]);

/** "maximum bytes exceeded" and its like: store failures of a full stream. */
const FULL_CODES: ReadonlySet<number> = new Set([10_047, 10_054, 10_077]);

/** Errors of the client for which the server has said nothing about the write. */
const AWAY_NAMES: ReadonlySet<string> = new Set([
  "TimeoutError",
  "NoRespondersError",
  "RequestError",
  "ConnectionError",
  "ClosedConnectionError",
  "DrainingConnectionError",
  "JetStreamNotEnabled",
  "JetStreamError",
  "JetStreamStatusError",
]);

/** Whether a compared write failed because another came first. */
export function isLostComparison(error: unknown): boolean {
  return error instanceof JetStreamApiError && LOST_COMPARISON_CODES.has(error.code);
}

/** The directory's error for one of the client, or `undefined` when it is a defect of ours. */
export function asDirectoryError(error: unknown): DirectoryError | undefined {
  if (error instanceof DirectoryError) return error;
  if (!(error instanceof Error)) return undefined;
  if (error instanceof JetStreamApiError) {
    if (FULL_CODES.has(error.code)) {
      return new DirectoryError("full", `NATS has no room: ${error.message}`, { cause: error });
    }
    // Without a leader or enough servers the API answers with a 503 of its own.
    return new DirectoryError("away", `NATS cannot: ${error.message}`, { cause: error });
  }
  if (!AWAY_NAMES.has(error.name)) return undefined;
  return new DirectoryError("away", `NATS does not answer: ${error.message}`, { cause: error });
}
