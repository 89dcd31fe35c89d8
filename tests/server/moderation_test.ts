import assert from "node:assert/strict";
import { CloseCode, type Peer, type PeerState } from "../../server/mod.ts";
import { Lab, SERVER_HOST } from "./lab.ts";
import { Room } from "./room.ts";

Deno.test("maxPeers: a full server refuses with advice, and takes the next when one leaves", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room, { maxPeers: 2 });
  const first = await lab.connect(Room, server);
  await lab.connect(Room, server);
  await lab.run(50);
  await assert.rejects(lab.connect(Room, server), {
    name: "ConnectError",
    code: "full",
    retryAfterMs: 2_000,
    message: "Cannot connect: the server refused (full): the server is full",
  });
  await lab.settle(first.close());
  await lab.connect(Room, server);
  await lab.run(50);
  assert.equal(server.peers.size, 2);
});

Deno.test("maxPeers: of many who come at once no more get in than there are places", async () => {
  await using lab = new Lab({ link: { delayMs: 20, jitterMs: 15 } });
  const server = await lab.serve(Room, { maxPeers: 5 });
  const ends = await lab.settle(
    Promise.allSettled(Array.from({ length: 20 }, () => lab.dial(Room, server))),
  );
  await lab.run(200);
  assert.equal(ends.filter(({ status }) => status === "fulfilled").length, 5);
  assert.equal(server.peers.size, 5);
});

Deno.test("a full server gives the place of a peer that fell silent to whoever needs it", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room, { maxPeers: 1 });
  const log: string[] = [];
  server.on("suspended", ({ id }) => log.push(`suspended ${id}`));
  server.on("disconnected", ({ id }, { reason }) => log.push(`disconnected ${id} ${reason}`));
  const silent = await lab.connect(Room, server, { host: "198.51.100.40", reconnect: false });
  await lab.run(50);
  lab.network.blackout("198.51.100.40", SERVER_HOST, lab.nowMs, lab.nowMs + 20_000);
  await lab.run(12_000);
  await lab.connect(Room, server);
  await lab.run(50);
  assert.deepEqual(log, ["suspended 1", "disconnected 1 the place was needed"]);
  await lab.run(30_000);
  assert.equal(silent.state, "disconnected");
});

Deno.test("limits.sessionsPerAddress counts an address, an IPv6 /64 as one, and not loopback", async () => {
  await using lab = new Lab();
  const limits = { sessionsPerAddress: 2 };
  const server = await lab.serve(Room, { limits });
  const six = await lab.serve(Room, { limits, host: "2001:db8::1" });
  const local = await lab.serve(Room, { limits, host: "127.0.0.1" });
  const cases = [
    [server, ["198.51.100.1", "198.51.100.1", "198.51.100.2"], "198.51.100.1"],
    [six, ["2001:db8:1::1", "2001:db8:1::2", "2001:db8:2::1"], "2001:db8:1::3"],
  ] as const;
  for (const [target, hosts, oneTooMany] of cases) {
    for (const host of hosts) await lab.connect(Room, target, { host });
    await lab.run(50);
    await assert.rejects(lab.connect(Room, target, { host: oneTooMany }), {
      code: "busy",
      message: /too many connections from this address/,
    });
  }
  for (let i = 0; i < 4; i++) await lab.connect(Room, local, { host: "127.0.0.1" });
  await lab.run(50);
  assert.equal(local.peers.size, 4);
});

Deno.test("block throws out who is there and answers nobody, until its time is over", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const inside = await lab.connect(Room, server, { host: "203.0.113.7" });
  const outside = await lab.connect(Room, server, { host: "198.51.100.7" });
  await lab.run(50);
  server.block("203.0.113.0/24", 10_000);
  await lab.run(50);
  assert.deepEqual(await inside.closed, {
    code: CloseCode.blocked,
    reason: "the address is blocked",
    isByServer: true,
  });
  assert.equal(outside.state, "connected");
  await assert.rejects(lab.connect(Room, server, { host: "203.0.113.8" }), { code: "unreachable" });
  await lab.run(6_000);
  await lab.connect(Room, server, { host: "203.0.113.8" });
  await lab.run(50);
  assert.equal(server.peers.size, 2);
});

Deno.test("unblock lifts a block, and says whether there was one", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  server.block("203.0.113.8");
  assert.equal(server.unblock("203.0.113.9"), false);
  assert.equal(server.unblock("203.0.113.8"), true);
  assert.equal(server.unblock("203.0.113.8"), false);
  await lab.connect(Room, server, { host: "203.0.113.8" });
});

Deno.test("block refuses what is no range and no duration", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  assert.throws(() => server.block("example.org"), TypeError);
  assert.throws(() => server.block("203.0.113.0/33"), TypeError);
  for (const durationMs of [0, -1, NaN]) {
    assert.throws(() => server.block("203.0.113.7", durationMs), RangeError);
  }
});

Deno.test("disconnect tells the peer code and reason; a text alone is the reason", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const infos: unknown[] = [];
  server.on("disconnected", (_, info) => infos.push(info));
  const clients = [];
  for (let i = 0; i < 3; i++) clients.push(await lab.connect(Room, server));
  await lab.run(50);
  const [a, b, c] = [...server.peers.values()] as [Peer, Peer, Peer];
  a.disconnect("no cheating");
  b.disconnect({ code: 1_234, reason: "x".repeat(300) });
  c.disconnect();
  c.disconnect("a second time means nothing");
  await lab.run(100);
  assert.deepEqual(infos, [
    { code: CloseCode.kicked, reason: "no cheating", isByPeer: false },
    { code: 1_234, reason: "x".repeat(300), isByPeer: false },
    { code: CloseCode.kicked, reason: "", isByPeer: false },
  ]);
  const told = await Promise.all(clients.map(({ closed }) => closed));
  assert.deepEqual(told, [
    { code: CloseCode.kicked, reason: "no cheating", isByServer: true },
    { code: 1_234, reason: "x".repeat(200), isByServer: true },
    { code: CloseCode.kicked, reason: "", isByServer: true },
  ]);
});

Deno.test("disconnect refuses codes that mean a lost connection, or nothing", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const client = await lab.connect(Room, server);
  await lab.run(50);
  const [peer] = server.peers.values();
  for (const code of [CloseCode.timeout, CloseCode.reset, -1, 1.5, NaN, 2 ** 32]) {
    assert.throws(() => peer!.disconnect({ code }), RangeError, `${code}`);
    assert.throws(() => client.close("", { code }), RangeError, `${code}`);
  }
  assert.equal(peer!.state, "connected");
  assert.equal(client.state, "connected");
});

for (const options of [{}, { tickHz: 20 }]) {
  const how = JSON.stringify(options);

  Deno.test(`a peer that was told to go is neither heard nor sent to, with ${how}`, async () => {
    await using lab = new Lab();
    const server = await lab.serve(Room, options);
    const log: string[] = [];
    server.on(Room.Chat, (peer, { text }) => {
      log.push(text);
      if (text !== "a bad word") return;
      peer.disconnect("mind your language");
      const state: PeerState = peer.state;
      assert.equal(state, "disconnected");
      assert.equal(peer.send(Room.Chat, { text: "anyone there?" }), "dropped");
      assert.equal(server.broadcast(Room.Chat, { text: "he is gone" }), 0);
      peer.flush();
    });
    server.on("disconnected", (peer, { reason }) => {
      log.push(`${peer.state}: ${reason}`);
      assert.equal(peer.send(Room.Chat, { text: "farewell" }), "dropped");
    });
    const client = await lab.connect(Room, server);
    await lab.run(100);
    for (const text of ["hello", "a bad word", "and another"]) client.send(Room.Chat, { text });
    await lab.run(200);
    assert.deepEqual(log, ["hello", "a bad word", "disconnected: mind your language"]);
    assert.equal((await client.closed).reason, "mind your language");
    assert.equal(server.stats().handlerErrors, 0);
  });
}

Deno.test("disconnect with flush lets what is reliable arrive first, over a bad line too", async () => {
  await using lab = new Lab({ seed: 5, link: { delayMs: 30, loss: 0.3 } });
  const server = await lab.serve(Room);
  const client = await lab.connect(Room, server);
  const heard: string[] = [];
  client.on(Room.Chat, ({ text }) => heard.push(text));
  await lab.run(200);
  const [peer] = server.peers.values();
  const words = Array.from({ length: 50 }, (_, i) => `word ${i}`);
  for (const text of words) peer!.send(Room.Chat, { text });
  peer!.disconnect({ reason: "the end", flush: true, timeoutMs: 10_000 });
  assert.equal((await lab.settle(client.closed)).reason, "the end");
  assert.deepEqual(heard, words);
});

Deno.test("disconnect with flush ends after its timeout when the peer does not answer", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  await lab.connect(Room, server, { host: "198.51.100.40", reconnect: false });
  await lab.run(100);
  const goneAt: number[] = [];
  server.on("disconnected", () => goneAt.push(lab.nowMs));
  lab.network.blackout("198.51.100.40", SERVER_HOST, lab.nowMs, lab.nowMs + 60_000);
  const [peer] = server.peers.values();
  peer!.send(Room.Chat, { text: "lost" });
  const startMs = lab.nowMs;
  peer!.disconnect({ flush: true, timeoutMs: 3_000 });
  await lab.run(5_000);
  assert.equal(goneAt.length, 1);
  assert.ok(goneAt[0]! - startMs >= 3_000 && goneAt[0]! - startMs < 3_100, `${goneAt[0]}`);
});
