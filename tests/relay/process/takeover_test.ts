import assert from "node:assert/strict";
import { join } from "node:path";
import type { Shard } from "../../../relay/process/shard.ts";
import { writeJson } from "../../../relay/process/takeover_channel.ts";
import { TakenOver, TakeoverError } from "../../../relay/process/takeover_guest.ts";
import {
  TakeoverHost,
  takeoverPath,
  type TakeoverSource,
} from "../../../relay/process/takeover_host.ts";
import { TemporaryFolder } from "../../examples/program.ts";

/** An old process that notes what it was asked for. */
class OldProcess implements TakeoverSource {
  readonly log: string[] = [];
  readonly #resumed = Promise.withResolvers<void>();

  /** When it goes on as before. */
  get resumed(): Promise<void> {
    return this.#resumed.promise;
  }

  offer() {
    return {
      relayId: "fra-1",
      sealedKeys: "sealed",
      shards: [{ shard: 0, port: 7_000 }, { shard: 1, port: 7_001 }],
    };
  }
  surrender(): Promise<readonly Uint8Array[]> {
    this.log.push("surrender");
    return Promise.resolve([Uint8Array.of(1), Uint8Array.of(2, 2)]);
  }
  exportDirectory(): string {
    return "records";
  }
  resume(): void {
    this.log.push("resume");
    this.#resumed.resolve();
  }
  makeRoom(): Promise<void> {
    this.log.push("room");
    return Promise.resolve();
  }
}

/** Shards that count the bytes of their tables as sessions. */
function shardsOf(...numbers: number[]): Shard[] {
  return numbers.map((shard) => ({
    shard,
    port: 7_000 + shard,
    hostname: "::",
    start: () => Promise.resolve(),
    apply: () => Promise.resolve(),
    report: () => Promise.reject(new Error("not asked")),
    exportTable: () => Promise.reject(new Error("not asked")),
    importTable: (table) => Promise.resolve(table.byteLength),
    close: () => Promise.resolve(),
  }));
}

function isTakeoverError(code: string): (error: unknown) => boolean {
  return (error) => error instanceof TakeoverError && error.code === code;
}

Deno.test("a takeover hands ports, keys and sessions over, and frees the place before it says so", async () => {
  await using folder = new TemporaryFolder();
  const path = takeoverPath(folder.path, "fra-1");
  const old = new OldProcess();
  const host = await TakeoverHost.listen(path, old);
  const guest = await TakenOver.begin(path, "fra-1");
  assert.deepEqual([...guest.ports], [[0, 7_000], [1, 7_001]]);
  assert.equal(guest.sealedKeys, "sealed");
  assert.deepEqual(old.log, []);
  const records: string[] = [];
  guest.onDirectory = (text) => void records.push(text);
  await guest.importInto(shardsOf(0, 1));
  assert.equal(guest.sessions, 3);
  assert.deepEqual(records, ["records"]);
  await guest.finish();
  assert.deepEqual(old.log, ["surrender", "room"]);
  await host.done;
  // The place is free: the new process listens there itself.
  const next = await TakeoverHost.listen(path, new OldProcess());
  await host.close();
  await assert.rejects(TakeoverHost.listen(path, old), isTakeoverError("running"));
  await next.close();
  guest.cancel();
});

Deno.test("a newer process that fails on the way leaves the old one as it was, for the next try", async () => {
  await using folder = new TemporaryFolder();
  const path = takeoverPath(folder.path, "fra-1");
  const old = new OldProcess();
  const host = await TakeoverHost.listen(path, old);
  const first = await TakenOver.begin(path, "fra-1");
  await assert.rejects(first.importInto(shardsOf(0)), /has shards 0, 1/);
  first.cancel();
  await old.resumed;
  const second = await TakenOver.begin(path, "fra-1");
  second.cancel();
  const third = await TakenOver.begin(path, "fra-1");
  await third.importInto(shardsOf(0, 1));
  await third.finish();
  assert.deepEqual(old.log, ["surrender", "resume", "surrender", "room"]);
  await host.close();
});

Deno.test("who is no relay of this id and version is not taken over from", async () => {
  await using folder = new TemporaryFolder();
  const path = takeoverPath(folder.path, "fra-1");
  await assert.rejects(TakenOver.begin(path, "fra-1"), isTakeoverError("nobody-there"));
  const host = await TakeoverHost.listen(path, new OldProcess());
  await assert.rejects(TakenOver.begin(path, "fra-2"), isTakeoverError("other-relay"));
  await host.close();
  await assert.rejects(TakenOver.begin(path, "fra-1"), isTakeoverError("nobody-there"));

  for (const offer of [{ version: 2, relayId: "fra-1" }, null, "relay"]) {
    const other = join(folder.path, "other.sock");
    const listener = Deno.listen({ transport: "unix", path: other });
    const serving = listener.accept().then(async (connection) => {
      await writeJson(connection, offer);
      connection.close();
    });
    await assert.rejects(TakenOver.begin(other, "fra-1"), isTakeoverError("other-version"));
    await serving;
    listener.close();
  }
});

Deno.test("a socket file that a killed process left behind is no obstacle", async () => {
  await using folder = new TemporaryFolder();
  const path = takeoverPath(folder.path, "fra-1");
  // Closing removes the file; a name that it does not know stays.
  const listener = Deno.listen({ transport: "unix", path: join(folder.path, "other.sock") });
  await Deno.link(join(folder.path, "other.sock"), path);
  listener.close();
  await Deno.stat(path);
  const host = await TakeoverHost.listen(path, new OldProcess());
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  await host.close();
  await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
});
