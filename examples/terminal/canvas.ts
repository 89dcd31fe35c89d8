/**
 * A picture made of characters.
 *
 * @module
 */
import { characterWidth } from "./display_width.ts";

/** Select Graphic Rendition codes of ECMA-48, such as `"1;32"`; empty for plain text. */
export type CellStyle = string;

interface Cell {
  text: string;
  style: CellStyle;
}

/** The second column of a wide character. */
const COVERED = "";

/** Cells in rows and columns, counted from 0. What is put outside of them is cut off. */
export class Canvas {
  /** Columns. */
  readonly columns: number;
  /** Rows. */
  readonly rows: number;
  readonly #cells: Cell[][];

  /** An empty picture. */
  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
    this.#cells = Array.from(
      { length: rows },
      () => Array.from({ length: columns }, () => ({ text: " ", style: "" })),
    );
  }

  /** Puts text into a row, from a column to the right. Returns the column after it. */
  put(column: number, row: number, text: string, style: CellStyle = ""): number {
    let at = column;
    for (const character of text) {
      const width = characterWidth(character);
      if (width === 0) this.#mark(at - 1, row, character);
      else if (at >= 0 && at + width <= this.columns) {
        this.#set(at, row, character, style);
        if (width === 2) this.#set(at + 1, row, COVERED, style);
      }
      at += width;
    }
    return at;
  }

  /** A frame of lines. */
  box(column: number, row: number, columns: number, rows: number, style: CellStyle = ""): void {
    const line = "─".repeat(columns - 2);
    this.put(column, row, `┌${line}┐`, style);
    this.put(column, row + rows - 1, `└${line}┘`, style);
    for (let y = row + 1; y < row + rows - 1; y++) {
      this.put(column, y, "│", style);
      this.put(column + columns - 1, y, "│", style);
    }
  }

  /** The rows as text for a terminal. @param hasColor Whether styles are kept. */
  lines(hasColor: boolean): string[] {
    return this.#cells.map((row) => {
      let line = "";
      let current = "";
      for (const { text, style } of row) {
        if (hasColor && style !== current && text !== COVERED) {
          line += `\x1b[0${style === "" ? "" : `;${style}`}m`;
          current = style;
        }
        line += text;
      }
      return current === "" ? line : `${line}\x1b[0m`;
    });
  }

  #set(column: number, row: number, text: string, style: CellStyle): void {
    const cells = this.#cells[row];
    const cell = cells?.[column];
    if (cells === undefined || cell === undefined) return;
    // Half of a wide character cannot stay: what is left of one that is written over becomes a blank.
    const before = cells[column - 1];
    const after = cells[column + 1];
    if (cell.text === COVERED && text !== COVERED && before !== undefined) before.text = " ";
    if (after?.text === COVERED) after.text = " ";
    cell.text = text;
    cell.style = style;
  }

  /** Puts a mark on the character before it. */
  #mark(column: number, row: number, mark: string): void {
    const cell = this.#cells[row]?.[column];
    if (cell !== undefined && cell.text !== COVERED) cell.text += mark;
  }
}
