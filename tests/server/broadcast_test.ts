import assert from "node:assert/strict";
import { message, protocol, t } from "../../schema/mod.ts";
import type { Peer } from "../../server/mod.ts";
import { Lab } from "./lab.ts";
import { Room } from "./room.ts";

/** The second version of a game: names came with it, and the old way to score went. */
function game(version: 1 | 2, accepts: number) {
  return protocol("game", { version, accepts }, {
    News: message({ text: t.string({ maxBytes: 40 }), from: t.string({ maxBytes: 8 }).since(2) }, {
      from: "server",
      delivery: "reliable-ordered",
    }),
    Named: message({ name: t.string({ maxBytes: 8 }) }, {
      from: "server",
      delivery: "reliable-ordered",
      since: 2,
    }),
    Points: message({ points: t.u16() }, {
      from: "server",
      delivery: "reliable-ordered",
      deprecated: 2,
    }),
  });
}

Deno.test("broadcast reaches everybody who is there, and late joiners from then on", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const clients = await lab.settle(
    Promise.all([1, 2, 3].map(() => lab.dial(Room, server))),
  );
  const heard: string[][] = clients.map(() => []);
  for (const [i, client] of clients.entries()) {
    client.on(Room.Chat, ({ text }) => heard[i]!.push(text));
  }
  await lab.run(100);
  assert.equal(server.broadcast(Room.Chat, { text: "one" }), 3);
  await lab.run(100);
  const late = await lab.connect(Room, server);
  const heardLate: string[] = [];
  late.on(Room.Chat, ({ text }) => heardLate.push(text));
  await lab.run(100);
  assert.equal(server.broadcast(Room.Chat, { text: "two" }), 4);
  await lab.run(100);
  assert.deepEqual(heard, [["one", "two"], ["one", "two"], ["one", "two"]]);
  assert.deepEqual(heardLate, ["two"]);
});

Deno.test("broadcast: `except` leaves one out, `to` chooses, nobody is fine", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  assert.equal(server.broadcast(Room.Chat, { text: "to nobody" }), 0);
  const peers: Peer[] = [];
  server.on("connected", (peer) => peers.push(peer));
  const heard: string[] = [];
  for (const name of ["a", "b", "c"]) {
    const client = await lab.connect(Room, server);
    client.on(Room.Chat, ({ text }) => heard.push(`${name} ${text}`));
    await lab.run(50);
  }
  const [a, b, c] = peers as [Peer, Peer, Peer];
  assert.equal(server.broadcast(Room.Chat, { text: "1" }, { except: b }), 2);
  assert.equal(server.broadcast(Room.Chat, { text: "2" }, { to: [b, c] }), 2);
  assert.equal(server.broadcast(Room.Chat, { text: "3" }, { to: new Set([a, b]), except: a }), 1);
  assert.equal(server.broadcast(Room.Chat, { text: "4" }, { to: [] }), 0);
  await lab.run(100);
  assert.deepEqual(heard.sort(), ["a 1", "b 2", "b 3", "c 1", "c 2"]);
});

Deno.test("broadcast: a value that the schema refuses throws, also when nobody is there", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  assert.throws(() => server.broadcast(Room.Chat, { text: "x".repeat(241) }), RangeError);
  // @ts-expect-error a number is no text.
  assert.throws(() => server.broadcast(Room.Chat, { text: 1 }), TypeError);
  // @ts-expect-error only clients send it.
  assert.throws(() => server.broadcast(Room.Move, { x: 1 }), /only a client sends it/);
  const Other = protocol("other", { version: 1 }, {
    Chat: message({ text: t.string({ maxBytes: 240 }) }, { from: "both", delivery: "unreliable" }),
  });
  assert.throws(() => server.broadcast(Other.Chat, { text: "" }), /belongs to another protocol/);
});

Deno.test("broadcast: a peer that is blocked, suspended or gone does not stop the others", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room, { sessionLimits: { sendQueueMessages: 2 } });
  const peers: Peer[] = [];
  server.on("connected", (peer) => peers.push(peer));
  const slow = await lab.connect(Room, server, { host: "198.51.100.50" });
  const gone = await lab.connect(Room, server);
  const fine = await lab.connect(Room, server);
  const heard: string[] = [];
  fine.on(Room.Chat, ({ text }) => heard.push(text));
  await lab.run(100);
  lab.network.blackout("198.51.100.50", "192.0.2.1", lab.nowMs, lab.nowMs + 60_000);
  for (const text of ["1", "2"]) peers[0]!.send(Room.Chat, { text });
  assert.equal(peers[0]!.send(Room.Chat, { text: "3" }), "blocked");
  peers[1]!.disconnect("go");
  assert.equal(server.broadcast(Room.Chat, { text: "hello" }), 1);
  await lab.run(11_000);
  assert.equal(peers[0]!.state, "suspended");
  assert.equal(gone.state, "disconnected");
  assert.equal(server.broadcast(Room.Ping, { n: 1 }), 2, "what is sent to a suspended peer waits");
  assert.deepEqual(heard, ["hello"]);
  await lab.settle(slow.close("", { flush: false }));
});

Deno.test("broadcast speaks several versions at once", async () => {
  await using lab = new Lab();
  const Newest = game(2, 2);
  const Older = game(1, 1);
  const server = await lab.serve(Newest);
  const newer = await lab.connect(Newest, server);
  const older = await lab.connect(Older, server);
  const heard: unknown[] = [];
  newer.on(Newest.News, (value) => heard.push(["newer", value]));
  older.on(Older.News, (value) => heard.push(["older", value]));
  newer.on(Newest.Named, (value) => heard.push(["newer", value]));
  older.on(Older.Points, (value) => heard.push(["older", value]));
  await lab.run(100);
  assert.deepEqual(Array.from(server.peers.values(), (p) => p.protocolVersion), [2, 1]);
  assert.equal(server.broadcast(Newest.News, { text: "hi", from: "bob" }), 2);
  assert.equal(server.broadcast(Newest.Named, { name: "zoe" }), 1, "version 1 does not have it");
  assert.equal(server.broadcast(Newest.Points, { points: 7 }), 1, "version 2 has it no more");
  await lab.run(100);
  assert.deepEqual(
    heard.toSorted(),
    [
      ["newer", { text: "hi", from: "bob" }],
      ["newer", { name: "zoe" }],
      ["older", { text: "hi", from: "" }],
      ["older", { points: 7 }],
    ].toSorted(),
  );
});
