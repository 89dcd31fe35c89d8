import assert from "node:assert/strict";
import * as fc from "fast-check";
import { cleanName, cleanText, cutText, nameKey } from "../../examples/player_text.ts";

Deno.test("text of strangers cannot move a cursor, break a line or turn the reading direction", () => {
  assert.equal(cleanText("a\x1b[2Jb"), "a [2Jb");
  assert.equal(cleanText("one\ntwo\r\nthree\u2028four"), "one two three four");
  assert.equal(cleanText("abc\u202edcba"), "abc dcba");
  assert.equal(cleanText("\u200bzero\u200dwidth"), "zero width");
  assert.equal(cleanText("  many \t spaces\u3000 "), "many spaces");
  assert.equal(cleanText("a\u0300\u0301\u0302\u0303\u0304"), "\u00e0\u0301\u0302");
  assert.equal(cleanText("Ünï 漢字 😀"), "Ünï 漢字 😀");
});

Deno.test("cleaned text has no control or format characters, and cleaning it again changes nothing", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
      const cleaned = cleanText(text);
      assert.doesNotMatch(cleaned, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      assert.equal(cleanText(cleaned), cleaned);
    }),
    { seed: 2, numRuns: 150 },
  );
});

Deno.test("a name has 1 to 16 visible characters and fits into its bytes", () => {
  assert.equal(cleanName(" Ann ", 24), "Ann");
  assert.equal(cleanName("x".repeat(16), 24), "x".repeat(16));
  assert.equal(cleanName("x".repeat(17), 24), undefined);
  assert.equal(cleanName("漢".repeat(8), 24), "漢".repeat(8));
  assert.equal(cleanName("漢".repeat(9), 24), undefined);
  for (const name of ["", " ", "\u202e", "\x00\x1b"]) assert.equal(cleanName(name, 24), undefined);
});

Deno.test("names that look the same are the same", () => {
  assert.equal(nameKey("Ann"), nameKey("ann"));
  assert.equal(nameKey("ａｎｎ"), nameKey("ann"));
  assert.notEqual(nameKey("Ann"), nameKey("Anna"));
});

Deno.test("a text is cut between characters", () => {
  assert.equal(cutText("abc", 2), "ab");
  assert.equal(cutText("a漢字", 4), "a漢");
  assert.equal(cutText("a漢字", 3), "a");
  assert.equal(cutText("😀😀", 7), "😀");
  assert.equal(cutText("abc", 3), "abc");
});
