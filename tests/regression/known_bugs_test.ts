/**
 * Bugs that other libraries had, each with the place where it was told, as statements about Tickwire.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { DeliveryResult } from "../../protocol/message_pool.ts";
import { buildReset, buildRetry, buildVersion } from "../../protocol/handshake_packets.ts";
import { ReceivedPackets, Replay, REPLAY_WINDOW_PACKETS } from "../../protocol/received_packets.ts";
import { DELIVERIES } from "../../schema/mod.ts";
import { Random } from "../../transport/random.ts";
import { assertDrops, dropsOf } from "../fixtures/drops.ts";
import { Pair, SERVER_ADDRESS } from "../fixtures/pair.ts";
import { RawClient, transmitted } from "../fixtures/raw_client.ts";
import { ack, bytesOf, fragment, PING } from "../fixtures/raw_frames.ts";
import { World } from "../fixtures/world.ts";

/** A server that does not mind many packets at once. */
const PATIENT = { sessionLimits: { packetsPerSecond: 1e6, bytesPerSecond: 1e9 } };

function connectedRaw(): { pair: Pair; raw: RawClient } {
  const pair = new Pair({ server: PATIENT });
  const raw = new RawClient(pair.server);
  raw.connect();
  return { pair, raw };
}

Deno.test("netcode IMPLEMENTERS.md 1: the replay window has the same edges at every packet number", () => {
  for (const largest of [0, 1_023, 1_024, 65_535, 2 ** 31, 2 ** 32, 2 ** 52, 2 ** 53 - 1]) {
    const received = new ReceivedPackets();
    received.mark(largest, true, 0);
    assert.equal(received.judge(largest), Replay.duplicate);
    const edge = largest - REPLAY_WINDOW_PACKETS;
    if (edge >= 0) {
      assert.equal(received.judge(edge), Replay.tooOld, `${edge} of ${largest}`);
      assert.equal(received.judge(0), Replay.tooOld, `0 of ${largest}`);
    }
    if (largest > 0) {
      const inside = Math.max(0, edge + 1);
      assert.equal(received.judge(inside), Replay.fresh, `${inside} of ${largest}`);
      received.mark(inside, true, 0);
      assert.equal(received.judge(inside), Replay.duplicate);
      assert.equal(received.largest, largest);
    }
  }
});

Deno.test("netcode #86: a forged packet number, however large, moves no window", () => {
  const { pair, raw } = connectedRaw();
  const honest = Array.from({ length: 40 }, () => raw.packet(PING));
  for (const ahead of [1, 1_024, 65_536, 2 ** 24, 2 ** 30]) {
    const forged = raw.packet(PING, ahead + 41);
    forged[forged.length - 1]! ^= 1;
    assertDrops(pair.server.drops, { forged: 1 }, () => raw.send(forged));
  }
  assertDrops(pair.server.drops, {}, () => honest.forEach((packet) => raw.send(packet)));
});

Deno.test("a recorded HELLO begins no second session: not at its address, not at another, not after the end", () => {
  const pair = new Pair();
  const raw = new RawClient(pair.server);
  const hello = raw.hello();
  raw.send(hello);
  const [accept] = transmitted(pair.server);
  raw.initiator.handleDatagram(accept!.bytes, SERVER_ADDRESS, 0);
  raw.sendFrames(PING);
  pair.collect();
  const { entry } = pair.peer;
  const replay = (): void => {
    for (const from of [raw.address, { hostname: "203.0.113.66", port: 6_666 }]) {
      pair.server.handleDatagram(hello.slice(), from, pair.nowMs);
    }
    pair.advance(7_000);
  };
  replay();
  assert.equal(pair.server.drops.handshakeExpired, 0, "the answer of before, and nothing else");
  replay();
  assert.equal(pair.server.drops.handshakeExpired, 1, "forgotten and answered anew, for nothing");
  assert.deepEqual([...pair.server.sessions()], [entry]);
  pair.server.close(entry, 0, "", pair.nowMs);
  pair.advance(10_000);
  replay();
  assert.deepEqual([pair.server.size, pair.server.halfOpen], [0, 0]);
});

Deno.test("spoofed RETRY, VERSION, RESET, ACCEPT and QUERY_REPLY change no session", () => {
  const pair = new Pair();
  const client = pair.connect();
  const { peer } = pair;
  const id = peer.entry.session.connection!.link.localConnectionId;
  const spoofed = [
    buildRetry(id, new Uint8Array(20).fill(1)),
    buildVersion(id),
    buildReset(new Uint8Array(4), new Uint8Array(16)),
    buildReset(new Uint8Array(4), bytes16(255)),
    Uint8Array.of(0x42, 1, ...bytesOf(200)),
    Uint8Array.of(0x49, 1, ...bytesOf(200)),
    Uint8Array.of(0x2a, 1, 2, 3, 4, ...bytesOf(60)),
  ];
  for (const bytes of spoofed) {
    client.endpoint.handleDatagram(bytes.slice(), SERVER_ADDRESS, pair.nowMs);
    pair.server.handleDatagram(bytes.slice(), client.address, pair.nowMs);
  }
  pair.wire.length = 0;
  pair.sendFromClient(client, "reliable-ordered", Uint8Array.of(1));
  pair.sendFromServer(peer, "reliable-ordered", Uint8Array.of(2));
  pair.settle();
  assert.deepEqual(peer.firstBytes("reliable-ordered"), [1]);
  assert.deepEqual(client.firstBytes("reliable-ordered"), [2]);
  assert.deepEqual([client.kinds, peer.kinds], [["connected"], ["connected"]]);
});

Deno.test("parts that lie about their count or size are refused, and the message arrives", () => {
  const body = Uint8Array.from({ length: 768 }, (_, i) => i & 255);
  const part = (index: number, count = 3, from = index * 256, to = from + 256): number[] =>
    fragment("reliable-unordered", 0, [index, count], body.subarray(from, to));
  const violations = [
    part(1, 2),
    part(1, 4),
    part(3, 4, 0),
    part(1, 3, 256, 513),
    part(1, 3, 0, 300),
    part(2, 3, 0, 257),
    part(1, 65_535),
  ];
  const malformed = [part(0, 1), part(3, 3, 0), part(2, 3, 0, 0), part(1, 3, 0, 255)];
  const lies = [
    ...violations.map((frames) => [frames, { channelViolation: 1 }] as const),
    ...malformed.map((frames) => [frames, { malformedFrames: 1 }] as const),
  ];
  for (const [frames, refusal] of lies) {
    const { pair, raw } = connectedRaw();
    raw.sendFrames(part(0));
    assertDrops(pair.server.drops, refusal, () => raw.sendFrames(frames));
    raw.sendFrames([...part(1), ...part(2)]);
    pair.collect();
    assert.deepEqual(pair.peer.inbox, [{ delivery: "reliable-unordered", bytes: body }]);
  }
});

Deno.test("yojimbo #69: a reliable channel that was idle for 33,000 packets goes on where it was", () => {
  const pair = new Pair({ server: PATIENT });
  const client = pair.connect();
  const say = (value: number): void => {
    for (const delivery of ["reliable-ordered", "reliable-unordered", "reliable-latest"] as const) {
      pair.sendFromClient(client, delivery, Uint8Array.of(value));
    }
    pair.advance(50);
  };
  say(1);
  for (let i = 0; i < 33_000; i++) {
    pair.nowMs += 1;
    pair.sendFromClient(client, "unreliable", Uint8Array.of(i & 255));
    pair.settle();
    if (i % 1_000 === 0) pair.peer.inbox.length = 0;
  }
  pair.peer.inbox.length = 0;
  say(2);
  for (const delivery of ["reliable-ordered", "reliable-unordered", "reliable-latest"] as const) {
    assert.deepEqual(pair.peer.firstBytes(delivery), [2], delivery);
  }
  assert.ok(client.session.counters.packetsSent > 33_000);
});

Deno.test("every sequence wraps without anybody noticing, under loss, and packet numbers do both ways", () => {
  const pair = new Pair({ server: PATIENT });
  const client = pair.connect(PATIENT);
  const { peer } = pair;
  const random = new Random(1);
  const numbers = new Map(DELIVERIES.map((delivery) => [delivery, -1]));
  let [errors, ordered, back] = [0, 0, -1];
  peer.onMessage = (delivery, bytes) => {
    const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    if (delivery === "reliable-ordered" && number !== ordered++) errors++;
    const isOrdered = delivery !== "unreliable" && delivery !== "reliable-unordered";
    if (isOrdered && number <= numbers.get(delivery)!) errors++;
    numbers.set(delivery, Math.max(number, numbers.get(delivery)!));
  };
  client.onMessage = (_, bytes) => {
    const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    if (number <= back) errors++;
    back = number;
  };
  const body = new Uint8Array(4);
  const total = 2 ** 16 + 500;
  for (let i = 0; i < total; i++) {
    new DataView(body.buffer).setUint32(0, i);
    pair.nowMs += 2;
    for (const delivery of DELIVERIES) client.send(delivery, body);
    // Enough for packet numbers and acknowledgements to wrap on the way back, too.
    peer.send("sequenced", body);
    client.session.flush();
    pair.server.flush(peer.entry);
    pair.fire();
    pair.collect();
    for (const each of pair.wire.splice(0)) if (!random.chance(0.01)) pair.deliver(each);
  }
  pair.advance(3_000);
  assert.equal(errors, 0);
  for (const delivery of ["reliable-ordered", "reliable-unordered", "reliable-latest"] as const) {
    assert.equal(numbers.get(delivery), total - 1, delivery);
  }
  for (const number of [...numbers.values(), back]) {
    assert.ok(number >= total - 20, `${[...numbers]}, back ${back}`);
  }
});

Deno.test("MpGameServer: hundreds of packets in flight are acknowledged all, each message once", () => {
  const pair = new Pair({ server: PATIENT });
  const pacing = {
    initialBytesPerSecond: 1e8,
    floorBytesPerSecond: 1e8,
    ceilingBytesPerSecond: 1e8,
  };
  const client = pair.connect({ sessionLimits: { ...PATIENT.sessionLimits, pacing } });
  const told = new Map<number, DeliveryResult[]>();
  for (let i = 0; i < 400; i++) {
    told.set(i, []);
    pair.nowMs += 0.1;
    pair.sendFromClient(client, "reliable-unordered", Uint8Array.of(i & 255), (result) => {
      told.get(i)!.push(result);
    });
    pair.collect();
  }
  const flying = pair.wire.splice(0);
  assert.ok(flying.length >= 400, `${flying.length} packets in flight`);
  // Lost packets make gaps, all of which one ACK frame tells.
  flying.forEach((datagram, i) => i % 20 !== 5 && pair.deliver(datagram));
  pair.advance(100);
  for (const [i, results] of told) assert.deepEqual(results, ["acked"], `message ${i}`);
  assert.equal(pair.peer.inbox.length, 400);
  assert.equal(client.session.counters.packetsLost, Math.round(flying.length / 20));
});

Deno.test("enet #224: a storm of 10,000 ACK frames of 32 ranges settles every packet once", () => {
  const { pair, raw } = connectedRaw();
  let results = 0;
  pair.collect();
  const { peer } = pair;
  for (let i = 0; i < 200; i++) {
    pair.nowMs += 10;
    pair.sendFromServer(peer, "reliable-ordered", Uint8Array.of(i), () => results++);
    pair.drop();
  }
  const ranges = Array.from({ length: 31 }, (): [number, number] => [1, 1]);
  const newest = peer.session.counters.packetsSent - 1;
  for (let i = 0; i < 10_000; i++) {
    raw.sendFrames(ack(newest - (i & 1), 1, ranges), pair.nowMs);
    if (i % 100 === 0) pair.drop();
  }
  pair.drop();
  // Those between were taken for lost by then: they are sent again, under other numbers.
  assert.equal(results, 32, "one packet in each range");
  assert.deepEqual(dropsOf(pair.server.drops), {});
  assert.equal(peer.session.state, "open");
});

Deno.test("yojimbo #185: a message that is too large is refused with its limit's name, and clogs nothing", () => {
  const pair = new Pair();
  const client = pair.connect();
  assert.throws(
    () => client.send("reliable-ordered", new Uint8Array(30_000)),
    (error) =>
      error instanceof RangeError && /30000.*2000\d/.test(error.message.replaceAll(",", "")),
  );
  pair.sendFromClient(client, "reliable-ordered", Uint8Array.of(1));
  pair.settle();
  assert.deepEqual(pair.peer.firstBytes("reliable-ordered"), [1]);
});

Deno.test("yojimbo #118 #55: reliable messages wait neither for ticks nor for round trips of others", () => {
  const world = new World({ link: { delayMs: 60 } });
  const client = world.connect();
  const { peer } = world;
  for (let i = 0; i < 200; i++) client.send("reliable-ordered", new Uint8Array(100).fill(i));
  client.send("reliable-unordered", new Uint8Array(20_000));
  client.flush();
  // Eight a second would take 25 s; one part per tick of 60 Hz another third.
  assert.ok(world.runUntil(() => peer.inbox.length === 201, 1_000), `${peer.inbox.length} in 1 s`);
});

Deno.test("enet #254: ticks of the other end do not pass for distance", () => {
  const world = new World({ link: { delayMs: 20 }, tickHz: 10 });
  const client = world.connect();
  // So rarely that acknowledgements wait their 25 ms for company, but for those of two packets at once.
  let sent = 0;
  world.everyMs(50, () => {
    for (let i = 0; i < (sent % 10 === 0 ? 2 : 1); i++) {
      client.send("unreliable", Uint8Array.of(1));
      client.flush();
    }
    sent++;
  });
  world.run(5_000);
  const { smoothedMs } = client.session.rtt;
  assert.ok(smoothedMs >= 40 && smoothedMs < 45, `${smoothedMs} ms instead of 40`);
});

function bytes16(value: number): Uint8Array {
  return new Uint8Array(16).fill(value);
}
