import assert from "node:assert/strict";
import { CloseCode } from "../../protocol/close_code.ts";
import { PacketType } from "../../protocol/packet.ts";
import { dropsOf } from "../fixtures/drops.ts";
import { Pair, type PairClient, type PairPeer } from "../fixtures/pair.ts";
import { RawClient, transmitted } from "../fixtures/raw_client.ts";
import { PING } from "../fixtures/raw_frames.ts";

const SILENCE_MS = 10_100;

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

/** Nothing arrives anywhere for so long. */
function blackout(pair: Pair, durationMs = SILENCE_MS): void {
  pair.advance(durationMs, () => pair.drop());
}

Deno.test("a session that fell silent goes on by itself when the network is back", () => {
  const { pair, client, peer } = connected();
  const id = peer.entry.connectionId;
  blackout(pair);
  assert.equal(peer.session.state, "detached");
  pair.advance(2_000);
  assert.deepEqual(client.kinds, ["connected", "detached", "resumed"]);
  assert.deepEqual(peer.kinds, ["connected", "detached", "resumed"]);
  assert.notEqual(peer.entry.connectionId, id);
  assert.equal(pair.server.size, 1);
  assert.equal(client.session.counters.resumptions, 1);
});

Deno.test("messages under way on both ends are delivered exactly once, in order", () => {
  const { pair, client, peer } = connected();
  const deliveries = ["reliable-ordered", "reliable-unordered"] as const;
  let next = 0;
  const sendBoth = (): void => {
    for (const delivery of deliveries) {
      client.send(delivery, Uint8Array.of(next));
      peer.send(delivery, Uint8Array.of(next));
    }
    next++;
    client.session.flush();
    pair.server.flush(peer.entry);
  };
  for (let i = 0; i < 10; i++) sendBoth();
  pair.settle();
  // Delivered, but the acknowledgements are lost with everything else.
  for (let i = 0; i < 10; i++) sendBoth();
  pair.collect();
  for (const datagram of pair.wire.splice(0)) pair.deliver(datagram);
  pair.drop();
  for (let i = 0; i < 10; i++) sendBoth();
  blackout(pair);
  for (let i = 0; i < 10; i++) sendBoth();
  pair.advance(5_000);
  const expected = Array.from({ length: 40 }, (_, i) => i);
  for (const end of [client, peer]) {
    assert.deepEqual(end.firstBytes("reliable-ordered"), expected);
    assert.deepEqual(end.firstBytes("reliable-unordered").toSorted((a, b) => a - b), expected);
  }
});

Deno.test("a message in parts goes on where it was, and the newest value arrives", () => {
  const { pair, client, peer } = connected();
  const large = Uint8Array.from({ length: 15_000 }, (_, i) => i % 251);
  client.send("reliable-ordered", large);
  client.send("reliable-latest", Uint8Array.of(1));
  client.session.flush();
  pair.collect();
  // Every other packet arrives before the network goes.
  pair.wire.splice(0).filter((_, i) => i % 2 === 0).forEach((datagram) => pair.deliver(datagram));
  client.send("reliable-latest", Uint8Array.of(2));
  blackout(pair);
  pair.advance(5_000);
  const got = peer.inbox.find(({ delivery }) => delivery === "reliable-ordered");
  assert.deepEqual(got?.bytes, large);
  assert.equal(peer.firstBytes("reliable-latest").at(-1), 2);
  assert.equal(client.session.channels.isFlushed, true);
});

Deno.test("what was sent while silent leaves after the resumption", () => {
  const { pair, client, peer } = connected();
  blackout(pair);
  client.send("reliable-ordered", Uint8Array.of(5));
  peer.send("reliable-ordered", Uint8Array.of(6));
  pair.advance(3_000);
  assert.deepEqual(peer.firstBytes("reliable-ordered"), [5]);
  assert.deepEqual(client.firstBytes("reliable-ordered"), [6]);
});

Deno.test("a client that notices first resumes a session that the server holds for open", () => {
  const pair = new Pair();
  const client = pair.connect({ sessionLimits: { idleTimeoutMs: 2_000 } });
  const { peer } = pair;
  client.send("reliable-ordered", Uint8Array.of(1));
  client.session.flush();
  blackout(pair, 2_100);
  assert.equal(peer.session.state, "open");
  pair.advance(1_000);
  assert.deepEqual(peer.kinds, ["connected", "resumed"]);
  assert.deepEqual(peer.firstBytes("reliable-ordered"), [1]);
});

Deno.test("a client that has not noticed yet is told by RESET as soon as it talks", () => {
  const pair = new Pair();
  const client = pair.connect({ sessionLimits: { idleTimeoutMs: 60_000 } });
  const { peer } = pair;
  blackout(pair);
  assert.deepEqual([client.session.state, peer.session.state], ["open", "detached"]);
  const startMs = pair.nowMs;
  client.send("reliable-ordered", Uint8Array.of(1));
  client.session.flush();
  pair.advance(500);
  assert.deepEqual(client.kinds, ["connected", "detached", "resumed"]);
  assert.deepEqual(peer.firstBytes("reliable-ordered"), [1]);
  assert.ok(pair.nowMs - startMs < 1_000);
});

Deno.test("a session cannot be resumed after its window, and both ends are told", () => {
  const { pair, client, peer } = connected();
  blackout(pair, SILENCE_MS + 30_100);
  assert.deepEqual(client.events.at(-1), {
    kind: "closed",
    code: CloseCode.timeout,
    reason: "the peer did not come back",
    isByPeer: false,
  });
  assert.equal(peer.kinds.at(-1), "closed");
  assert.equal(pair.server.size, 0);
});

Deno.test("a resumption that the server refuses ends the session at once", () => {
  const { pair, client, peer } = connected();
  blackout(pair);
  pair.server.close(peer.entry, CloseCode.kicked, "", pair.nowMs);
  pair.advance(2_000);
  assert.deepEqual(client.events.at(-1), {
    kind: "closed",
    code: CloseCode.reset,
    reason: "the session is over",
    isByPeer: true,
  });
  assert.equal(pair.server.drops.resumeRefused, 1);
});

Deno.test("a ticket is good for one connection: an older one is refused once a newer one is confirmed", () => {
  const pair = new Pair();
  const raw = new RawClient(pair.server);
  let { resumeTicket } = raw.accepted().payload;
  raw.sendFrames(PING);
  for (let seed = 2; seed < 6; seed++) {
    const next = new RawClient(pair.server, { seed, hello: { resumeTicket } });
    const { payload } = next.accepted();
    next.sendFrames(PING);
    const thief = new RawClient(pair.server, { seed: seed + 100, hello: { resumeTicket } });
    const outcome = thief.shakeHands();
    assert.ok(outcome?.result === "refused");
    assert.equal(outcome.payload.status, "gone");
    resumeTicket = payload.resumeTicket;
  }
  assert.equal(pair.server.size, 1);
});

Deno.test("a connection that was accepted but never confirmed wastes neither its ticket nor the one before", () => {
  for (const useNewest of [true, false]) {
    const pair = new Pair();
    const raw = new RawClient(pair.server);
    const { payload } = raw.accepted();
    raw.sendFrames(PING);
    transmitted(pair.server);
    const lost = new RawClient(pair.server, {
      seed: 2,
      hello: { resumeTicket: payload.resumeTicket },
    });
    const newest = lost.accepted().payload.resumeTicket;
    const resumeTicket = useNewest ? newest : payload.resumeTicket;
    const again = new RawClient(pair.server, { seed: 3, hello: { resumeTicket } });
    const outcome = again.accepted();
    assert.equal(outcome.payload.resumed, true);
    again.sendFrames(PING);
    assert.equal(pair.server.size, 1);
    assert.equal([...pair.server.sessions()][0]!.session.counters.resumptions, 1);
    // From now on only what came after that one is good.
    const late = new RawClient(pair.server, {
      seed: 4,
      hello: { resumeTicket: payload.resumeTicket },
    });
    assert.equal(late.shakeHands()?.result, "refused");
  }
});

Deno.test("packets for the connection of before are nobody's, and their RESET is not believed", () => {
  const { pair, client, peer } = connected();
  client.send("reliable-ordered", Uint8Array.of(1));
  client.session.flush();
  const [old] = pair.drop();
  blackout(pair);
  pair.advance(2_000);
  assert.equal(peer.kinds.at(-1), "resumed");
  const before = { ...pair.server.drops };
  pair.deliver(old!);
  assert.equal(pair.server.drops.unknownConnection, before.unknownConnection + 1);
  const resets = pair.drop().filter(({ bytes }) => bytes[0] === PacketType.reset);
  assert.equal(resets.length, 1);
  pair.deliver(resets[0]!);
  assert.equal(client.session.state, "open");
  assert.equal(client.endpoint.drops.resetForged, 1);
  assert.deepEqual(peer.firstBytes("reliable-ordered"), [1], "delivered once, by the resumption");
});

Deno.test("a session is resumed again and again", () => {
  const { pair, client, peer } = connected();
  for (let round = 0; round < 6; round++) {
    pair.sendFromClient(client, "reliable-ordered", Uint8Array.of(round));
    blackout(pair);
    pair.advance(2_000);
  }
  assert.deepEqual(peer.firstBytes("reliable-ordered"), [0, 1, 2, 3, 4, 5]);
  assert.equal(client.session.counters.resumptions, 6);
  assert.deepEqual(dropsOf(pair.server.drops), {});
});

Deno.test("resumption is not for whoever is refused: a draining or full server takes its own players back", () => {
  const { pair, client } = connected({
    server: { limits: { sessions: 1, sessionsPerAddress: 1 } },
  });
  blackout(pair);
  pair.server.isDraining = true;
  pair.advance(2_000);
  assert.equal(client.kinds.at(-1), "resumed");
});

Deno.test("closing a silent session ends it at once on this end", () => {
  const { pair, client, peer } = connected();
  blackout(pair);
  client.session.close(CloseCode.normal, "bye", pair.nowMs);
  pair.server.linger(peer.entry, CloseCode.kicked, "", 1_000, pair.nowMs);
  pair.collect();
  assert.deepEqual([client.session.state, peer.session.state], ["closed", "closed"]);
  assert.deepEqual([client.kinds.at(-1), peer.kinds.at(-1)], ["closed", "closed"]);
  pair.advance(10_000);
  assert.equal(pair.server.size, 0);
  assert.equal(client.kinds.at(-1), "closed", "and no answer that was under way revives it");
});
