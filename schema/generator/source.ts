/**
 * Program text under construction: lines, unique names, and constants hoisted out of the functions.
 *
 * @module
 */
import { checkIdentifier } from "../limits.ts";

/** Collects the text of one generated codec. */
export class Source {
  readonly #lines: string[] = [];
  readonly #hoisted = new Map<string, string>();
  #depth = 1;
  #names = 0;

  /** Adds a line at the current depth. */
  line(text: string): void {
    this.#lines.push("  ".repeat(this.#depth) + text);
  }

  /** Adds a line that opens a block; `text` ends with a brace. */
  open(text: string): void {
    this.line(text);
    this.#depth++;
  }

  /** Closes a block. */
  close(text = "}"): void {
    this.#depth--;
    this.line(text);
  }

  /** A name that nothing else in the text has. */
  fresh(prefix: string): string {
    return `${prefix}${++this.#names}`;
  }

  /** Declares a variable of a fresh name and returns the name. */
  declare(prefix: string, expression: string, keyword: "const" | "let" = "const"): string {
    const name = this.fresh(prefix);
    this.line(`${keyword} ${name} = ${expression};`);
    return name;
  }

  /** The name of a constant that is made once for the codec; equal expressions share one. */
  hoist(prefix: string, expression: string): string {
    let name = this.#hoisted.get(expression);
    if (name === undefined) {
      name = this.fresh(prefix);
      this.#hoisted.set(expression, name);
    }
    return name;
  }

  /** The hoisted constants as lines. */
  hoistedLines(): string[] {
    return [...this.#hoisted].map(([expression, name]) => `const ${name} = ${expression};`);
  }

  /** The lines so far, which are then forgotten; names and constants stay. */
  takeLines(): string[] {
    return this.#lines.splice(0);
  }
}

/** A number as an operand: exact, and safe after any operator. */
export function numeral(value: number): string {
  // `Object.is`, because -0 prints as 0.
  const text = Object.is(value, -0) ? "-0" : `${value}`;
  return text.startsWith("-") ? `(${text})` : text;
}

/**
 * Access to a property. Builders have checked the name already; here is where an unchecked one would
 * become code, so it is checked again.
 *
 * @throws TypeError when the name is no identifier.
 */
export function member(name: string): string {
  checkIdentifier("field", name);
  return `.${name}`;
}

/** `base + offset`, without adding zero. */
export function plus(base: string, offset: number): string {
  return offset === 0 ? base : `${base} + ${offset}`;
}

/** Any JSON value as an expression; the one way by which texts of a schema get into program text. */
export function quoted(value: unknown): string {
  return JSON.stringify(value);
}
