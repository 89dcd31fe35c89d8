/**
 * What every directory does, as tests over any of them.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Directory, DirectoryChange } from "../../../relay/directory/directory.ts";
import { DirectoryError } from "../../../relay/directory/directory.ts";
import { LeaderLease } from "../../../relay/directory/leader_lease.ts";
import type { ControlMessage } from "../../../relay/directory/records.ts";
import type { Clock } from "../../../transport/clock.ts";
import { relayRecord, sessionRecord } from "./records_fixture.ts";

/** Two directors on one store. */
export interface DirectoryLab {
  /** The first director's directory. */
  readonly a: Directory;
  /** The second's; the same object where a store is one process. */
  readonly b: Directory;
  /** Their clock. */
  readonly clock: Clock;
  /** Lets time pass, at least until `predicate` holds. Fails when it never does. */
  until(predicate: () => boolean, what: string): Promise<void>;
  /** Ends everything. */
  close(): Promise<void>;
}

/** Registers the contract. */
export function directoryContract(
  name: string,
  options: { readonly ignore: boolean; readonly open: () => Promise<DirectoryLab> },
): void {
  const { ignore, open } = options;
  const test = (what: string, body: (lab: DirectoryLab) => Promise<void>): void =>
    Deno.test({
      name: `${name}: ${what}`,
      ignore,
      fn: async () => {
        const lab = await open();
        try {
          await body(lab);
        } finally {
          await lab.close();
        }
      },
    });

  test("what one director writes, the other reads, whole", async ({ a, b, until }) => {
    const record = relayRecord("fra-1");
    const revision = await a.put("relays", "fra-1", record);
    const entry = await b.read("relays", "fra-1");
    assert.deepEqual(entry?.value, record);
    assert.equal(entry?.revision, revision);
    await until(() => b.get("relays", "fra-1") !== undefined, "the view follows");
    assert.deepEqual(b.list("relays").map(({ key }) => key), ["fra-1"]);
    const session = sessionRecord("00000000000000aa");
    await a.put("sessions", session.id, session);
    assert.deepEqual((await b.read("sessions", session.id))?.value, session);
  });

  test("a record that nobody wrote is undefined, in every way of asking", async ({ a }) => {
    assert.equal(a.get("servers", "nobody"), undefined);
    assert.equal(await a.read("servers", "nobody"), undefined);
    assert.deepEqual(a.list("servers"), []);
    await a.delete("servers", "nobody");
  });

  test("the first create wins, and again after a delete", async ({ a, b }) => {
    const first = await a.create("leaders", "eu", { owner: "a" });
    assert.equal(typeof first, "number");
    assert.equal(await b.create("leaders", "eu", { owner: "b" }), undefined);
    assert.equal((await b.read("leaders", "eu"))?.value.owner, "a");
    await a.delete("leaders", "eu");
    assert.equal(await b.read("leaders", "eu"), undefined);
    assert.equal(typeof await b.create("leaders", "eu", { owner: "b" }), "number");
  });

  test("an update wins only over the revision that it names", async ({ a, b }) => {
    const first = await a.put("leaders", "eu", { owner: "a" });
    const second = await b.update("leaders", "eu", { owner: "b" }, first);
    assert.ok(second !== undefined && second > first);
    assert.equal(await a.update("leaders", "eu", { owner: "late" }, first), undefined);
    assert.equal((await a.read("leaders", "eu"))?.value.owner, "b");
    assert.equal(await a.update("leaders", "us", { owner: "a" }, second), undefined);
  });

  test("of racing writers with one revision exactly one wins", async ({ a, b }) => {
    const first = await a.put("leaders", "eu", { owner: "nobody" });
    const results = await Promise.all(
      Array.from(
        { length: 12 },
        (_, i) => (i % 2 === 0 ? a : b).update("leaders", "eu", { owner: `w${i}` }, first),
      ),
    );
    const winners = results.flatMap((revision, i) => revision === undefined ? [] : [`w${i}`]);
    assert.equal(winners.length, 1);
    assert.deepEqual([(await a.read("leaders", "eu"))?.value.owner], winners);
  });

  test("a watch tells what is there, what is written and what is deleted", async (lab) => {
    const { a, b, until } = lab;
    await a.put("relays", "old", relayRecord("old"));
    await until(() => b.get("relays", "old") !== undefined, "the view follows");
    const told: string[] = [];
    const stop = b.watch("relays", (change: DirectoryChange<"relays">) => {
      told.push(change.type === "put" ? `+${change.entry.key}` : `-${change.key}`);
    });
    assert.deepEqual(told, ["+old"]);
    await a.put("relays", "new", relayRecord("new"));
    await a.delete("relays", "old");
    await until(() => told.length === 3, "both changes are told");
    assert.deepEqual(told, ["+old", "+new", "-old"]);
    stop();
    await a.put("relays", "late", relayRecord("late"));
    await until(() => b.get("relays", "late") !== undefined, "the view follows");
    assert.equal(told.length, 3);
  });

  test("a record that is not written again is gone after its lease", async (lab) => {
    const { a, b, clock, until } = lab;
    const gone: string[] = [];
    b.watch("mesh", (change) => void (change.type === "gone" && gone.push(change.key)));
    await a.put("mesh", "silent", { from: "silent", links: [] });
    await a.put("mesh", "alive", { from: "alive", links: [] });
    const writtenAtMs = clock.nowMs();
    await until(() => clock.nowMs() >= writtenAtMs + 3_000, "three seconds pass");
    assert.ok(b.get("mesh", "silent")!.ageMs >= 2_500);
    await a.put("mesh", "alive", { from: "alive", links: [] });
    await until(() => gone.length > 0, "a lease ends");
    assert.deepEqual(gone, ["silent"]);
    assert.ok(clock.nowMs() >= writtenAtMs + 4_500, "not before its time");
    assert.equal(b.get("mesh", "silent"), undefined);
    assert.deepEqual(b.list("mesh").map(({ key }) => key), ["alive"]);
  });

  test("messages reach every director, the sender too, and only while subscribed", async (lab) => {
    const { a, b, until } = lab;
    const heard: [string, ControlMessage][] = [];
    a.subscribe((message) => void heard.push(["a", message]));
    const stop = b.subscribe((message) => void heard.push(["b", message]));
    const drain: ControlMessage = { kind: "drain", relayId: "fra-1", deadlineMs: 1_000 };
    await a.publish(drain);
    await until(() => heard.length === 2, "both hear");
    assert.deepEqual(heard.map(([who]) => who).sort(), ["a", "b"]);
    assert.deepEqual(heard[0]![1], drain);
    stop();
    const revoke: ControlMessage = {
      kind: "revoke",
      sessionId: "00000000000000aa",
      relayIds: ["fra-1", "ams-1"],
      serverId: "s1",
    };
    await b.publish(revoke);
    await until(() => heard.length === 3, "one hears");
    assert.deepEqual(heard[2], ["a", revoke]);
  });

  test("keys that a store cannot take, and records that are none, are refused", async ({ a }) => {
    const record = { owner: "a" };
    for (const key of ["", "a b", "a/b", "*", ">", ".", "a.", "x".repeat(201), "ä"]) {
      await assert.rejects(a.put("leaders", key, record), isDirectoryError("key"), key);
    }
    await a.put("leaders", "a-b_C.9", record);
    await assert.rejects(a.put("leaders", "long", { owner: "x".repeat(65) }), RangeError);
    assert.equal(await a.read("leaders", "long"), undefined);
  });

  test("of two that want to lead one does, and the other after it left", async (lab) => {
    const { a, b, clock, until } = lab;
    const changes: string[] = [];
    const lease = (directory: Directory, owner: string): LeaderLease =>
      new LeaderLease({
        directory,
        clock,
        name: "eu",
        owner,
        onChange: (leads) => void changes.push(`${owner} ${leads}`),
      });
    const first = lease(a, "a");
    await until(() => first.isLeader, "the first leads");
    const second = lease(b, "b");
    const startedAtMs = clock.nowMs();
    await until(() => clock.nowMs() >= startedAtMs + 2_000, "beats pass");
    assert.deepEqual([first.isLeader, second.isLeader], [true, false]);
    await first.close();
    await until(() => second.isLeader, "the second leads");
    assert.equal(first.isLeader, false);
    await second.close();
    assert.deepEqual(changes, ["a true", "a false", "b true", "b false"]);
  });

  test("a closed directory says so", async ({ a }) => {
    await a.close();
    await assert.rejects(a.put("leaders", "x", { owner: "a" }), isDirectoryError("closed"));
  });
}

/** For `assert.rejects`. */
export function isDirectoryError(code: DirectoryError["code"]): (error: unknown) => boolean {
  return (error) => error instanceof DirectoryError && error.code === code;
}
