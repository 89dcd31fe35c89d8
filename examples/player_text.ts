/**
 * What players call themselves and say, made fit for other players' terminals.
 *
 * Text of strangers must not move the cursor, recolor the screen, break a line or turn the reading
 * direction of what follows. The server refuses or cleans it; clients clean again what they show,
 * because they need not trust the server with their terminal.
 *
 * @module
 */

/** Longest name in characters; at most four bytes each, but see {@link cleanName}. */
export const MAX_NAME_CHARACTERS = 16;

const ENCODER = new TextEncoder();

/** Everything that shows nothing and does something: controls, format characters, lone surrogates, line ends. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

/** More than two marks on a letter climb into the lines above. */
const PILED_MARKS = /(\p{M}{2})\p{M}+/gu;

/** Text in one line that shows everything it has. */
export function cleanText(text: string): string {
  return text.normalize("NFC").replace(UNPRINTABLE, " ").replace(PILED_MARKS, "$1")
    .replace(/\p{Zs}+/gu, " ").trim();
}

/**
 * A name as everybody will see it, or `undefined` when nothing is left of it or it is too long.
 *
 * @param maxBytes What the schema allows.
 */
export function cleanName(name: string, maxBytes: number): string | undefined {
  const cleaned = cleanText(name);
  const isTooLong = [...cleaned].length > MAX_NAME_CHARACTERS ||
    ENCODER.encode(cleaned).byteLength > maxBytes;
  return cleaned === "" || isTooLong ? undefined : cleaned;
}

/** Two names with one key are the same name: `Ann`, `ann`, and `ａｎｎ` in full width. */
export function nameKey(name: string): string {
  return name.normalize("NFKC").toLowerCase();
}

/** The longest start of a text that has at most `maxBytes` bytes of UTF-8 and cuts no character. */
export function cutText(text: string, maxBytes: number): string {
  let sizeBytes = 0;
  let cut = "";
  for (const character of text) {
    sizeBytes += ENCODER.encode(character).byteLength;
    if (sizeBytes > maxBytes) break;
    cut += character;
  }
  return cut;
}
