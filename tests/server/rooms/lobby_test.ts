import assert from "node:assert/strict";
import { RoomError } from "../../../client/mod.ts";
import { defineRoom, type RoomOptions } from "../../../server/mod.ts";
import { Lab } from "../lab.ts";
import { Game } from "./game.ts";

type MatchOptions = Partial<RoomOptions<typeof Game, "Match", { score: number }>>;

function match(options: MatchOptions = {}) {
  return defineRoom(Game, "Match", {
    spectators: 2,
    memberData: () => ({ score: 0 }),
    start: () => {},
    ...options,
  });
}

const desert = { options: { map: "desert" }, profile: { name: "Ann" } } as const;

async function refusalOf(lab: Lab, promise: Promise<unknown>): Promise<string> {
  try {
    await lab.settle(promise);
  } catch (error) {
    assert.ok(error instanceof RoomError, String(error));
    return error.code;
  }
  return "none";
}

Deno.test("a client creates a room, another finds it in the list and joins it", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Game, { tickHz: 20 });
  const lobby = server.rooms([match()]);
  const ann = await lab.connect(Game, server);
  const bob = await lab.connect(Game, server);
  const room = await lab.settle(ann.rooms.create("Match", { ...desert, capacity: 3 }));
  assert.deepEqual([room.kind, room.options, room.capacity], ["Match", { map: "desert" }, 3]);
  assert.deepEqual(room.me?.profile, { name: "Ann" });
  const { total, rooms } = await lab.settle(bob.rooms.list({ kind: "Match" }));
  assert.equal(total, 1);
  assert.deepEqual(rooms[0], {
    kind: "Match",
    id: room.id,
    options: { map: "desert" },
    metadata: { phase: "waiting", heat: 0 },
    players: 1,
    spectators: 0,
    capacity: 3,
    isLocked: false,
  });
  const heard: string[] = [];
  room.on("joined", ({ profile }) => heard.push(`joined ${profile.name}`));
  room.on("left", ({ profile }, reason) => heard.push(`left ${profile.name} ${reason}`));
  const bobs = await lab.settle(bob.rooms.join("Match", room.id, { profile: { name: "Bob" } }));
  assert.deepEqual(Array.from(bobs.members.values(), ({ profile }) => profile.name), [
    "Ann",
    "Bob",
  ]);
  assert.equal(lobby.stats().players, 2);
  await lab.settle(bobs.leave());
  assert.equal(bobs.state, "left");
  assert.deepEqual(heard, ["joined Bob", "left Bob left"]);
  await lab.settle(ann.rooms.leave());
  assert.deepEqual([lobby.rooms.size, lobby.stats().ended], [0, 1], "nobody is left");
});

Deno.test("messages of members go to their room, and nowhere else", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Game, { tickHz: 20 });
  const heard: string[] = [];
  server.on(Game.Say, (_, { text }) => heard.push(`server ${text}`));
  server.rooms([
    match({
      start(room) {
        room.on(Game.Say, (member, { text }) => {
          member.data.score++;
          heard.push(`${room.name} ${member.profile.name} ${text} ${member.data.score}`);
          room.broadcast(Game.Say, { text }, { except: member });
        });
      },
    }),
    defineRoom(Game, "Hall", { start: () => {} }),
  ]);
  const clients = [];
  for (const name of ["Ann", "Bob", "Cyd"]) {
    const client = await lab.connect(Game, server);
    client.on(Game.Say, ({ text }) => heard.push(`${name} hears ${text}`));
    clients.push(client);
  }
  const [ann, bob, cyd] = clients;
  await lab.settle(ann!.rooms.create("Match", desert));
  await lab.settle(bob!.rooms.joinOrCreate("Match", { ...desert, profile: { name: "Bob" } }));
  await lab.settle(cyd!.rooms.create("Hall"));
  ann!.send(Game.Say, { text: "a" });
  await lab.run(200);
  cyd!.send(Game.Say, { text: "c" });
  await lab.run(200);
  await lab.settle(ann!.rooms.leave());
  ann!.send(Game.Say, { text: "out" });
  await lab.run(200);
  assert.deepEqual(heard, ["Match 1 Ann a 1", "Bob hears a", "server c", "server out"]);
});

Deno.test("joinOrCreate fills the oldest room of the same options, and opens another when it is full", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Game, { tickHz: 20 });
  server.rooms([match({ capacity: 2, spectators: 0 })]);
  const ids: number[] = [];
  for (const map of ["desert", "forest", "desert", "desert"] as const) {
    const client = await lab.connect(Game, server);
    const options = { options: { map }, profile: { name: "x" } };
    ids.push((await lab.settle(client.rooms.joinOrCreate("Match", options))).id);
    assert.equal((await lab.settle(client.rooms.joinOrCreate("Match", options))).id, ids.at(-1));
  }
  assert.deepEqual(ids, [1, 2, 1, 3]);
});

Deno.test("private rooms are in no list, and open to who knows the code", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Game, { tickHz: 20 });
  const lobby = server.rooms([match()]);
  const ann = await lab.connect(Game, server);
  const bob = await lab.connect(Game, server);
  const { code, id } = await lab.settle(
    ann.rooms.create("Match", { ...desert, isPrivate: true }),
  );
  assert.match(code!, /^[34679CDFGHJKMNPRTWXY]{6}$/);
  assert.deepEqual((await lab.settle(bob.rooms.list())).total, 0);
  const profile = { name: "Bob" };
  assert.equal(await refusalOf(lab, bob.rooms.join("Match", id, { profile })), "not-found");
  assert.equal(await refusalOf(lab, bob.rooms.joinByCode("Hall", code!)), "not-found");
  const typed = ` ${code!.slice(0, 3).toLowerCase()}-${code!.slice(3)} `;
  assert.equal((await lab.settle(bob.rooms.joinByCode("Match", typed, { profile }))).code, code);
  assert.equal(lobby.stats().wrongCodes, 1);
  lobby.rooms.get(id)!.end();
  assert.equal(lobby.find(code!), undefined);
});

Deno.test("wrong codes are limited by address, and right ones do not get through meanwhile", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Game, { tickHz: 20 });
  const lobby = server.rooms([match()], { askRate: { perSecond: 100, burst: 100 } });
  const room = lobby.create("Match", { options: { map: "forest" }, isPrivate: true });
  const profile = { name: "Eve" };
  const eve = await lab.connect(Game, server, { host: "203.0.113.9" });
  const codes: string[] = [];
  for (let i = 0; i < 11; i++) {
    codes.push(await refusalOf(lab, eve.rooms.joinByCode("Match", "333333", { profile })));
  }
  assert.deepEqual(codes, [...Array(10).fill("not-found"), "busy"]);
  // Another connection from there changes nothing, and neither does the right code.
  const again = await lab.connect(Game, server, { host: "203.0.113.9" });
  assert.equal(
    await refusalOf(lab, again.rooms.joinByCode("Match", room.code!, { profile })),
    "busy",
  );
  const bob = await lab.connect(Game, server);
  await lab.settle(bob.rooms.joinByCode("Match", room.code!, { profile }));
  await lab.run(5_000);
  await lab.settle(again.rooms.joinByCode("Match", room.code!, { profile }));
  assert.equal(room.players, 2);
});

Deno.test("capacity, locks, spectators and admit keep players out, each with its reason", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Game, { tickHz: 20 });
  const lobby = server.rooms([
    match({
      spectators: 1,
      admit: ({ profile: { name } }) => name === "Mallory" ? "not you" : name !== "Nobody",
    }),
  ]);
  const room = lobby.create("Match", { options: { map: "desert" }, capacity: 1 });
  const join = async (name: string, spectate = false): Promise<string> => {
    const client = await lab.connect(Game, server);
    const options = { profile: { name }, spectate };
    return await refusalOf(lab, client.rooms.join("Match", room.id, options));
  };
  assert.equal(await join("Mallory"), "denied");
  assert.equal(await join("Nobody"), "denied");
  assert.equal(await join("Ann"), "none");
  assert.equal(await join("Bob"), "full");
  assert.equal(await join("Cyd", true), "none");
  assert.equal(await join("Dan", true), "full");
  room.local!.lock();
  assert.equal(await join("Eli"), "locked");
  assert.deepEqual([room.players, room.spectators], [1, 1]);
  assert.equal(lobby.list({ hasSpace: true }).total, 0);
  const { refused } = lobby.stats();
  assert.deepEqual([refused.denied, refused.full, refused.locked], [2, 2, 1]);
});

Deno.test("a reserved seat is kept for its ticket, once and for a time", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Game, { tickHz: 20 });
  const lobby = server.rooms([match()]);
  const room = lobby.create("Match", { options: { map: "desert" }, capacity: 2, isPrivate: true });
  const first = room.reserve();
  const second = room.reserve({ expiresMs: 1_000 });
  assert.throws(() => room.reserve(), /it is full/);
  const profile = { name: "x" };
  const ann = await lab.connect(Game, server);
  const bob = await lab.connect(Game, server);
  assert.equal((await lab.settle(ann.rooms.joinReserved("Match", first, { profile }))).id, room.id);
  assert.equal(
    await refusalOf(lab, bob.rooms.joinReserved("Match", first, { profile })),
    "expired",
  );
  await lab.run(1_000);
  assert.equal(
    await refusalOf(lab, bob.rooms.joinReserved("Match", second, { profile })),
    "expired",
  );
  assert.deepEqual([room.players, room.reservations], [1, 0]);
  await assert.rejects(async () => await bob.rooms.joinReserved("Match", "x"), TypeError);
});

Deno.test("a reservation for a user opens to that user alone", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Game, {
    tickHz: 20,
    authorize: ({ auth }) => ({ userId: new TextDecoder().decode(auth) }),
  });
  const lobby = server.rooms([match()]);
  const room = lobby.create("Match", { options: { map: "desert" } });
  const ticket = room.reserve({ userId: "ann" });
  const bob = await lab.connect(Game, server, { auth: "bob" });
  const ann = await lab.connect(Game, server, { auth: "ann" });
  const profile = { name: "x" };
  assert.equal(
    await refusalOf(lab, bob.rooms.joinReserved("Match", ticket, { profile })),
    "expired",
  );
  await lab.settle(ann.rooms.joinReserved("Match", ticket, { profile }));
  assert.equal(room.players, 1);
});

Deno.test("lists are filtered by kind, metadata and space, and come in pages", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Game, { tickHz: 20 });
  const lobby = server.rooms([match(), defineRoom(Game, "Hall", { start: () => {} })]);
  for (let i = 0; i < 120; i++) {
    const room = lobby.create("Match", { options: { map: "desert" } });
    if (i % 2 === 1) room.local!.lock();
    // 0.3 is not on the grid: what is compared is what the wire carries.
    const metadata = { phase: i < 30 ? "playing" : "waiting", heat: 0.3 } as const;
    (room.local as unknown as { setMetadata(m: typeof metadata): void }).setMetadata(metadata);
  }
  lobby.create("Hall");
  const client = await lab.connect(Game, server);
  const all = await lab.settle(client.rooms.list());
  assert.deepEqual([all.total, all.rooms.length], [121, 50]);
  const where = { phase: "playing", heat: 0.3 } as const;
  const playing = await lab.settle(client.rooms.list({ kind: "Match", where, hasSpace: true }));
  assert.deepEqual([playing.total, playing.rooms.length], [15, 15]);
  const last = await lab.settle(client.rooms.list({ kind: "Match", offset: 115, limit: 10 }));
  assert.deepEqual(last.rooms.map(({ id }) => id), [116, 117, 118, 119, 120]);
  assert.equal((await lab.settle(client.rooms.list({ kind: "Hall" }))).total, 1);
  await assert.rejects(() => client.rooms.list({ limit: 51 }), RangeError);
});

Deno.test("who asks too much is told to wait", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Game, { tickHz: 20 });
  const lobby = server.rooms([match()], {
    askRate: { perSecond: 1, burst: 3 },
    createRate: { perSecond: 0.1, burst: 1 },
    maxRooms: 2,
  });
  const ann = await lab.connect(Game, server);
  await lab.settle(ann.rooms.create("Match", desert));
  assert.equal(await refusalOf(lab, ann.rooms.create("Match", desert)), "busy");
  await lab.settle(ann.rooms.list());
  const tooMuch = ann.rooms.list();
  await assert.rejects(lab.settle(tooMuch), (error) => {
    assert.ok(error instanceof RoomError);
    return error.code === "busy" && error.retryAfterMs > 0 && error.retryAfterMs <= 1_000;
  });
  const bob = await lab.connect(Game, server);
  await lab.settle(bob.rooms.create("Match", desert));
  const cyd = await lab.connect(Game, server);
  assert.equal(await refusalOf(lab, cyd.rooms.create("Match", desert)), "busy", "too many rooms");
  assert.equal(lobby.rooms.size, 2);
});

Deno.test("one player has one seat: joining another room leaves the first", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Game, { tickHz: 20 });
  const lobby = server.rooms([match(), defineRoom(Game, "Hall", { capacity: 1, start: () => {} })]);
  lobby.create("Hall");
  const ann = await lab.connect(Game, server);
  const bob = await lab.connect(Game, server);
  await lab.settle(bob.rooms.join("Hall", 1));
  const first = await lab.settle(ann.rooms.create("Match", desert));
  assert.equal(await refusalOf(lab, ann.rooms.join("Hall", 1)), "full");
  assert.equal(ann.rooms.current, first, "a refusal costs nothing");
  const out: string[] = [];
  first.on("out", (reason) => out.push(reason));
  const second = await lab.settle(ann.rooms.create("Hall"));
  assert.deepEqual([ann.rooms.current, out], [second, ["moved"]]);
  assert.deepEqual([...lobby.rooms.keys()], [1, 3]);
});

Deno.test("rooms nobody comes to end after half a minute, others when their time is over", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Game, { tickHz: 20 });
  const lobby = server.rooms([
    match(),
    defineRoom(Game, "Hall", { emptyTimeoutMs: Infinity, start: () => {} }),
  ]);
  const ended: string[] = [];
  lobby.on("ended", ({ name }, reason) => ended.push(`${name}: ${reason}`));
  lobby.create("Match", { options: { map: "desert" } });
  const reserved = lobby.create("Match", { options: { map: "desert" } });
  reserved.reserve({ expiresMs: 40_000 });
  const hall = lobby.create("Hall");
  await lab.run(30_000);
  assert.deepEqual(ended, ["Match 1: nobody is left"]);
  await lab.run(40_000);
  assert.deepEqual(ended, ["Match 1: nobody is left", "Match 2: nobody is left"]);
  hall.end("enough");
  assert.equal(ended.at(-1), "Hall 3: enough");
  assert.throws(() => hall.reserve(), /it is over/);
});

Deno.test("what makes no sense throws at once", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Game);
  assert.throws(() => match({ capacity: 7 }), /more than its "maxMembers", 6/);
  assert.throws(() => match({ capacity: 0 }), RangeError);
  assert.throws(() => match({ keepSeatMs: -1 }), RangeError);
  // @ts-expect-error there is no such kind.
  assert.throws(() => defineRoom(Game, "Party", { start: () => {} }), /no such kind of room/);
  assert.throws(() => server.rooms([match({ isolate: "x:y" })]), /give serve\(\) a "tickHz"/);
  const again = await lab.serve(Game, { port: 10_000 });
  assert.throws(() => again.rooms([match(), match()]), /twice/);
  const third = await lab.serve(Game, { port: 10_001 });
  const lobby = third.rooms([match()]);
  assert.throws(() => third.rooms([match()]), /open already/);
  assert.throws(() => lobby.create("Hall"), /defines no such room/);
  // @ts-expect-error there is no such map.
  assert.throws(() => lobby.create("Match", { options: { map: "moon" } }), RangeError);
  assert.throws(
    () => lobby.create("Match", { options: { map: "desert" }, capacity: 5 }),
    RangeError,
  );
  assert.equal(lobby.rooms.size, 0);
});
