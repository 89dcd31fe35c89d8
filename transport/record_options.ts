/**
 * How to record a server or client: what callers of `serve` and `connect` say.
 *
 * @module
 */
import type { RecordedGame } from "../protocol/recording/recording_header.ts";
import type { RecordingSink } from "../protocol/recording/recording_tape.ts";

export type { RecordedGame } from "../protocol/recording/recording_header.ts";
export type { RecordingSink } from "../protocol/recording/recording_tape.ts";

/** How to record. */
export interface RecordOptions {
  /** Where to: a new file. What is there already stays; the recording goes beside it, as `name.2.ext`. */
  readonly file?: string;
  /** Where to, in place of a file. */
  readonly sink?: RecordingSink;
  /**
   * Whether the server's secret key, the keys of tickets, and the client's ticket and `auth` may be in
   * it. Default false: then whoever replays it has to have them.
   */
  readonly keys?: boolean;
  /** Bytes after which it stops, 65,536 and more. Default 1 GiB. */
  readonly maxBytes?: number;
  /** Told once when it stops before the end: it is full, or the disk is. Default: a line on standard error. */
  readonly onStopped?: (reason: string) => void;
  /** Which game this is, for a replay into it. */
  readonly game?: RecordedGame;
}

/** A recording that somebody has opened; a `Recorder` is one. */
export interface OpenRecording {
  /** Where it goes; `undefined` for a sink of the caller's. */
  readonly file: string | undefined;
  /** Bytes so far. */
  readonly sizeBytes: number;
  /** Whether it records: it was begun, and has neither ended nor stopped. */
  readonly isRecording: boolean;
}

/** What `record` options take: a file, more than that, or a recording that is open. */
export type RecordInput = string | RecordOptions | OpenRecording;
