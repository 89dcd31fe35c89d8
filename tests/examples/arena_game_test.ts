import assert from "node:assert/strict";
import arena, { type ArenaPeer } from "../../examples/arena/game.ts";
import { PLAYER_SPEED } from "../../examples/arena/rules.ts";
import { type PlayerNews, PlayerSession } from "../../examples/arena/player_session.ts";
import { SILENT_SECONDS } from "../../examples/seats.ts";
import { Arena, MAX_ARENA_PLAYERS, MAX_HP } from "../../schema/messages/arena.ts";
import { GameLab, type LabPlayer } from "./game_lab.ts";

type ArenaLab = GameLab<typeof Arena, ArenaPeer>;

/** Somebody at a client, and all that happened to them. */
interface Somebody extends LabPlayer<typeof Arena> {
  readonly session: PlayerSession;
  readonly news: PlayerNews[];
}

function startArena(maxPlayers = MAX_ARENA_PLAYERS): Promise<ArenaLab> {
  return GameLab.start(arena, { seed: 1, maxPlayers });
}

async function join(lab: ArenaLab, name: string, token = name): Promise<Somebody> {
  const player = await lab.connect();
  const seat = new Uint8Array(16);
  new TextEncoder().encodeInto(token, seat);
  const news: PlayerNews[] = [];
  const session = new PlayerSession(
    player.client,
    { name, seat },
    (item) => news.push(item),
    () => lab.nowMs,
  );
  await lab.run(0.3);
  return { ...player, session, news };
}

function eventsOf({ news }: Somebody): string[] {
  return news.map(({ event }) => event);
}

/** What somebody knows of somebody else. */
function seen(by: Somebody, name: string): { x: number; y: number; hp: number; away: boolean } {
  const player = [...by.session.model.players.values()].find((player) => player.name === name);
  assert.ok(player, `${name} is unknown`);
  return player;
}

/** Runs, and repeats the wish as a client's timer does. */
async function run(lab: ArenaLab, who: Somebody, seconds: number): Promise<void> {
  for (let t = 0; t < seconds; t += 0.2) {
    who.session.tick();
    await lab.run(0.2);
  }
}

const RIGHT = { moveX: 1, moveY: 0, aim: 0, fire: false };
const REST = { moveX: 0, moveY: 0, aim: 0, fire: false };

Deno.test("players see each other join, move, talk and leave", async () => {
  await using lab = await startArena();
  const ann = await join(lab, "Ann");
  const bob = await join(lab, " bob ");
  assert.deepEqual(eventsOf(ann).slice(0, 2), ["welcome", "joined"]);
  const from = seen(ann, "bob").x;
  bob.session.steer({ ...RIGHT, moveX: from > 0 ? -1 : 1 });
  await lab.run(0.5);
  bob.session.steer(REST);
  await lab.run(0.5);
  const moved = Math.abs(seen(ann, "bob").x - from);
  assert.ok(Math.abs(moved - PLAYER_SPEED * 0.5) < 2, `bob moved ${moved}`);
  assert.deepEqual(seen(ann, "bob"), seen(bob, "bob"));
  bob.session.say("hi \x1b[31mAnn");
  await lab.run(0.3);
  const said = ann.news.find((item) => item.event === "said");
  assert.deepEqual(said, {
    event: "said",
    id: bob.session.model.you,
    name: "bob",
    text: "hi [31mAnn",
  });
  const leaving = bob.session.leave();
  await lab.network.settle(leaving);
  await lab.run(0.3);
  const left = ann.news.at(-1);
  assert.deepEqual([left?.event, left?.event === "left" && left.reason], ["left", "left"]);
});

Deno.test("a player who stands still costs a position a second and no more", async () => {
  await using lab = await startArena();
  const ann = await join(lab, "Ann");
  await join(lab, "Bob");
  await lab.run(2);
  let messages = 0;
  ann.client.on(Arena.Moved, () => messages++);
  await lab.run(10);
  assert.ok(messages >= 18 && messages <= 22, `${messages} messages about two players`);
});

Deno.test("positions arrive in the end although every third packet is lost", async () => {
  await using lab = await startArena();
  const ann = await join(lab, "Ann");
  const bob = await join(lab, "Bob");
  lab.network.setDefaultLink({ delayMs: 30, loss: 0.33 });
  bob.session.steer({ ...RIGHT, moveY: 0.5 });
  await run(lab, bob, 1);
  bob.session.steer(REST);
  await run(lab, bob, 5);
  const { you } = bob.session.model;
  const truth = [...lab.server.peers.values()].find(({ data }) => data.player?.id === you);
  const { x, y } = truth!.data.player!;
  const heard = seen(ann, "Bob");
  assert.ok(Math.hypot(heard.x - x, heard.y - y) < 0.1, "off by no more than the grid");
});

Deno.test("shots are seen, hits count, and who is down comes back", async () => {
  await using lab = await startArena();
  const ann = await join(lab, "Ann");
  const bob = await join(lab, "Bob");
  await lab.run(1);
  const me = seen(ann, "Ann");
  const target = seen(ann, "Bob");
  // Out of range at first: Bob comes near enough.
  const peers = [...lab.server.peers.values()];
  Object.assign(peers[1]!.data.player!, { x: me.x > 0 ? me.x - 4 : me.x + 4, y: me.y });
  await lab.run(1.2);
  const aim = Math.atan2(target.y - me.y, target.x - me.x);
  ann.session.steer({ moveX: 0, moveY: 0, aim, fire: true });
  await run(lab, ann, 2);
  ann.session.steer(REST);
  assert.ok(eventsOf(bob).includes("shot"));
  const hits = bob.news.filter((item) => item.event === "hit");
  assert.deepEqual(hits.map((item) => item.event === "hit" && item.hp), [75, 50, 25, 0]);
  assert.equal(seen(bob, "Bob").hp, 0);
  assert.equal(ann.session.model.self?.kills, 1);
  await lab.run(4);
  assert.equal(seen(ann, "Bob").hp, MAX_HP);
  assert.ok(eventsOf(ann).includes("respawned"));
});

Deno.test("a client that crashed gets its seat back at once, with its score", async () => {
  await using lab = await startArena();
  const ann = await join(lab, "Ann");
  const watcher = await join(lab, "Bob");
  const { you } = ann.session.model;
  [...lab.server.peers.values()][0]!.data.player!.kills = 7;
  // Killed: not a word more, and the server has not missed it yet.
  ann.cut(true);
  const again = await join(lab, "Ann");
  assert.equal(eventsOf(again)[0], "welcome");
  assert.equal(again.session.model.you, you);
  assert.equal(again.session.model.self?.kills, 7);
  await lab.run(60);
  assert.ok(!eventsOf(watcher).includes("left"), "nobody left");
  assert.equal(lab.server.peers.size, 2);
});

Deno.test("a second start with the same seat takes over, and the first is told why", async () => {
  await using lab = await startArena();
  const first = await join(lab, "Ann");
  const second = await join(lab, "Ann");
  await lab.run(1);
  const end = first.news.find((item) => item.event === "disconnected");
  assert.ok(end?.event === "disconnected" && end.isByServer);
  assert.match(end.reason, /joined from elsewhere/);
  assert.equal(second.client.state, "connected");
});

Deno.test("somebody else gets a taken name only when its holder is silent for long", async () => {
  await using lab = await startArena();
  const ann = await join(lab, "Ann", "token of Ann");
  const other = await lab.connect();
  const refusals: number[] = [];
  const names: number[] = [];
  other.client.on(Arena.JoinRefused, ({ retryAfterMs }) => refusals.push(retryAfterMs));
  other.client.on(Arena.Welcome, ({ players }) => names.push(players.length));
  const ask = async (): Promise<void> => {
    other.client.send(Arena.Join, { name: "ann", seat: new Uint8Array(16) });
    await lab.run(0.3);
  };
  await run(lab, ann, 2);
  await ask();
  assert.equal(refusals.length, 1);
  assert.ok(refusals[0]! > 0 && refusals[0]! <= SILENT_SECONDS * 1000);
  ann.cut(true);
  await lab.run(SILENT_SECONDS);
  await ask();
  assert.deepEqual(names, [1], "a new player, and the ghost is gone");
});

Deno.test("a player without a connection stops, is away, and is back with everything it missed", async () => {
  await using lab = await startArena();
  const ann = await join(lab, "Ann");
  const bob = await join(lab, "Bob");
  bob.session.steer({ ...RIGHT, moveX: seen(bob, "Bob").x > 0 ? -1 : 1, fire: true });
  await run(lab, bob, 0.4);
  bob.cut(true);
  await lab.run(2);
  const { x } = seen(ann, "Bob");
  await lab.run(2);
  assert.equal(seen(ann, "Bob").x, x, "nobody runs on without a hand at the keys");
  await run(lab, ann, 12);
  assert.ok(eventsOf(ann).includes("away"));
  assert.ok(seen(ann, "Bob").away);
  assert.equal(bob.client.state, "suspended");
  for (let i = 0; i < 4; i++) {
    ann.session.say(`line ${i}`);
    await run(lab, ann, 1);
  }
  bob.cut(false);
  await run(lab, ann, 6);
  assert.equal(bob.client.state, "connected");
  assert.ok(eventsOf(ann).includes("back"));
  const lines = bob.news.filter((item) => item.event === "said").map((item) =>
    item.event === "said" && item.text
  );
  assert.deepEqual(lines, ["line 0", "line 1", "line 2", "line 3"]);
  assert.equal(lab.server.stats().handlerErrors, 0);
});

Deno.test("a player who never comes back leaves the game to the others", async () => {
  await using lab = await startArena();
  const ann = await join(lab, "Ann");
  const bob = await join(lab, "Bob");
  bob.cut(true);
  await run(lab, ann, 60);
  const left = ann.news.find((item) => item.event === "left");
  assert.ok(left?.event === "left" && left.name === "Bob" && left.reason === "timed-out");
  assert.equal(ann.session.model.players.size, 1);
  assert.equal(ann.client.state, "connected");
  assert.equal(lab.server.stats().handlerErrors, 0);
});

Deno.test("names that do not do are refused, with the reason", async () => {
  await using lab = await startArena();
  for (const name of ["", "   ", "\u202e", "seventeen letters"]) {
    const { news, client } = await join(lab, name, "some token");
    assert.deepEqual(news, [{ event: "refused", reason: "name-invalid", retryAfterMs: 0 }], name);
    await lab.network.settle(client.close());
  }
  const ann = await join(lab, "Ann");
  assert.equal(eventsOf(ann)[0], "welcome");
});

Deno.test("messages out of turn do nothing", async () => {
  await using lab = await startArena();
  const { client } = await lab.connect();
  client.send(Arena.Input, { moveX: 1, moveY: 1, aim: 0, fire: true });
  client.send(Arena.Say, { text: "who am I?" });
  client.send(Arena.Join, { name: "Ann", seat: new Uint8Array(16) });
  client.send(Arena.Join, { name: "Bob", seat: new Uint8Array(16) });
  await lab.run(0.5);
  const names = [...lab.server.peers.values()].map(({ data }) => data.player?.name);
  assert.deepEqual(names, ["Ann"]);
  assert.equal(lab.server.stats().handlerErrors, 0);
});

Deno.test("a full arena says so, and has room again when somebody left", async () => {
  await using lab = await startArena(2);
  const ann = await join(lab, "Ann");
  await join(lab, "Bob");
  const late = await join(lab, "late");
  const [refused] = late.news;
  assert.ok(refused?.event === "refused" && refused.reason === "full");
  await lab.network.settle(ann.session.leave());
  // Once, the session asks again by itself.
  await run(lab, late, refused.retryAfterMs / 1000 + 1);
  assert.deepEqual(eventsOf(late).slice(0, 2), ["refused", "welcome"]);
});

Deno.test("a wish that is repeated goes on, and one that is not ends after a second", async () => {
  await using lab = await startArena();
  const ann = await join(lab, "Ann");
  const player = [...lab.server.peers.values()][0]!.data.player!;
  player.x = -40;
  ann.session.steer(RIGHT);
  await run(lab, ann, 3);
  assert.ok(Math.abs(player.x - (-40 + PLAYER_SPEED * 3)) < 2, `at ${player.x}`);
  player.x = -40;
  await lab.run(4);
  assert.ok(player.x < -40 + PLAYER_SPEED * 1.5, `at ${player.x}`);
});
