/**
 * HTML that cannot be broken out of: a template tag that escapes every value which is not HTML already.
 *
 * Names on a status page come from other machines: a relay may call itself `<script>`.
 *
 * @module
 */

/** Text that is HTML already. Made by {@link html}, or of text that stands in this repository. */
export class Html {
  /** The text. */
  readonly text: string;

  /** Takes the text as it is, without a look. */
  constructor(text: string) {
    this.text = text;
  }

  /** The text. */
  toString(): string {
    return this.text;
  }
}

/** What may stand in a template. Lists are joined; `undefined` is nothing. */
export type HtmlValue = Html | string | number | undefined | readonly HtmlValue[];

/** Builds HTML; values are escaped for text and for attributes in double quotes. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let text = parts[0]!;
  for (const [at, value] of values.entries()) text += render(value) + parts[at + 1]!;
  return new Html(text);
}

function render(value: HtmlValue): string {
  if (value === undefined) return "";
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map(render).join("");
  return escapeHtml(String(value));
}

/** The text with everything escaped that means something in HTML. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
