import assert from "node:assert/strict";
import { BucketView } from "../../../relay/directory/bucket_view.ts";
import { VirtualClock } from "../../../transport/virtual_clock.ts";

const record = { from: "a", links: [] };

Deno.test("while it is held no lease ends, and afterwards writers have one lease to come back", () => {
  const clock = new VirtualClock();
  const view = new BucketView("mesh", clock);
  const gone: string[] = [];
  view.watch((change) => void (change.type === "gone" && gone.push(change.key)));
  view.set("lost", record, 1);
  view.set("back", record, 2);
  view.hold();
  clock.run(60_000);
  assert.deepEqual(view.list().map(({ key, ageMs }) => [key, ageMs]), [
    ["lost", 60_000],
    ["back", 60_000],
  ]);
  view.release();
  clock.run(63_000);
  view.set("back", record, 3);
  clock.run(64_999);
  assert.deepEqual(gone, []);
  clock.run(65_000);
  assert.deepEqual(gone, ["lost"]);
  clock.run(67_999);
  assert.equal(view.get("back")?.ageMs, 4_999);
  clock.run(68_000);
  assert.deepEqual(gone, ["lost", "back"]);
  view.close();
});

Deno.test("an older write never takes the place of a newer one, in whatever order they are told", () => {
  const view = new BucketView("leaders", new VirtualClock());
  view.set("eu", { owner: "new" }, 7);
  view.set("eu", { owner: "old" }, 6);
  view.set("eu", { owner: "same" }, 7);
  assert.equal(view.get("eu")?.value.owner, "new");
  view.remove("eu", 6);
  assert.equal(view.size, 1, "a removal that is older than the record");
  view.remove("eu", 8);
  assert.equal(view.size, 0);
  view.close();
});

Deno.test("a record that was old when it came ends its lease as early", () => {
  const clock = new VirtualClock();
  clock.run(100_000);
  const view = new BucketView("mesh", clock);
  view.set("a", record, 1, 4_000);
  assert.equal(view.get("a")?.ageMs, 4_000);
  clock.run(100_999);
  assert.equal(view.size, 1);
  clock.run(101_000);
  assert.equal(view.size, 0);
  view.set("b", record, 2, 5_000);
  assert.equal(view.get("b"), undefined, "already over");
  view.close();
});
