/**
 * The file that a recording goes to.
 *
 * @module
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { extname } from "node:path";
import type { RecordingSink } from "../protocol/recording/recording_tape.ts";

/** Names that are tried beside one that is taken. */
const MOST_NAMES = 10_000;

/** Only its owner reads it: a recording holds secrets. */
const OWNER_ONLY = 0o600;

/** A file that was opened. */
export interface RecordingFile {
  /** Its name: the one that was asked for, or one beside it. */
  readonly path: string;
  /** Writes to it. */
  readonly sink: RecordingSink;
}

/**
 * Opens a new file. One that exists is never overwritten: a server that crashed and was started again
 * must not write over what tells of the crash.
 *
 * @throws What opening a file throws.
 */
export function openRecordingFile(path: string): RecordingFile {
  const extension = extname(path);
  const stem = path.slice(0, path.length - extension.length);
  for (let number = 1;; number++) {
    const name = number === 1 ? path : `${stem}.${number}${extension}`;
    try {
      const handle = openSync(name, "wx", OWNER_ONLY);
      return { path: name, sink: new FileSink(handle) };
    } catch (error) {
      if (number >= MOST_NAMES || !isTaken(error)) throw error;
    }
  }
}

class FileSink implements RecordingSink {
  readonly #handle: number;

  constructor(handle: number) {
    this.#handle = handle;
  }

  write(bytes: Uint8Array): void {
    // At once and not later: a crash must find on the disk what was handed over.
    for (let at = 0; at < bytes.byteLength;) at += writeSync(this.#handle, bytes, at);
  }

  close(): void {
    closeSync(this.#handle);
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}
