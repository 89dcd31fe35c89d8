import assert from "node:assert/strict";
import { WorldMirror } from "../../../client/world/world_mirror.ts";
import { Refusal } from "../../../schema/mod.ts";
import { World } from "../../../server/world/world.ts";
import { Random } from "../../../transport/random.ts";
import { GAMES, GOOD_NETWORK, playAtRandom, SyncLab } from "../../property/sync_lab.ts";

const { Player, Rock } = GAMES.jit;

function newMirror(asked: number[] = []): WorldMirror {
  return new WorldMirror({
    table: GAMES.jit.tables[0]!,
    backend: "jit",
    onResync: (epoch) => asked.push(epoch),
    onError: (error) => {
      throw error;
    },
  });
}

/** Snapshots of a random game, as one client got them. */
function snapshotsOfAGame(seed: number): Uint8Array[] {
  const lab = new SyncLab(seed, { network: GOOD_NETWORK });
  const snapshots: Uint8Array[] = [];
  const client = lab.join();
  const receive = client.mirror.receive.bind(client.mirror);
  client.mirror.receive = (payload) => {
    snapshots.push(payload.slice());
    return receive(payload);
  };
  lab.run(100, playAtRandom);
  return snapshots;
}

Deno.test("a mirror tells what happens, by type and with values", () => {
  const lab = new SyncLab(1, { network: GOOD_NETWORK });
  const { mirror } = lab.join();
  const told: string[] = [];
  mirror.on(Player, "spawn", ({ value }) => told.push(`spawn ${value.name}`));
  const stop = mirror.on(Player, "update", ({ value }) => told.push(`hp ${value.hp}`));
  mirror.on(
    Player,
    "despawn",
    ({ value, isVisible }) => told.push(`gone ${value.name} ${isVisible}`),
  );
  const ticks: number[] = [];
  mirror.on("snapshot", (tick) => ticks.push(tick));
  lab.world.spawn(Rock, {});
  const player = lab.world.spawn(Player, { name: "ada" });
  lab.run(10);
  player.set({ hp: 7 });
  lab.run(10);
  stop();
  player.set({ hp: 8 });
  lab.run(10);
  player.despawn();
  lab.run(10);
  assert.deepEqual(told, ["spawn ada", "hp 7", "gone ada false"]);
  assert.deepEqual(ticks.toSorted((a, b) => a - b), ticks);
  assert.equal([...mirror.entities(Player)].length, 0);
  assert.equal(mirror.size, 1);
  assert.throws(() => mirror.on("nothing" as "spawn", () => {}), TypeError);
});

Deno.test("states of the last 64 frames can be asked for by tick", () => {
  const lab = new SyncLab(2, { network: GOOD_NETWORK });
  const { mirror } = lab.join();
  const player = lab.world.spawn(Player, {});
  lab.run(100, ({ frame }) => player.set({ hp: frame % 100 }));
  const [entity] = mirror.entities(Player);
  const ticks = entity!.ticks();
  assert.equal(ticks.length, 64);
  assert.equal(ticks[0], entity!.tick);
  for (const tick of ticks) assert.equal(entity!.at(tick)?.hp, tick % 100);
  assert.equal(entity!.at(ticks.at(-1)! - 1), undefined);
});

Deno.test("an update whose baseline is not there asks to begin anew, once an epoch", () => {
  const snapshots = snapshotsOfAGame(3);
  const asked: number[] = [];
  const mirror = newMirror(asked);
  for (const snapshot of snapshots.slice(30)) assert.equal(mirror.receive(snapshot), 0);
  assert.deepEqual(asked, [0]);
  assert.ok(mirror.drops.baseline > 0);
});

Deno.test("snapshots of a world that was left are stale, those of the next one clear it", () => {
  const mirror = newMirror();
  const sent: Uint8Array[] = [];
  const world = new World(GAMES.jit, 60);
  world.spawn(Rock, {});
  for (const epoch of [254, 255, 0]) {
    world.addViewer(1, GAMES.jit.tables[0]!, (payload) => sent.push(payload.slice()) > 0, epoch);
    world.step(1);
  }
  const told: string[] = [];
  mirror.on("spawn", () => told.push("spawn"));
  mirror.on("leave", () => told.push("leave"));
  for (const snapshot of [...sent, sent[0]!, sent[1]!]) assert.equal(mirror.receive(snapshot), 0);
  assert.deepEqual(told, ["spawn", "leave", "spawn", "leave", "spawn"]);
  assert.equal(mirror.drops.stale, 2);
  mirror.reset();
  assert.deepEqual([mirror.size, told.at(-1)], [0, "leave"]);
});

Deno.test("hostile snapshots: nothing throws, refusals are counted, what is kept stays bounded", () => {
  const random = new Random(4);
  const snapshots = snapshotsOfAGame(5);
  const mirror = newMirror();
  let refused = 0;
  const reasons = new Set<number>();
  for (let i = 0; i < 20_000; i++) {
    const bytes = random.chance(0.1)
      ? random.bytes(random.below(80))
      : random.pick(snapshots).slice(0, random.chance(0.2) ? random.below(60) : undefined);
    const flips = random.below(4);
    for (let k = 0; k < flips && bytes.length > 0; k++) {
      bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
    }
    const verdict = mirror.receive(bytes);
    if (verdict < 0) refused++;
    reasons.add(-verdict);
    if (i % 100 === 0) { for (const entity of mirror.entities()) void entity.value; }
  }
  assert.equal(mirror.drops.refused, refused);
  for (const name of ["short", "trailing", "tag", "varint", "padding"] as const) {
    assert.ok(reasons.has(Refusal[name]), `nothing was refused for ${name}`);
  }
});

Deno.test("every cut of a snapshot is refused", () => {
  for (const snapshot of snapshotsOfAGame(6).slice(0, 40)) {
    for (let length = 0; length < snapshot.length; length++) {
      const verdict = newMirror().receive(snapshot.subarray(0, length));
      assert.ok(verdict < 0, `${length} of ${snapshot.length} bytes`);
    }
    const longer = new Uint8Array(snapshot.length + 1);
    longer.set(snapshot);
    assert.equal(newMirror().receive(longer), -Refusal.trailing);
  }
});
