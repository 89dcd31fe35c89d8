/**
 * Prints what a test measured: figures that a person wants to see, not only that they pass.
 *
 * @module
 */

/** Prints a line. */
export function printFigures(line: string): void {
  // deno-lint-ignore no-console -- the figures are what is asked for.
  console.log(line);
}
