import assert from "node:assert/strict";
import { RelayFrameType } from "../../protocol/relay/relay_frame.ts";
import { GAME } from "./modes.ts";
import { percentile } from "../fixtures/percentile.ts";
import { exchange } from "./relay_traffic.ts";
import { RelayWorld } from "./relay_world.ts";

Deno.test("the death of the primary relay under 60 Hz makes a gap below 300 ms, 50 times out of 50", () => {
  const [down, up]: [number[], number[]] = [[], []];
  for (let seed = 1; seed <= 50; seed++) {
    const world = new RelayWorld({ relays: 2, seed, link: { delayMs: 10, jitterMs: 1 } });
    const client = world.connect({ primary: [0], standby: [1] });
    world.run(500);
    const gaps = exchange(world, client);
    // The relay dies at another moment of the tick each time.
    world.run(1_000 + seed * 7);
    gaps.down = gaps.up = 0;
    world.relays[0]!.kill();
    world.run(1_000);
    assert.equal(client.leg.active?.kind, "standby");
    assert.equal(client.leg.counters.failovers, 1);
    assert.equal(client.endpoint.session?.state, "open");
    down.push(gaps.down);
    up.push(gaps.up);
  }
  assert.ok(percentile(down, 0.99) < 300, `${percentile(down, 0.99)}`);
  assert.ok(percentile(up, 0.99) < 300, `${percentile(up, 0.99)}`);
});

for (const direction of ["up", "down"] as const) {
  Deno.test(`a route that is dead ${direction}stream only is left as well`, () => {
    const world = new RelayWorld({ relays: 2 });
    const client = world.connect({ primary: [0], standby: [1] });
    const gaps = exchange(world, client);
    world.run(1_000);
    gaps.down = gaps.up = 0;
    const [relay, host] = [world.relays[0]!.address.hostname, "198.51.100.1"];
    const [from, to] = direction === "up" ? [host, relay] : [relay, host];
    world.network.setLink(from, to, { loss: 1 });
    world.run(2_000);
    assert.equal(client.leg.active?.kind, "standby");
    assert.ok(gaps[direction] < 1_100, `${gaps[direction]}`);
    if (direction === "down") assert.ok(gaps.down < 300, `${gaps.down}`);
  });
}

Deno.test("nothing reliable is lost or doubled while routes are doubted, switched and come back", () => {
  const world = new RelayWorld({ relays: 2, link: { delayMs: 10, jitterMs: 5, loss: 0.02 } });
  const client = world.connect({ primary: [0], standby: [1] });
  const { peer } = world;
  const [up, down] = [GAME.traffic(1), GAME.traffic(2)];
  up.listen(peer);
  down.listen(client);
  let tick = 0;
  const endMs = world.nowMs + 20_000;
  world.everyMs(1_000 / 60, () => {
    if (world.nowMs >= endMs) return false;
    GAME.tick(up, client, tick);
    GAME.tick(down, peer, tick++);
    client.flush();
    peer.flush();
  });
  for (let round = 0; round < 5; round++) {
    world.run(2_000);
    world.relays[round % 2]!.kill();
    world.run(2_000);
    world.relays[round % 2]!.restart();
  }
  assert.ok(world.runUntil(() => up.isComplete && down.isComplete, 10_000));
  world.run(3_000);
  up.assertComplete("up");
  down.assertComplete("down");
  assert.ok(client.leg.counters.failovers >= 4, `${client.leg.counters.failovers}`);
});

Deno.test("a client that only listens finds the living route as well", () => {
  const world = new RelayWorld({ relays: 2 });
  const client = world.connect({ primary: [0], standby: [1] });
  const { peer } = world;
  let [gapMs, heardMs] = [0, world.nowMs];
  client.onMessage = () => {
    gapMs = Math.max(gapMs, world.nowMs - heardMs);
    heardMs = world.nowMs;
  };
  world.everyMs(1_000 / 60, () => {
    peer.send("unreliable", new Uint8Array(200));
    peer.flush();
  });
  world.run(2_000);
  world.relays[0]!.kill();
  // Its acknowledgements end with what they acknowledge: only PINGs can tell the server.
  world.run(2_000);
  assert.ok(gapMs < 300, `${gapMs}`);
  assert.equal(client.leg.active?.kind, "standby");
});

Deno.test("the first packet after a quiet time asks the route at once whether it lives", () => {
  const world = new RelayWorld({ relays: 1 });
  const client = world.connect({ primary: [0] });
  world.run(5_000);
  client.driver.stop();
  world.run(1_400);
  const types: number[] = [];
  world.network.onDatagram = ({ what, from, bytes }) => {
    if (what === "sent" && from.hostname === client.pipe.localAddress.hostname) {
      types.push(bytes[0]! & 0x0f);
    }
  };
  const slot = client.pipe.acquire()!;
  client.pipe.send(slot, 100, client.leg.virtualAddress);
  assert.deepEqual(types, [RelayFrameType.data, RelayFrameType.ping]);
});

Deno.test("a packet that is too long for a route is lost by name, and its buffer comes back", () => {
  const world = new RelayWorld({ relays: 1 });
  const client = world.connect({ primary: [0] });
  const { counters } = world.leg;
  for (const [sizeBytes, tooLong] of [[1_212, 0], [1_213, 1], [1_452, 2]] as const) {
    const slot = world.gate.acquire()!;
    world.gate.send(slot, sizeBytes, client.leg.virtualAddress);
    assert.equal(counters.tooLong, tooLong);
    assert.throws(() => world.gate.release(slot), TypeError);
  }
});
