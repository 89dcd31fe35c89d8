import assert from "node:assert/strict";
import { defineRoom, type Room, type RoomOptions } from "../../../server/mod.ts";
import { Lab } from "../lab.ts";
import { Game } from "./game.ts";

type G = typeof Game;
type MatchOptions = Partial<RoomOptions<G, "Match", { score: number }>>;

const desert = { options: { map: "desert" }, profile: { name: "Ann" } } as const;

/** A server whose matches do what a test wants, and a client in one of them. */
async function start(lab: Lab, options: MatchOptions) {
  const server = await lab.serve(Game, { tickHz: 10 });
  const lobby = server.rooms([
    defineRoom(Game, "Match", {
      spectators: 1,
      memberData: () => ({ score: 0 }),
      start: () => {},
      ...options,
    }),
  ]);
  const ann = await lab.connect(Game, server);
  const room = await lab.settle(ann.rooms.create("Match", desert));
  const join = async (name: string, spectate = false) => {
    const client = await lab.connect(Game, server);
    await lab.settle(client.rooms.join("Match", room.id, { profile: { name }, spectate }));
    return client;
  };
  return { server, lobby, ann, room, join };
}

Deno.test("timers of a room run on its ticks, in the order in which they are due and were set", async () => {
  await using lab = new Lab();
  const heard: string[] = [];
  await start(lab, {
    start(room) {
      room.after(300, () => heard.push(`${room.tick} three`));
      room.after(0, () => heard.push(`${room.tick} at once`));
      const stop = room.every(200, () => {
        heard.push(`${room.tick} every`);
        if (room.tick === 6) stop();
      });
      room.after(200, () => heard.push(`${room.tick} two`));
      room.after(201, () => heard.push(`${room.tick} more than two`));
      room.after(100, () => room.after(100, () => heard.push(`${room.tick} nested`)));
      const cancel = room.after(100, () => heard.push("cancelled"));
      cancel();
      cancel();
      room.onTick((tick, stepSeconds) => {
        if (tick <= 2) heard.push(`${tick} tick ${stepSeconds}`);
      });
      assert.throws(() => room.after(-1, () => {}), RangeError);
      assert.throws(() => room.every(NaN, () => {}), RangeError);
    },
  });
  await lab.run(1_500);
  assert.deepEqual(heard, [
    "1 at once",
    "1 tick 0.1",
    "2 every",
    "2 two",
    "2 nested",
    "2 tick 0.1",
    "3 three",
    "3 more than two",
    "4 every",
    "6 every",
  ]);
});

Deno.test("a room hears of everything that happens to its members, and they of each other", async () => {
  await using lab = new Lab();
  const heard: string[] = [];
  const { ann, room, join } = await start(lab, {
    start(room) {
      for (const event of ["joined", "away", "back", "ready"] as const) {
        room.on(event, ({ profile: { name } }) => heard.push(`${event} ${name}`));
      }
      room.on("left", ({ profile: { name } }, reason) => heard.push(`left ${name} ${reason}`));
      room.on("ended", (reason) => heard.push(`ended ${reason}`));
      room.on("ready", () => {
        if (!room.isEverybodyReady) return;
        room.setMetadata({ phase: "playing" });
        room.clearReady();
        room.lock();
      });
    },
  });
  const changes: string[] = [];
  room.on("changed", ({ profile, isReady }) => changes.push(`${profile.name} ${isReady}`));
  room.on("metadata", ({ phase }) => changes.push(phase));
  room.on("locked", (isLocked) => changes.push(`locked ${isLocked}`));
  const bob = await join("Bob");
  const cyd = await join("Cyd", true);
  await lab.settle(bob.rooms.ready());
  await lab.settle(ann.rooms.ready());
  await lab.run(200);
  assert.deepEqual(changes, [
    "Bob true",
    "Ann true",
    "playing",
    "Ann false",
    "Bob false",
    "locked true",
  ]);
  await assert.rejects(lab.settle(cyd.rooms.ready()), /only watches/);
  await lab.settle(bob.rooms.leave());
  await lab.settle(cyd.close());
  await lab.run(200);
  await lab.settle(ann.rooms.leave());
  assert.deepEqual(heard, [
    "joined Ann",
    "joined Bob",
    "joined Cyd",
    "ready Bob",
    "ready Ann",
    "left Bob left",
    "left Cyd left",
    "left Ann left",
    "ended nobody is left",
  ]);
});

Deno.test("what a room's handlers throw is contained, counted and told with the room's name", async () => {
  await using lab = new Lab();
  const { server, lobby, ann, room } = await start(lab, {
    start(room) {
      room.on(Game.Say, (_, { text }) => {
        if (text === "sync") throw new Error("sync");
      });
      room.on(Game.Say, async (_, { text }) => {
        await Promise.resolve();
        if (text === "sync") throw new Error("async");
      });
      room.onTick((tick) => {
        if (tick === 5) throw new Error("tick");
      });
      room.after(700, () => {
        throw new Error("timer");
      });
    },
  });
  const told: string[] = [];
  lobby.on("error", (error, where) => told.push(`${where}: ${(error as Error).message}`));
  const other = lobby.create("Match", { options: { map: "forest" } });
  ann.send(Game.Say, { text: "sync" });
  await lab.run(1_000);
  assert.deepEqual(told.toSorted(), [
    "Match 1: Say: async",
    "Match 1: Say: sync",
    "Match 1: tick: tick",
    "Match 1: timer: timer",
    "Match 2: tick: tick",
    "Match 2: timer: timer",
  ]);
  assert.deepEqual([lobby.rooms.get(room.id)?.errors, other.errors, lobby.stats().errors], [
    4,
    2,
    6,
  ]);
  assert.equal(server.stats().handlerErrors, 0);
  assert.equal(room.state, "joined");
});

Deno.test("rooms and members whose making throws are not there, and nobody hears the cause", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Game, { tickHz: 10 });
  const lobby = server.rooms([
    defineRoom(Game, "Match", {
      memberData: ({ profile: { name } }) => {
        if (name === "Bad") throw new Error("no data for you");
      },
      admit: ({ profile: { name } }) => {
        if (name === "Worse") throw new Error("no verdict");
        return true;
      },
      start(_room, { map }) {
        if (map === "forest") throw new Error("no start");
      },
    }),
  ]);
  const told: string[] = [];
  lobby.on("error", (error, where) => told.push(`${where}: ${(error as Error).message}`));
  const client = await lab.connect(Game, server);
  const create = (map: "desert" | "forest", name: string) =>
    lab.settle(client.rooms.create("Match", { options: { map }, profile: { name } }));
  await assert.rejects(create("forest", "Ann"), { code: "failed" });
  await assert.rejects(create("desert", "Bad"), { code: "failed", message: /internal error/ });
  await assert.rejects(create("desert", "Worse"), { code: "failed", message: /internal error/ });
  assert.deepEqual(told, [
    "Match: start: no start",
    "Match 2: memberData: no data for you",
    "Match 3: admit: no verdict",
  ]);
  assert.deepEqual([lobby.rooms.size, client.rooms.current], [0, undefined]);
  assert.throws(() => lobby.create("Match", { options: { map: "forest" } }), /no start/);
});

Deno.test("a room that throws out or ends inside its handlers leaves nothing half done", async () => {
  await using lab = new Lab();
  const { lobby, ann, room, join } = await start(lab, {
    start(room) {
      room.on("joined", (member) => {
        if (member.profile.name === "Kicked") member.kick("at once");
        if (member.profile.name === "Ender") room.end("he came");
      });
    },
  });
  const out: string[] = [];
  room.on("out", (reason, text) => out.push(`${reason} ${text}`));
  await assert.rejects(join("Kicked"), { code: "denied" });
  assert.deepEqual([room.members.size, lobby.rooms.get(room.id)?.players], [1, 1]);
  await assert.rejects(join("Ender"), { code: "denied" });
  await lab.run(100);
  assert.deepEqual(out, ["ended he came"]);
  assert.deepEqual([lobby.rooms.size, ann.rooms.current, lobby.stats().players], [0, undefined, 0]);
});

Deno.test("what is done to a room that is over, or a member who is gone, does nothing", async () => {
  await using lab = new Lab();
  let kept: Room<G, "Match", { score: number }> | undefined;
  const { ann } = await start(lab, {
    start(room) {
      kept = room;
    },
  });
  const room = kept!;
  const [member] = room.members.values();
  await lab.settle(ann.rooms.leave());
  assert.deepEqual([room.isOver, room.members.size], [true, 0]);
  assert.equal(member!.send(Game.Say, { text: "gone" }), "dropped");
  assert.equal(room.broadcast(Game.Say, { text: "gone" }), 0);
  assert.throws(() => room.broadcast(Game.Say, { text: "x".repeat(201) }), RangeError);
  member!.kick();
  member!.setProfile({ name: "Zed" });
  room.setMetadata({ phase: "playing" });
  room.lock();
  room.clearReady();
  room.end();
  room.after(0, () => assert.fail("it is over"));
  await lab.run(500);
  assert.deepEqual(member!.profile, { name: "Ann" });
});

Deno.test("a room changes what everybody sees of a member, within what the kind allows", async () => {
  await using lab = new Lab();
  const { lobby, room, join } = await start(lab, {
    start(room) {
      room.on(Game.Say, (member, { text }) => member.setProfile({ name: text }));
    },
  });
  const refused: string[] = [];
  lobby.on("error", (error) => refused.push((error as Error).name));
  const bob = await join("Bob");
  const seen: string[] = [];
  room.on("changed", ({ profile }, before) => seen.push(`${before.profile.name} ${profile.name}`));
  bob.send(Game.Say, { text: "Rob" });
  bob.send(Game.Say, { text: "x".repeat(25) });
  await lab.run(300);
  assert.deepEqual([seen, refused], [["Bob Rob"], ["RangeError"]]);
});

Deno.test("when the server closes, rooms end first, and members still hear of it", async () => {
  await using lab = new Lab();
  const heard: string[] = [];
  const { server, lobby, ann, room } = await start(lab, {
    start(room) {
      room.on("ended", (reason) => {
        room.broadcast(Game.Say, { text: `the end: ${reason}` });
      });
    },
  });
  ann.on(Game.Say, ({ text }) => heard.push(text));
  room.on("out", (reason) => heard.push(`out ${reason}`));
  await lab.settle(server.close());
  assert.deepEqual(heard.toSorted(), ["out ended", "the end: the server stops"]);
  assert.equal(lobby.rooms.size, 0);
  assert.throws(() => lobby.create("Match", { options: { map: "desert" } }), /the server stops/);
});

Deno.test("rooms work in a server without ticks, but for ticks and timers", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Game);
  const lobby = server.rooms([
    defineRoom(Game, "Match", {
      start(room) {
        assert.throws(() => room.onTick(() => {}), /give serve\(\) a "tickHz"/);
        assert.throws(() => room.after(1, () => {}), /give serve\(\) a "tickHz"/);
        room.on(Game.Say, (_, { text }) => {
          room.broadcast(Game.Say, { text });
        });
      },
    }),
  ]);
  const ann = await lab.connect(Game, server);
  await lab.settle(ann.rooms.create("Match", desert));
  const next = ann.next(Game.Say);
  ann.send(Game.Say, { text: "hello" });
  assert.deepEqual(await lab.settle(next), { text: "hello" });
  assert.equal(lobby.stats().errors, 0);
});

Deno.test("a room listens to messages of its players only, of its own protocol", async () => {
  await using lab = new Lab();
  await start(lab, {
    start(room) {
      assert.throws(() => room.on(Game.RoomsAsk, () => {}), /the lobby answers it/);
      // @ts-expect-error only a server sends it.
      assert.throws(() => room.on(Game.RoomsNotice, () => {}), /only a server sends it/);
      // @ts-expect-error there is no such event.
      assert.throws(() => room.on("jioned", () => {}), /events are "joined"/);
    },
  });
});
