import assert from "node:assert/strict";
import { entity, type Infer, message, protocol, t } from "../../../schema/mod.ts";
import type { Entity } from "../../../server/mod.ts";
import { Lab, SERVER_HOST } from "../../server/lab.ts";

const Arena = protocol("world-arena", { version: 1 }, {
  Player: entity({
    pos: t.vec2(t.quantized(-64, 64, 1 / 64)),
    hp: t.int(0, 100).default(100),
    name: t.string({ maxBytes: 24 }).once(),
    ammo: t.u8().view("owner"),
  }),
  Note: message({ n: t.u8() }, { from: "both", delivery: "reliable-ordered" }),
});

Deno.test("a world over sessions that lose 30 %, double 20 % and reorder 20 % of all datagrams", async () => {
  const link = { delayMs: 30, loss: 0.3, duplicate: 0.2, reorder: 0.2 };
  await using lab = new Lab({ seed: 8, link });
  const server = await lab.serve(Arena, { tickHz: 60 });
  const world = server.world({ snapshotHz: 20 });
  const players: Entity<Infer<typeof Arena.Player>>[] = [];
  server.on("connected", (peer) => {
    const values = { name: `p${players.length}`, ammo: 5 };
    players.push(world.spawn(Arena.Player, values, { owner: peer }));
  });
  const clients = [await lab.connect(Arena, server), await lab.connect(Arena, server)];
  server.onTick((tick) => {
    players.forEach((player, i) => player.set({ pos: { x: Math.sin(tick / 30 + i) * 20, y: i } }));
  });
  await lab.run(5_000);
  players[0]!.set({ hp: 42 });
  await lab.run(3_000);
  for (const client of clients) {
    assert.equal(client.world.size, 2);
    const seen = client.world.get(players[0]!.id)!;
    assert.ok(seen.is(Arena.Player));
    assert.deepEqual([seen.value.hp, seen.value.name], [42, "p0"]);
    assert.ok(server.tick - client.world.tick < 30, "the newest snapshot is old");
    assert.deepEqual(client.world.drops.refused, 0);
  }
  const ammo = clients.map(({ world }) =>
    [...world.entities(Arena.Player)].map((e) => e.value.ammo)
  );
  assert.deepEqual(ammo.map((of) => of.toSorted()), [[0, 5], [0, 5]]);
});

Deno.test("a new session begins with an empty world and gets all of it again", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Arena, { tickHz: 30, limits: { resumeWindowMs: 1_000 } });
  const world = server.world();
  world.spawn(Arena.Player, { name: "still" });
  const client = await lab.connect(Arena, server, { host: "198.51.100.77" });
  await lab.run(500);
  const told: string[] = [];
  for (const event of ["spawn", "leave"] as const) client.world.on(event, () => told.push(event));
  client.on("reconnected", () => told.push("reconnected"));
  assert.equal(client.world.size, 1);
  lab.network.blackout("198.51.100.77", SERVER_HOST, lab.nowMs, lab.nowMs + 60_000);
  await lab.run(90_000);
  assert.deepEqual(told.toSorted(), ["leave", "reconnected", "spawn"]);
  assert.equal(client.world.size, 1);
  assert.equal(world.viewers.size, 1);
});

Deno.test("a peer sees one world at a time, or none", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Arena, { tickHz: 30 });
  const [first, second] = [server.world({ autoJoin: false }), server.world({ autoJoin: false })];
  first.spawn(Arena.Player, { name: "one" });
  second.spawn(Arena.Player, { name: "two" });
  const client = await lab.connect(Arena, server);
  await lab.run(200);
  const [peer] = server.peers.values();
  const names = (): string[] =>
    [...client.world.entities(Arena.Player)].map(({ value }) => value.name);
  assert.deepEqual(names(), []);
  first.join(peer!);
  await lab.run(200);
  assert.deepEqual(names(), ["one"]);
  second.join(peer!);
  await lab.run(200);
  assert.deepEqual(names(), ["two"]);
  first.leave(peer!);
  await lab.run(200);
  assert.deepEqual(names(), ["two"]);
  second.leave(peer!);
  await lab.run(200);
  assert.deepEqual(names(), []);
  first.join(peer!);
  await lab.run(200);
  first.close();
  await lab.run(200);
  assert.deepEqual([names(), first.size], [[], 0]);
});

Deno.test("worlds need ticks and entities, and a client without entities has none", async () => {
  await using lab = new Lab();
  const still = await lab.serve(Arena, {});
  assert.throws(() => still.world(), /give serve\(\) a "tickHz"/);
  const Talk = protocol("talk", { version: 1 }, {
    Note: message({ n: t.u8() }, { from: "both", delivery: "reliable-ordered" }),
  });
  const talk = await lab.serve(Talk, { tickHz: 30, host: "192.0.2.9" });
  assert.throws(() => talk.world(), /has no entities/);
  const client = await lab.connect(Talk, talk);
  assert.throws(() => client.world, /has no entities/);
});
