/**
 * How many columns text takes in a terminal.
 *
 * @module
 */

/** Scripts and emoji that terminals show two columns wide (Unicode Standard Annex 11, "W" and "F"). */
const WIDE =
  /^[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;

const MARK = /^[\p{M}\p{Cf}]/u;

/** Columns of one character: 0 for marks on the one before, 2 for wide ones, else 1. */
export function characterWidth(character: string): number {
  if (character >= " " && character <= "~") return 1;
  return MARK.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
}

/** Columns of a text. */
export function textWidth(text: string): number {
  let columns = 0;
  for (const character of text) columns += characterWidth(character);
  return columns;
}

/** The longest start of a text that takes at most `columns` columns. */
export function fitWidth(text: string, columns: number): string {
  let used = 0;
  let fitting = "";
  for (const character of text) {
    used += characterWidth(character);
    if (used > columns) break;
    fitting += character;
  }
  return fitting;
}
