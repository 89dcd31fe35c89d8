/**
 * Reads a line of arguments against declared flags, and describes them for the help.
 *
 * `node:util` takes the line apart; here are types, bounds, and what to say when something is wrong.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { type Flag, type Flags, type FlagValues, UsageError } from "./cli_flags.ts";
import { closestName } from "./cli_spelling.ts";

/** What a command line said. */
export interface ParsedFlags<F extends Flags> {
  /** One value per declared flag. */
  readonly values: FlagValues<F>;
  /** Arguments that are no flags. */
  readonly positionals: readonly string[];
}

/**
 * Reads a command line.
 *
 * @throws UsageError that names the flag and, for an unknown one, the closest that is known.
 */
export function parseFlags<F extends Flags>(flags: F, args: readonly string[]): ParsedFlags<F> {
  const byName = new Map(Object.entries(flags).map(([key, flag]) => [flagName(key), flag]));
  const given = new Map<string, string[]>();
  const { tokens } = parseArgs({
    args: joinValues(byName, args),
    options: Object.fromEntries(
      Array.from(byName, ([name, { placeholder }]) => [
        name,
        { type: placeholder === "" || placeholder.startsWith("[") ? "boolean" : "string" } as const,
      ]),
    ),
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    if (!byName.has(token.name)) throw unknownFlag(token.rawName, byName.keys());
    const values = given.get(token.name) ?? [];
    values.push(valueOf(token));
    given.set(token.name, values);
  }
  const values = Object.fromEntries(
    Object.entries(flags).map(([key, flag]) => {
      const name = flagName(key);
      return [key, flag.read(given.get(name) ?? [], name)];
    }),
  );
  // Each value was read by the flag of the same key, which is what FlagValues says.
  return { values: values as FlagValues<F>, positionals };
}

/** The lines of the help about a set of flags. */
export function describeFlags(flags: Flags): string {
  const rows = Object.entries(flags).map(([key, { placeholder, help }]) => {
    const call = `--${flagName(key)}${placeholder === "" ? "" : ` ${placeholder}`}`;
    return { call, lines: help.split("\n") };
  });
  const width = Math.min(Math.max(...rows.map(({ call }) => call.length)), 28);
  return rows.map(({ call, lines }) => {
    const [first = "", ...others] = lines;
    const indent = `\n${" ".repeat(width + 4)}`;
    const start = call.length > width ? `  ${call}${indent}` : `  ${call.padEnd(width)}  `;
    return start + [first, ...others].join(indent);
  }).join("\n");
}

/** `tickHz` as it stands on a command line: `tick-hz`. */
function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Joins flags whose value may be left out with the value after them, which `parseArgs` cannot. */
function joinValues(
  byName: ReadonlyMap<string, Flag<unknown>>,
  args: readonly string[],
): string[] {
  const joined: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const argument = args[i]!;
    const next = args[i + 1];
    const flag = argument.startsWith("--") ? byName.get(argument.slice(2)) : undefined;
    const isOptional = flag?.placeholder.startsWith("[") ?? false;
    if (isOptional && next !== undefined && !next.startsWith("-") && flag?.takesNext(next)) {
      joined.push(`${argument}=${next}`);
      i++;
    } else joined.push(argument);
  }
  return joined;
}

/** `--port --json` leaves `--port` without a value; `--seed -5` does not. */
function valueOf(
  token: { readonly value?: string | undefined; readonly inlineValue?: boolean | undefined },
): string {
  const { value = "", inlineValue = false } = token;
  return !inlineValue && /^--?[a-z]/i.test(value) ? "" : value;
}

function unknownFlag(rawName: string, names: Iterable<string>): UsageError {
  const closest = closestName(rawName.replace(/^-+/, ""), names);
  const advice = closest === undefined ? "see --help" : `did you mean --${closest}?`;
  return new UsageError(`unknown flag ${rawName}; ${advice}`);
}
