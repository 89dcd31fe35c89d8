import assert from "node:assert/strict";
import { encodeChunk, encodePreamble, readChunks } from "../../../protocol/recording/chunk.ts";
import { RecordingError } from "../../../protocol/recording/recording_error.ts";

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

const BODIES = [
  new TextEncoder().encode('{"role":"server"}'),
  new Uint8Array([1, 2, 3]),
  new Uint8Array([]),
  new Uint8Array(300).fill(9),
];
const FILE = join(encodePreamble(), ...BODIES.map((body, number) => encodeChunk(body, number)));

function codeOf(file: Uint8Array): string {
  try {
    return readChunks(file).damage?.code ?? "whole";
  } catch (error) {
    assert.ok(error instanceof RecordingError);
    return error.code;
  }
}

Deno.test("recording file: chunks come back as they were written", () => {
  const { bodies, damage } = readChunks(FILE);
  assert.deepEqual(bodies.map((body) => [...body]), BODIES.map((body) => [...body]));
  assert.equal(damage, undefined);
});

Deno.test("recording file: cut anywhere, it is truncated, but for the ends of chunks", () => {
  const ends = new Set<number>();
  let at = encodePreamble().byteLength;
  for (const body of BODIES) ends.add(at += 12 + body.byteLength);
  for (let size = encodePreamble().byteLength; size <= FILE.byteLength; size++) {
    const cut = FILE.subarray(0, size);
    assert.equal(codeOf(cut), ends.has(size) ? "whole" : "truncated", `${size} bytes`);
  }
});

Deno.test("recording file: a bit that flipped anywhere is noticed, and what was before it is kept", () => {
  for (let at = 0; at < FILE.byteLength; at++) {
    const broken = FILE.slice();
    broken[at]! ^= 0x10;
    assert.notEqual(codeOf(broken), "whole", `byte ${at}`);
  }
  const last = FILE.slice();
  last[last.byteLength - 1]! ^= 1;
  const { bodies, damage } = readChunks(last);
  assert.equal(bodies.length, BODIES.length - 1);
  assert.match(damage!.message, /chunk 3, at byte \d+: its checksum/);
});

Deno.test("recording file: chunks out of order or left out are damage", () => {
  const [first, second, third] = BODIES.map((body, number) => encodeChunk(body, number));
  assert.equal(codeOf(join(encodePreamble(), first!, third!, second!)), "corrupt");
  assert.equal(codeOf(join(encodePreamble(), first!, third!)), "corrupt");
  assert.equal(codeOf(join(encodePreamble(), first!, first!)), "corrupt");
});

Deno.test("recording file: other files and later versions are told from damaged ones", () => {
  assert.equal(codeOf(new Uint8Array(0)), "not-a-recording");
  assert.equal(
    codeOf(new TextEncoder().encode("#!/bin/sh\nexec tickwire recording\n")),
    "not-a-recording",
  );
  assert.equal(codeOf(new TextEncoder().encode("tickwire recording 002\n")), "version");
  assert.equal(codeOf(encodePreamble()), "truncated");
});

Deno.test("recording file: a length of gigabytes is refused before anything is read", () => {
  const chunk = encodeChunk(new Uint8Array(4), 0);
  new DataView(chunk.buffer).setUint32(0, 0xffff_fff0, true);
  assert.equal(codeOf(join(encodePreamble(), chunk)), "corrupt");
});
