import assert from "node:assert/strict";
import { buildQuery } from "../../protocol/handshake_packets.ts";
import {
  DEFAULT_ENDPOINT_LIMITS,
  DEFAULT_SESSION_LIMITS,
  type EndpointLimits,
  type SessionLimits,
} from "../../protocol/limits.ts";
import { Random } from "../../transport/random.ts";
import { dropsOf } from "../fixtures/drops.ts";
import { Pair, type PairClient } from "../fixtures/pair.ts";
import { RawClient, transmitted } from "../fixtures/raw_client.ts";
import { bytesOf, fragment, message } from "../fixtures/raw_frames.ts";

const FROM = { hostname: "203.0.113.5", port: 5_000 };

/** A server with these limits per session. */
function sessionPair(sessionLimits: Partial<SessionLimits>): Pair {
  return new Pair({ server: { sessionLimits } });
}

/** A server with these limits over all sessions. */
function endpointPair(limits: Partial<EndpointLimits>, authorizes = false): Pair {
  return new Pair({ server: { limits, authorizes } });
}

/** Sends until the channel takes no more; returns how many it took. */
function taken(client: PairClient, sizeBytes: number): number {
  const body = new Uint8Array(sizeBytes);
  let count = 0;
  while (client.send("reliable-ordered", body) === "queued") count++;
  return count;
}

const SESSION: Readonly<Record<keyof SessionLimits, () => void>> = {
  datagramBytes: () => {
    const pair = sessionPair({ datagramBytes: 600 });
    pair.connect();
    pair.peer.send("reliable-ordered", new Random(1).bytes(5_000));
    pair.server.flush(pair.peer.entry);
    pair.collect();
    const sizes = pair.wire.map(({ bytes }) => bytes.byteLength);
    assert.ok(sizes.length >= 9 && Math.max(...sizes) <= 600, `${sizes}`);
  },
  receiveQueueMessages: () => {
    const pair = sessionPair({ receiveQueueMessages: 3 });
    const raw = new RawClient(pair.server);
    raw.connect();
    for (let i = 0; i < 5; i++) raw.sendFrames(message("unreliable", 0, [i]));
    assert.deepEqual(dropsOf(pair.server.drops), { receiveQueueDropped: 2 });
  },
  receiveQueueBytes: () => {
    const pair = sessionPair({ receiveQueueBytes: 1_000 });
    const raw = new RawClient(pair.server);
    raw.connect();
    for (let i = 0; i < 5; i++) raw.sendFrames(message("unreliable", 0, bytesOf(500)));
    assert.deepEqual(dropsOf(pair.server.drops), { receiveQueueDropped: 3 });
  },
  sendQueueMessages: () => {
    const client = new Pair().connect({ sessionLimits: { sendQueueMessages: 7 } });
    assert.equal(taken(client, 1), 7);
  },
  sendQueueBytes: () => {
    const client = new Pair().connect({ sessionLimits: { sendQueueBytes: 1_000 } });
    assert.equal(taken(client, 100), 10);
  },
  reassemblyContexts: () => {
    // 16 and one per reliable-latest channel is the least that an honest sender needs.
    for (const [limit, held] of [[30, 30], [1, 17]] as const) {
      const pair = sessionPair({ reassemblyContexts: limit });
      const raw = new RawClient(pair.server);
      raw.connect();
      for (let i = 0; i < 40; i++) {
        raw.sendFrames(fragment("reliable-ordered", i, [0, 2], bytesOf(256)));
      }
      assert.deepEqual(dropsOf(pair.server.drops), { reassemblyFull: 40 - held });
    }
  },
  reassemblyBytes: () => {
    // The least is what an honest sender needs: 16 messages of 20,002 bytes and one of reliable-latest.
    const least = 17 * 20_002;
    const pair = sessionPair({ reassemblyBytes: 1_000, reassemblyContexts: 1_000 });
    const raw = new RawClient(pair.server);
    raw.connect();
    let accepted = 0;
    for (let i = 0; i < 400 && pair.server.drops.reassemblyFull === 0; i++, accepted++) {
      const nowMs = i * 5;
      raw.sendFrames(fragment("reliable-ordered", i, [0, 20], bytesOf(1_000)), nowMs);
    }
    assert.equal(accepted - 1, Math.floor(least / 1_000));
  },
  packetsPerSecond: () => {
    const pair = sessionPair({ packetsPerSecond: 20 });
    const raw = new RawClient(pair.server);
    raw.connect();
    for (let i = 0; i < 30; i++) raw.sendFrames([1]);
    assert.deepEqual(dropsOf(pair.server.drops), { rateLimited: 11 });
    // The client is told, and keeps to it.
    const honest = sessionPair({ packetsPerSecond: 20 });
    const client = honest.connect();
    for (let second = 0; second < 5; second++) {
      for (let i = 0; i < 100; i++) client.send("unreliable", new Uint8Array(1_000));
      client.session.flush();
      honest.advance(1_000);
    }
    assert.equal(honest.server.drops.rateLimited, 0);
    assert.ok(honest.peer.inbox.length > 80, `${honest.peer.inbox.length}`);
  },
  bytesPerSecond: () => {
    const pair = sessionPair({ bytesPerSecond: 5_000 });
    const raw = new RawClient(pair.server);
    raw.connect();
    for (let i = 0; i < 10; i++) raw.sendFrames(message("unreliable", 0, bytesOf(977)));
    assert.deepEqual(dropsOf(pair.server.drops), { rateLimited: 5 });
    const honest = sessionPair({ bytesPerSecond: 5_000 });
    const client = honest.connect();
    client.send("reliable-ordered", new Uint8Array(20_000));
    client.session.flush();
    honest.advance(2_000);
    assert.equal(honest.peer.inbox.length, 0);
    honest.advance(4_000);
    assert.equal(honest.peer.inbox.length, 1);
    assert.equal(honest.server.drops.rateLimited, 0);
  },
  idleTimeoutMs: () => {
    const pair = sessionPair({ idleTimeoutMs: 700 });
    pair.connect();
    const { peer } = pair;
    pair.advance(690, () => pair.drop());
    assert.equal(peer.session.state, "open");
    pair.advance(20, () => pair.drop());
    assert.equal(peer.session.state, "detached");
  },
  keepaliveMs: () => {
    const pair = new Pair();
    const client = pair.connect({ sessionLimits: { keepaliveMs: 200 } });
    pair.advance(100);
    const before = client.session.counters.packetsSent;
    pair.advance(90);
    assert.equal(client.session.counters.packetsSent, before);
    pair.advance(120);
    assert.equal(client.session.counters.packetsSent, before + 1);
  },
  malformedPackets: () => {
    const pair = sessionPair({ malformedPackets: 3 });
    const raw = new RawClient(pair.server);
    raw.connect();
    const [entry] = [...pair.server.sessions()];
    for (let i = 0; i < 2; i++) raw.sendFrames([0x3f]);
    assert.equal(entry!.session.state, "open");
    raw.sendFrames([0x3f]);
    assert.equal(entry!.session.state, "closing");
  },
  pacing: () => {
    const pacing = {
      initialBytesPerSecond: 10_000,
      floorBytesPerSecond: 10_000,
      ceilingBytesPerSecond: 10_000,
    };
    const pair = new Pair();
    const client = pair.connect({ sessionLimits: { pacing } });
    client.send("reliable-ordered", new Uint8Array(20_000));
    client.send("reliable-ordered", new Uint8Array(20_000));
    client.session.flush();
    pair.advance(10_000);
    const before = client.session.counters.bytesSent;
    assert.ok(before > 40_000);
    assert.equal(client.session.sendRateBytesPerSecond, 10_000);
  },
  mtuProbing: () => {
    for (const [mtuProbing, datagramBytes] of [[true, 1_400], [false, 1_200]] as const) {
      const pair = new Pair();
      const client = pair.connect({ sessionLimits: { mtuProbing } });
      pair.advance(2_000);
      assert.equal(client.session.connection?.mtu.currentBytes, datagramBytes);
    }
  },
  traceDatagrams: () => {
    const pair = new Pair();
    const client = pair.connect({ sessionLimits: { traceDatagrams: 4 } });
    pair.advance(10_000);
    assert.equal(client.session.trace?.read().length, 4);
    assert.equal(pair.peer.session.trace, undefined);
  },
  rekeyPackets: () => {
    const pair = sessionPair({ rekeyPackets: 5 });
    const client = pair.connect();
    for (let i = 0; i < 40; i++) {
      pair.sendFromServer(pair.peer, "reliable-ordered", Uint8Array.of(i));
      pair.advance(30);
    }
    const phase = pair.peer.session.connection!.link.keyPhase;
    assert.ok(phase >= 4, `phase ${phase}`);
    assert.equal(client.session.connection!.link.keyPhase, phase);
    assert.equal(client.inbox.length, 40);
  },
  rekeyIntervalMs: () => {
    const pair = new Pair();
    const client = pair.connect({ sessionLimits: { rekeyIntervalMs: 5_000 } });
    pair.advance(60_000);
    const phase = client.session.connection!.link.keyPhase;
    assert.ok(phase >= 6 && phase <= 12, `phase ${phase} after a minute`);
    assert.ok(pair.peer.session.connection!.link.keyPhase >= phase - 1, "the server follows");
  },
};

const ENDPOINT: Readonly<Record<keyof EndpointLimits, () => void>> = {
  sessions: () => {
    const pair = endpointPair({ sessions: 2 });
    pair.connect();
    pair.connect();
    const third = pair.addClient();
    pair.advance(1);
    assert.deepEqual(third.events, [
      { kind: "refused", status: "full", reason: "the server is full", retryAfterMs: 2_000 },
    ]);
  },
  sessionsPerAddress: () => {
    const pair = endpointPair({ sessionsPerAddress: 2 });
    const at = (port: number): { hostname: string; port: number } => ({
      hostname: "203.0.113.1",
      port,
    });
    pair.connect({}, at(1));
    pair.connect({}, at(2));
    const third = pair.addClient({}, at(3));
    pair.advance(1);
    assert.deepEqual(third.kinds, ["refused"]);
    pair.connect({}, { hostname: "203.0.113.2", port: 3 });
  },
  hellosPerSecondPerAddress: () => {
    const pair = endpointPair({ hellosPerSecondPerAddress: 3 });
    const raw = new RawClient(pair.server);
    const hello = raw.hello();
    for (let i = 0; i < 10; i++) raw.send(hello);
    assert.deepEqual(dropsOf(pair.server.drops), { helloRateLimited: 7 });
    raw.send(hello, 334);
    assert.equal(pair.server.drops.helloRateLimited, 7);
  },
  halfOpen: () => {
    const pair = endpointPair({ halfOpen: 4 });
    for (let seed = 0; seed < 6; seed++) new RawClient(pair.server, { seed }).shakeHands();
    assert.equal(pair.server.halfOpen, 4);
    assert.deepEqual(dropsOf(pair.server.drops), { helloHalfOpenFull: 2 });
  },
  halfOpenTimeoutMs: () => {
    const pair = endpointPair({ halfOpenTimeoutMs: 900 });
    new RawClient(pair.server).accepted();
    assert.equal(pair.server.deadlineMs(), 900);
    pair.server.handleTimeout(899);
    assert.equal(pair.server.halfOpen, 1);
    pair.server.handleTimeout(900);
    assert.equal(pair.server.halfOpen, 0);
  },
  directHalfOpen: () => {
    const pair = endpointPair({ directHalfOpen: 2 });
    new RawClient(pair.server, { seed: 1 }).accepted();
    new RawClient(pair.server, { seed: 2 }).accepted();
    const third = new RawClient(pair.server, { seed: 3 });
    assert.equal(third.shakeHands(), undefined, "a cookie is asked for");
    assert.deepEqual(dropsOf(pair.server.drops), { helloCookie: 1 });
    assert.equal(third.shakeHands()?.result, "accepted");
  },
  directHellosPerSecond: () => {
    const pair = endpointPair({ directHellosPerSecond: 2 });
    const outcomes = [1, 2, 3].map((seed) => new RawClient(pair.server, { seed }).shakeHands());
    assert.deepEqual(outcomes.map((outcome) => outcome?.result), [
      "accepted",
      "accepted",
      undefined,
    ]);
    assert.equal(new RawClient(pair.server, { seed: 4 }, 500).shakeHands(500)?.result, "accepted");
  },
  pendingAuthorizations: () => {
    const pair = endpointPair({ pendingAuthorizations: 2 }, true);
    const outcomes = [1, 2, 3].map((seed) => new RawClient(pair.server, { seed }).shakeHands());
    assert.deepEqual(outcomes.map((outcome) => outcome?.result), [undefined, undefined, "refused"]);
  },
  authorizeTimeoutMs: () => {
    const pair = endpointPair({ authorizeTimeoutMs: 800 }, true);
    const raw = new RawClient(pair.server);
    raw.shakeHands();
    const request = pair.server.pollAuthorization()!;
    pair.server.handleTimeout(799);
    assert.deepEqual(transmitted(pair.server), []);
    pair.server.handleTimeout(800);
    const [answer] = transmitted(pair.server, 800);
    raw.initiator.handleDatagram(answer!.bytes, answer!.from, 800);
    assert.equal(raw.initiator.outcome?.result, "refused");
    pair.server.authorize(request.handshake, {}, 801);
    assert.deepEqual(transmitted(pair.server), [], "too late");
  },
  resetsPerSecondPerAddress: () => {
    const pair = endpointPair({ resetsPerSecondPerAddress: 3 });
    for (let i = 0; i < 5; i++) {
      pair.server.handleDatagram(Uint8Array.of(0x28, i, ...bytesOf(40)), FROM, 0);
    }
    assert.equal(transmitted(pair.server).length, 3);
    pair.server.handleDatagram(Uint8Array.of(0x28, ...bytesOf(40)), FROM, 334);
    assert.equal(transmitted(pair.server).length, 1);
  },
  queriesPerSecondPerAddress: () => {
    const pair = endpointPair({ queriesPerSecondPerAddress: 3 });
    const query = buildQuery(0, new Uint8Array(8));
    for (let i = 0; i < 5; i++) pair.server.handleDatagram(query, FROM, 0);
    assert.equal(transmitted(pair.server).length, 3);
    pair.server.handleDatagram(query, { hostname: "203.0.113.6", port: 1 }, 0);
    assert.equal(transmitted(pair.server).length, 1);
  },
  queriesPerSecond: () => {
    const pair = endpointPair({ queriesPerSecond: 3 });
    const query = buildQuery(0, new Uint8Array(8));
    for (let i = 0; i < 5; i++) {
      pair.server.handleDatagram(query, { hostname: `203.0.113.${i}`, port: 1 }, 0);
    }
    assert.equal(transmitted(pair.server).length, 3);
  },
  resumeWindowMs: () => {
    const pair = endpointPair({ resumeWindowMs: 2_000 });
    pair.connect();
    const { peer } = pair;
    pair.advance(10_050, () => pair.drop());
    assert.equal(peer.session.state, "detached");
    pair.advance(2_050, () => pair.drop());
    assert.equal(peer.session.state, "closed");
    const none = endpointPair({ resumeWindowMs: 0 });
    none.connect();
    const single = none.peer;
    none.advance(10_050, () => none.drop());
    assert.equal(single.session.state, "closed");
  },
};

for (const [name, test] of Object.entries(SESSION)) {
  Deno.test(`the session limit ${name} holds where it is set`, test);
}
for (const [name, test] of Object.entries(ENDPOINT)) {
  Deno.test(`the endpoint limit ${name} holds where it is set`, test);
}

Deno.test("every limit has a test, and every test a limit", () => {
  assert.deepEqual(Object.keys(SESSION).sort(), Object.keys(DEFAULT_SESSION_LIMITS).sort());
  assert.deepEqual(Object.keys(ENDPOINT).sort(), Object.keys(DEFAULT_ENDPOINT_LIMITS).sort());
});
