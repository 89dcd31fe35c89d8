import assert from "node:assert/strict";
import fc from "fast-check";
import { type Deadlined, DeadlineHeap } from "../../protocol/deadline_heap.ts";

class Item implements Deadlined {
  heapDeadlineMs = Infinity;
  heapIndex = -1;
}

Deno.test("items surface in the order of their deadlines, and only when they are due", () => {
  const heap = new DeadlineHeap<Item>();
  const items = [50, 10, 40, 20, 30].map((deadlineMs) => {
    const item = new Item();
    heap.schedule(item, deadlineMs);
    return item;
  });
  assert.equal(heap.earliestMs, 10);
  assert.equal(heap.popDue(9), undefined);
  assert.equal(heap.popDue(10), items[1]);
  assert.deepEqual([heap.popDue(35), heap.popDue(35), heap.popDue(35)], [
    items[3],
    items[4],
    undefined,
  ]);
  assert.equal(heap.size, 2);
});

Deno.test("an earlier deadline moves an item, a later one waits until it surfaces", () => {
  const heap = new DeadlineHeap<Item>();
  const item = new Item();
  heap.schedule(item, 100);
  heap.schedule(item, 200);
  assert.equal(heap.earliestMs, 100);
  heap.schedule(item, 50);
  assert.equal(heap.earliestMs, 50);
  assert.equal(heap.size, 1);
});

Deno.test("an item without a deadline is not put in", () => {
  const heap = new DeadlineHeap<Item>();
  heap.schedule(new Item(), Infinity);
  assert.equal(heap.size, 0);
  assert.equal(heap.earliestMs, Infinity);
  heap.remove(new Item());
});

const step = fc.oneof(
  fc.record({ schedule: fc.nat(30), atMs: fc.nat(1_000) }),
  fc.record({ remove: fc.nat(30) }),
  fc.record({ popAtMs: fc.nat(1_000) }),
);

Deno.test("the heap agrees with a list that is searched for the earliest", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const heap = new DeadlineHeap<Item>();
      const items = Array.from({ length: 31 }, () => new Item());
      const model = new Map<Item, number>();
      const earliest = (): number => Math.min(Infinity, ...model.values());
      for (const each of steps) {
        if ("schedule" in each) {
          const item = items[each.schedule]!;
          heap.schedule(item, each.atMs);
          model.set(item, Math.min(model.get(item) ?? Infinity, each.atMs));
        } else if ("remove" in each) {
          heap.remove(items[each.remove]!);
          model.delete(items[each.remove]!);
        } else {
          const popped = heap.popDue(each.popAtMs);
          const expected = earliest();
          if (expected > each.popAtMs) assert.equal(popped, undefined);
          else assert.equal(model.get(popped!), expected);
          if (popped !== undefined) model.delete(popped);
        }
        assert.equal(heap.size, model.size);
        assert.equal(heap.earliestMs, earliest());
        for (const item of items) assert.equal(item.heapIndex >= 0, model.has(item));
      }
    }),
    { seed: 8, numRuns: 300 },
  );
});
