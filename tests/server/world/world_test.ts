import assert from "node:assert/strict";
import { World } from "../../../server/world/world.ts";
import { protocol } from "../../../schema/mod.ts";
import {
  BAD_NETWORK,
  GAMES,
  GOOD_NETWORK,
  playAtRandom,
  SyncLab,
} from "../../property/sync_lab.ts";

const { Player, Rock } = GAMES.jit;

Deno.test("despawn, leave and return reach a client that loses a third of all snapshots", () => {
  const lab = new SyncLab(3, { network: BAD_NETWORK });
  const client = lab.join();
  const stays = lab.world.spawn(Player, { name: "stays" });
  const goes = lab.world.spawn(Player, { name: "goes" });
  const hides = lab.world.spawn(Player, { name: "hides" });
  lab.run(30);
  goes.despawn();
  hides.setRoom("cellar");
  lab.run(30);
  assert.deepEqual(client.events.toSorted(), [
    `despawn ${goes.id}`,
    `leave ${hides.id}`,
    ...[stays, goes, hides].map(({ id }) => `spawn ${id}`),
  ]);
  hides.setRoom(undefined);
  lab.run(30);
  assert.equal(client.events.at(-1), `spawn ${hides.id}`);
  lab.assertSees(client, [stays, hides]);
  // In and out again faster than anything is acknowledged.
  for (let i = 0; i < 20; i++) {
    hides.setRoom(i % 2 === 0 ? "cellar" : undefined);
    lab.run(1);
  }
  lab.run(40);
  lab.assertSees(client, [stays, hides]);
});

Deno.test("a slot that is used again is another entity, whatever was lost of the first one's end", () => {
  const lab = new SyncLab(9, { network: BAD_NETWORK });
  const client = lab.join();
  let rock = lab.world.spawn(Rock, { size: 1 });
  for (let i = 2; i < 40; i++) {
    lab.run(3);
    rock.despawn();
    rock = lab.world.spawn(Rock, { size: i });
  }
  lab.run(40);
  lab.assertSees(client, [rock]);
});

Deno.test("who knows a room sees what is in it, who does not does not", () => {
  const lab = new SyncLab(4, { network: GOOD_NETWORK });
  const [inside, outside] = [lab.join(), lab.join()];
  inside.viewer.enterRoom("cellar");
  const hidden = lab.world.spawn(Rock, {}, { room: "cellar" });
  const open = lab.world.spawn(Rock, {});
  lab.run(10);
  lab.assertSees(inside, [hidden, open]);
  lab.assertSees(outside, [open]);
  inside.viewer.leaveRoom("cellar");
  lab.run(10);
  lab.assertSees(inside, [open]);
});

Deno.test("a grid shows what is near, and keeps it until it is beyond the margin", () => {
  const lab = new SyncLab(5, {
    network: GOOD_NETWORK,
    grid: { cellSize: 10, radius: 1, margin: 1, field: "pos" },
  });
  const client = lab.join();
  const me = lab.world.spawn(Player, { pos: { x: 5, y: 5 } }, { owner: client });
  const other = lab.world.spawn(Player, { pos: { x: 25, y: 5 } });
  const sun = lab.world.spawn(Rock, {});
  lab.run(10);
  lab.assertSees(client, [me, sun]);
  other.set({ pos: { x: 19, y: 5 } });
  lab.run(10);
  lab.assertSees(client, [me, other, sun]);
  other.set({ pos: { x: 29, y: 5 } });
  lab.run(10);
  lab.assertSees(client, [me, other, sun]);
  other.set({ pos: { x: 31, y: 5 } });
  lab.run(10);
  lab.assertSees(client, [me, sun]);
  me.set({ pos: { x: 25, y: 5 } });
  lab.run(10);
  lab.assertSees(client, [me, other, sun]);
});

Deno.test("owners see what is theirs, and no longer than it is", () => {
  const lab = new SyncLab(6, { network: GOOD_NETWORK });
  const [first, second] = [lab.join(), lab.join()];
  const player = lab.world.spawn(Player, { ammo: 7 }, { owner: first });
  lab.run(10);
  const ammoOf = (client: typeof first): unknown =>
    (client.mirror.get(player.id)?.value as { ammo: number }).ammo;
  assert.deepEqual([ammoOf(first), ammoOf(second)], [7, 0]);
  player.setOwner(second);
  player.set({ ammo: 9 });
  lab.run(10);
  assert.deepEqual([ammoOf(first), ammoOf(second)], [0, 9]);
  // From here on others than the owner see it, which the lab would call a leak.
  lab.forgetHistory();
  player.grant("owner", first);
  lab.run(10);
  assert.equal(ammoOf(first), 9);
  player.revoke("owner", first);
  second.viewer.grant("owner");
  lab.run(10);
  assert.deepEqual([ammoOf(first), ammoOf(second)], [0, 9]);
  assert.throws(() => player.grant("nobody", first), /no such view/);
});

Deno.test("a client's bytes are never exceeded, are used, and everything arrives in the end", () => {
  const lab = new SyncLab(7, { network: GOOD_NETWORK, budgetBytes: 1_200 });
  lab.forgetHistory();
  const client = lab.join();
  const all = Array.from({ length: 600 }, (_, i) => lab.world.spawn(Player, { name: `p${i}` }));
  let used = 0;
  for (let i = 0; i < 60; i++) {
    lab.run(1, () => all.forEach((player, k) => player.set({ hp: (i + k) % 101, yaw: i + k })));
    assert.ok(client.frameBytes <= 1_200, `${client.frameBytes} bytes in a frame`);
    assert.ok(client.largestBytes <= lab.game.world!.payloadBytes);
    used += client.frameBytes;
  }
  assert.ok(used / 60 > 0.85 * 1_200, `${used / 60} bytes a frame`);
  assert.ok(client.viewer.counters.deferred > 0);
  lab.run(60);
  lab.assertSees(client, all);
});

Deno.test("what is more urgent comes more often", () => {
  const lab = new SyncLab(8, { network: GOOD_NETWORK, budgetBytes: 1_100 });
  lab.forgetHistory();
  const client = lab.join();
  const all = Array.from({ length: 400 }, () => lab.world.spawn(Player, {}));
  all[399]!.priority = 20;
  const updates = new Map<number, number>();
  client.mirror.on("update", ({ id }) => updates.set(id, (updates.get(id) ?? 0) + 1));
  lab.run(
    100,
    ({ frame }) => all.forEach((p, i) => p.set({ yaw: frame * (1 + i / 400), far: frame })),
  );
  const ordinary = updates.get(all[200]!.id) ?? 0;
  assert.ok(ordinary > 0);
  assert.ok((updates.get(all[399]!.id) ?? 0) > 3 * ordinary);
});

Deno.test("a baseline of 63 frames serves, one of 64 does not, and one of a rest serves for ever", () => {
  const lab = new SyncLab(10, { network: GOOD_NETWORK });
  const client = lab.join();
  const player = lab.world.spawn(Player, { name: "old" });
  lab.run(10);
  const { counters } = client.viewer;
  assert.equal(counters.spawns, 1);
  // At rest for long: the difference is taken against the last frame of the rest.
  lab.run(500);
  player.set({ hp: 3 });
  lab.run(10);
  assert.deepEqual([counters.spawns, (client.mirror.get(player.id)!.value as { hp: number }).hp], [
    1,
    3,
  ]);
  // Never acknowledged while it changes all the time.
  lab.network = { ...GOOD_NETWORK, loss: 1 };
  const baseline = client.viewer.baselineOf(lab.world.stores[0]!, 0);
  const move = (): unknown => player.set({ hp: lab.frame % 100 });
  while (lab.frame < baseline + 50) lab.run(1, move);
  lab.network = GOOD_NETWORK;
  lab.run(1, move);
  assert.equal(counters.spawns, 1);
  lab.network = { ...GOOD_NETWORK, loss: 1 };
  lab.run(90, move);
  lab.network = GOOD_NETWORK;
  lab.run(20, move);
  assert.ok(counters.spawns > 1);
  lab.run(20);
  lab.assertSees(client, [player]);
});

Deno.test("a baseline of a rest serves even when a newer state takes its place in the client's ring", () => {
  const lab = new SyncLab(13, { network: GOOD_NETWORK });
  const client = lab.join();
  const player = lab.world.spawn(Player, {});
  lab.run(20);
  const baseline = client.viewer.baselineOf(lab.world.stores[0]!, 0);
  assert.ok(baseline > 0);
  lab.run(baseline + 127 - lab.frame);
  lab.run(3, ({ frame }) => player.set({ hp: frame % 100 }));
  lab.run(10);
  assert.deepEqual(client.mirror.drops, { refused: 0, baseline: 0, stale: 0 });
  assert.equal(client.viewer.counters.spawns, 1);
  lab.assertSees(client, [player]);
});

Deno.test("what is reported lost is sent again in the next frame, what is under way is not", () => {
  const world = new World(GAMES.jit, 60);
  const results: ((result: "acked" | "lost") => void)[] = [];
  world.addViewer(1, GAMES.jit.tables[0]!, (_, onResult) => results.push(onResult) > 0);
  const rock = world.spawn(Rock, { size: 1 });
  world.step(1);
  results[0]!("acked");
  rock.set({ size: 2 });
  world.step(2);
  world.step(3);
  assert.equal(results.length, 2);
  results[1]!("lost");
  world.step(4);
  assert.equal(results.length, 3);
  results[2]!("acked");
  world.step(5);
  assert.equal(results.length, 3);
});

Deno.test("snapshots come at the rate that was asked for, at any rate of ticks", () => {
  for (const [tickHz, snapshotHz, frames] of [[60, 20, 20], [60, 60, 60], [30, 7, 7]] as const) {
    const world = new World(GAMES.jit, tickHz, { snapshotHz });
    for (let tick = 1; tick <= tickHz; tick++) world.step(tick);
    assert.equal(world.frame, frames);
  }
});

Deno.test("late joiners see what is there, and what lasts costs nothing", () => {
  const lab = new SyncLab(11, { network: GOOD_NETWORK });
  const all = Array.from({ length: 50 }, () => lab.world.spawn(Rock, { size: 5 }));
  lab.run(300);
  const late = lab.join();
  lab.run(20);
  lab.assertSees(late, all);
  const { bytes } = late.viewer.counters;
  lab.run(200);
  assert.equal(late.viewer.counters.bytes, bytes);
});

Deno.test("a client that asks begins anew and ends up with the same", () => {
  const lab = new SyncLab(12, { network: BAD_NETWORK });
  const client = lab.join();
  lab.run(50, playAtRandom);
  client.mirror.resync();
  lab.run(50, playAtRandom);
  assert.equal(client.viewer.counters.resyncs, 1);
  lab.network = GOOD_NETWORK;
  lab.run(40);
  lab.assertSees(client, lab.world.entities());
});

Deno.test("mistakes of the game are named", () => {
  const world = new World(GAMES.jit, 60);
  const other = GAMES.interpreter.Player;
  assert.throws(
    () => world.spawn(other, {}),
    /Cannot spawn Player: it belongs to another protocol/,
  );
  assert.throws(() => world.spawn(Player, { hp: 101 }), RangeError);
  assert.equal(world.size, 0);
  const player = world.spawn(Player, {});
  player.despawn();
  player.despawn();
  assert.equal(player.isAlive, false);
  assert.throws(() => player.set({ hp: 1 }), /Cannot set Player \d+: it is gone/);
  assert.throws(() => new World(GAMES.jit, 60, { snapshotHz: 61 }), RangeError);
  assert.throws(() => new World(GAMES.jit, 60, { budgetBytes: 100 }), RangeError);
  assert.throws(() => new World(GAMES.jit, 60, { grid: { cellSize: 0 } }), RangeError);
  assert.throws(() => new World(protocol("none", { version: 1 }, {}), 60), /no entities/);
});
