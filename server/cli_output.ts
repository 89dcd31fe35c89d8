/**
 * Lines to a terminal, a pipe or a file: color for terminals only, and no crash when the reader left.
 *
 * @module
 */
import { styleText } from "node:util";

/** What text may look like. */
export type TextStyle = Parameters<typeof styleText>[0];

/** Where lines go. */
export interface Output {
  /** Whether somebody looks at it: color and redrawing make sense. */
  readonly isTerminal: boolean;
  /** Writes text as it is. */
  write(text: string): void;
  /** Writes a line. */
  line(text?: string): void;
  /** Writes a line of JSON. */
  json(value: unknown): void;
  /** The text in that style, or as it is where nobody looks. */
  paint(style: TextStyle, text: string): string;
}

interface Sink {
  writeSync(bytes: Uint8Array): number;
  isTerminal(): boolean;
}

const ENCODER = new TextEncoder();

/** An output to a stream of this process. */
export class StreamOutput implements Output {
  readonly isTerminal: boolean;
  readonly #sink: Sink;
  readonly #hasColor: boolean;

  /** @param sink `Deno.stdout`, `Deno.stderr`, or something like them. */
  constructor(sink: Sink) {
    this.#sink = sink;
    this.isTerminal = sink.isTerminal();
    this.#hasColor = this.isTerminal && !Deno.noColor;
  }

  write(text: string): void {
    let bytes = ENCODER.encode(text);
    try {
      while (bytes.byteLength > 0) bytes = bytes.subarray(this.#sink.writeSync(bytes));
    } catch (error) {
      if (!isReaderGone(error)) throw error;
    }
  }

  line(text = ""): void {
    this.write(`${text}\n`);
  }

  json(value: unknown): void {
    this.line(JSON.stringify(value));
  }

  paint(style: TextStyle, text: string): string {
    // Whether anybody looks is known here; styleText would look at standard output only.
    return this.#hasColor ? styleText(style, text, { validateStream: false }) : text;
  }
}

/** `server/main.ts | head -1`, or a closed terminal: nobody reads any more, which is no reason to stop serving. */
function isReaderGone(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe ||
    error instanceof Error && "code" in error && error.code === "EIO";
}

/** Standard output. */
export const stdout: Output = new StreamOutput(Deno.stdout);

/** Standard error. */
export const stderr: Output = new StreamOutput(Deno.stderr);
