import assert from "node:assert/strict";
import { newPipeCounters } from "../../transport/pipe_counters.ts";
import { SlotPool } from "../../transport/slot_pool.ts";

Deno.test("SlotPool takes all of its memory in one allocation, and slots do not overlap", () => {
  const sizes: number[] = [];
  const pool = new SlotPool(newPipeCounters(), {
    transmitSlots: 3,
    slotBytes: 100,
    allocate: (sizeBytes) => {
      sizes.push(sizeBytes);
      return new Uint8Array(sizeBytes);
    },
  });
  assert.deepEqual(sizes, [3 * 128]);
  const slots = [pool.acquire(), pool.acquire(), pool.acquire()];
  slots.forEach((slot, index) => slot?.bytes.fill(index + 1));
  slots.forEach((slot, index) => {
    assert.equal(slot?.bytes.byteLength, 100);
    assert.ok(slot.bytes.every((byte) => byte === index + 1));
  });
});

Deno.test("SlotPool refuses impossible numbers of slots and allocations of another size", () => {
  const counters = newPipeCounters();
  for (const transmitSlots of [0, -1, 1.5, 65_537, NaN]) {
    assert.throws(() => new SlotPool(counters, { transmitSlots }), RangeError);
  }
  for (const transmitSlots of [1, 65_536]) new SlotPool(counters, { transmitSlots, slotBytes: 1 });
  assert.throws(() => new SlotPool(counters, { allocate: () => new Uint8Array(5) }), RangeError);
});

Deno.test("SlotPool settles each flight once, by whichever callback comes first", () => {
  const counters = newPipeCounters();
  const pool = new SlotPool(counters, { transmitSlots: 2 });
  const fly = (): ReturnType<SlotPool["claim"]> => {
    const slot = pool.acquire();
    assert.ok(slot !== undefined);
    return pool.claim(slot, 10);
  };
  const first = fly();
  first.onSent();
  first.onSent();
  first.onFailed();
  first.onCallback(new Error());
  assert.deepEqual([counters.datagramsSent, counters.bytesSent, counters.sendErrors], [1, 10, 0]);
  fly().onFailed();
  fly().onCallback(new Error());
  fly().onCallback(null);
  assert.deepEqual([counters.datagramsSent, counters.bytesSent, counters.sendErrors], [2, 20, 2]);
  assert.equal(pool.inFlight, 0);
});

Deno.test("SlotPool.idle waits for the last flight", async () => {
  const pool = new SlotPool(newPipeCounters(), { transmitSlots: 2 });
  await pool.idle();
  const flights = [pool.acquire(), pool.acquire()].map((slot) => slot && pool.claim(slot, 1));
  let idle = false;
  const waiting = pool.idle().then(() => {
    idle = true;
  });
  flights[0]?.onSent();
  await Promise.resolve();
  assert.equal(idle, false);
  flights[1]?.onFailed();
  await waiting;
  assert.equal(idle, true);
});
