/**
 * Lines that a person types while other lines appear, or lines from a pipe.
 *
 * @module
 */
import process from "node:process";
import { clearLine, createInterface, cursorTo } from "node:readline";
import type { Output } from "../../server/cli_output.ts";
import { TextLineStream } from "../line_stream.ts";

/** Where lines come from and where others go meanwhile. */
export interface LineInput {
  /** What is typed, line by line, until the end of the input. */
  readonly lines: AsyncIterable<string>;
  /** Prints above what is being typed. */
  readonly output: Output;
  /** Gives the terminal back. */
  close(): void;
}

/** Standard input: with a prompt and editing where a person types, plain otherwise. */
export function openLineInput(output: Output): LineInput {
  if (!Deno.stdin.isTerminal() || !output.isTerminal) {
    const lines = Deno.stdin.readable.pipeThrough(new TextLineStream());
    return { lines, output, close: () => {} };
  }
  const editor = createInterface({ input: process.stdin, output: process.stdout, prompt: "> " });
  // While lines are edited, ctrl-C is a key like others.
  editor.on("SIGINT", () => editor.close());
  const erasePrompt = (): void => {
    clearLine(process.stdout, 0);
    cursorTo(process.stdout, 0);
  };
  const write = (text: string): void => {
    erasePrompt();
    output.write(text);
    // What was typed so far appears again below.
    editor.prompt(true);
  };
  const above: Output = {
    isTerminal: true,
    write,
    line: (text = "") => write(`${text}\n`),
    json: (value) => write(`${JSON.stringify(value)}\n`),
    paint: (style, text) => output.paint(style, text),
  };
  editor.prompt();
  const lines = async function* (): AsyncIterable<string> {
    for await (const line of editor) {
      yield line;
      editor.prompt();
    }
  };
  const close = (): void => {
    editor.close();
    erasePrompt();
  };
  return { lines: lines(), output: above, close };
}
