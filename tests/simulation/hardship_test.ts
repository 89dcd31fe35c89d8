import assert from "node:assert/strict";
import { CloseCode } from "../../protocol/close_code.ts";
import { DELIVERIES } from "../../schema/mod.ts";
import type { Nat } from "../../transport/nat_box.ts";
import type { DatagramPipe } from "../../transport/pipe.ts";
import { dropsOf } from "../fixtures/drops.ts";
import { Pair } from "../fixtures/pair.ts";
import { gameSizes, mixedSizes, Traffic } from "../fixtures/traffic.ts";
import { World, type WorldClient, type WorldOptions, type WorldPeer } from "../fixtures/world.ts";
import { CONNECT_LIMIT_MS, connectSuccess } from "./connect_success.ts";
import { BULK } from "./modes.ts";

/** A session with traffic that proves itself, in both directions. */
class Scene {
  readonly world: World;
  readonly client: WorldClient;
  readonly peer: WorldPeer;
  readonly up: Traffic;
  readonly down: Traffic;
  #isSending = true;

  constructor(
    options: WorldOptions = {},
    pipeOf?: (world: World) => DatagramPipe,
    sizesOf: typeof mixedSizes = mixedSizes,
  ) {
    this.world = new World({ seed: 1, link: { delayMs: 25, jitterMs: 5, loss: 0.02 }, ...options });
    this.client = this.world.connect({}, pipeOf?.(this.world));
    this.peer = this.world.peerOf(this.client);
    this.up = new Traffic(sizesOf(1), 1);
    this.down = new Traffic(sizesOf(2), 2);
    this.up.listen(this.peer);
    this.down.listen(this.client);
  }

  /** Sends in bulk, all deliveries in both directions, from now until {@link finish}. */
  start(): void {
    let tick = 0;
    this.world.everyMs(1_000 / 60, () => {
      if (!this.#isSending) return false;
      if (!this.client.isAsleep) {
        BULK.tick(this.up, this.client, tick);
        this.client.flush();
      }
      BULK.tick(this.down, this.peer, tick++);
      this.peer.flush();
    });
  }

  /** Stops sending, and checks that all that must arrive has arrived, once and in order. */
  finish(what: string, limitMs = 60_000): void {
    this.#isSending = false;
    const { up, down } = this;
    this.world.runUntil(() => up.isComplete && down.isComplete, limitMs);
    this.world.run(2_000);
    up.assertComplete(`${what}, up`);
    down.assertComplete(`${what}, down`);
  }

  /** Loses everything in both directions. */
  blackout(durationMs: number): void {
    const { network, nowMs } = this.world;
    network.blackout(
      this.client.pipe.localAddress.hostname,
      "192.0.2.1",
      nowMs,
      nowMs + durationMs,
    );
  }
}

for (const withCookies of [false, true]) {
  const door = withCookies ? "a door that asks for cookies" : "an open door";
  Deno.test(`1,000 of 1,000 handshakes succeed within 5 s at 20 % loss, at ${door}`, () => {
    const { connected, clientMs, failedSeeds } = connectSuccess({
      seed: 1,
      handshakes: 1_000,
      loss: 0.2,
      withCookies,
    });
    assert.equal(connected, 1_000, `failed in worlds ${failedSeeds}`);
    assert.ok(clientMs.at(-1)! <= CONNECT_LIMIT_MS);
  });
}

for (const delivery of DELIVERIES) {
  Deno.test(`LiteNetLib #489: ${delivery} works again within a second after 3 s without any packet`, () => {
    const scene = new Scene({ link: { delayMs: 40 } }, undefined, gameSizes);
    const { world, up, down, client, peer } = scene;
    const [above, below] = [up.stream(delivery), down.stream(delivery)];
    world.everyMs(20, () => {
      if (world.nowMs > 8_000) return false;
      above.send(client);
      below.send(peer);
      client.flush();
      peer.flush();
    });
    world.run(2_000);
    scene.blackout(3_000);
    world.run(3_000);
    const [before, after] = [above.received, below.received];
    const sentBefore = [above.sent, below.sent] as const;
    world.run(1_000);
    assert.ok(above.received > before && below.received > after, "something arrived");
    // Not only what was due, but what was said since.
    assert.ok(above.newest >= sentBefore[0], `up: ${above.newest}, sent ${sentBefore[0]} before`);
    assert.ok(below.newest >= sentBefore[1], `down: ${below.newest}, sent ${sentBefore[1]} before`);
    world.run(4_000);
    above.assertComplete("up");
    below.assertComplete("down");
    assert.deepEqual([client.kinds, peer.kinds], [["connected"], ["connected"]]);
  });
}

Deno.test("at 5 % loss 99 of 100 reliable messages take no longer than a round trip and 1.5 probe timeouts", () => {
  for (const delivery of ["reliable-unordered", "reliable-ordered"] as const) {
    const world = new World({ link: { delayMs: 30, jitterMs: 3, loss: 0.05 } });
    const client = world.connect();
    const { peer } = world;
    const tookMs: number[] = [];
    peer.onMessage = (_, bytes) => {
      tookMs.push(world.nowMs - new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0));
    };
    world.everyMs(1_000 / 60, () => {
      const body = new Uint8Array(8);
      new DataView(body.buffer).setFloat64(0, world.nowMs);
      client.send(delivery, body);
      client.flush();
    });
    world.run(30_000);
    assert.ok(tookMs.length > 1_700);
    const p99 = tookMs.toSorted((a, b) => a - b)[Math.floor(tookMs.length * 0.99)]!;
    const { smoothedMs, probeTimeoutMs } = client.session.rtt;
    const mostMs = smoothedMs + 1.5 * probeTimeoutMs;
    assert.ok(p99 <= mostMs, `${delivery}: p99 ${p99} ms, at most ${mostMs}`);
  }
});

/** A client behind a NAT of its own. */
function behindNat(): { readonly pipeOf: (world: World) => DatagramPipe; readonly nat: () => Nat } {
  let nat: Nat | undefined;
  return {
    pipeOf: (world) => {
      nat = world.network.nat("203.0.113.7");
      return nat.bind("10.0.0.2", 0);
    },
    nat: () => nat!,
  };
}

Deno.test("LiteNetLib #273: NAT rebinding, again and again, amid messages in parts, loses and doubles nothing", () => {
  const { pipeOf, nat } = behindNat();
  const scene = new Scene({}, pipeOf);
  const { world, client, peer } = scene;
  scene.start();
  for (let time = 0; time < 8; time++) {
    world.run(700);
    nat().rebind();
  }
  scene.finish("rebinding");
  assert.deepEqual(client.kinds, ["connected"]);
  const moves = peer.kinds.filter((kind) => kind === "pathChanged").length;
  assert.equal(moves, 8);
  assert.deepEqual(nat().externalAddresses(client.pipe), [peer.entry.address]);
});

Deno.test("a client that moves to another address while it sends in bulk goes on there at once", () => {
  const scene = new Scene();
  const { world, client, peer } = scene;
  scene.start();
  world.run(2_000);
  // Another interface: the driver sends from a new pipe, the old one is dead.
  const { network } = world;
  const oldHost = client.pipe.localAddress.hostname;
  network.blackout(oldHost, "192.0.2.1", world.nowMs, Infinity);
  const moved = network.bind("203.0.113.99", 4_000);
  client.moveTo(moved);
  const before = scene.up.stream("input").received;
  world.run(500);
  assert.ok(scene.up.stream("input").received > before + 10, "inputs flow");
  scene.finish("moving");
  assert.deepEqual(peer.entry.address, moved.localAddress);
  assert.deepEqual([client.kinds, world.peers.size], [["connected"], 1]);
});

Deno.test("a blackout longer than the timeout: the session is resumed and nothing reliable is lost", () => {
  const scene = new Scene();
  const { world, client, peer } = scene;
  scene.start();
  world.run(2_000);
  scene.blackout(14_000);
  world.run(16_000);
  assert.deepEqual(client.kinds.filter((kind) => kind !== "drained"), [
    "connected",
    "detached",
    "resumed",
  ]);
  assert.ok(peer.kinds.includes("resumed"));
  scene.finish("resumption", 120_000);
  assert.equal(world.server.size, 1);
});

Deno.test("a tab that sleeps for 30 s wakes up to its session, and nothing reliable is lost", () => {
  const scene = new Scene();
  const { world, client } = scene;
  scene.start();
  world.run(2_000);
  // Nothing of the client runs: no timer fires, what arrives waits for nobody.
  client.sleep();
  world.run(30_000);
  client.wake();
  world.run(3_000);
  assert.equal(client.session.state, "open");
  scene.finish("sleep", 120_000);
});

Deno.test("a server that restarts with its key tells its clients with their first packet", () => {
  const world = new World({ link: { delayMs: 25 } });
  const client = world.connect();
  world.run(1_000);
  world.restartServer();
  client.send("reliable-ordered", Uint8Array.of(1));
  client.flush();
  world.run(60);
  assert.deepEqual(client.kinds, ["connected", "detached"], "a round trip and no timeout");
  world.run(500);
  // The new server knows no session to resume: that is told as well, and at once.
  assert.deepEqual(client.kinds, ["connected", "detached", "closed"]);
});

for (const samePort of [true, false]) {
  const port = samePort ? "the same" : "another";
  Deno.test(`renet #68: who was killed is back at once from ${port} port, with everything fresh`, () => {
    const world = new World({ link: { delayMs: 25 }, server: { limits: { sessions: 2 } } });
    const client = world.connect();
    const first = world.peer;
    for (let i = 0; i < 20; i++) {
      client.send("reliable-ordered", Uint8Array.of(i));
      first.send("reliable-ordered", Uint8Array.of(i));
      client.flush();
      first.flush();
    }
    world.run(500);
    const { hostname, port: oldPort } = client.pipe.localAddress;
    client.kill();
    const startMs = world.nowMs;
    const again = world.connect({}, world.network.bind(hostname, samePort ? oldPort : 45_678));
    assert.ok(world.nowMs - startMs < 200, `${world.nowMs - startMs} ms`);
    const peer = world.peerOf(again);
    again.send("reliable-ordered", Uint8Array.of(77));
    peer.send("reliable-ordered", Uint8Array.of(78));
    again.flush();
    peer.flush();
    world.run(500);
    assert.deepEqual(peer.firstBytes("reliable-ordered"), [77]);
    assert.deepEqual(again.firstBytes("reliable-ordered"), [78]);
    assert.equal(first.session.state, samePort ? "closed" : "open");
  });
}

Deno.test("packets lost in one direction only stop that direction only", () => {
  for (const [up, down] of [[1, 0], [0, 1], [0.4, 0], [0, 0.4]] as const) {
    const scene = new Scene({ link: { delayMs: 25 } });
    const { world, client } = scene;
    const host = client.pipe.localAddress.hostname;
    scene.start();
    world.run(1_000);
    world.network.setLink(host, "192.0.2.1", { delayMs: 25, loss: up });
    world.network.setLink("192.0.2.1", host, { delayMs: 25, loss: down });
    const before = [scene.up.stream("input").received, scene.down.stream("input").received];
    world.run(5_000);
    const got = [
      scene.up.stream("input").received - before[0]!,
      scene.down.stream("input").received - before[1]!,
    ];
    if (up < 1) assert.ok(got[0]! > 60, `up ${got[0]} with ${up} and ${down} lost`);
    if (down < 1) assert.ok(got[1]! > 60, `down ${got[1]} with ${up} and ${down} lost`);
    world.network.setLink(host, "192.0.2.1", { delayMs: 25 });
    world.network.setLink("192.0.2.1", host, { delayMs: 25 });
    scene.finish(`${up} and ${down} lost`);
    assert.deepEqual(client.kinds.filter((kind) => kind !== "drained"), ["connected"]);
  }
});

Deno.test("keys that change every 50 packets under loss, reordering and repeats lose nothing", () => {
  const sessionLimits = { rekeyPackets: 50 };
  const link = { delayMs: 30, jitterMs: 25, loss: 0.1, duplicate: 0.1, reorder: 0.05 };
  for (const seed of [1, 2]) {
    const limits = { sessionLimits };
    const scene = new Scene({ seed, link, server: limits, client: limits });
    scene.start();
    scene.world.run(5_000);
    const { keyPhase } = scene.client.session.connection!.link;
    assert.ok(keyPhase >= 6, `${keyPhase} phases`);
    scene.finish(`rekeying, seed ${seed}`);
    const { forged = 0 } = dropsOf(scene.world.server.drops);
    assert.equal(forged + scene.client.endpoint.drops.forged, 0, "every packet opened");
  }
});

Deno.test("datagrams that grow by probing fall back when the path swallows them, and nothing is lost", () => {
  const sessionLimits = { mtuProbing: true };
  const scene = new Scene({ client: { sessionLimits } });
  const { world, client } = scene;
  scene.start();
  world.run(3_000);
  const { mtu } = client.session.connection!;
  assert.equal(mtu.currentBytes, 1_400);
  const host = client.pipe.localAddress.hostname;
  world.network.setLink(host, "192.0.2.1", { delayMs: 25, mtuBytes: 1_250 });
  world.run(4_000);
  assert.equal(mtu.currentBytes, 1_200);
  scene.finish("black hole");
  assert.deepEqual(client.kinds.filter((kind) => kind !== "drained"), ["connected"]);
});

Deno.test("an application that reads nothing for 8 s holds reliable messages up and loses none", () => {
  const sessionLimits = { receiveQueueMessages: 50, receiveQueueBytes: 40_000 };
  const scene = new Scene({ server: { sessionLimits } });
  const { world, peer } = scene;
  scene.start();
  world.run(500);
  peer.isPaused = true;
  world.run(8_000);
  assert.ok(world.server.drops.receiveQueueFull > 0, "the limit was met");
  assert.ok(world.server.pool.outstanding < 6_000, `${world.server.pool.outstanding} buffers`);
  peer.isPaused = false;
  peer.drain();
  scene.finish("slow consumer");
});

Deno.test("two ends that close at the same time under loss both end, once, and keep no buffer", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const world = new World({ seed, link: { delayMs: 25, jitterMs: 10, loss: 0.2 } });
    const client = world.connect();
    const { peer } = world;
    for (let i = 0; i < 5; i++) {
      client.send("reliable-ordered", new Uint8Array(2_000));
      peer.send("reliable-ordered", new Uint8Array(2_000));
    }
    client.flush();
    peer.flush();
    world.run(seed);
    client.session.close(CloseCode.normal, "client", world.nowMs);
    world.server.close(peer.entry, CloseCode.shutdown, "server", world.nowMs);
    client.flush();
    world.service();
    world.run(15_000);
    assert.equal(client.session.state, "closed", `seed ${seed}`);
    assert.equal(peer.session.state, "closed", `seed ${seed}`);
    assert.equal(client.kinds.filter((kind) => kind === "closed").length, 1);
    assert.equal(peer.kinds.filter((kind) => kind === "closed").length, 1);
    assert.deepEqual([world.server.size, world.server.pool.outstanding], [0, 0]);
  }
});

Deno.test("a clock that jumps by an hour, forth or back, hangs nobody and loses nothing reliable", () => {
  for (const jumpMs of [3_600_000, -3_600_000]) {
    const pair = new Pair();
    pair.nowMs = 5_000_000;
    const client = pair.connect();
    const { peer } = pair;
    const say = (value: number): void => {
      for (const end of [client, peer]) {
        // More than a burst each time, so that the pace must go on as well.
        end.send("reliable-ordered", new Uint8Array(18_000).fill(value));
        end.send("unreliable", Uint8Array.of(value));
      }
      client.session.flush();
      pair.server.flush(peer.entry);
    };
    say(1);
    pair.advance(300);
    say(2);
    pair.drop();
    pair.nowMs += jumpMs;
    say(3);
    const wakeUps = pair.advance(20_000);
    assert.ok(wakeUps < 2_000, `${wakeUps} wake-ups`);
    say(4);
    pair.advance(2_000);
    for (const end of [client, peer]) {
      assert.deepEqual(end.firstBytes("reliable-ordered"), [1, 2, 3, 4], `${jumpMs} ms`);
    }
    assert.equal(pair.server.size, 1);
  }
});
