/**
 * Replays a recording into the core and shows what happens in it.
 *
 * @module
 */
import type { CryptoBackend } from "../protocol/crypto/backend.ts";
import { CoreReplay } from "../protocol/recording/core_replay.ts";
import type { ReplayKeys } from "../protocol/recording/made_options.ts";
import type { ReplayedThing } from "../protocol/recording/replayed_thing.ts";
import type { Recording } from "../protocol/recording/verifying_tape.ts";
import type { ProtocolCore } from "../schema/mod.ts";
import { jsonOf, lineOf, type ReplayFilter, viewOf } from "./replay_view.ts";

/** What is to be shown, and where. */
export interface ShowOptions {
  /** Keys and tags. */
  readonly crypto: CryptoBackend;
  /** Keys that the recording does not hold. */
  readonly keys: ReplayKeys;
  /** The protocol. Default: as the recording declares it. */
  readonly protocol: ProtocolCore | undefined;
  /** Where lines go. */
  readonly output: { line(text: string): void };
  /** The flags of `tools/replay.ts`. */
  readonly values: {
    readonly verify: boolean;
    readonly from: number;
    readonly to: number | undefined;
    readonly peer: number | undefined;
    readonly message: string | undefined;
    readonly packets: boolean;
    readonly json: boolean;
  };
}

/**
 * Replays to the end, however little is shown.
 *
 * @returns How many records were reproduced.
 * @throws RecordingError, ReplayDivergence
 */
export function showReplay(recording: Recording, options: ShowOptions): number {
  const { crypto, keys, protocol, output, values } = options;
  const filter: ReplayFilter = {
    fromSeconds: values.from,
    toSeconds: values.to ?? Infinity,
    peer: values.peer,
    message: values.message,
    packets: values.packets,
  };
  let startedAtMs: number | undefined;
  const show = (thing: ReplayedThing): void => {
    startedAtMs ??= thing.atMs;
    const shown = viewOf(thing, replay, startedAtMs, filter);
    if (shown !== undefined) output.line(values.json ? jsonOf(shown) : lineOf(shown));
  };
  const replay: CoreReplay = new CoreReplay(recording, {
    crypto,
    keys,
    protocol,
    traceDatagrams: values.packets ? 1 : undefined,
    onThing: values.verify ? undefined : show,
  });
  replay.run();
  return replay.tape.record;
}
