/**
 * Begins to record a client.
 *
 * @module
 */
import type { TapeSources } from "../protocol/recording/recording_tape.ts";
import type { ProtocolCore } from "../schema/mod.ts";
import type { Recorder } from "../transport/recorder.ts";
import type { ConnectOptions } from "./options.ts";

/**
 * Begins to record, when that is asked for.
 *
 * @throws TypeError or RangeError for options that make no sense; what opening a file throws.
 */
export async function recordClient(
  record: ConnectOptions["record"],
  protocol: ProtocolCore,
  sources: TapeSources,
): Promise<Recorder | undefined> {
  if (record === undefined) return undefined;
  // Late, so that a page or client that is not recorded does not load what records.
  const { recorderOf } = await import("../transport/recorder.ts");
  const recorder = recorderOf(record);
  recorder.client(protocol, sources);
  return recorder;
}
