import assert from "node:assert/strict";
import { configure, type LogRecord, reset } from "npm:@logtape/logtape@2.4.2";
import { CloseCode, type Peer, type Server } from "../../server/mod.ts";
import { Lab, SERVER_HOST } from "./lab.ts";
import { Room } from "./room.ts";

/** Writes down what happens to a server, one word per event. */
function logEvents(server: Server<typeof Room>): string[] {
  const log: string[] = [];
  for (const event of ["connected", "suspended", "resumed", "drained"] as const) {
    server.on(event, (peer) => log.push(`${event} ${peer.id}`));
  }
  server.on("disconnected", (peer, { code, reason, isByPeer }) => {
    log.push(`disconnected ${peer.id} ${code} ${isByPeer ? "by peer" : "by us"}: ${reason}`);
  });
  server.on("stopping", () => log.push("stopping"));
  server.on(Room.Chat, (peer, { text }) => log.push(`chat ${peer.id} ${text}`));
  return log;
}

for (const options of [{}, { tickHz: 20 }, { tickHz: 20, dispatch: "immediate" }] as const) {
  const how = JSON.stringify(options);

  Deno.test(`lifecycle: events come in order, messages between them, with ${how}`, async () => {
    await using lab = new Lab();
    const server = await lab.serve(Room, options);
    const log = logEvents(server);
    const alice = await lab.connect(Room, server);
    const bob = await lab.connect(Room, server);
    alice.send(Room.Chat, { text: "one" });
    alice.send(Room.Chat, { text: "two" });
    await lab.run(200);
    // Whatever was sent before the last word is still heard.
    alice.send(Room.Chat, { text: "three" });
    await lab.settle(alice.close("bye"));
    await lab.run(200);
    assert.equal(alice.state, "disconnected");
    assert.equal(server.peers.size, 1);
    await lab.settle(server.close("good night"));
    assert.deepEqual(log, [
      "connected 1",
      "connected 2",
      "chat 1 one",
      "chat 1 two",
      "chat 1 three",
      "disconnected 1 0 by peer: bye",
      "stopping",
      "disconnected 2 4 by us: good night",
    ]);
    assert.deepEqual(await bob.closed, {
      code: CloseCode.shutdown,
      reason: "good night",
      isByServer: true,
    });
    assert.equal(server.peers.size, 0);
  });
}

Deno.test("lifecycle: a peer knows who and where it is", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const peers: Peer[] = [];
  server.on("connected", (peer) => peers.push(peer));
  const client = await lab.connect(Room, server, { host: "203.0.113.9" });
  await lab.run(100);
  const [peer] = peers;
  assert.ok(peer);
  assert.equal(peer.address.hostname, "203.0.113.9");
  assert.equal(peer.address.port, client.localAddress.port);
  assert.equal(client.serverAddress.hostname, SERVER_HOST);
  assert.equal(peer.state, "connected");
  assert.equal(peer.userId, "");
  assert.equal(peer.protocolVersion, 1);
  assert.equal(server.peers.get(peer.id), peer);
});

Deno.test("a peer that changes its address stays the same peer", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const nat = lab.network.nat("203.0.113.1");
  const pipe = nat.bind("10.0.0.2", 0);
  const log: string[] = [];
  for (const event of ["connected", "suspended", "resumed"] as const) {
    server.on(event, ({ id }) => log.push(`${event} ${id}`));
  }
  server.on("disconnected", ({ id }) => log.push(`disconnected ${id}`));
  const client = await lab.connect(Room, server, { environment: { pipe } });
  await lab.run(100);
  const [peer] = server.peers.values();
  assert.ok(peer);
  const before = peer.address;
  nat.rebind();
  assert.equal(await lab.settle(client.deliver(Room.Chat, { text: "from elsewhere" })), "acked");
  await lab.run(500);
  assert.equal(peer.address.hostname, "203.0.113.1");
  assert.notEqual(peer.address.port, before.port);
  assert.deepEqual(log, ["connected 1"]);
  assert.equal(peer.stats().pathChanges, 1);
});

Deno.test("the access log tells who came, fell silent, came back and went", async () => {
  await using lab = new Lab();
  const records: LogRecord[] = [];
  await configure({
    sinks: { memory: (record) => records.push(record) },
    loggers: [
      { category: ["tickwire", "access"], sinks: ["memory"], lowestLevel: "info" },
      { category: ["logtape", "meta"], sinks: [], lowestLevel: "error" },
    ],
  });
  try {
    const server = await lab.serve(Room, { authorize: () => ({ userId: "zoe" }) });
    const client = await lab.connect(Room, server, { host: "203.0.113.9" });
    await lab.run(100);
    lab.network.blackout("203.0.113.9", SERVER_HOST, lab.nowMs, lab.nowMs + 15_000);
    await lab.run(20_000);
    await lab.settle(client.close("a reason\nof two lines"));
    await lab.run(100);
  } finally {
    await reset();
  }
  const told = records.map(({ rawMessage, properties: { id, address, user, code, reason } }) => {
    assert.match(String(address), /^203\.0\.113\.9 \d+$/);
    return [String(rawMessage).split(" ")[0], id, user, code, reason];
  });
  assert.deepEqual(told, [
    ["connected", 1, "zoe", undefined, undefined],
    ["suspended", 1, undefined, undefined, undefined],
    ["resumed", 1, undefined, undefined, undefined],
    ["disconnected", 1, undefined, 0, "a reason\nof two lines"],
  ]);
});
