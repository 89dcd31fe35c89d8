/**
 * Runs a command: reads its line, shows its help, says what went wrong, exits with a code.
 *
 * Every program of this repository goes through {@link runCommand}, so that all of them behave alike:
 * `--help` exits with 0; a wrong line, and everything else that a user can put right, is one sentence
 * on standard error and exit code 1; only a defect of ours shows a stack.
 *
 * @module
 */
import { flag, type Flags, type FlagValues, UsageError } from "./cli_flags.ts";
import { describeFlags, parseFlags } from "./cli_line.ts";
import { stderr, stdout } from "./cli_output.ts";

/** A command. */
export interface Command<F extends Flags> {
  /** How it is started, after `deno run -A`: `"tools/query.ts URL"`. */
  readonly usage: string;
  /** One sentence: what it does. */
  readonly about: string;
  /** Its flags; `--help` comes by itself. */
  readonly flags: F;
  /** How many arguments without a flag it takes, at least and at most. Default: none. */
  readonly positionals?: readonly [number, number];
  /** More help, after the flags. */
  readonly notes?: string;
}

/** A command line that was read. */
export interface CommandLine<F extends Flags> {
  /** One value per flag. */
  readonly values: FlagValues<F>;
  /** Arguments that are no flags. */
  readonly positionals: readonly string[];
  /** Whatever stands after `--`. */
  readonly rest: readonly string[];
  /** Whether only help is wanted; {@link runCommand} has given it already where it can. */
  readonly wantsHelp: boolean;
}

const HELP = flag.toggle("Shows this");

/**
 * Reads a command line.
 *
 * @throws UsageError
 */
export function parseCommand<F extends Flags>(
  command: Command<F>,
  args: readonly string[],
): CommandLine<F> {
  const cut = args.indexOf("--");
  const own = cut === -1 ? args : args.slice(0, cut);
  const rest = cut === -1 ? [] : args.slice(cut + 1);
  const isHelp = (argument: string): boolean => argument === "--help" || argument === "-h";
  const wantsHelp = own.some(isHelp);
  const { values, positionals } = parseFlags(
    command.flags,
    own.filter((argument) => !isHelp(argument)),
  );
  const [fewest, most] = command.positionals ?? [0, 0];
  if (!wantsHelp && positionals.length < fewest) {
    throw new UsageError(`expected: deno run -A ${command.usage}`);
  }
  if (positionals.length > most) {
    throw new UsageError(`unexpected argument "${positionals[most]}"; see --help`);
  }
  return { values, positionals, rest, wantsHelp };
}

/** The help of a command. */
export function helpOf(command: Command<Flags>): string {
  const flags = describeFlags({ ...command.flags, help: HELP });
  const notes = command.notes === undefined ? "" : `\n\n${command.notes}`;
  return `${command.about}\n\n  deno run -A ${command.usage}\n\nOptions\n${flags}${notes}`;
}

/**
 * Runs a command to its end and exits.
 *
 * @param run Returns the exit code, 0 when it returns nothing.
 */
export async function runCommand<F extends Flags>(
  command: Command<F>,
  run: (line: CommandLine<F>) => Promise<number | void>,
): Promise<never> {
  let code: number;
  try {
    const line = parseCommand(command, Deno.args);
    if (line.wantsHelp) stdout.line(helpOf(command));
    code = line.wantsHelp ? 0 : await run(line) ?? 0;
  } catch (error) {
    reportFailure(error);
    code = 1;
  }
  Deno.exit(code);
}

/** Says on standard error what went wrong: a sentence where a user can put it right, else a stack. */
export function reportFailure(error: unknown): void {
  const mark = stderr.paint("red", "error:");
  if (isExpected(error)) stderr.line(`${mark} ${error.message}`);
  else stderr.line(`${mark} ${error instanceof Error ? error.stack ?? error.message : error}`);
}

/** Errors that are made for people carry a code: ours, and those of the operating system. */
function isExpected(error: unknown): error is Error {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}
