import assert from "node:assert/strict";
import { DEFAULT_ENDPOINT_LIMITS } from "../../protocol/limits.ts";
import { Random } from "../../transport/random.ts";
import { gameSizes, Traffic } from "../fixtures/traffic.ts";
import { RawClient } from "../fixtures/raw_client.ts";
import { World, WORLD_SERVER } from "../fixtures/world.ts";
import { GAME } from "./modes.ts";

/** Spoofed HELLOs a second. */
const FLOOD_PER_SECOND = 20_000;
const FLOOD_SECONDS = 2;

/** HELLOs as honest clients would send them: each costs what an honest one costs. */
function hellos(world: World, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => new RawClient(world.server, { seed: i }).hello());
}

Deno.test("20,000 spoofed HELLOs a second reach nobody who plays, let others in, and hold no memory", () => {
  const world = new World({ link: { delayMs: 20 } });
  const players = [world.connect(), world.connect(), world.connect()];
  const traffic = players.map((client, i) => {
    const [up, down] = [new Traffic(gameSizes(), i), new Traffic(gameSizes(), i + 10)];
    const peer = world.peerOf(client);
    up.listen(peer);
    down.listen(client);
    return { client, peer, up, down };
  });
  let tick = 0;
  const endMs = world.nowMs + FLOOD_SECONDS * 1_000;
  world.everyMs(1_000 / 60, () => {
    if (world.nowMs > endMs) return false;
    for (const { client, peer, up, down } of traffic) {
      GAME.tick(up, client, tick);
      GAME.tick(down, peer, tick);
      client.flush();
      peer.flush();
    }
    tick++;
  });
  const ammunition = hellos(world, 500);
  const random = new Random(1);
  const bytes = new Uint8Array(1_200);
  let repliedBytes = 0;
  let mostHalfOpen = 0;
  world.network.onDatagram = ({ what, to, bytes: datagram }) => {
    if (what === "sent" && to.hostname.startsWith("100.")) repliedBytes += datagram.byteLength;
  };
  let sent = 0;
  world.everyMs(1, () => {
    if (world.nowMs > endMs) return false;
    for (let i = 0; i < FLOOD_PER_SECOND / 1_000; i++, sent++) {
      bytes.set(ammunition[sent % ammunition.length]!);
      // Then with other keys of the client each time: nothing that was answered before.
      if (sent >= ammunition.length) new DataView(bytes.buffer).setUint16(40, random.below(65_536));
      // One spoofed host per millisecond; ports tell its packets apart.
      const host = `100.${(sent / 20 >> 16) & 63}.${(sent / 20 >> 8) & 255}.${(sent / 20) & 255}`;
      world.network.inject(
        bytes,
        { hostname: host, port: 1_024 + random.below(60_000) },
        WORLD_SERVER,
      );
    }
    mostHalfOpen = Math.max(mostHalfOpen, world.server.halfOpen);
  });
  world.run(500);
  const newcomer = world.addClient();
  const startMs = world.nowMs;
  assert.ok(world.runUntil(() => newcomer.endpoint.session !== undefined, 1_000));
  assert.ok(
    world.nowMs - startMs < 150,
    `connected in ${world.nowMs - startMs} ms, cookie and all`,
  );
  world.run(FLOOD_SECONDS * 1_000);

  for (const { client, peer, up, down } of traffic) {
    up.assertComplete("up");
    down.assertComplete("down");
    for (const each of [...up.streams.values(), ...down.streams.values()]) {
      assert.equal(each.received, each.sent, `${each.delivery}: nothing of a clean line is lost`);
    }
    assert.deepEqual([client.kinds, peer.kinds], [["connected"], ["connected"]]);
  }
  assert.ok(sent >= FLOOD_PER_SECOND * FLOOD_SECONDS - 20);
  const { drops } = world.server;
  assert.ok(
    drops.helloCookie > sent * 0.98,
    `${drops.helloCookie} of ${sent} were asked for cookies`,
  );
  assert.ok(mostHalfOpen > 20, `${mostHalfOpen} half open`);
  // One more for the newcomer, who showed a cookie.
  const most = DEFAULT_ENDPOINT_LIMITS.directHalfOpen + 1;
  assert.ok(mostHalfOpen <= most, `${mostHalfOpen} half open`);
  assert.ok(repliedBytes < sent * 1_200 * 0.03, `${repliedBytes} bytes to others`);
  world.run(10_000);
  assert.equal(world.server.halfOpen, 0);
  assert.equal(world.server.size, 4);
  assert.equal(world.server.pool.outstanding, 0);
});
