/**
 * A script of this repository that runs in a namespace and says one JSON object per line.
 *
 * @module
 */
import { createInterface } from "node:readline";
import { Readable } from "node:stream";

/** What to run. */
export interface LabProcessOptions {
  /** Path from the root of the repository. */
  readonly script: string;
  /** Its arguments. */
  readonly args?: readonly string[];
  /** Folder to run in. Default: this one. */
  readonly cwd?: string;
  /** Name in messages. */
  readonly name: string;
}

/** One line that a process wrote. */
export type LabLine = Readonly<Record<string, unknown>>;

const ROOT = new URL("../../../", import.meta.url);

/** Lines of a process that are kept for a message about its failure. */
const KEPT_LINES = 20;

/** A running script. */
export class LabProcess {
  /** Resolves when it has ended. */
  readonly status: Promise<Deno.CommandStatus>;
  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #waiting: { matches: (line: LabLine) => boolean; resolve: (line: LabLine) => void }[] =
    [];
  readonly #unread: LabLine[] = [];
  readonly #last: string[] = [];
  readonly #read: Promise<void>;

  /** Starts it. */
  constructor(namespace: string, { script, args = [], cwd, name }: LabProcessOptions) {
    const path = decodeURIComponent(new URL(script, ROOT).pathname);
    this.#name = name;
    this.#child = new Deno.Command("ip", {
      // `ip netns exec` becomes the program, so its process id is the program's.
      args: [
        ...["netns", "exec", namespace, Deno.execPath(), "run", "-A", "--no-check"],
        ...["--unstable-net", path, ...args],
      ],
      ...(cwd === undefined ? {} : { cwd }),
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.status = this.#child.status.then(async (status) => {
      await this.#writer.close().catch(() => {});
      return status;
    });
    this.#read = Promise.all([
      this.#follow(this.#child.stdout, (line) => this.#onLine(line)),
      this.#follow(this.#child.stderr, (line) => this.#keep(line)),
    ]).then(() => {});
  }

  /** Waits for a line with this `event`, which may have come already; lines before it are dropped. */
  async next(event: string, timeoutMs = 30_000): Promise<LabLine> {
    const matches = (line: LabLine): boolean => line["event"] === event;
    const at = this.#unread.findIndex(matches);
    if (at >= 0) return this.#unread.splice(0, at + 1).at(-1)!;
    this.#unread.length = 0;
    const { promise, resolve, reject } = Promise.withResolvers<LabLine>();
    this.#waiting.push({ matches, resolve });
    const fail = (why: string): void => reject(this.#error(`did not say "${event}": ${why}`));
    const timer = setTimeout(() => fail(`${timeoutMs} ms are over`), timeoutMs);
    void this.#read.then(() => fail("it has ended"));
    return await promise.finally(() => clearTimeout(timer));
  }

  /** Sends a line and waits for the line with an `event` that answers it. */
  async ask(line: string, event: string, timeoutMs = 30_000): Promise<LabLine> {
    await this.#writer.write(new TextEncoder().encode(`${line}\n`));
    return await this.next(event, timeoutMs);
  }

  /** Sends a signal; one that comes too late does nothing. */
  kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended.
    }
  }

  /** Waits until it has ended and its output is read. */
  async close(): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#read;
    await this.status;
  }

  /** What it said last, for messages. */
  get lastWords(): string {
    return this.#last.join("\n");
  }

  async #follow(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> {
    for await (const line of createInterface({ input: Readable.fromWeb(stream) })) onLine(line);
  }

  #onLine(text: string): void {
    this.#keep(text);
    if (!text.startsWith("{")) return;
    const line: LabLine = JSON.parse(text);
    const at = this.#waiting.findIndex(({ matches }) => matches(line));
    if (at >= 0) this.#waiting.splice(at, 1)[0]!.resolve(line);
    else this.#unread.push(line);
    if (this.#unread.length > 1_000) this.#unread.shift();
  }

  #keep(text: string): void {
    this.#last.push(text);
    if (this.#last.length > KEPT_LINES) this.#last.shift();
  }

  #error(what: string): Error {
    return new Error(`${this.#name} ${what}\n${this.lastWords}`);
  }
}
