import assert from "node:assert/strict";
import { GAME } from "./modes.ts";
import { MalloryPipe } from "./relay_mallory.ts";
import { RelayWorld } from "./relay_world.ts";

for (const seed of [1, 2, 3]) {
  Deno.test(`a relay that changes, loses, repeats and reorders alters nothing that is read (seed ${seed})`, () => {
    const mallories: MalloryPipe[] = [];
    const world = new RelayWorld({
      relays: 2,
      seed,
      relayPipe: (pipe) => {
        const mallory = new MalloryPipe(pipe, seed * 10 + mallories.length, 0.2);
        mallories.push(mallory);
        return mallory;
      },
    });
    const client = world.connect({ primary: [0, 1] });
    world.run(1_000);
    for (const mallory of mallories) mallory.isAwake = true;
    const { peer } = world;
    const [up, down] = [GAME.traffic(seed), GAME.traffic(seed + 100)];
    up.listen(peer);
    down.listen(client);
    const endMs = world.nowMs + 20_000;
    let tick = 0;
    world.everyMs(1_000 / 60, () => {
      if (world.nowMs >= endMs) return false;
      GAME.tick(up, client, tick);
      GAME.tick(down, peer, tick++);
      client.flush();
      peer.flush();
    });
    world.run(20_000);
    for (const mallory of mallories) mallory.isAwake = false;
    assert.ok(world.runUntil(() => up.isComplete && down.isComplete, 20_000));
    world.run(2_000);
    up.assertComplete("up");
    down.assertComplete("down");
    for (const mallory of mallories) {
      for (const [deed, count] of mallory.done) assert.ok(count > 10, `${deed}: ${count}`);
    }
    // Every hop says what it noticed, and the ends what no hop can.
    const { drops } = world.relays[1]!.core;
    assert.ok(drops.replayed > 0 && drops.forged > 0, "the next hop");
    for (const counters of [client.leg.counters, world.leg.counters]) {
      assert.ok(counters.tag > 0 && counters.replay > 0, "the legs");
    }
    assert.ok(world.server.drops.forged > 0 && client.endpoint.drops.forged > 0, "the ends");
  });
}

Deno.test("nothing that passes a relay shows what is said, nor who says it", () => {
  const world = new RelayWorld({ relays: 2 });
  const words = new TextEncoder().encode("attack the tower at dawn");
  const leaks: string[] = [];
  world.network.onDatagram = ({ what, bytes, from, to }) => {
    if (what !== "sent") return;
    for (let at = 0; at + words.length <= bytes.length; at++) {
      if (words.every((byte, i) => bytes[at + i] === byte)) leaks.push("words");
    }
    const ends = ["198.51.100.1", "192.0.2.1"];
    if (ends.includes(from.hostname) && ends.includes(to.hostname)) leaks.push("addresses");
  };
  const client = world.connect({ primary: [0, 1] });
  client.send("reliable-ordered", words);
  world.peer.send("reliable-ordered", words);
  client.flush();
  world.peer.flush();
  world.run(1_000);
  assert.deepEqual(world.peer.inbox[0]?.bytes, words);
  assert.deepEqual(client.inbox[0]?.bytes, words);
  assert.deepEqual(leaks, []);
});
