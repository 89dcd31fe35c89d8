/**
 * Flags of a command line: declared once with their type, bounds and help.
 *
 * Programs of this repository declare theirs with it, and games those after `--`. `cli_line.ts` reads
 * a line against them.
 *
 * @module
 */

/** A command line that its writer has to correct. The message is all they need to read. */
export class UsageError extends Error {
  /** Always `"UsageError"`. */
  override readonly name = "UsageError";
  /** For programs. */
  readonly code = "usage";
}

/** A declared flag that gives a value of type `T`. Made by the builders of {@link flag}. */
export interface Flag<T> {
  /** What stands for the value in the help, such as `"PORT"`; empty for a flag without a value. */
  readonly placeholder: string;
  /** What the flag does, for the help. */
  readonly help: string;
  /** Whether a following argument is its value; for flags whose value may be left out. */
  readonly takesNext: (argument: string) => boolean;
  /**
   * The value of the flag.
   *
   * @param given What the line gave, in order; empty when the flag is absent. A flag without `=` and
   * value gives `""`.
   * @throws UsageError
   */
  readonly read: (given: readonly string[], name: string) => T;
}

/** Flags by their names in camelCase: `tickHz` is `--tick-hz`. */
export type Flags = Readonly<Record<string, Flag<unknown>>>;

/** The values of a set of flags. */
export type FlagValues<F extends Flags> = {
  readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never;
};

/** Bounds and default of a number; both ends belong to it. */
export interface NumberOptions<D extends number | undefined> {
  /** Smallest. Default: no bound. */
  readonly min?: number;
  /** Largest. Default: no bound. */
  readonly max?: number;
  /** Value of an absent flag. Default: `undefined`. */
  readonly default?: D;
}

/** Builders of flags. */
export interface FlagBuilders {
  /** `true` when the flag stands there. */
  toggle(help: string): Flag<boolean>;
  /** A text. */
  text<D extends string | undefined = undefined>(
    placeholder: string,
    help: string,
    options?: { readonly default?: D },
  ): Flag<string | D>;
  /** A text of which the flag may be given several times. */
  texts(placeholder: string, help: string): Flag<readonly string[]>;
  /**
   * A text that may be left out: `""` then, `undefined` without the flag. The next argument is its
   * value only when `isValue` says so; `--flag=value` always works.
   */
  optionalText(
    placeholder: string,
    help: string,
    isValue: (argument: string) => boolean,
  ): Flag<string | undefined>;
  /** A number. */
  number<D extends number | undefined = undefined>(
    placeholder: string,
    help: string,
    options?: NumberOptions<D>,
  ): Flag<number | D>;
  /** A whole number. */
  integer<D extends number | undefined = undefined>(
    placeholder: string,
    help: string,
    options?: NumberOptions<D>,
  ): Flag<number | D>;
  /** One of a few texts. */
  choice<const V extends string>(
    values: readonly V[],
    help: string,
    options: { readonly default: V },
  ): Flag<V>;
  /** Whatever `parse` makes of a text; what it throws is shown to the user. */
  parsed<T>(placeholder: string, help: string, parse: (text: string) => T): Flag<T | undefined>;
}

/** Builders of flags. */
export const flag: FlagBuilders = Object.freeze({
  toggle,
  text,
  texts,
  optionalText,
  number,
  integer,
  choice,
  parsed,
});

function toggle(help: string): Flag<boolean> {
  return {
    placeholder: "",
    help,
    takesNext: () => false,
    read(given, name) {
      const value = onlyOne(given, name);
      if (value !== undefined && value !== "") throw new UsageError(`--${name} takes no value`);
      return value !== undefined;
    },
  };
}

function text<D extends string | undefined = undefined>(
  placeholder: string,
  help: string,
  options: { readonly default?: D } = {},
): Flag<string | D> {
  return single(placeholder, help, (text) => text, options.default);
}

function texts(placeholder: string, help: string): Flag<readonly string[]> {
  return {
    placeholder,
    help,
    takesNext: () => true,
    read(given, name) {
      for (const value of given) requireValue(value, name, placeholder);
      return given;
    },
  };
}

function optionalText(
  placeholder: string,
  help: string,
  isValue: (argument: string) => boolean,
): Flag<string | undefined> {
  return {
    placeholder: `[${placeholder}]`,
    help,
    takesNext: isValue,
    read: (given, name) => onlyOne(given, name),
  };
}

function number<D extends number | undefined = undefined>(
  placeholder: string,
  help: string,
  options: NumberOptions<D> = {},
): Flag<number | D> {
  return single(
    placeholder,
    help,
    (text, name) => readNumber(text, name, options),
    options.default,
  );
}

function integer<D extends number | undefined = undefined>(
  placeholder: string,
  help: string,
  options: NumberOptions<D> = {},
): Flag<number | D> {
  return single(placeholder, help, (text, name) => {
    const value = readNumber(text, name, options);
    if (Number.isSafeInteger(value)) return value;
    throw new UsageError(`--${name} ${text}: expected a whole number`);
  }, options.default);
}

function choice<const V extends string>(
  values: readonly V[],
  help: string,
  options: { readonly default: V },
): Flag<V> {
  return single(values.join("|"), help, (text, name) => {
    const value = values.find((value) => value === text);
    if (value !== undefined) return value;
    throw new UsageError(`--${name} ${text}: expected one of ${values.join(", ")}`);
  }, options.default);
}

function parsed<T>(
  placeholder: string,
  help: string,
  parse: (text: string) => T,
): Flag<T | undefined> {
  return single<T, undefined>(placeholder, help, (text, name) => {
    try {
      return parse(text);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new UsageError(`--${name}: ${reason}`, { cause: error });
    }
  }, undefined);
}

function single<T, D>(
  placeholder: string,
  help: string,
  read: (text: string, name: string) => T,
  fallback: D | undefined,
): Flag<T | D> {
  return {
    placeholder,
    help,
    takesNext: () => true,
    read(given, name) {
      const value = onlyOne(given, name);
      // `undefined` is what D is when there is no default.
      if (value === undefined) return fallback as D;
      requireValue(value, name, placeholder);
      return read(value, name);
    },
  };
}

function onlyOne(given: readonly string[], name: string): string | undefined {
  if (given.length > 1) throw new UsageError(`--${name} stands there ${given.length} times`);
  return given[0];
}

function requireValue(value: string, name: string, placeholder: string): void {
  if (value === "") throw new UsageError(`--${name} needs a value: --${name} ${placeholder}`);
}

function readNumber(
  text: string,
  name: string,
  { min = -Infinity, max = Infinity }: NumberOptions<number | undefined>,
): number {
  const value = text.trim() === "" ? NaN : Number(text);
  if (value >= min && value <= max && Number.isFinite(value)) return value;
  const bounds = max === Infinity
    ? min === -Infinity ? "a number" : `a number of ${min} and more`
    : `a number of ${min} to ${max}`;
  throw new UsageError(`--${name} ${text}: expected ${bounds}`);
}
