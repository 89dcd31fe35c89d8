import assert from "node:assert/strict";
import { LabelOffice } from "../../../relay/director/label_office.ts";
import { MemoryDirectory } from "../../../relay/directory/memory_directory.ts";
import { VirtualClock } from "../../../transport/virtual_clock.ts";
import { isDirectorError } from "./director_lab.ts";

/** Random words that a test writes down. */
function scripted(words: number[]): (into: Uint8Array) => void {
  return (into) => into.set(new Uint8Array(Uint32Array.of(words.shift() ?? 1).buffer));
}

Deno.test("a label that another director gave out, and 0, are drawn again", async () => {
  const directory = new MemoryDirectory({ clock: new VirtualClock() });
  const first = new LabelOffice(directory, scripted([7]));
  const second = new LabelOffice(directory, scripted([7, 0, 7, 8]));
  assert.equal(await first.take("a"), 7);
  assert.equal(await second.take("b"), 8);
  await directory.close();
});

Deno.test("an office that finds no label says so", async () => {
  const directory = new MemoryDirectory({ clock: new VirtualClock() });
  const office = new LabelOffice(directory, scripted([]));
  assert.equal(await office.take("a"), 1);
  await assert.rejects(office.take("b"), isDirectorError("no-capacity"));
  await directory.close();
});

Deno.test("a retired label is free when its time has come, and not before", async () => {
  const directory = new MemoryDirectory({ clock: new VirtualClock() });
  const office = new LabelOffice(directory, scripted([]));
  office.retire([await office.take("a")], 1_000);
  await office.sweep(999);
  await assert.rejects(office.take("b"), isDirectorError("no-capacity"));
  await office.sweep(1_000);
  assert.equal(await office.take("b"), 1);
  await directory.close();
});
