import assert from "node:assert/strict";
import { type Client, RoomError } from "../../../client/mod.ts";
import { CloseCode, defineRoom, type RoomOptions } from "../../../server/mod.ts";
import { Lab, SERVER_HOST } from "../../server/lab.ts";
import { Room as NoRooms } from "../../server/room.ts";
import { Game } from "../../server/rooms/game.ts";

type MatchOptions = Partial<RoomOptions<typeof Game, "Match", { score: number }>>;

const HOST = "198.51.100.40";
const desert = { options: { map: "desert" }, profile: { name: "Ann" } } as const;

/** A server whose matches write down what happens, and two clients in one of them. */
async function start(lab: Lab, options: MatchOptions = {}) {
  const heard: string[] = [];
  const server = await lab.serve(Game, {
    tickHz: 20,
    authorize: ({ auth }) => auth.length === 0 || { userId: new TextDecoder().decode(auth) },
  });
  const lobby = server.rooms([
    defineRoom(Game, "Match", {
      memberData: () => ({ score: 0 }),
      start(room) {
        for (const event of ["joined", "away", "back"] as const) {
          room.on(event, ({ id, data, profile: { name } }) => {
            heard.push(`${event} ${name} ${id} ${data.score}`);
          });
        }
        room.on("left", ({ profile: { name } }, reason) => heard.push(`left ${name} ${reason}`));
        room.on(Game.Say, (member, { text }) => {
          member.data.score++;
          heard.push(`${member.profile.name} ${text}`);
          room.broadcast(Game.Say, { text });
        });
      },
      ...options,
    }),
  ]);
  const ann = await lab.connect(Game, server, { host: HOST });
  const room = await lab.settle(ann.rooms.create("Match", desert));
  const bob = await lab.connect(Game, server);
  const bobs = await lab.settle(
    bob.rooms.join("Match", room.id, { profile: { name: "Bob" } }),
  );
  return { server, lobby, ann, room, bob, bobs, heard };
}

function darken(lab: Lab, durationMs: number): void {
  lab.network.blackout(HOST, SERVER_HOST, lab.nowMs, lab.nowMs + durationMs);
}

function say(client: Client<typeof Game>, text: string): void {
  assert.equal(client.send(Game.Say, { text }), "queued");
}

Deno.test("a session that is resumed: away, then back, and nothing else changes", async () => {
  await using lab = new Lab();
  const { bobs, heard, ann, room } = await start(lab);
  const seen: string[] = [];
  bobs.on("changed", ({ profile: { name }, isAway }) => seen.push(`${name} ${isAway}`));
  say(ann, "before");
  await lab.run(200);
  darken(lab, 20_000);
  await lab.run(25_000);
  say(ann, "after");
  await lab.run(200);
  assert.deepEqual(heard, [
    "joined Ann 1 0",
    "joined Bob 2 0",
    "Ann before",
    "away Ann 1 1",
    "back Ann 1 1",
    "Ann after",
  ]);
  assert.deepEqual(seen, ["Ann true", "Ann false"]);
  assert.equal(room.state, "joined");
});

Deno.test("a session that is lost: the seat is kept, and a new session gets it back", async () => {
  await using lab = new Lab();
  const { ann, room, bob, heard } = await start(lab);
  const seen: string[] = [];
  for (const event of ["away", "back"] as const) room.on(event, () => seen.push(event));
  room.on("left", ({ profile }) => seen.push(`left ${profile.name}`));
  say(ann, "before");
  await lab.run(200);
  darken(lab, 50_000);
  await lab.run(45_000);
  assert.deepEqual([ann.state, room.state, room.members.size], ["reconnecting", "away", 2]);
  await assert.rejects(ann.rooms.ready(), { code: "lost" });
  await lab.settle(bob.rooms.leave());
  await lab.run(15_000);
  assert.deepEqual([room.state, ann.rooms.current], ["joined", room]);
  say(ann, "after");
  await lab.run(200);
  assert.deepEqual(heard.slice(2), [
    "Ann before",
    "away Ann 1 1",
    "left Bob left",
    "back Ann 1 1",
    "Ann after",
  ]);
  assert.deepEqual(seen, ["away", "left Bob", "back"]);
  await lab.run(60_000);
  assert.equal(room.state, "joined", "the time for which the seat was kept is called off");
});

Deno.test("a seat is kept for its time and no longer", async () => {
  await using lab = new Lab();
  const { ann, room, bobs, heard, lobby } = await start(lab, { keepSeatMs: 2_000 });
  const out: string[] = [];
  room.on("out", (reason, text) => out.push(`${reason} ${text}`));
  darken(lab, 50_000);
  await lab.run(43_000);
  assert.deepEqual(heard.slice(2), ["away Ann 1 0", "left Ann lost"]);
  assert.equal(bobs.members.size, 1);
  await lab.run(15_000);
  assert.deepEqual([ann.state, room.state, ann.rooms.current], ["connected", "left", undefined]);
  assert.deepEqual(out, ["lost the seat was not kept"]);
  assert.equal(lobby.stats().refused.expired, 1);
});

Deno.test("a user who connects anew gets the seat back that is kept for him", async () => {
  await using lab = new Lab();
  const { server, lobby, heard } = await start(lab);
  const profile = { name: "Eve" };
  const first = await lab.connect(Game, server, { auth: "eve" });
  await lab.settle(first.rooms.join("Match", 1, { profile }));
  say(first, "first");
  await lab.run(200);
  const second = await lab.connect(Game, server, { auth: "eve" });
  assert.equal((await lab.settle(first.closed)).code, CloseCode.superseded);
  await lab.run(200);
  const again = await lab.settle(second.rooms.joinOrCreate("Match", { ...desert, profile }));
  assert.equal(again.me?.id, 3);
  assert.deepEqual(heard.slice(2), ["joined Eve 3 0", "Eve first", "away Eve 3 1", "back Eve 3 1"]);
  assert.equal(lobby.stats().players, 3);
});

Deno.test("who says goodbye, or is thrown off the server, has no seat any more", async () => {
  await using lab = new Lab();
  const { server, ann, bobs, heard } = await start(lab);
  const out: string[] = [];
  bobs.on("out", (reason) => out.push(reason));
  // No code that a client sends keeps its seat.
  await lab.settle(ann.close("bye", { code: CloseCode.superseded }));
  await lab.run(100);
  for (const peer of server.peers.values()) peer.disconnect("enough");
  await lab.run(100);
  assert.deepEqual(heard.slice(2), ["left Ann left", "left Bob kicked"]);
  assert.deepEqual(out, ["lost"]);
  assert.equal(bobs.state, "left");
});

Deno.test("a room that ended meanwhile is over when the client is back", async () => {
  await using lab = new Lab();
  const { ann, room, lobby } = await start(lab);
  darken(lab, 50_000);
  await lab.run(45_000);
  lobby.rooms.get(room.id)!.end("over");
  await lab.run(15_000);
  assert.deepEqual([ann.state, room.state, ann.rooms.current], ["connected", "left", undefined]);
});

Deno.test("leaving a room twice, or being ready in none, is refused", async () => {
  await using lab = new Lab();
  const { ann, room } = await start(lab);
  await lab.settle(room.ready());
  assert.equal(room.me?.isReady, true);
  await lab.settle(room.ready(false));
  assert.equal(room.me?.isReady, false);
  await lab.settle(room.leave());
  assert.equal(room.me, undefined);
  await assert.rejects(lab.settle(room.leave()), { name: "RoomError", code: "not-seated" });
  await assert.rejects(lab.settle(ann.rooms.ready()), { code: "not-seated" });
});

Deno.test("questions are answered under loss, duplication and reordering, each by its own answer", async () => {
  await using lab = new Lab({
    seed: 7,
    link: { delayMs: 20, jitterMs: 30, loss: 0.2, duplicate: 0.1, reorder: 0.2 },
  });
  const { ann, bob, lobby } = await start(lab);
  const pages = await lab.settle(
    Promise.all([ann.rooms.list(), ann.rooms.list({ kind: "Hall" }), bob.rooms.list()]),
  );
  assert.deepEqual(pages.map(({ total }) => total), [1, 0, 1]);
  for (let i = 0; i < 5; i++) {
    await lab.settle(bob.rooms.leave());
    await lab.settle(bob.rooms.joinOrCreate("Match", { ...desert, profile: { name: "Bob" } }));
  }
  assert.deepEqual([lobby.rooms.size, lobby.stats().players], [1, 2]);
});

Deno.test("a server that never answers: the question times out, and a closed client is told at once", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Game);
  const client = await lab.connect(Game, server);
  // No lobby was opened.
  await assert.rejects(lab.settle(client.rooms.list()), { name: "RoomError", code: "timeout" });
  const waiting = client.rooms.list();
  await Promise.all([
    assert.rejects(waiting, (error) => error instanceof RoomError && error.code === "lost"),
    lab.settle(client.close()),
  ]);
  await assert.rejects(client.rooms.list(), { code: "lost" });
  assert.equal(server.stats().messagesUnhandled, 2);
});

Deno.test("a protocol without rooms has none on either end", async () => {
  await using lab = new Lab();
  const server = await lab.serve(NoRooms);
  const client = await lab.connect(NoRooms, server);
  assert.throws(() => server.rooms([]), /declare protocol "room" with withRooms/);
  assert.throws(() => client.rooms, /has no rooms/);
});

Deno.test("what a game's handlers of its room throw is contained and told to the client", async () => {
  await using lab = new Lab();
  const { ann, room, bob } = await start(lab);
  const told: string[] = [];
  ann.on("error", (error, where) => told.push(`${where}: ${(error as Error).message}`));
  room.on("left", () => {
    throw new Error("here");
  });
  await lab.settle(bob.rooms.leave());
  await lab.run(100);
  assert.deepEqual(told, ["left: here"]);
  assert.equal(room.members.size, 1);
  // @ts-expect-error there is no such event.
  assert.throws(() => room.on("lfet", () => {}), /events are "joined"/);
});

Deno.test("bad values throw before anything is sent", async () => {
  await using lab = new Lab();
  const { ann, lobby } = await start(lab);
  const long = { name: "x".repeat(25) };
  await assert.rejects(ann.rooms.create("Match", { ...desert, profile: long }), RangeError);
  // @ts-expect-error there is no such kind.
  await assert.rejects(ann.rooms.create("Party"), /Party/);
  await assert.rejects(ann.rooms.join("Match", -1), RangeError);
  await assert.rejects(
    ann.rooms.joinByCode("Match", "x".repeat(17), { profile: long }),
    RangeError,
  );
  // @ts-expect-error metadata of another kind.
  await assert.rejects(ann.rooms.list({ kind: "Match", where: { phase: "no" } }), RangeError);
  assert.deepEqual(Object.values(lobby.stats().refused), Array(8).fill(0));
});
