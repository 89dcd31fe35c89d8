import assert from "node:assert/strict";
import type { Client } from "../../client/mod.ts";
import { CloseCode, issueTicket, type Server } from "../../server/mod.ts";
import { Lab, SERVER_HOST } from "../server/lab.ts";
import { Room } from "../server/room.ts";

const CLIENT_HOST = "198.51.100.40";

/** Writes down what becomes of a client. */
function logEvents(lab: Lab, client: Client): string[] {
  const log: string[] = [];
  const startMs = lab.nowMs;
  for (const event of ["suspended", "resumed", "reconnecting", "reconnected"] as const) {
    client.on(event, () => {
      log.push(`${event} ${client.state} ${Math.round((lab.nowMs - startMs) / 1_000)}s`);
    });
  }
  client.on("disconnected", ({ code, reason, isByServer }) => {
    log.push(`disconnected ${code} ${isByServer ? "by server" : "by us"}: ${reason}`);
  });
  return log;
}

/** Writes down what becomes of the peers of a server. */
function logPeers(server: Server<typeof Room>): string[] {
  const log: string[] = [];
  for (const event of ["connected", "suspended", "resumed"] as const) {
    server.on(event, ({ id }) => log.push(`${event} ${id}`));
  }
  server.on("disconnected", ({ id }) => log.push(`disconnected ${id}`));
  return log;
}

function darken(lab: Lab, durationMs: number): void {
  lab.network.blackout(CLIENT_HOST, SERVER_HOST, lab.nowMs, lab.nowMs + durationMs);
}

Deno.test("a blackout shorter than the timeout is nobody's news, and loses nothing", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const client = await lab.connect(Room, server, { host: CLIENT_HOST });
  await lab.run(100);
  const [log, peers] = [logEvents(lab, client), logPeers(server)];
  const heard: string[] = [];
  client.on(Room.Chat, ({ text }) => heard.push(text));
  darken(lab, 8_000);
  server.broadcast(Room.Chat, { text: "still here" });
  await lab.run(10_000);
  assert.deepEqual([log, peers], [[], []]);
  assert.deepEqual(heard, ["still here"]);
});

for (const options of [{}, { tickHz: 20 }]) {
  const how = JSON.stringify(options);

  Deno.test(`a blackout longer than the timeout: suspended, then resumed, with ${how}`, async () => {
    await using lab = new Lab();
    const server = await lab.serve(Room, options);
    const client = await lab.connect(Room, server, { host: CLIENT_HOST });
    await lab.run(100);
    const [log, peers] = [logEvents(lab, client), logPeers(server)];
    const heard: string[] = [];
    client.on(Room.Chat, ({ text }) => heard.push(text));
    server.on(Room.Chat, (_, { text }) => heard.push(text));
    darken(lab, 20_000);
    server.broadcast(Room.Chat, { text: "to the client" });
    client.send(Room.Chat, { text: "to the server" });
    await lab.run(15_000);
    const [peer] = server.peers.values();
    assert.deepEqual([client.state, peer!.state], ["suspended", "suspended"]);
    assert.equal(client.send(Room.Chat, { text: "while suspended" }), "queued");
    await lab.run(10_000);
    assert.deepEqual(log, ["suspended suspended 10s", "resumed connected 20s"]);
    assert.deepEqual(peers, ["suspended 1", "resumed 1"]);
    assert.deepEqual(heard.toSorted(), ["to the client", "to the server", "while suspended"]);
    assert.equal(peer!.state, "connected");
    assert.deepEqual([client.stats().resumptions, server.peers.size], [1, 1]);
  });
}

Deno.test("a blackout longer than the resume window: a new session, and a new peer", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const client = await lab.connect(Room, server, { host: CLIENT_HOST });
  await lab.run(100);
  const [log, peers] = [logEvents(lab, client), logPeers(server)];
  darken(lab, 50_000);
  const lost = client.deliver(Room.Chat, { text: "never arrives" });
  await lab.run(45_000);
  assert.equal(client.state, "reconnecting");
  assert.equal(await lost, "dropped");
  assert.equal(client.send(Room.Chat, { text: "" }), "dropped");
  assert.equal(await client.deliver(Room.Chat, { text: "" }), "dropped");
  // Statistics and addresses are those of the session that was.
  assert.ok(client.stats().packetsSent > 0);
  assert.ok(client.rttMs > 0);
  assert.equal(client.serverTick(60), -1);
  client.flush();
  await lab.run(15_000);
  assert.equal(log.length, 3);
  assert.match(log[0]!, /^suspended suspended 10s$/);
  assert.match(log[1]!, /^reconnecting reconnecting (39|4\d)s$/);
  assert.match(log[2]!, /^reconnected connected 5\d+s$/);
  assert.deepEqual(peers, ["suspended 1", "disconnected 1", "connected 2"]);
  assert.equal(await lab.settle(client.deliver(Room.Chat, { text: "" })), "acked");
});

Deno.test("a handler keeps working over sessions", async () => {
  await using lab = new Lab();
  const key = new Uint8Array(32).fill(5);
  let server = await lab.serve(Room, { key });
  const client = await lab.connect(Room, server, { host: CLIENT_HOST });
  const heard: string[] = [];
  client.on(Room.Chat, ({ text }) => heard.push(text));
  const feed = client.messages(Room.Chat);
  await lab.run(100);
  server.broadcast(Room.Chat, { text: "before" });
  await lab.run(100);
  darken(lab, 3_000);
  await lab.settle(server.close("", { flush: false }));
  server = await lab.serve(Room, { key });
  await lab.run(8_000);
  server.broadcast(Room.Chat, { text: "after" });
  await lab.run(100);
  assert.deepEqual(heard, ["before", "after"]);
  assert.equal((await feed.next()).value?.text, "before");
  assert.equal((await feed.next()).value?.text, "after");
});

Deno.test("a server that restarts with its key is noticed at once, and joined anew", async () => {
  await using lab = new Lab();
  const key = new Uint8Array(32).fill(5);
  const first = await lab.serve(Room, { key });
  const client = await lab.connect(Room, first, { host: CLIENT_HOST });
  await lab.run(100);
  const log = logEvents(lab, client);
  // Killed: nothing of its last words gets out.
  darken(lab, 1_500);
  await lab.settle(first.close("", { flush: false }));
  const second = await lab.serve(Room, { key });
  await lab.run(5_000);
  assert.equal(client.state, "connected");
  assert.equal(second.peers.size, 1);
  assert.deepEqual(log.map((line) => line.split(" ")[0]), [
    "suspended",
    "reconnecting",
    "reconnected",
  ]);
  assert.ok(second.stats().drops.unknownConnection > 0, "answered by RESET");
});

Deno.test("a server that restarts with another key is never reached; the client gives up", async () => {
  await using lab = new Lab();
  const first = await lab.serve(Room);
  const client = await lab.connect(Room, first, {
    host: CLIENT_HOST,
    reconnectTimeoutMs: 20_000,
  });
  await lab.run(100);
  const log = logEvents(lab, client);
  darken(lab, 1_500);
  await lab.settle(first.close("", { flush: false }));
  const second = await lab.serve(Room);
  const info = await lab.settle(client.closed, 90_000);
  assert.deepEqual(info, {
    code: CloseCode.timeout,
    reason: "the server did not come back",
    isByServer: false,
  });
  assert.equal(second.peers.size, 0);
  // 10 s of silence, 30 s to be resumed, 20 s for a new session, and the last try's own time.
  assert.ok(lab.nowMs > 55_000 && lab.nowMs < 72_000, `${lab.nowMs} ms`);
  assert.match(log.at(-1)!, /^disconnected 2 by us/);
});

Deno.test("a full server while reconnecting: the client comes back when it was told to", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room, { maxPeers: 1, limits: { resumeWindowMs: 0 } });
  const client = await lab.connect(Room, server, { host: CLIENT_HOST });
  await lab.run(100);
  const hellosAt: number[] = [];
  darken(lab, 12_000);
  await lab.run(11_000);
  assert.equal(client.state, "reconnecting");
  const other = await lab.connect(Room, server);
  lab.network.onDatagram = ({ what, from, bytes, atMs }) => {
    if (what === "delivered" && from.hostname === CLIENT_HOST && bytes[0] === 0x40) {
      hellosAt.push(atMs);
    }
  };
  await lab.run(20_000);
  assert.equal(client.state, "reconnecting");
  // The server advises 2 s; the client's own pauses grow to 5 s.
  const pauses = hellosAt.slice(1).map((atMs, i) => atMs - hellosAt[i]!);
  assert.ok(pauses.every((pauseMs) => pauseMs >= 1_999 && pauseMs < 5_200), `${pauses}`);
  await lab.settle(other.close());
  await lab.run(6_000);
  assert.equal(client.state, "connected");
});

Deno.test("while it is refused without advice, a client tries less and less often", async () => {
  await using lab = new Lab();
  let isOpen = true;
  const server = await lab.serve(Room, {
    limits: { resumeWindowMs: 0 },
    authorize: () => isOpen || { refused: "busy", reason: "later" },
  });
  const client = await lab.connect(Room, server, { host: CLIENT_HOST });
  await lab.run(100);
  isOpen = false;
  darken(lab, 12_000);
  const hellosAt: number[] = [];
  lab.network.onDatagram = ({ what, from, bytes, atMs }) => {
    if (what === "delivered" && from.hostname === CLIENT_HOST && bytes[0] === 0x40) {
      hellosAt.push(atMs);
    }
  };
  await lab.run(45_000);
  const pauses = hellosAt.slice(1).map((atMs, i) => atMs - hellosAt[i]!);
  assert.ok(hellosAt.length >= 6 && hellosAt.length <= 15, `${hellosAt.length} tries`);
  assert.ok(pauses.at(-1)! >= 4_900, `${pauses}`);
  isOpen = true;
  await lab.run(6_000);
  assert.equal(client.state, "connected");
});

Deno.test("the time to reconnect counts from each loss anew", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room, { limits: { resumeWindowMs: 0 } });
  const client = await lab.connect(Room, server, { host: CLIENT_HOST, reconnectTimeoutMs: 8_000 });
  for (let i = 0; i < 3; i++) {
    await lab.run(5_000);
    darken(lab, 12_000);
    await lab.run(18_000);
    assert.equal(client.state, "connected", `the ${i + 1}. time`);
  }
});

Deno.test("a name or a ticket that cannot be had now is asked for again", async () => {
  await using lab = new Lab();
  const key = new Uint8Array(32).fill(5);
  lab.network.addName("play.example.org", SERVER_HOST);
  const server = await lab.serve(Room, { key, limits: { resumeWindowMs: 0 } });
  const client = await lab.connect(Room, server.url("play.example.org"), { host: CLIENT_HOST });
  await lab.run(100);
  darken(lab, 12_000);
  lab.network.addName("play.example.org");
  await lab.run(20_000);
  assert.equal(client.state, "reconnecting");
  lab.network.addName("play.example.org", SERVER_HOST);
  await lab.run(10_000);
  assert.equal(client.state, "connected");
});

Deno.test("a key that was trusted once is not asked about again", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room, { limits: { resumeWindowMs: 0 } });
  let asked = 0;
  const client = await lab.connect(Room, server.url().split("#")[0]!, {
    host: CLIENT_HOST,
    trustServer: () => {
      asked++;
      return true;
    },
  });
  await lab.run(100);
  darken(lab, 12_000);
  await lab.run(20_000);
  assert.equal(client.state, "connected");
  assert.equal(asked, 1);
});

Deno.test("reconnect: false ends with the session", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const client = await lab.connect(Room, server, { host: CLIENT_HOST, reconnect: false });
  await lab.run(100);
  const log = logEvents(lab, client);
  darken(lab, 60_000);
  const info = await lab.settle(client.closed);
  assert.equal(info.code, CloseCode.timeout);
  assert.deepEqual(log, [
    "suspended suspended 10s",
    "disconnected 2 by us: the peer did not come back",
  ]);
});

Deno.test("a server that says goodbye is not called again", async () => {
  for (const end of ["shutdown", "kick", "block"] as const) {
    await using lab = new Lab();
    const server = await lab.serve(Room);
    const client = await lab.connect(Room, server, { host: CLIENT_HOST });
    await lab.run(100);
    const log = logEvents(lab, client);
    const [peer] = server.peers.values();
    if (end === "shutdown") await lab.settle(server.close());
    else if (end === "kick") peer!.disconnect();
    else server.block(CLIENT_HOST);
    await lab.run(20_000);
    assert.equal(log.length, 1);
    assert.match(log[0]!, /^disconnected [456] by server/);
    assert.equal(client.state, "disconnected");
  }
});

Deno.test("reconnecting looks the name up again: the server may have moved", async () => {
  await using lab = new Lab();
  const key = new Uint8Array(32).fill(5);
  lab.network.addName("play.example.org", SERVER_HOST);
  const first = await lab.serve(Room, { key });
  const client = await lab.connect(Room, first.url("play.example.org"), { host: CLIENT_HOST });
  await lab.run(100);
  darken(lab, 600_000);
  const second = await lab.serve(Room, { key, host: "192.0.2.77" });
  lab.network.addName("play.example.org", "192.0.2.77");
  await lab.run(60_000);
  assert.equal(client.state, "connected");
  assert.equal(client.serverAddress.hostname, "192.0.2.77");
  assert.equal(second.peers.size, 1);
});

Deno.test("close while suspended or reconnecting is over at once, also inside the event", async () => {
  for (const event of ["suspended", "reconnecting"] as const) {
    for (const isInside of [true, false]) {
      await using lab = new Lab();
      const server = await lab.serve(Room);
      const client = await lab.connect(Room, server, { host: CLIENT_HOST });
      await lab.run(100);
      darken(lab, 300_000);
      const { promise, resolve } = Promise.withResolvers<void>();
      let closing: Promise<void> | undefined;
      client.on(event, () => {
        if (isInside) closing = client.close("enough");
        resolve();
      });
      await lab.settle(promise);
      if (!isInside) await lab.run(2_500);
      const startMs = lab.nowMs;
      closing ??= client.close("enough");
      await lab.settle(closing);
      assert.ok(lab.nowMs - startMs < 50, `${event} ${isInside}: ${lab.nowMs - startMs} ms`);
      assert.equal(client.state, "disconnected");
      assert.equal((await client.closed).reason, "enough");
      await lab.settle(server.close("", { flush: false }));
      await lab.run(1_100);
      assert.equal(lab.network.clock.pendingEvents, 0, `${event} ${isInside}`);
    }
  }
});

Deno.test("close between two tries, or while a ticket is awaited, calls both off", async () => {
  const { promise: ticket, resolve } = Promise.withResolvers<string>();
  for (const awaits of ["a pause", "a ticket"]) {
    await using lab = new Lab();
    const key = new Uint8Array(32).fill(5);
    const options = { key, ticketKeys: [key], limits: { resumeWindowMs: 0 } };
    const server = await lab.serve(Room, options);
    let calls = 0;
    const issue = (): string => issueTicket({ key, url: server.url(), wallClockMs: () => 1e13 });
    const client = await lab.connect(Room, server, {
      host: CLIENT_HOST,
      timeoutMs: 200,
      ticket: () => calls++ === 0 || awaits === "a pause" ? issue() : ticket,
    });
    await lab.run(100);
    const { promise: lost, resolve: onLost } = Promise.withResolvers<void>();
    client.on("reconnecting", onLost);
    darken(lab, 300_000);
    await lab.settle(lost);
    // Tries of 200 ms, pauses of 0, 250, 500 and 1,000 ms: in the middle of the last one.
    await lab.run(awaits === "a pause" ? 200 * 4 + 750 + 500 : 100);
    await lab.settle(client.close());
    const { sent } = lab.network.counters;
    await lab.settle(server.close("", { flush: false }));
    resolve(issue());
    await lab.run(10_000);
    assert.equal(lab.network.clock.pendingEvents, 0, awaits);
    assert.ok(lab.network.counters.sent - sent <= 3, "the server's last words");
  }
});

Deno.test("a client that never reaches its server again leaves nothing behind", async () => {
  const lab = new Lab();
  const server = await lab.serve(Room);
  const client = await lab.connect(Room, server, { host: CLIENT_HOST, reconnectTimeoutMs: 3_000 });
  await lab.run(100);
  darken(lab, 300_000);
  await lab.settle(client.closed);
  await lab.settle(server.close());
  await lab.run(2_000);
  assert.equal(lab.network.clock.pendingEvents, 0);
});
