import assert from "node:assert/strict";
import type { Client } from "../../../client/mod.ts";
import { defineRoom, serve } from "../../../server/mod.ts";
import { connect } from "../../../client/mod.ts";
import { Lab } from "../lab.ts";
import { Game } from "./game.ts";
import { inProcessWorkers } from "./in_process_worker.ts";
import isolated from "./isolated_match.ts";

const desert = { options: { map: "desert" }, profile: { name: "Ann" } } as const;

/** A server with isolated matches, and two players in one of them. */
async function start(lab: Lab, options: { hangTimeoutMs?: number } = {}) {
  const { spawn, workers } = inProcessWorkers();
  const server = await lab.serve(Game, {
    tickHz: 20,
    environment: { spawnRoomWorker: spawn },
  });
  const lobby = server.rooms([isolated, defineRoom(Game, "Hall", { start: () => {} })], options);
  const heard: string[] = [];
  const join = async (name: string): Promise<Client<typeof Game>> => {
    const client = await lab.connect(Game, server);
    client.on(Game.Say, ({ text }) => heard.push(`${name} ${text}`));
    const room = await lab.settle(
      client.rooms.joinOrCreate("Match", { ...desert, profile: { name } }),
    );
    room.on("out", (reason, text) => heard.push(`${name} out ${reason} ${text}`));
    return client;
  };
  const ann = await join("Ann");
  const bob = await join("Bob");
  await lab.run(500);
  return { server, lobby, ann, bob, heard, workers, worker: workers[0]! };
}

Deno.test("a room on a worker gets its members' messages as bytes, and sends back", async () => {
  await using lab = new Lab();
  const { ann, bob, heard, lobby, server } = await start(lab);
  assert.deepEqual(heard.filter((line) => line.includes("welcome")), [
    "Ann welcome Ann",
    "Bob welcome Bob",
  ]);
  assert.ok(heard.includes("Ann tick 3"));
  heard.length = 0;
  ann.send(Game.Say, { text: "a" });
  await lab.run(200);
  bob.send(Game.Say, { text: "b" });
  bob.send(Game.Say, { text: "play" });
  await lab.run(200);
  assert.deepEqual(heard.toSorted(), [
    "Ann desert 1 a",
    "Ann desert 1 b",
    "Ann desert 2 play",
    "Bob desert 1 a",
    "Bob desert 1 b",
    "Bob desert 2 play",
  ]);
  const { current } = ann.rooms;
  assert.equal(current?.kind === "Match" && current.metadata.phase, "playing");
  assert.equal(lobby.stats().isolated, 1);
  const { total } = await lab.settle(
    ann.rooms.list({ kind: "Match", where: { phase: "playing" } }),
  );
  assert.equal(total, 1);
  // Rates are kept by the worker, and counted where all drops are.
  for (let n = 0; n < 5; n++) ann.send(Game.Shout, { n });
  await lab.run(200);
  assert.equal(server.stats().drops.messageRateLimited, 3);
});

Deno.test("a handler that throws on a worker is contained, counted and told with the room's name", async () => {
  await using lab = new Lab();
  const { ann, heard, lobby } = await start(lab);
  const told: string[] = [];
  lobby.on("error", (error, where) => told.push(`${where}: ${(error as Error).message}`));
  heard.length = 0;
  ann.send(Game.Say, { text: "throw" });
  ann.send(Game.Say, { text: "go on" });
  await lab.run(200);
  assert.deepEqual(told, ["Match 1: Say: a handler of the worker"]);
  assert.deepEqual(heard.toSorted(), ["Ann desert 2 go on", "Bob desert 2 go on"]);
  assert.deepEqual([lobby.stats().errors, lobby.rooms.get(1)?.errors], [1, 1]);
});

Deno.test("a worker that crashes ends its room only, with the reason", async () => {
  await using lab = new Lab();
  const { ann, bob, heard, lobby, server, worker, workers } = await start(lab);
  const cyd = await lab.connect(Game, server);
  await lab.settle(cyd.rooms.create("Match", { ...desert, isPrivate: true }));
  heard.length = 0;
  worker.crash("out of memory");
  await lab.run(200);
  assert.deepEqual(heard.toSorted(), [
    "Ann out crashed out of memory",
    "Bob out crashed out of memory",
  ]);
  assert.deepEqual([ann.state, bob.state, ann.rooms.current], [
    "connected",
    "connected",
    undefined,
  ]);
  assert.deepEqual([lobby.rooms.size, lobby.stats().crashed, lobby.stats().isolated], [1, 1, 1]);
  assert.deepEqual(workers.map(({ isGone }) => isGone), [true, false]);
  await lab.settle(ann.rooms.create("Hall"));
});

Deno.test("a worker that does nothing for too long is ended", async () => {
  await using lab = new Lab();
  const { heard, lobby, worker } = await start(lab, { hangTimeoutMs: 1_000 });
  heard.length = 0;
  worker.isStuck = true;
  await lab.run(900);
  assert.equal(lobby.rooms.size, 1);
  await lab.run(400);
  assert.deepEqual(heard.toSorted(), [
    "Ann out crashed its worker did nothing for 1000 ms",
    "Bob out crashed its worker did nothing for 1000 ms",
  ]);
  assert.equal(worker.isGone, true);
});

Deno.test("a worker that is behind is given no more than fits, and catches up without a loss", async () => {
  await using lab = new Lab();
  const { ann, heard, worker } = await start(lab, { hangTimeoutMs: 60_000 });
  worker.isStuck = true;
  heard.length = 0;
  const text = "x".repeat(180);
  let sent = 0;
  for (let round = 0; round < 300; round++) {
    while (sent < 20_000 && ann.send(Game.Say, { text }) === "queued") sent++;
    await lab.run(50);
  }
  assert.equal(heard.length, 0);
  assert.ok(sent < 20_000, "then the client has to wait");
  worker.isStuck = false;
  await lab.run(60_000);
  // What the room answers to all that at once may block a channel; what matters is what it has heard.
  heard.length = 0;
  ann.send(Game.Say, { text: "count" });
  await lab.run(1_000);
  assert.equal(heard.find((line) => line.startsWith("Ann")), `Ann desert ${sent + 1} count`);
  assert.ok(sent > 8_000, `${sent} messages are more than wait in one place`);
});

Deno.test("what has arrived and waits for a worker goes there as soon as it can, unasked", async () => {
  await using lab = new Lab();
  const { ann, lobby, worker } = await start(lab, { hangTimeoutMs: 60_000 });
  worker.isStuck = true;
  const text = "x".repeat(180);
  for (let sent = 0; sent < 5_500;) {
    if (ann.send(Game.Say, { text }) === "queued") sent++;
    else await lab.run(50);
  }
  // All of it is acknowledged: the client has nothing more to say that could wake anybody.
  assert.equal(await lab.settle(ann.deliver(Game.Say, { text: "play" })), "acked");
  await lab.run(1_000);
  worker.isStuck = false;
  await lab.run(2_000);
  assert.deepEqual(lobby.rooms.get(1)?.metadata, { phase: "playing", heat: 0 });
});

Deno.test("a worker that was behind runs the ticks that it missed, five at most", async () => {
  await using lab = new Lab();
  const { ann, heard, worker } = await start(lab);
  const tickNow = async (): Promise<number> => {
    heard.length = 0;
    ann.send(Game.Say, { text: "tick?" });
    await lab.run(200);
    return Number(heard.find((line) => line.startsWith("Ann it is"))?.split(" ").at(-1));
  };
  const before = await tickNow();
  await lab.run(1_000);
  assert.equal(await tickNow() - before, 24);
  worker.isStuck = true;
  await lab.run(2_000);
  worker.isStuck = false;
  await lab.run(200);
  // 40 ticks passed: four batches under way had one each, the next one five, then one by one again.
  const caughtUp = await tickNow() - before - 24;
  assert.ok(caughtUp >= 4 + 5 + 6 && caughtUp <= 4 + 5 + 9, `${caughtUp} ticks`);
});

Deno.test("rooms on workers end, lock and throw out as others do", async () => {
  await using lab = new Lab();
  const { ann, bob, heard, lobby, worker } = await start(lab);
  heard.length = 0;
  ann.send(Game.Say, { text: "lock" });
  await lab.run(200);
  assert.equal(bob.rooms.current?.isLocked, true);
  bob.send(Game.Say, { text: "kick" });
  await lab.run(200);
  assert.ok(heard.includes("Bob out kicked you asked for it"));
  assert.deepEqual([lobby.rooms.get(1)?.players, bob.rooms.current], [1, undefined]);
  ann.send(Game.Say, { text: "end" });
  await lab.run(200);
  assert.ok(heard.includes("Ann out ended it was asked for"));
  await lab.run(200);
  assert.deepEqual([lobby.rooms.size, worker.isGone, lobby.stats().crashed], [0, true, 0]);
});

Deno.test("a module that is not the room's ends the room before it begins", async () => {
  await using lab = new Lab();
  const { spawn } = inProcessWorkers();
  const server = await lab.serve(Game, { tickHz: 20, environment: { spawnRoomWorker: spawn } });
  const isolate = new URL("./game.ts", import.meta.url);
  const lobby = server.rooms([defineRoom(Game, "Hall", { isolate, start: () => {} })]);
  const told: string[] = [];
  lobby.on("error", (error, where) => told.push(`${where}: ${(error as Error).message}`));
  const client = await lab.connect(Game, server);
  await lab.settle(client.rooms.create("Hall").catch(() => {}));
  await lab.run(500);
  assert.deepEqual([lobby.rooms.size, lobby.stats().crashed, told.length], [0, 1, 1]);
  assert.match(told[0]!, /Hall 1: start: .* is no room "Hall"/);
});

Deno.test("real workers: play, crash alone, and are gone when the server closes", async () => {
  const server = await serve(Game, { hostname: "127.0.0.1", port: 0, tickHz: 60 });
  const lobby = server.rooms([isolated]);
  lobby.on("error", () => {});
  const join = async (): Promise<Client<typeof Game>> => {
    const client = await connect(Game, server.url());
    await client.rooms.create("Match", desert);
    return client;
  };
  const [ann, bob] = [await join(), await join()];
  const crashed = new Promise<string>((resolve) => {
    ann.rooms.current!.on("out", (reason) => resolve(reason));
  });
  ann.send(Game.Say, { text: "crash" });
  assert.equal(await crashed, "crashed");
  const answer = new Promise<string>((resolve) => {
    bob.on(Game.Say, ({ text }) => text.endsWith("still here") && resolve(text));
  });
  bob.send(Game.Say, { text: "still here" });
  assert.equal(await answer, "desert 1 still here");
  assert.deepEqual([lobby.stats().crashed, lobby.rooms.size], [1, 1]);
  await Promise.all([ann.close(), bob.close(), server.close()]);
});
