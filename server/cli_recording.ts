/**
 * `--record`: what a host does so that its game can be replayed.
 *
 * Beside the core, a game's own code reads the wall clock and draws random numbers. The first is
 * recorded; for the second the host puts a seeded sequence in the place of `Math.random`, and the seed
 * into the recording.
 *
 * @module
 */
import { Random } from "../transport/random.ts";
import { Recorder } from "../transport/recorder.ts";
import type { HostValues } from "./cli_options.ts";
import { stderr } from "./cli_output.ts";
import type { RunningGame } from "./game.ts";

/** A host that records, or does not. */
export interface HostRecording {
  /** For `serve`; `undefined` when nothing is recorded. */
  readonly record: Recorder | undefined;
  /** The wall clock for the game. */
  readonly wallClockMs: () => number;
  /** The game, whose stop is recorded. */
  readonly watch: (running: RunningGame) => RunningGame;
}

/** What the flags of {@link HostValues} ask for. Throws what opening the file throws. */
export function hostRecording(
  values: HostValues,
  module: string,
  gameArgs: readonly string[],
): HostRecording {
  const { record: file, recordKeys: keys, recordLimit } = values;
  if (file === undefined) {
    return { record: undefined, wallClockMs: Date.now, watch: (running) => running };
  }
  const [mathSeed = 0] = crypto.getRandomValues(new Uint32Array(1));
  const record = new Recorder({
    file,
    keys,
    maxBytes: recordLimit * 1024 * 1024,
    game: { module, args: gameArgs, mathSeed },
    onStopped: (reason) => stderr.line(`Recording stopped: ${reason}`),
  });
  seedMathRandom(mathSeed);
  const secrets = keys
    ? "the server's keys and everything that is said"
    : "everything that is said";
  stderr.line(
    `Recording to ${record.file}. It tells ${secrets}: give it to nobody you do not trust.`,
  );
  return {
    record,
    wallClockMs: () => record.wallClockMs(Date.now),
    watch: (running) => ({
      stop: () => {
        record.noteStop();
        return running.stop?.();
      },
      statusLine: () => running.statusLine?.() ?? "",
    }),
  };
}

/** Gives `Math.random` a sequence that its seed decides; returns what undoes it. */
export function seedMathRandom(seed: number): () => void {
  const { random } = Math;
  const sequence = new Random(seed);
  // 53 bits like the original: games may draw big numbers from it.
  Math.random = () => (sequence.uint32() * 2 ** 21 + (sequence.uint32() >>> 11)) * 2 ** -53;
  return () => {
    Math.random = random;
  };
}
