import assert from "node:assert/strict";
import { MemoryDirectory } from "../../../relay/directory/memory_directory.ts";
import { VirtualClock } from "../../../transport/virtual_clock.ts";
import { directoryContract, isDirectoryError } from "./directory_contract.ts";
import { relayRecord, sessionRecord } from "./records_fixture.ts";

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

Deno.test("records move to the directory of another process, with what is left of their leases", async () => {
  const clock = new VirtualClock();
  const old = new MemoryDirectory({ clock });
  await old.put("relays", "a", relayRecord("a"));
  await old.put("sessions", "00000000000000ff", sessionRecord("00000000000000ff"));
  await old.put("codes", "CDFGHJ", { serverId: "s1", room: "blue", expiresAtMs: 5 });
  clock.run(4_000);
  const text = old.exportRecords();
  const other = new VirtualClock();
  const young = new MemoryDirectory({ clock: other });
  await young.put("codes", "CDFGHJ", { serverId: "s2", room: "", expiresAtMs: 1 });
  assert.equal(young.importRecords(text), 3);
  assert.deepEqual(young.get("relays", "a")?.value, old.get("relays", "a")?.value);
  assert.deepEqual(
    young.get("sessions", "00000000000000ff")?.value,
    old.get("sessions", "00000000000000ff")?.value,
  );
  assert.equal(young.get("codes", "CDFGHJ")?.value.serverId, "s1");
  other.run(5_999);
  assert.equal(young.list("relays").length, 1);
  other.run(6_000);
  assert.equal(young.list("relays").length, 0);
  for (const bad of ["", "[", '{"relays":[{"key":"a","value":{},"ageMs":0}]}']) {
    assert.throws(() => young.importRecords(bad), bad);
  }
  await old.close();
  await young.close();
});
