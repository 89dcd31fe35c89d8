import assert from "node:assert/strict";
import type { Peer, ServeOptions, Server } from "../../server/mod.ts";
import type { Client } from "../../client/mod.ts";
import { Lab, SERVER_HOST } from "./lab.ts";
import { Room } from "./room.ts";

/** One server, one client, and when the server's datagrams leave. */
interface Scene {
  readonly lab: Lab;
  readonly server: Server<typeof Room>;
  readonly client: Client<typeof Room>;
  readonly peer: Peer;
  /** Times at which the server sent something, since the last look. */
  sentAt(): number[];
}

async function scene(lab: Lab, options: ServeOptions = {}): Promise<Scene> {
  const server = await lab.serve(Room, options);
  const client = await lab.connect(Room, server);
  await lab.run(1_000 - lab.nowMs);
  const [peer] = server.peers.values();
  let times: number[] = [];
  lab.network.onDatagram = ({ what, from, atMs }) => {
    if (what === "sent" && from.hostname === SERVER_HOST) times.push(atMs);
  };
  const sentAt = (): number[] => {
    const seen = times;
    times = [];
    return seen;
  };
  assert.ok(peer);
  return { lab, server, client, peer, sentAt };
}

for (const options of [{}, { tickHz: 10, dispatch: "immediate" }] as const) {
  const how = JSON.stringify(options);

  Deno.test(`dispatch: an answer leaves in the turn of its question, with ${how}`, async () => {
    await using lab = new Lab();
    const { server, client, sentAt } = await scene(lab, options);
    const handledAt: number[] = [];
    server.on(Room.Ping, (peer, { n }) => {
      handledAt.push(lab.nowMs);
      peer.send(Room.Ping, { n });
    });
    const answeredAt: number[] = [];
    client.on(Room.Ping, () => answeredAt.push(lab.nowMs));
    await lab.run(33);
    client.send(Room.Ping, { n: 1 });
    await lab.run(50);
    assert.deepEqual(handledAt, [1_043]);
    assert.equal(sentAt()[0], 1_043);
    assert.deepEqual(answeredAt, [1_053]);
  });

  Deno.test(`dispatch: what timers and promises send leaves in their turn, with ${how}`, async () => {
    await using lab = new Lab();
    const { server, peer, client, sentAt } = await scene(lab, options);
    await lab.run(33);
    sentAt();
    lab.network.clock.setTimer(1_040, () => peer.send(Room.Ping, { n: 1 }));
    await lab.run(20);
    assert.deepEqual(sentAt(), [1_040]);
    const { promise, resolve } = Promise.withResolvers<void>();
    lab.network.clock.setTimer(1_060, resolve);
    const later = promise.then(() => promise).then(() => server.broadcast(Room.Ping, { n: 2 }));
    await lab.run(20);
    assert.equal(await later, 1);
    assert.deepEqual(sentAt(), [1_060]);
    server.on(Room.Chat, async (from) => {
      await Promise.resolve();
      from.send(Room.Ping, { n: 3 });
    });
    client.send(Room.Chat, { text: "" });
    await lab.run(15);
    assert.equal(sentAt()[0], 1_083);
  });
}

Deno.test("dispatch: all that one turn sends shares a datagram", async () => {
  await using lab = new Lab();
  const { peer, client, sentAt } = await scene(lab);
  const heard: number[] = [];
  client.on(Room.Ping, ({ n }) => heard.push(n));
  for (let n = 0; n < 20; n++) peer.send(Room.Ping, { n });
  peer.send(Room.Chat, { text: "and this" });
  await lab.run(5);
  assert.deepEqual(sentAt(), [1_000]);
  await lab.run(10);
  assert.equal(heard.length, 20);
});

Deno.test("dispatch by tick: messages and events wait for the tick, sends for its end", async () => {
  await using lab = new Lab();
  const { server, client, sentAt } = await scene(lab, { tickHz: 10 });
  const log: string[] = [];
  server.on("connected", ({ id }) => log.push(`${lab.nowMs} connected ${id}`));
  server.on(Room.Chat, (peer, { text }) => {
    log.push(`${lab.nowMs} ${text}`);
    peer.send(Room.Ping, { n: 1 });
  });
  server.onTick((tick, stepSeconds) => {
    log.push(`${lab.nowMs} tick ${tick} of ${stepSeconds} s`);
    server.broadcast(Room.State, { tick });
  });
  await lab.run(10);
  client.send(Room.Chat, { text: "a" });
  await lab.run(10);
  client.send(Room.Chat, { text: "b" });
  const other = await lab.connect(Room, server);
  await lab.run(1_095 - lab.nowMs);
  assert.deepEqual(log, []);
  sentAt();
  await lab.run(10);
  assert.deepEqual(log, [
    "1100 a",
    "1100 b",
    "1100 connected 2",
    "1100 tick 11 of 0.1 s",
  ]);
  // One datagram to each of both peers, pings and state together.
  assert.deepEqual(sentAt(), [1_100, 1_100]);
  assert.equal(server.tick, 11);
  await lab.settle(other.close());
});

Deno.test("dispatch by tick: what came before a silence is handled before it is told", async () => {
  await using lab = new Lab();
  const limits = { sessionLimits: { idleTimeoutMs: 300, keepaliveMs: 50 } };
  const server = await lab.serve(Room, { tickHz: 1, ...limits });
  const client = await lab.connect(Room, server, { host: "198.51.100.40", ...limits });
  await lab.run(2_005 - lab.nowMs);
  const log: string[] = [];
  for (const event of ["suspended", "resumed", "drained"] as const) {
    server.on(event, ({ state }) => log.push(`${event} ${state}`));
  }
  server.on(Room.Chat, (_, { text }) => log.push(text));
  client.send(Room.Chat, { text: "hello" });
  await lab.run(50);
  lab.network.blackout("198.51.100.40", SERVER_HOST, lab.nowMs, lab.nowMs + 500);
  await lab.run(1_000);
  assert.deepEqual(log, ["hello", "suspended suspended", "resumed connected"]);
});

Deno.test("dispatch by tick: nothing more is told of a peer that a handler sent away", async () => {
  for (const during of ["message", "suspended"]) {
    await using lab = new Lab();
    const limits = { sessionLimits: { idleTimeoutMs: 300, keepaliveMs: 50 } };
    const server = await lab.serve(Room, { tickHz: 1, ...limits });
    const client = await lab.connect(Room, server, { host: "198.51.100.40", ...limits });
    await lab.run(2_005 - lab.nowMs);
    const log: string[] = [];
    server.on(Room.Chat, (peer) => {
      if (during === "message") peer.disconnect("go");
    });
    server.on("suspended", (peer) => {
      log.push("suspended");
      peer.disconnect("go");
    });
    server.on("resumed", () => log.push("resumed"));
    server.on("disconnected", ({ state }, { reason }) => log.push(`${state} ${reason}`));
    client.send(Room.Chat, { text: "hello" });
    await lab.run(50);
    lab.network.blackout("198.51.100.40", SERVER_HOST, lab.nowMs, lab.nowMs + 500);
    await lab.run(1_000);
    const end = "disconnected go";
    assert.deepEqual(log, during === "message" ? [end] : ["suspended", end]);
  }
});

Deno.test("dispatch by tick: what is sent between ticks leaves at the next, or at once by flush()", async () => {
  await using lab = new Lab();
  const { peer, client, sentAt } = await scene(lab, { tickHz: 10 });
  const heard: [n: number, atMs: number][] = [];
  client.on(Room.Ping, ({ n }) => heard.push([n, lab.nowMs]));
  await lab.run(30);
  sentAt();
  peer.send(Room.Ping, { n: 1 });
  await lab.run(30);
  // An acknowledgement may have left by now; were the message in it, it would be heard at 1,065.
  sentAt();
  peer.send(Room.Ping, { n: 2 });
  peer.flush();
  assert.deepEqual(sentAt(), [1_060], "before anything else happens");
  await lab.run(40);
  assert.deepEqual(heard, [[1, 1_070], [2, 1_070]]);
  peer.send(Room.Ping, { n: 3 });
  await lab.run(120);
  assert.deepEqual(heard[2], [3, 1_210]);
});

Deno.test("dispatch: flush() inside a handler lets go before the handlers after it run", async () => {
  await using lab = new Lab();
  const { server, client, sentAt } = await scene(lab);
  const seen: number[] = [];
  server.on(Room.Ping, (peer, { n }) => {
    peer.send(Room.Ping, { n });
    peer.flush();
    seen.push(sentAt().length);
  });
  client.send(Room.Ping, { n: 1 });
  client.send(Room.Ping, { n: 2 });
  await lab.run(10);
  assert.deepEqual(seen, [1, 1]);
});

Deno.test("dispatch: a client's sends leave in their turn, or at once by flush()", async () => {
  await using lab = new Lab();
  const { server, client, peer } = await scene(lab);
  const sentAt: number[] = [];
  lab.network.onDatagram = ({ what, from, atMs }) => {
    if (what === "sent" && from.hostname !== SERVER_HOST) sentAt.push(atMs);
  };
  client.send(Room.Ping, { n: 1 });
  client.send(Room.Chat, { text: "one datagram" });
  assert.deepEqual(sentAt, []);
  await lab.run(5);
  assert.deepEqual(sentAt, [1_000]);
  client.send(Room.Ping, { n: 2 });
  client.flush();
  assert.deepEqual(sentAt, [1_000, 1_005]);
  client.on(Room.Chat, () => {
    client.send(Room.Ping, { n: 3 });
  });
  server.on("connected", () => {});
  peer.send(Room.Chat, { text: "answer this" });
  await lab.run(10);
  assert.equal(sentAt.at(-1), 1_015);
});

Deno.test("ticks: handlers run in order, may remove themselves, and cannot be had without ticks", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room, { tickHz: 10 });
  const log: string[] = [];
  const removeFirst = server.onTick((tick) => {
    log.push(`first ${tick}`);
    if (tick === 2) removeFirst();
  });
  const second = (tick: number): unknown => log.push(`second ${tick}`);
  const removeSecond = server.onTick(second);
  server.onTick(second);
  await lab.run(200);
  removeSecond();
  removeSecond();
  await lab.run(100);
  assert.deepEqual(log, [
    "first 1",
    "second 1",
    "second 1",
    "first 2",
    "second 2",
    "second 2",
    "second 3",
  ]);
  const still = await lab.serve(Room, { host: "192.0.2.2" });
  assert.throws(() => still.onTick(() => {}), /give serve\(\) a "tickHz"/);
  assert.equal(still.stats().tick, undefined);
});
