/**
 * The whole terminal: keys come in raw, pictures go out without flicker, and whatever happens the
 * terminal is left as it was.
 *
 * A picture is written in one piece, only the rows that changed, inside a synchronized update where the
 * terminal knows such.
 *
 * @module
 */
import { stdout } from "../../server/cli_output.ts";

/** Alternate screen, cursor off, ask for the kitty protocol. */
const ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J\x1b[?u";
/** Text as it was, cursor on, back to the main screen. */
const LEAVE = "\x1b[0m\x1b[?25h\x1b[?1049l";
/** All keys, with their text, with repeats and releases (1 + 2 + 8 + 16). */
const KITTY_ON = "\x1b[>27u";
const KITTY_OFF = "\x1b[<u";
const UPDATE_BEGIN = "\x1b[?2026h";
const UPDATE_END = "\x1b[?2026l";

/** Signals that end the process; each must leave the terminal in order. */
const ENDING_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The terminal. */
export class Screen {
  #shown: string[] = [];
  #isOpen = false;
  #hasKitty = false;
  #onResize: () => void = () => {};
  readonly #close = (): void => this.close();

  /** Columns and rows. */
  get size(): { columns: number; rows: number } {
    try {
      return Deno.consoleSize();
    } catch {
      // The terminal is gone; the end is near.
      return { columns: 80, rows: 24 };
    }
  }

  /**
   * Takes the terminal over until {@link close}, which happens by itself however the process ends.
   *
   * @param onSignal Called when the process is asked to end.
   * @param onResize Called when the size changed.
   */
  open(onSignal: () => void, onResize: () => void): void {
    this.#isOpen = true;
    this.#onResize = () => {
      this.#shown = [];
      onResize();
    };
    Deno.stdin.setRaw(true);
    globalThis.addEventListener("unload", this.#close);
    globalThis.addEventListener("error", this.#close);
    globalThis.addEventListener("unhandledrejection", this.#close);
    for (const signal of ENDING_SIGNALS) {
      if (Deno.build.os !== "windows" || signal !== "SIGTERM") {
        Deno.addSignalListener(signal, onSignal);
      }
    }
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGWINCH", this.#onResize);
    stdout.write(ENTER);
  }

  /** The terminal said that it knows the kitty protocol: from now on it tells when keys are let go. */
  enableKitty(): void {
    if (!this.#isOpen || this.#hasKitty) return;
    this.#hasKitty = true;
    stdout.write(KITTY_ON);
  }

  /** Shows a picture, one text per row. */
  show(lines: readonly string[], cursor?: { readonly column: number; readonly row: number }): void {
    if (!this.#isOpen) return;
    let text = "";
    lines.forEach((line, row) => {
      if (this.#shown[row] !== line) text += `\x1b[${row + 1};1H\x1b[0m${line}\x1b[0K`;
    });
    this.#shown = [...lines];
    const place = cursor === undefined
      ? "\x1b[?25l"
      : `\x1b[${cursor.row + 1};${cursor.column + 1}H\x1b[?25h`;
    if (text !== "" || cursor !== undefined) {
      stdout.write(`${UPDATE_BEGIN}\x1b[?25l${text}${place}${UPDATE_END}`);
    }
  }

  /** Gives the terminal back. Idempotent; throws nothing, because it runs when things go wrong. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    stdout.write((this.#hasKitty ? KITTY_OFF : "") + LEAVE);
    try {
      Deno.stdin.setRaw(false);
    } catch {
      // The terminal is gone, and its mode with it.
    }
  }
}
