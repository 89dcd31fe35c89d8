import assert from "node:assert/strict";
import { CloseCode } from "../../protocol/close_code.ts";
import type { DeliveryResult } from "../../protocol/message_pool.ts";
import { DELIVERIES } from "../../schema/mod.ts";
import { Random } from "../../transport/random.ts";
import { Pair, type PairClient, type PairPeer } from "../fixtures/pair.ts";
import { RawClient } from "../fixtures/raw_client.ts";
import { close, credit, message } from "../fixtures/raw_frames.ts";

interface Scene {
  readonly pair: Pair;
  readonly client: PairClient;
  readonly peer: PairPeer;
}

function connected(options?: ConstructorParameters<typeof Pair>[0]): Scene {
  const pair = new Pair(options);
  const client = pair.connect();
  return { pair, client, peer: pair.peer };
}

/** A network that loses this share of everything, seeded. */
function lossy(pair: Pair, share: number, seed = 1): () => void {
  const random = new Random(seed);
  return () => {
    for (const datagram of pair.drop()) if (!random.chance(share)) pair.deliver(datagram);
    pair.collect();
    // What the delivery caused leaves in the same step, and is judged in the next.
  };
}

for (const delivery of DELIVERIES) {
  Deno.test(`${delivery} messages travel both ways, empty and up to their largest`, () => {
    const { pair, client, peer } = connected();
    const largest = delivery === "unreliable"
      ? 16_002
      : delivery.startsWith("reliable")
      ? 20_002
      : 1_002;
    for (const sizeBytes of [0, 1, 32, 33, 1_002, largest]) {
      const body = new Random(sizeBytes).bytes(sizeBytes);
      pair.sendFromClient(client, delivery, body);
      pair.sendFromServer(peer, delivery, body);
      pair.advance(1_000);
      assert.deepEqual(peer.inbox.at(-1), { delivery, bytes: body });
      assert.deepEqual(client.inbox.at(-1), { delivery, bytes: body });
    }
    assert.deepEqual([client.inbox.length, peer.inbox.length], [6, 6]);
    pair.advance(1_000);
    assert.equal(pair.server.pool.outstanding, 0);
  });
}

Deno.test("nothing leaves before it is flushed, and then all of it in as few packets as it takes", () => {
  const { pair, client, peer } = connected();
  pair.advance(500);
  for (let i = 0; i < 60; i++) client.send("reliable-ordered", Uint8Array.of(i));
  client.send("unreliable", Uint8Array.of(99));
  assert.deepEqual(pair.drop(), []);
  client.session.flush();
  assert.equal(pair.drop().length, 1);
  assert.equal(peer.inbox.length, 0);
});

Deno.test("what was flushed once leaves as soon as window and credit allow, without another flush", () => {
  const { pair, client, peer } = connected();
  const body = new Uint8Array(1_000);
  let sent = 0;
  // Beyond the window of 512 messages and several times the credit of 64 KiB.
  for (; sent < 900; sent++) assert.equal(client.send("reliable-ordered", body), "queued");
  client.session.flush();
  pair.advance(30_000);
  assert.equal(peer.inbox.length, sent);
  const small: Scene = connected();
  for (let i = 0; i < 2_000; i++) small.client.send("reliable-unordered", Uint8Array.of(i & 255));
  small.client.session.flush();
  small.pair.advance(20_000);
  assert.equal(small.peer.inbox.length, 2_000);
});

Deno.test("a message larger than its channel allows, or on a channel that there is not, is the caller's mistake", () => {
  const { client } = connected();
  assert.throws(() => client.send("reliable-ordered", new Uint8Array(20_003)), RangeError);
  const buffer = client.session.prepare(1);
  assert.throws(() => client.session.send(6, buffer, undefined, 0), RangeError);
  client.session.discard(buffer);
});

Deno.test("senders who ask are told once what became of each message", () => {
  const { pair, client, peer } = connected();
  const results = new Map<string, DeliveryResult[]>();
  for (const delivery of DELIVERIES) {
    const list: DeliveryResult[] = [];
    results.set(delivery, list);
    client.send(delivery, Uint8Array.of(1), (result) => list.push(result));
  }
  client.session.flush();
  pair.advance(500);
  for (const [delivery, list] of results) assert.deepEqual(list, ["acked"], delivery);
  assert.equal(peer.inbox.length, 6);
});

Deno.test("messages that were lost are told as lost, and those that are repeated are not", () => {
  const { pair, client, peer } = connected();
  const results: string[] = [];
  for (
    const delivery of ["unreliable", "sequenced", "reliable-ordered", "reliable-latest"] as const
  ) {
    client.send(delivery, Uint8Array.of(1), (result) => results.push(`${delivery} ${result}`));
  }
  client.session.flush();
  pair.drop();
  pair.advance(1_000);
  assert.deepEqual(results.toSorted(), [
    "reliable-latest acked",
    "reliable-ordered acked",
    "sequenced lost",
    "unreliable lost",
  ]);
  assert.equal(peer.inbox.length, 2);
});

Deno.test("all results come before the end, and the end is told last and once", () => {
  const { pair, client } = connected();
  const told: string[] = [];
  for (let i = 0; i < 3; i++) {
    client.send("reliable-ordered", Uint8Array.of(i), (result) => told.push(`${i} ${result}`));
  }
  client.session.flush();
  pair.drop();
  client.send("unreliable", Uint8Array.of(9), (result) => told.push(`9 ${result}`));
  client.session.close(CloseCode.normal, "bye", pair.nowMs);
  client.session.close(CloseCode.normal, "again", pair.nowMs);
  assert.equal(
    client.send("reliable-ordered", Uint8Array.of(1), () => told.push("late")),
    "dropped",
  );
  pair.collect();
  assert.deepEqual(client.kinds, [
    "connected",
    "delivery",
    "delivery",
    "delivery",
    "delivery",
    "closed",
  ]);
  assert.deepEqual(told.toSorted(), ["0 dropped", "1 dropped", "2 dropped", "9 dropped"]);
  pair.advance(5_000);
  assert.equal(client.kinds.length, 6, "nothing follows the end");
});

Deno.test("a close with its reason reaches the other end, which has its messages before", () => {
  const { pair, client, peer } = connected();
  client.send("unreliable", Uint8Array.of(1));
  client.session.flush();
  pair.collect();
  client.session.close(1_234, "äöü bye", pair.nowMs);
  pair.settle();
  assert.equal(peer.inbox.length, 1);
  assert.deepEqual(peer.events.at(-1), {
    kind: "closed",
    code: 1_234,
    reason: "äöü bye",
    isByPeer: true,
  });
  pair.advance(3_000);
  assert.deepEqual([client.session.state, peer.session.state], ["closed", "closed"]);
  assert.equal(pair.server.size, 0);
});

Deno.test("a close reaches the other end 999 times in 1,000 although 20 % of packets are lost", () => {
  let reached = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const { pair, client, peer } = connected({ seed });
    const step = lossy(pair, 0.2, seed);
    // The server goes on talking, as games do.
    let talk = 0;
    client.session.close(CloseCode.normal, "bye", pair.nowMs);
    for (let i = 0; i < 40; i++) {
      peer.send("unreliable", Uint8Array.of(talk++));
      pair.server.flush(peer.entry);
      pair.advance(50, step);
    }
    const end = peer.events.at(-1);
    if (end?.kind === "closed" && end.isByPeer) reached++;
  }
  assert.ok(reached >= 300, `${reached} of 300`);
});

Deno.test("two ends that close at once both end at once, each by itself", () => {
  const { pair, client, peer } = connected();
  client.session.close(1_001, "mine", pair.nowMs);
  pair.server.close(peer.entry, 1_002, "yours", pair.nowMs);
  pair.settle();
  assert.deepEqual([client.session.state, peer.session.state], ["closed", "closed"]);
  for (const [end, code] of [[client, 1_001], [peer, 1_002]] as const) {
    const last = end.events.at(-1);
    assert.ok(last?.kind === "closed" && last.code === code && !last.isByPeer);
  }
});

Deno.test("a lingering close delivers everything reliable first, also under loss", () => {
  for (const share of [0, 0.3]) {
    const { pair, client, peer } = connected();
    const step = lossy(pair, share);
    for (let i = 0; i < 700; i++) client.send("reliable-ordered", Uint8Array.of(i & 255));
    client.send("reliable-latest", Uint8Array.of(7));
    client.session.linger(CloseCode.normal, "done", 60_000, pair.nowMs);
    assert.equal(client.session.state, "lingering");
    assert.equal(client.send("reliable-ordered", Uint8Array.of(1)), "dropped");
    pair.advance(59_000, step);
    assert.equal(peer.inbox.length, 701);
    const end = peer.events.at(-1);
    assert.ok(end?.kind === "closed" && end.reason === "done", `${peer.kinds}`);
  }
});

Deno.test("a lingering close waits for a message without bytes, and for the newest value", () => {
  for (const delivery of ["reliable-ordered", "reliable-unordered", "reliable-latest"] as const) {
    const { pair, client, peer } = connected();
    client.send(delivery, new Uint8Array(0));
    client.session.linger(CloseCode.normal, "", 5_000, pair.nowMs);
    assert.equal(client.session.state, "lingering", delivery);
    pair.settle();
    assert.equal(peer.inbox.length, 1);
    assert.equal(peer.kinds.at(-1), "closed");
  }
});

Deno.test("a lingering close ends when its time is over, or at once when nothing waits", () => {
  const { pair, client } = connected();
  client.send("reliable-ordered", Uint8Array.of(1));
  client.session.linger(CloseCode.normal, "", 3_000, pair.nowMs);
  pair.advance(2_990, () => pair.drop());
  assert.equal(client.session.state, "lingering");
  pair.advance(20, () => pair.drop());
  assert.equal(client.session.state, "closing");
  const idle = connected();
  idle.client.session.linger(CloseCode.normal, "", 3_000, idle.pair.nowMs);
  assert.equal(idle.client.session.state, "closing");
});

Deno.test("messages that arrive after the end are not delivered, and keep no buffer", () => {
  const pair = new Pair();
  const raw = new RawClient(pair.server);
  raw.connect();
  const [entry] = [...pair.server.sessions()];
  pair.server.close(entry!, CloseCode.kicked, "", 0);
  raw.sendFrames(message("reliable-ordered", 0, [1]));
  raw.sendFrames([...message("unreliable", 0, [1]), ...close(7)]);
  assert.equal(entry!.session.pollMessage(), undefined);
  assert.equal(pair.server.pool.outstanding, 0);
  assert.equal(entry!.session.state, "closed", "its CLOSE is heard");
});

Deno.test("a blocked channel says when it takes messages again", () => {
  const pair = new Pair();
  const client = pair.connect({ sessionLimits: { sendQueueMessages: 50 } });
  let sent = 0;
  while (client.send("reliable-ordered", Uint8Array.of(sent & 255)) === "queued") sent++;
  client.session.flush();
  assert.ok(!client.kinds.includes("drained"));
  pair.advance(2_000);
  assert.equal(client.kinds.filter((kind) => kind === "drained").length, 1);
  assert.equal(client.send("reliable-ordered", Uint8Array.of(0)), "queued");
});

Deno.test("a consumer that is behind for longer than the timeout loses nothing and is not taken for gone", () => {
  const { pair, client, peer } = connected({
    server: { sessionLimits: { receiveQueueMessages: 100 } },
  });
  peer.isPaused = true;
  for (let i = 0; i < 700; i++) {
    client.send("reliable-ordered", Uint8Array.of(i & 255));
    client.send("reliable-unordered", Uint8Array.of(i & 255));
  }
  client.session.flush();
  pair.advance(25_000);
  assert.deepEqual([client.session.state, peer.session.state], ["open", "open"]);
  assert.ok(pair.server.drops.receiveQueueFull > 0);
  peer.isPaused = false;
  // The game wakes up: it looks at its messages and the driver sends what is due.
  pair.server.touch(peer.entry);
  peer.drain();
  pair.advance(30_000);
  assert.equal(peer.firstBytes("reliable-ordered").length, 700);
  assert.equal(peer.firstBytes("reliable-unordered").length, 700);
});

Deno.test("a sender that ignores window, credit or both is refused and in the end thrown out", () => {
  for (
    const frames of [
      message("reliable-ordered", 600, [1]),
      message("reliable-unordered", 600, [1]),
      credit(0, 1),
    ]
  ) {
    const pair = new Pair();
    const raw = new RawClient(pair.server);
    raw.connect();
    for (let i = 0; i < 8; i++) raw.sendFrames(frames);
    assert.equal(pair.server.drops.channelViolation, 8);
    assert.equal([...pair.server.sessions()][0]!.session.state, "closing");
  }
  // 64 KiB are granted: a sender that goes on is refused where they end, in one packet or in many.
  const pair = new Pair({ server: { sessionLimits: { malformedPackets: 1_000_000 } } });
  const raw = new RawClient(pair.server);
  raw.connect();
  const body = new Uint8Array(100);
  let sequence = 0;
  for (let packet = 0; packet < 60; packet++) {
    const nowMs = packet * 10;
    const frames = Array.from({ length: 10 }, () => message("reliable-ordered", sequence++, body));
    raw.sendFrames(frames.flat(), nowMs);
  }
  const { session } = [...pair.server.sessions()][0]!;
  let bytes = 0;
  for (let m = session.pollMessage(); m; m = session.pollMessage()) bytes += m.sizeBytes + 64;
  assert.ok(bytes <= 65_536 && bytes > 65_536 - 10 * 164, `${bytes} bytes were let through`);
});

Deno.test("counters tell what a session did", () => {
  const { pair, client, peer } = connected();
  for (let i = 0; i < 20; i++) {
    pair.sendFromClient(client, "reliable-ordered", Uint8Array.of(i));
    pair.advance(40);
  }
  const { counters } = client.session;
  assert.equal(counters.messagesSent, 20);
  assert.equal(peer.session.counters.messagesReceived, 20);
  assert.equal(peer.session.counters.packetsReceived, counters.packetsSent);
  assert.equal(peer.session.counters.bytesReceived, counters.bytesSent);
  assert.equal(counters.packetsReceived, peer.session.counters.packetsSent);
  assert.equal(counters.packetsLost, 0);
  const totals = pair.server.totals();
  assert.deepEqual({ ...totals }, { ...peer.session.counters });
  client.session.close(CloseCode.normal, "", pair.nowMs);
  pair.advance(2_000);
  assert.equal(pair.server.totals().messagesReceived, 20, "also after it ended");
});
