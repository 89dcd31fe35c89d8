import assert from "node:assert/strict";
import { LabelTable } from "../../../protocol/relay/label_table.ts";
import { Random, seedFor } from "../../../transport/random.ts";

Deno.test("a table agrees with a Map through thousands of additions and removals", () => {
  const random = new Random(seedFor("labels", 1));
  const table = new LabelTable(200);
  const map = new Map<number, number>();
  // Few labels, so that they come again; multiples of a power of two crowd the same places.
  const labels = Array.from(
    { length: 400 },
    (_, i) => i % 2 === 0 ? random.uint32() : i << 20 >>> 0,
  );
  for (let step = 0; step < 20_000; step++) {
    const label = random.pick(labels);
    if (map.has(label)) {
      table.remove(label);
      map.delete(label);
    } else if (map.size < 200) {
      table.add(label, step);
      map.set(label, step);
    }
    const probe = random.pick(labels);
    assert.equal(table.find(probe), map.get(probe) ?? -1);
  }
  for (const label of labels) assert.equal(table.find(label), map.get(label) ?? -1);
});

Deno.test("labels 0 and 2^32 - 1 are labels like any other, and removing what is not there does nothing", () => {
  const table = new LabelTable(4);
  for (const label of [0, 0xffff_ffff]) {
    assert.equal(table.find(label), -1);
    table.remove(label);
    table.add(label, 3);
    assert.equal(table.find(label), 3);
    table.remove(label);
    assert.equal(table.find(label), -1);
  }
});
