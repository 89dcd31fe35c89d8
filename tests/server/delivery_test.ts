import assert from "node:assert/strict";
import type { DeliveryResult, Peer, SendResult } from "../../server/mod.ts";
import { Lab, SERVER_HOST } from "./lab.ts";
import { Room } from "./room.ts";

const CLIENT_HOST = "198.51.100.40";

async function pair(lab: Lab, options: Parameters<Lab["serve"]>[1] = {}) {
  const server = await lab.serve(Room, options as object);
  const client = await lab.connect(Room, server, { host: CLIENT_HOST });
  await lab.run(100);
  const peer: Peer | undefined = [...server.peers.values()][0];
  assert.ok(peer);
  return { server, client, peer };
}

/** Nothing gets through between server and client for a while. */
function darken(lab: Lab, durationMs: number): void {
  lab.network.blackout(CLIENT_HOST, SERVER_HOST, lab.nowMs, lab.nowMs + durationMs);
}

Deno.test("deliver: every delivery is acknowledged on a good line, in both directions", async () => {
  for (const options of [{}, { tickHz: 20 }]) {
    await using lab = new Lab();
    const { client, peer } = await pair(lab, options);
    const results = await lab.settle(Promise.all([
      peer.deliver(Room.Chat, { text: "a" }),
      peer.deliver(Room.Ping, { n: 1 }),
      peer.deliver(Room.State, { tick: 1 }),
      peer.deliver(Room.Score, { points: 1 }),
      peer.deliver(Room.Map, { bytes: new Uint8Array(20_000) }),
      client.deliver(Room.Chat, { text: "b" }),
      client.deliver(Room.Ping, { n: 2 }),
      client.deliver(Room.Move, { x: 3 }),
      client.deliver(Room.Map, { bytes: new Uint8Array(20_000) }),
    ]));
    assert.deepEqual(new Set(results), new Set(["acked"]));
  }
});

Deno.test("deliver: what is sent once is lost with its packet; what is reliable is not", async () => {
  await using lab = new Lab();
  const { client, peer } = await pair(lab);
  for (const end of [peer, client] as const) {
    darken(lab, 30);
    const ping = end.deliver(Room.Ping, { n: 1 });
    const chat = end.deliver(Room.Chat, { text: "again, then" });
    await lab.run(1_000);
    assert.deepEqual(await lab.settle(Promise.all([ping, chat])), ["lost", "acked"]);
  }
});

Deno.test("deliver: what a newer value replaced is dropped", async () => {
  await using lab = new Lab();
  const { peer } = await pair(lab, { tickHz: 10 });
  const results = await lab.settle(Promise.all([
    peer.deliver(Room.State, { tick: 1 }),
    peer.deliver(Room.State, { tick: 2 }),
    peer.deliver(Room.Score, { points: 1 }),
    peer.deliver(Room.Score, { points: 2 }),
  ]));
  assert.deepEqual(results, ["dropped", "acked", "dropped", "acked"]);
});

Deno.test("deliver: the end of the connection settles what is under way", async () => {
  for (const isByPeer of [true, false]) {
    await using lab = new Lab();
    const { server, client, peer } = await pair(lab, { tickHz: 10 });
    darken(lab, 60_000);
    const pending = [
      peer.deliver(Room.Chat, { text: "a" }),
      peer.deliver(Room.Ping, { n: 1 }),
      client.deliver(Room.Chat, { text: "b" }),
      client.deliver(Room.Ping, { n: 2 }),
    ];
    const order: string[] = [];
    server.on("disconnected", () => order.push("disconnected"));
    pending[0]!.then(() => order.push("delivery"));
    await lab.run(120);
    if (isByPeer) peer.disconnect();
    else await lab.settle(server.close("", { flush: false }));
    await lab.settle(client.close("", { flush: false }));
    const results = await lab.settle(Promise.all(pending));
    assert.deepEqual([results[0], results[2]], ["dropped", "dropped"]);
    assert.ok(results[1] === "lost" && results[3] === "lost", `${results}`);
    assert.deepEqual(order.toSorted(), ["delivery", "disconnected"]);
  }
});

Deno.test("deliver to whoever is gone is dropped at once; a bad value rejects", async () => {
  await using lab = new Lab();
  const { client, peer } = await pair(lab);
  await assert.rejects(peer.deliver(Room.Chat, { text: "x".repeat(241) }), RangeError);
  await assert.rejects(client.deliver(Room.Chat, { text: "x".repeat(241) }), RangeError);
  await lab.settle(client.close());
  await lab.run(100);
  assert.equal(await peer.deliver(Room.Chat, { text: "" }), "dropped");
  assert.equal(await client.deliver(Room.Chat, { text: "" }), "dropped");
  assert.equal(peer.send(Room.Chat, { text: "" }), "dropped");
  assert.equal(client.send(Room.Chat, { text: "" }), "dropped");
});

Deno.test("deliver: what was sent before a suspension arrives after it", async () => {
  await using lab = new Lab();
  const { server, client, peer } = await pair(lab);
  const heard: string[] = [];
  server.on(Room.Chat, (_, { text }) => heard.push(text));
  client.on(Room.Chat, ({ text }) => heard.push(text));
  darken(lab, 15_000);
  const before = [
    client.deliver(Room.Chat, { text: "c1" }),
    peer.deliver(Room.Chat, { text: "p1" }),
  ];
  await lab.run(12_000);
  assert.deepEqual([client.state, peer.state], ["suspended", "suspended"]);
  const during = [
    client.deliver(Room.Chat, { text: "c2" }),
    peer.deliver(Room.Chat, { text: "p2" }),
  ];
  const results = await lab.settle(Promise.all([...before, ...during]));
  assert.deepEqual(results, ["acked", "acked", "acked", "acked"]);
  assert.deepEqual([client.state, peer.state], ["connected", "connected"]);
  assert.deepEqual(heard.toSorted(), ["c1", "c2", "p1", "p2"]);
});

Deno.test("send tells its callback once, and only of what was queued", async () => {
  await using lab = new Lab();
  const { client, peer } = await pair(lab, { sessionLimits: { sendQueueMessages: 2 } });
  const told: string[] = [];
  const results = ["1", "2", "3"].map((text) =>
    peer.send(Room.Chat, { text }, (result: DeliveryResult) => told.push(`${text} ${result}`))
  );
  assert.deepEqual(results, ["queued", "queued", "blocked"]);
  assert.equal(told.length, 0, "never inside send");
  await lab.run(200);
  assert.deepEqual(told, ["1 acked", "2 acked"]);
  await lab.settle(client.close());
  assert.equal(peer.send(Room.Chat, { text: "4" }, () => told.push("4")), "dropped");
  await lab.run(200);
  assert.deepEqual(told, ["1 acked", "2 acked"]);
});

Deno.test("back-pressure: blocked, then drained, then queued again; nothing is lost or doubled", async () => {
  const limits = { sendQueueMessages: 16 };
  await using lab = new Lab({ seed: 9, link: { delayMs: 20, loss: 0.05 } });
  const server = await lab.serve(Room, { sessionLimits: limits });
  const client = await lab.connect(Room, server, { sessionLimits: limits });
  await lab.run(200);
  const [peer] = server.peers.values();
  const heardByClient: string[] = [];
  const heardByServer: string[] = [];
  client.on(Room.Chat, ({ text }) => heardByClient.push(text));
  server.on(Room.Chat, (_, { text }) => heardByServer.push(text));
  let drained = 0;
  const pour = (send: (text: string) => SendResult): () => void => {
    let next = 0;
    const fill = (): void => {
      while (next < 200 && send(`${next}`) === "queued") next++;
    };
    fill();
    assert.equal(next, 16, "blocked by then");
    return () => {
      drained++;
      fill();
    };
  };
  server.on("drained", pour((text) => peer!.send(Room.Chat, { text })));
  client.on("drained", pour((text) => client.send(Room.Chat, { text })));
  await lab.run(10_000);
  const all = Array.from({ length: 200 }, (_, i) => `${i}`);
  assert.deepEqual(heardByClient, all);
  assert.deepEqual(heardByServer, all);
  assert.ok(drained >= 20, `${drained} times`);
});

Deno.test("a peer that was told to go drains without a word", async () => {
  await using lab = new Lab();
  const { server, client, peer } = await pair(lab, { sessionLimits: { sendQueueMessages: 4 } });
  const log: string[] = [];
  server.on("drained", () => log.push("drained"));
  server.on("disconnected", () => log.push("disconnected"));
  while (peer.send(Room.Chat, { text: "" }) === "queued") { /* until it is blocked */ }
  peer.disconnect({ reason: "go", flush: true });
  assert.equal((await lab.settle(client.closed)).reason, "go");
  await lab.run(100);
  assert.deepEqual(log, ["disconnected"]);
});

Deno.test("a message beyond the rate that its type declares is dropped and counted", async () => {
  await using lab = new Lab();
  const { server, client } = await pair(lab);
  const heard: number[] = [];
  server.on(Room.Shout, (_, { n }) => heard.push(n));
  for (let n = 0; n < 10; n++) client.send(Room.Shout, { n });
  client.send(Room.Chat, { text: "other messages are free" });
  await lab.run(100);
  assert.deepEqual(heard, [0, 1, 2, 3]);
  assert.equal(server.stats().drops.messageRateLimited, 6);
  await lab.run(1_000);
  for (let n = 20; n < 25; n++) client.send(Room.Shout, { n });
  await lab.run(100);
  assert.deepEqual(heard, [0, 1, 2, 3, 20, 21]);
  // Another peer has a rate of its own.
  const other = await lab.connect(Room, server);
  other.send(Room.Shout, { n: 99 });
  await lab.run(100);
  assert.equal(heard.at(-1), 99);
});

Deno.test("whoever is told of a delivery is a function, else send throws at once", async () => {
  await using lab = new Lab();
  const { client, peer } = await pair(lab);
  // What JavaScript, or a cast, may pass.
  const options = { immediate: true } as unknown as () => void;
  for (const end of [client, peer]) {
    assert.throws(() => end.send(Room.Chat, { text: "" }, options), {
      name: "TypeError",
      message: 'Cannot send "Chat": who is told of its delivery is no function',
    });
  }
});
