/**
 * Limits of declarations. They keep a schema's worst case finite and its generated code small;
 * none of them is reached by a message that a game should send.
 *
 * @module
 */

/** Deepest nesting of composite fields. Codecs recurse no deeper than this, whatever arrives. */
export const MAX_DEPTH = 16;

/** Most properties of one struct, message, entity or union variant. */
export const MAX_FIELDS = 512;

/** Most values of an enum. */
export const MAX_ENUM_VALUES = 4096;

/** Most variants of a union. */
export const MAX_UNION_VARIANTS = 256;

/** Most elements of an array or entries of a map. */
export const MAX_ELEMENTS = 1_048_576;

/** Largest worst case of a codec: what a reliable message may have, 1 MiB. */
export const MAX_CODEC_BYTES = 1_048_576;

/** Longest identifier: field, message, variant, tag and channel names. */
export const MAX_NAME_LENGTH = 64;

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Checks a name that becomes a property of an object.
 *
 * @param what What the name is for, for the message: `field`, `union variant` …
 * @throws TypeError when it is not an ASCII identifier or would touch a prototype.
 */
export function checkIdentifier(what: string, name: string): void {
  if (!IDENTIFIER.test(name) || name.length > MAX_NAME_LENGTH) {
    throw new TypeError(
      `Cannot declare ${what} ${
        JSON.stringify(name)
      }: a name is an ASCII identifier of at most ${MAX_NAME_LENGTH} characters`,
    );
  }
  // Assigning __proto__ changes the prototype; the others hide what every object has.
  if (name === "__proto__" || name === "constructor" || name === "prototype") {
    throw new TypeError(`Cannot declare ${what} "${name}": the name is reserved by JavaScript`);
  }
}

/**
 * Checks an integer option.
 *
 * @throws RangeError when `value` is not an integer of `[min, max]`.
 */
export function checkInteger(what: string, value: number, min: number, max: number): void {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new RangeError(
      `Cannot declare ${what} ${value}: it must be an integer of ${min} to ${max}`,
    );
  }
}
