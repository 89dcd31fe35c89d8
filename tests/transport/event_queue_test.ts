import assert from "node:assert/strict";
import fc from "fast-check";
import { type EventHandle, EventQueue } from "../../transport/event_queue.ts";

Deno.test("EventQueue gives items in order of time, and in order of insertion at the same time", () => {
  const queue = new EventQueue<string>();
  for (const [atMs, item] of [[3, "d"], [1, "a"], [2, "b"], [2, "c"], [3, "e"]] as const) {
    queue.push(atMs, item);
  }
  const order: (string | undefined)[] = [];
  while (queue.size > 0) order.push(queue.pop());
  assert.deepEqual(order, ["a", "b", "c", "d", "e"]);
  assert.equal(queue.pop(), undefined);
  assert.equal(queue.nextMs, Infinity);
});

Deno.test("EventQueue behaves as a stably sorted list under any pushes, pops and removals", () => {
  const push = fc.record({ kind: fc.constant("push"), atMs: fc.integer({ min: 0, max: 20 }) });
  const pop = fc.record({ kind: fc.constant("pop"), atMs: fc.constant(0) });
  const remove = fc.record({ kind: fc.constant("remove"), atMs: fc.nat() });
  const steps = fc.array(fc.oneof({ weight: 3, arbitrary: push }, pop, remove), {
    maxLength: 400,
    size: "max",
  });
  fc.assert(
    fc.property(steps, (script) => {
      const queue = new EventQueue<number>();
      const model: { atMs: number; item: number; handle: EventHandle }[] = [];
      for (const [item, { kind, atMs }] of script.entries()) {
        if (kind === "push") {
          const handle = queue.push(atMs, item);
          const after = model.findIndex((entry) => entry.atMs > atMs);
          model.splice(after === -1 ? model.length : after, 0, { atMs, item, handle });
        } else if (kind === "pop") {
          assert.equal(queue.pop(), model.shift()?.item);
        } else if (model.length > 0) {
          const [entry] = model.splice(atMs % model.length, 1);
          assert.ok(entry !== undefined);
          assert.equal(queue.remove(entry.handle), entry.item);
        }
        assert.equal(queue.size, model.length);
        assert.equal(queue.nextMs, model[0]?.atMs ?? Infinity);
      }
      for (const { item } of model) assert.equal(queue.pop(), item);
    }),
    { seed: 2, numRuns: 300 },
  );
});
