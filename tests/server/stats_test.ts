import assert from "node:assert/strict";
import type { Peer, SessionStats } from "../../server/mod.ts";
import { Lab, SERVER_HOST } from "./lab.ts";
import { Room } from "./room.ts";

const CLIENT_HOST = "198.51.100.40";

async function pair(lab: Lab, options: Parameters<Lab["serve"]>[1] = {}) {
  const server = await lab.serve(Room, options as object);
  const client = await lab.connect(Room, server, { host: CLIENT_HOST, traceDatagrams: 16 });
  await lab.run(100);
  const peer: Peer | undefined = [...server.peers.values()][0];
  assert.ok(peer);
  return { server, client, peer };
}

Deno.test("stats: both ends tell the same story of an easy line", async () => {
  await using lab = new Lab({ link: { delayMs: 20 } });
  const { server, client, peer } = await pair(lab);
  server.on(Room.Chat, (from, value) => {
    from.send(Room.Chat, value);
  });
  for (let i = 0; i < 20; i++) {
    client.send(Room.Chat, { text: `${i}` });
    await lab.run(50);
  }
  await lab.run(200);
  const [ours, theirs] = [client.stats(), peer.stats()];
  for (const stats of [ours, theirs]) {
    assert.ok(stats.rttMs >= 39 && stats.rttMs < 55, `${stats.rttMs} ms`);
    // An acknowledgement may wait up to 25 ms for something to ride on.
    assert.ok(stats.rttMinMs >= 39 && stats.rttMinMs < 66, `${stats.rttMinMs} ms`);
    assert.ok(stats.jitterMs >= 0 && stats.jitterMs < 30, `${stats.jitterMs} ms`);
    assert.deepEqual([stats.lossIn, stats.lossOut, stats.packetsRefused], [0, 0, 0]);
    assert.deepEqual([stats.messagesSent, stats.messagesReceived], [20, 20]);
    assert.equal(stats.datagramBytes, 1_200);
    assert.equal(stats.packetsInFlight, 0);
  }
  assert.equal(peer.rttMs, theirs.rttMs);
  assert.equal(client.rttMs, ours.rttMs);
  assert.deepEqual(
    [ours.packetsSent, ours.bytesSent, ours.packetsReceived, ours.bytesReceived],
    [theirs.packetsReceived, theirs.bytesReceived, theirs.packetsSent, theirs.bytesSent],
  );
  const totals = server.stats().sessions;
  assert.equal(totals.messagesReceived, 20);
  assert.equal(totals.packetsReceived, theirs.packetsReceived);
  assert.equal(server.stats().peers, 1);
});

Deno.test("stats: loss is told for each direction, and each end agrees on both", async () => {
  await using lab = new Lab({ seed: 11, link: { delayMs: 20 } });
  const { server, client, peer } = await pair(lab);
  lab.network.setLink(CLIENT_HOST, SERVER_HOST, { delayMs: 20, loss: 0.2 });
  lab.network.setLink(SERVER_HOST, CLIENT_HOST, { delayMs: 20, jitterMs: 30, loss: 0.05 });
  server.on(Room.Ping, (from, value) => {
    from.send(Room.Ping, value);
  });
  for (let n = 0; n < 2_000; n++) {
    client.send(Room.Ping, { n });
    await lab.run(16);
  }
  lab.network.setLink(CLIENT_HOST, SERVER_HOST, { delayMs: 20 });
  lab.network.setLink(SERVER_HOST, CLIENT_HOST, { delayMs: 20 });
  await lab.run(3_000);
  const [ours, theirs] = [client.stats(), peer.stats()];
  const near = (stats: SessionStats, what: "lossIn" | "lossOut", expected: number): void => {
    assert.ok(Math.abs(stats[what] - expected) < 0.035, `${what} ${stats[what]}`);
  };
  near(ours, "lossOut", 0.2);
  near(theirs, "lossIn", 0.2);
  near(ours, "lossIn", 0.05);
  near(theirs, "lossOut", 0.05);
});

Deno.test("stats: packets that are merely late or come twice are no loss", async () => {
  await using lab = new Lab({ seed: 6, link: { delayMs: 20, jitterMs: 40, duplicate: 0.1 } });
  const { client, peer } = await pair(lab);
  for (let n = 0; n < 300; n++) {
    client.send(Room.Ping, { n });
    await lab.run(10);
  }
  await lab.run(1_000);
  assert.equal(peer.stats().lossIn, 0);
  assert.equal(client.stats().lossIn, 0);
  assert.ok(peer.stats().packetsRefused > 10, "repeats are refused");
});

Deno.test("stats survive a suspension and are there at the end", async () => {
  await using lab = new Lab();
  const { client, peer } = await pair(lab);
  lab.network.blackout(CLIENT_HOST, SERVER_HOST, lab.nowMs, lab.nowMs + 15_000);
  await lab.run(12_000);
  assert.equal(client.state, "suspended");
  assert.ok(client.stats().packetsSent > 0);
  assert.equal(client.stats().serverTick, -1);
  assert.equal(peer.stats().packetsInFlight, 0);
  await lab.run(6_000);
  assert.deepEqual([client.stats().resumptions, peer.stats().resumptions], [1, 1]);
  assert.ok(peer.stats().lossIn < 1);
  await lab.settle(client.close());
  assert.ok(client.stats().packetsSent > 0);
  assert.ok(client.rttMs > 0);
  assert.ok(peer.stats().bytesReceived > 0);
});

Deno.test("serverTick follows the server's tick within a fraction", async () => {
  await using lab = new Lab({ link: { delayMs: 30 } });
  const server = await lab.serve(Room, { tickHz: 60 });
  const client = await lab.connect(Room, server);
  assert.equal(client.serverTick(60), -1);
  await lab.run(3_000);
  for (let i = 0; i < 20; i++) {
    await lab.run(37);
    // The tick is the last that has begun; the client knows its fraction too.
    const now = lab.nowMs * 60 / 1_000;
    assert.ok(Math.abs(client.serverTick(60) - now) < 1, `${client.serverTick(60)} at ${now}`);
  }
  const { tick } = server.stats();
  assert.ok(tick !== undefined && tick.ticks === server.tick);
  assert.equal(tick.overruns + tick.skipped, 0);
  // Told with whatever the server sends: an idle client hears of it with every keepalive.
  assert.ok(Math.abs(client.stats().serverTick - server.tick) < 60 * 4);
});

Deno.test("trace: the last packets of each end, with frames, as many as asked for", async () => {
  await using lab = new Lab();
  const { client, peer, server } = await pair(lab, { traceDatagrams: 4 });
  client.send(Room.Chat, { text: "hello" });
  await lab.run(100);
  peer.send(Room.Map, { bytes: new Uint8Array(2_000) });
  await lab.run(100);
  const trace = peer.trace();
  assert.equal(trace.length, 4);
  assert.deepEqual(trace.map(({ atMs }) => atMs), trace.map(({ atMs }) => atMs).toSorted());
  const sent = trace.filter(({ direction }) => direction === "out");
  assert.ok(sent.some(({ frames }) => /fragment\(\d\)/.test(frames)), JSON.stringify(trace));
  assert.ok(sent.every(({ sizeBytes }) => sizeBytes <= 1_200));
  const seen = client.trace();
  const chat = seen.find(({ direction, frames }) =>
    direction === "out" && frames.includes("message")
  );
  assert.ok(chat !== undefined && !chat.isRefused && chat.packetNumber >= 0);
  // What one end sent is what the other received.
  const last = sent.at(-1)!;
  const received = seen.find(({ direction, packetNumber }) =>
    direction === "in" && packetNumber === last.packetNumber
  );
  assert.deepEqual([received?.sizeBytes, received?.frames], [last.sizeBytes, last.frames]);
  const other = await lab.connect(Room, server);
  assert.deepEqual(other.trace(), [], "off by default");
});

Deno.test("trace: a forged packet is noted as refused", async () => {
  await using lab = new Lab();
  const { client, peer } = await pair(lab, { traceDatagrams: 8 });
  let captured: Uint8Array | undefined;
  lab.network.onDatagram = ({ what, from, bytes }) => {
    if (what === "sent" && from.hostname === CLIENT_HOST) captured = bytes.slice();
  };
  client.send(Room.Ping, { n: 1 });
  await lab.run(50);
  lab.network.inject(captured!, client.localAddress, client.serverAddress);
  captured![captured!.length - 1]! ^= 1;
  captured![5]! += 1;
  lab.network.inject(captured!, client.localAddress, client.serverAddress);
  await lab.run(50);
  const refused = peer.trace().filter(({ isRefused }) => isRefused);
  assert.equal(refused.length, 2);
  assert.deepEqual(refused.map(({ packetNumber }) => packetNumber), [-1, -1]);
});
