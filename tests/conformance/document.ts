/**
 * Reads docs/protocol.md: the tables and vectors that tests hold against the code.
 *
 * @module
 */
import { readFileSync } from "node:fs";

/** Where the document is. */
export const DOCUMENT_URL: URL = new URL("../../docs/protocol.md", import.meta.url);

/** The whole text. */
export function documentText(): string {
  return readFileSync(DOCUMENT_URL, "utf8");
}

/** The text between `<!-- name: begin -->` and `<!-- name: end -->`. */
export function markedText(name: string, text: string = documentText()): string {
  const begin = `<!-- ${name}: begin -->`;
  const start = text.indexOf(begin);
  const end = text.indexOf(`<!-- ${name}: end -->`);
  if (start === -1 || end < start) throw new Error(`docs/protocol.md has no marks of "${name}"`);
  return text.slice(start + begin.length, end);
}

/** The text with another content between the marks of `name`. */
export function withMarkedText(name: string, content: string): string {
  const text = documentText();
  const inner = markedText(name, text);
  const begin = `<!-- ${name}: begin -->`;
  const at = text.indexOf(begin) + begin.length;
  return `${text.slice(0, at)}\n\n${content}\n${text.slice(at + inner.length)}`;
}

/** The rows of the first table in a text, without its head; cells without spaces and backticks around. */
export function tableRows(text: string): string[][] {
  const lines = text.split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map(cellsOf);
}

/** The cells of the head of the first table in a text. */
export function tableHead(text: string): string[] {
  const head = text.split("\n").find((line) => line.startsWith("|"));
  return head === undefined ? [] : cellsOf(head);
}

/** The table that follows the first line which contains `heading`. */
export function tableAfter(heading: string, text: string = documentText()): string {
  const at = text.indexOf(heading);
  if (at === -1) throw new Error(`docs/protocol.md does not say "${heading}"`);
  const lines = text.slice(at).split("\n");
  const first = lines.findIndex((line) => line.startsWith("|"));
  const rest = lines.slice(first);
  const end = rest.findIndex((line) => !line.startsWith("|"));
  return rest.slice(0, end).join("\n");
}

/** A number as the document writes it: `1,048,576`. */
export function numberOf(cell: string): number {
  return Number(cell.replaceAll(",", ""));
}

function cellsOf(line: string): string[] {
  return line.split("|").slice(1, -1).map((cell) => cell.trim().replace(/^`(.*)`$/, "$1"));
}
