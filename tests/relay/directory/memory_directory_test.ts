import assert from "node:assert/strict";
import { MemoryDirectory } from "../../../relay/directory/memory_directory.ts";
import { VirtualClock } from "../../../transport/virtual_clock.ts";
import { directoryContract, isDirectoryError } from "./directory_contract.ts";
import { relayRecord } from "./records_fixture.ts";

directoryContract("memory directory", {
  ignore: false,
  open: () => {
    const clock = new VirtualClock();
    const directory = new MemoryDirectory({ clock });
    return Promise.resolve({
      a: directory,
      b: directory,
      clock,
      until: async (predicate, what) => {
        for (let steps = 0; !predicate(); steps++) {
          assert.ok(steps < 10_000, what);
          clock.run(clock.nowMs() + 10);
          // Whatever the timers began goes on in microtasks.
          await Promise.resolve().then(() => {}).then(() => {});
        }
      },
      close: () => directory.close(),
    });
  },
});

Deno.test("a memory directory is bounded: new records are refused, known ones go on", async () => {
  const clock = new VirtualClock();
  const directory = new MemoryDirectory({ clock, maxRecords: 2 });
  await directory.put("relays", "a", relayRecord("a"));
  await directory.put("relays", "b", relayRecord("b"));
  await assert.rejects(directory.put("relays", "c", relayRecord("c")), isDirectoryError("full"));
  await assert.rejects(directory.create("relays", "c", relayRecord("c")), isDirectoryError("full"));
  await directory.put("relays", "b", relayRecord("b"));
  clock.run(5_000);
  await directory.put("relays", "b", relayRecord("b"));
  clock.run(10_000);
  await directory.put("relays", "c", relayRecord("c"));
  assert.deepEqual(directory.list("relays").map(({ key }) => key), ["b", "c"]);
  await directory.close();
  assert.throws(() => new MemoryDirectory({ clock, maxRecords: 0 }), RangeError);
});

Deno.test("a record is a copy: what its writer changes later changes nothing", async () => {
  const directory = new MemoryDirectory({ clock: new VirtualClock() });
  const record = relayRecord("a");
  await directory.put("relays", "a", record);
  record.shards[0]!.load = 9;
  assert.equal(directory.get("relays", "a")?.value.shards[0]?.load, 0.25);
  await directory.close();
});
