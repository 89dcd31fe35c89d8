/**
 * A load in a process of its own that is asked line by line, and the median of what it answers.
 *
 * @module
 */
import { createInterface } from "node:readline";
import { Readable } from "node:stream";

/** A running load. */
export interface Load {
  /** Sends a line and waits for the line that answers it. */
  ask(line: string): Promise<string>;
  /** Waits for another line. */
  next(): Promise<string>;
  /** Ends the load and waits until it is gone. */
  close(): Promise<void>;
}

/** Starts a script of this folder. */
export function startLoad(script: string): Load {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--unstable-net",
      "--v8-flags=--expose-gc",
      new URL(script, import.meta.url).href,
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const lines = createInterface({ input: Readable.fromWeb(child.stdout) })[Symbol.asyncIterator]();
  async function next(): Promise<string> {
    const { value } = await lines.next();
    if (value === undefined) throw new Error("The load has ended: see its messages above");
    return value;
  }
  return {
    next,
    async ask(line: string): Promise<string> {
      await writer.write(new TextEncoder().encode(`${line}\n`));
      return await next();
    },
    async close(): Promise<void> {
      await writer.close();
      await child.status;
    },
  };
}

/** The middle value; the upper one of two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}
