/**
 * Programs of this repository as a user runs them, for tests: started, talked to, stopped.
 *
 * Every wait has a bound, so that a program that hangs fails one test and not the whole run.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

/** Far more than anything here takes on a busy machine. */
const PATIENCE_MS = 20_000;

const ROOT = new URL("../../", import.meta.url);

/** How to start a program. */
export interface ProgramOptions {
  /** Working directory. Default: the repository. */
  readonly cwd?: string;
  /** Arguments of `deno run` itself. */
  readonly denoArgs?: readonly string[];
}

/** How a program ended. */
export interface ProgramEnd {
  /** Exit code. */
  readonly code: number;
  /** All that it wrote to standard output. */
  readonly stdout: string;
  /** All that it wrote to standard error. */
  readonly stderr: string;
}

/** A line of JSON. */
export type JsonLine = Readonly<Record<string, unknown>>;

/** Collects what a stream says, and wakes whoever waits for more of it. */
class Listener {
  text = "";
  isOver = false;
  readonly done: Promise<void>;
  #wake: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(stream: ReadableStream<Uint8Array>) {
    this.done = this.#read(stream);
  }

  /** Resolves when there is more, or nothing any more. */
  get more(): Promise<void> {
    return this.#wake.promise;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.text += text;
      this.#stir();
    }
    this.isOver = true;
    this.#stir();
  }

  #stir(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

/** A running program. */
export class Program implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #out: Listener;
  readonly #err: Listener;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  #read = 0;

  /** Starts `deno run -A path args`. */
  constructor(path: string, args: readonly string[] = [], options: ProgramOptions = {}) {
    const { cwd = fileURLToPath(ROOT), denoArgs = [] } = options;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", ...denoArgs, new URL(path, ROOT).href, ...args],
      cwd,
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#out = new Listener(this.#child.stdout);
    this.#err = new Listener(this.#child.stderr);
    this.#input = this.#child.stdin.getWriter();
  }

  /** What it wrote to standard error so far. */
  get stderr(): string {
    return this.#err.text;
  }

  /** The next line of standard output that fits; lines before it are skipped. */
  async line(fits: (line: string) => boolean): Promise<string> {
    return await this.#patiently("a line that fits", async () => {
      while (true) {
        const { more } = this.#out;
        const lines = this.#out.text.split("\n").slice(0, -1);
        while (this.#read < lines.length) {
          const line = lines[this.#read++]!;
          if (fits(line)) return line;
        }
        assert.ok(!this.#out.isOver, `the program ended\n${this.#all()}`);
        await more;
      }
    });
  }

  /** The next JSON line with that `event` whose other properties fit. */
  async event(event: string, fits: (line: JsonLine) => boolean = () => true): Promise<JsonLine> {
    const isIt = (line: string): boolean => {
      const json = JSON.parse(line);
      return json.event === event && fits(json);
    };
    return JSON.parse(await this.line(isIt));
  }

  /** Waits until standard error says something that fits. */
  async complaint(pattern: RegExp): Promise<void> {
    await this.#patiently(String(pattern), async () => {
      while (!pattern.test(this.#err.text)) {
        assert.ok(!this.#err.isOver, `the program ended\n${this.#all()}`);
        await this.#err.more;
      }
    });
  }

  /** Types lines. */
  async type(...lines: readonly string[]): Promise<void> {
    await this.#input.write(new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));
  }

  /** Ends standard input. */
  async endInput(): Promise<void> {
    await this.#input.close();
  }

  /** Sends a signal. */
  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits for the end. */
  async end(): Promise<ProgramEnd> {
    const { code } = await this.#patiently("the end", () => this.#child.status);
    await Promise.all([this.#out.done, this.#err.done]);
    return { code, stdout: this.#out.text, stderr: this.#err.text };
  }

  /** Ends it with SIGINT, as a user does. */
  async interrupt(): Promise<ProgramEnd> {
    this.signal("SIGINT");
    return await this.end();
  }

  /** Makes sure that nothing of it is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.signal("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#child.status;
    await Promise.all([this.#out.done, this.#err.done]);
    await this.#input.close().catch(() => {});
  }

  async #patiently<T>(what: string, wait: () => Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`Waited too long for ${what}\n${this.#all()}`)),
        PATIENCE_MS,
      );
    });
    try {
      return await Promise.race([wait(), timeout]);
    } finally {
      clearTimeout(timer);
    }
  }

  #all(): string {
    return `--- stdout\n${this.#out.text}\n--- stderr\n${this.#err.text}`;
  }
}

/** Runs a program to its end. */
export async function runProgram(
  path: string,
  args: readonly string[] = [],
  options: ProgramOptions = {},
): Promise<ProgramEnd> {
  await using program = new Program(path, args, options);
  await program.endInput();
  return await program.end();
}

/** Starts a server that says where it is, on a free port of this machine. */
export async function startServer(
  path: string,
  args: readonly string[] = [],
  options: ProgramOptions = {},
): Promise<{ server: Program; url: string }> {
  const server = new Program(
    path,
    ["--host", "127.0.0.1", "--port", "0", "--json", ...args],
    options,
  );
  const { url } = await server.event("ready");
  return { server, url: String(url) };
}

/** A folder that is gone after the test. */
export class TemporaryFolder implements AsyncDisposable {
  /** Where it is. */
  readonly path: string = Deno.makeTempDirSync({ prefix: "tickwire-" });

  /** A path in it. */
  join(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Writes a text file into it and returns its path. */
  async write(name: string, text: string): Promise<string> {
    await Deno.writeTextFile(this.join(name), text);
    return this.join(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}
