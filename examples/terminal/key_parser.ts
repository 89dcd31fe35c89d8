/**
 * Keys from the bytes of a terminal in raw mode.
 *
 * Understands plain text, the usual escape sequences, and the kitty keyboard protocol, with which a
 * terminal also tells when a key is let go (https://sw.kovidgoyal.net/kitty/keyboard-protocol/). Whatever
 * else arrives is skipped.
 *
 * @module
 */

/** A key. */
export interface Key {
  /** `"up"`, `"enter"`, `"escape"`, `"ctrl+c"` …, or the character itself, in lower case for letters. */
  readonly name: string;
  /** The text that it types; empty for keys that type none. */
  readonly text: string;
  /** What happened to it. Terminals without the kitty protocol only know `"press"`. */
  readonly action: "press" | "repeat" | "release";
}

/** What came: a key, or the terminal's word that it speaks the kitty protocol. */
export type TerminalInput = Key | { readonly name: "kitty-protocol" };

const ARROWS: Readonly<Record<string, string>> = { A: "up", B: "down", C: "right", D: "left" };

const NAMED: Readonly<Record<number, string>> = {
  8: "backspace",
  9: "tab",
  10: "enter",
  13: "enter",
  27: "escape",
  127: "backspace",
};

/** What happened to a key, by the number that the kitty protocol has for it. */
const ACTIONS: Readonly<Record<string, Key["action"]>> = { 1: "press", 2: "repeat", 3: "release" };

/** The bit of Ctrl in the modifiers of the kitty protocol and of xterm, which count from 1. */
const CTRL = 4;

// Parameters and a final letter: CSI of ECMA-48, section 5.4. SS3 is what arrows are in application mode.
// deno-lint-ignore no-control-regex
const SEQUENCE = /^\x1b(?:\[([?<>=]?)([\d;:]*)([\x40-\x7e])|O([A-D]))/;

/** Longest sequence that is waited for when a read ends in the middle of it. */
const MAX_SEQUENCE_CHARACTERS = 64;

/** Turns bytes into keys, across the borders of reads. */
export class KeyParser {
  readonly #decoder = new TextDecoder();
  #rest = "";

  /** Every key that is complete. */
  parse(bytes: Uint8Array): TerminalInput[] {
    const found: TerminalInput[] = [];
    let text = this.#rest + this.#decoder.decode(bytes, { stream: true });
    this.#rest = "";
    while (text !== "") {
      const sequence = SEQUENCE.exec(text);
      if (sequence !== null) {
        const input = readSequence(sequence);
        if (input !== undefined) found.push(input);
        text = text.slice(sequence[0].length);
      } else if (isUnfinished(text)) {
        this.#rest = text;
        break;
      } else {
        const character = String.fromCodePoint(text.codePointAt(0)!);
        found.push(plainKey(character));
        text = text.slice(character.length);
      }
    }
    return found;
  }
}

/** A lone escape is the key; with a bracket behind it, the rest of a sequence is to come. */
function isUnfinished(text: string): boolean {
  // deno-lint-ignore no-control-regex
  return text.length < MAX_SEQUENCE_CHARACTERS && /^\x1b(?:\[[?<>=]?[\d;:]*|O)$/.test(text);
}

function plainKey(character: string): Key {
  const code = character.codePointAt(0)!;
  const named = NAMED[code];
  if (named !== undefined) return { name: named, text: "", action: "press" };
  if (code < 32) {
    return { name: `ctrl+${String.fromCharCode(code + 96)}`, text: "", action: "press" };
  }
  return { name: character.toLowerCase(), text: character, action: "press" };
}

function readSequence(
  [, prefix, parameters = "", final = "", ss3]: RegExpExecArray,
): TerminalInput | undefined {
  if (ss3 !== undefined) return { name: ARROWS[ss3]!, text: "", action: "press" };
  if (prefix === "?" && final === "u") return { name: "kitty-protocol" };
  if (prefix !== "") return undefined;
  const [codes = "", modifiers = "", texts = ""] = parameters.split(";");
  const [modifier = "1", event = "1"] = modifiers.split(":");
  const action = ACTIONS[event] ?? "press";
  const isCtrl = ((Number(modifier) || 1) - 1 & CTRL) !== 0;
  const arrow = ARROWS[final];
  if (arrow !== undefined) return { name: arrow, text: "", action };
  if (final !== "u") return undefined;
  const code = Number(codes.split(":")[0]);
  const named = NAMED[code];
  if (named !== undefined) return { name: named, text: "", action };
  // Keys without a character have numbers in Unicode's private use area.
  if (!(code >= 32 && code <= 0x10ffff) || (code >= 0xe000 && code <= 0xf8ff)) return undefined;
  const character = String.fromCodePoint(code);
  if (isCtrl) return { name: `ctrl+${character}`, text: "", action };
  const typed = texts === "" ? character : textOf(texts);
  return { name: character.toLowerCase(), text: action === "release" ? "" : typed, action };
}

function textOf(codes: string): string {
  return codes.split(":").map(Number).filter((code) => code >= 32 && code <= 0x10ffff)
    .map((code) => String.fromCodePoint(code)).join("");
}
