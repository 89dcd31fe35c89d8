import assert from "node:assert/strict";
import * as fc from "fast-check";
import { Canvas } from "../../examples/terminal/canvas.ts";
import { characterWidth, fitWidth, textWidth } from "../../examples/terminal/display_width.ts";
import { FIRST_HOLD_MS, HeldKeys, REPEAT_HOLD_MS } from "../../examples/terminal/held_keys.ts";
import { type Key, KeyParser } from "../../examples/terminal/key_parser.ts";
import { TextLineStream } from "../../examples/line_stream.ts";

const ENCODER = new TextEncoder();

function keysOf(...reads: string[]): string[] {
  const parser = new KeyParser();
  return reads.flatMap((read) => parser.parse(ENCODER.encode(read))).map((input) => {
    if (input.name === "kitty-protocol") return "kitty!";
    const { name, text, action } = input as Key;
    return `${name}${text === "" ? "" : `=${text}`}${action === "press" ? "" : `:${action}`}`;
  });
}

function press(name: string): Key {
  return { name, text: name.length === 1 ? name : "", action: "press" };
}

Deno.test("text, arrows and control keys are told apart", () => {
  assert.deepEqual(keysOf("aW é漢"), ["a=a", "w=W", " = ", "é=é", "漢=漢"]);
  assert.deepEqual(keysOf("\x1b[A\x1b[B\x1bOC\x1b[1;2D"), ["up", "down", "right", "left"]);
  assert.deepEqual(keysOf("\r\n\x7f\t\x03\x1b"), [
    ...["enter", "enter", "backspace", "tab", "ctrl+c", "escape"],
  ]);
});

Deno.test("sequences and characters may be cut by the borders of reads", () => {
  assert.deepEqual(keysOf("\x1b[", "A"), ["up"]);
  assert.deepEqual(keysOf("\x1b[1;1", ":3C"), ["right:release"]);
  const bytes = ENCODER.encode("漢");
  const parser = new KeyParser();
  assert.deepEqual(parser.parse(bytes.subarray(0, 2)), []);
  assert.equal(parser.parse(bytes.subarray(2))[0]?.name, "漢");
});

Deno.test("the kitty protocol tells of presses, repeats and releases, and what they type", () => {
  assert.deepEqual(keysOf("\x1b[?27u"), ["kitty!"]);
  assert.deepEqual(keysOf("\x1b[97;1:1;97u\x1b[97;1:2;97u\x1b[97;1:3u"), [
    ...["a=a", "a=a:repeat", "a:release"],
  ]);
  assert.deepEqual(keysOf("\x1b[97;2:1;65u"), ["a=A"]);
  assert.deepEqual(keysOf("\x1b[99;5u"), ["ctrl+c"]);
  assert.deepEqual(keysOf("\x1b[13u\x1b[27u\x1b[127u"), ["enter", "escape", "backspace"]);
  assert.deepEqual(keysOf("\x1b[57441;2u"), [], "a shift key alone types nothing");
});

Deno.test("other sequences are skipped, whole", () => {
  assert.deepEqual(keysOf("\x1b[15~a\x1b[200~b\x1b[<0;1;1Mc"), ["a=a", "b=b", "c=c"]);
});

Deno.test("no input throws or is kept for ever", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 }), (reads) => {
      const parser = new KeyParser();
      for (const read of reads) parser.parse(read);
      for (let i = 0; i < 4; i++) parser.parse(ENCODER.encode("x".repeat(40)));
      assert.deepEqual(parser.parse(ENCODER.encode("q")).map(({ name }) => name), ["q"]);
    }),
    { seed: 3, numRuns: 500 },
  );
});

Deno.test("without releases a key is held from its press until its repeats end", () => {
  const held = new HeldKeys();
  held.handle(press("right"), 0);
  assert.ok(held.isHeld("right", FIRST_HOLD_MS - 1));
  assert.ok(!held.isHeld("right", FIRST_HOLD_MS));
  held.handle(press("right"), 1_000);
  held.handle(press("right"), 1_390);
  held.handle(press("right"), 1_420);
  assert.ok(held.isHeld("right", 1_420 + REPEAT_HOLD_MS - 1));
  assert.ok(!held.isHeld("right", 1_420 + REPEAT_HOLD_MS));
});

Deno.test("an early repeat does not shorten the first hold", () => {
  const held = new HeldKeys();
  held.handle(press("right"), 0);
  held.handle(press("right"), 30);
  assert.ok(held.isHeld("right", FIRST_HOLD_MS - 1));
});

Deno.test("another key that is held down keeps what was held", () => {
  const held = new HeldKeys();
  held.handle(press("right"), 0);
  held.prolong(FIRST_HOLD_MS - 1);
  assert.ok(held.isHeld("right", FIRST_HOLD_MS + REPEAT_HOLD_MS - 2));
  held.prolong(2_000);
  assert.ok(!held.isHeld("right", 2_000), "what was let go stays so");
});

Deno.test("with releases a key is held until it is let go", () => {
  const held = new HeldKeys();
  held.tellsReleases = true;
  held.handle(press("a"), 0);
  assert.ok(held.isHeld("a", 1e6));
  held.handle({ name: "a", text: "", action: "release" }, 1e6);
  assert.ok(!held.isHeld("a", 1e6));
  held.handle(press("b"), 0);
  held.release();
  assert.ok(!held.isHeld("b", 0));
});

Deno.test("wide characters and marks have the width that terminals give them", () => {
  assert.equal(textWidth("abc"), 3);
  assert.equal(textWidth("漢字"), 4);
  assert.equal(textWidth("😀"), 2);
  assert.equal(textWidth("e\u0301"), 1);
  assert.equal(characterWidth("│"), 1);
  assert.equal(fitWidth("漢字", 3), "漢");
  assert.equal(fitWidth("abc", 2), "ab");
});

Deno.test("a canvas keeps to its size and its rows to their width", () => {
  const canvas = new Canvas(6, 2);
  assert.equal(canvas.put(4, 0, "abcdef"), 10);
  canvas.put(5, 1, "漢");
  canvas.put(-1, 1, "xyz");
  canvas.put(0, 7, "nowhere");
  assert.deepEqual(canvas.lines(false), ["    ab", "yz    "]);
  canvas.put(2, 1, "漢e\u0301");
  assert.deepEqual(canvas.lines(false), ["    ab", "yz漢e\u0301 "]);
});

Deno.test("half of a wide character is a blank", () => {
  const canvas = new Canvas(6, 1);
  canvas.put(0, 0, "漢字漢");
  canvas.put(1, 0, "x");
  assert.deepEqual(canvas.lines(false), [" x字漢"]);
  canvas.put(2, 0, "y");
  assert.deepEqual(canvas.lines(false), [" xy 漢"]);
  canvas.put(3, 0, "字");
  assert.deepEqual(canvas.lines(false), [" xy字 "]);
});

Deno.test("a canvas changes color only where it changes, and leaves none behind", () => {
  const canvas = new Canvas(5, 1);
  canvas.put(0, 0, "ab", "31");
  canvas.put(2, 0, "c", "32");
  assert.deepEqual(canvas.lines(true), ["\x1b[0;31mab\x1b[0;32mc\x1b[0m  "]);
  canvas.put(3, 0, "de", "32");
  assert.deepEqual(canvas.lines(true), ["\x1b[0;31mab\x1b[0;32mcde\x1b[0m"]);
});

Deno.test("a line stream splits at line ends, wherever reads are cut", async () => {
  const linesOf = async (...chunks: string[]): Promise<string[]> => {
    const bytes = chunks.map((chunk) => Uint8Array.from(chunk, (c) => c.charCodeAt(0)));
    return await Array.fromAsync(ReadableStream.from(bytes).pipeThrough(new TextLineStream()));
  };
  assert.deepEqual(await linesOf("one\ntwo\r\nthree"), ["one", "two", "three"]);
  assert.deepEqual(await linesOf("o", "ne\n", "\nlast\n"), ["one", "", "last"]);
  assert.deepEqual(await linesOf("caf\xc3", "\xa9\n"), ["café"]);
  assert.deepEqual(await linesOf(), []);
});
