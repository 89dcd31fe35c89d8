import assert from "node:assert/strict";
import { CloseCode } from "../../server/mod.ts";
import { Lab, SERVER_HOST } from "./lab.ts";
import { Room } from "./room.ts";

Deno.test("close lets what is reliable arrive, over a bad line too, then says why", async () => {
  for (const options of [{}, { tickHz: 30 }]) {
    await using lab = new Lab({ seed: 3, link: { delayMs: 25, loss: 0.25 } });
    const server = await lab.serve(Room, options);
    const heard: string[] = [];
    const client = await lab.connect(Room, server);
    client.on(Room.Chat, ({ text }) => heard.push(text));
    await lab.run(300);
    server.on("stopping", () => {
      server.broadcast(Room.Chat, { text: "the last word" });
    });
    // Some twenty datagrams: one in four is lost.
    const words = Array.from({ length: 120 }, (_, i) => `word ${i} ${"x".repeat(200)}`);
    for (const text of words) server.broadcast(Room.Chat, { text });
    await lab.settle(server.close("until tomorrow", { timeoutMs: 5_000 }));
    assert.deepEqual(heard, [...words, "the last word"]);
    assert.deepEqual(await lab.settle(client.closed), {
      code: CloseCode.shutdown,
      reason: "until tomorrow",
      isByServer: true,
    });
  }
});

Deno.test("close without flush does not wait for anything to arrive", async () => {
  await using lab = new Lab({ link: { delayMs: 200 } });
  const server = await lab.serve(Room);
  const client = await lab.connect(Room, server);
  await lab.run(500);
  server.broadcast(Room.Map, { bytes: new Uint8Array(150_000) });
  const startMs = lab.nowMs;
  await lab.settle(server.close("now", { flush: false }));
  assert.ok(lab.nowMs - startMs < 1_100, `${lab.nowMs - startMs} ms`);
  await lab.run(500);
  assert.equal(client.state, "disconnected");
});

Deno.test("close with silent and suspended peers ends in time", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const hosts = ["198.51.100.40", "198.51.100.41"] as const;
  for (const host of hosts) {
    await lab.connect(Room, server, { host, reconnect: false });
  }
  await lab.run(100);
  lab.network.blackout(hosts[0], SERVER_HOST, lab.nowMs, lab.nowMs + 60_000);
  await lab.run(11_000);
  lab.network.blackout(hosts[1], SERVER_HOST, lab.nowMs, lab.nowMs + 60_000);
  server.broadcast(Room.Chat, { text: "is anyone there?" });
  const states = Array.from(server.peers.values(), ({ state }) => state);
  assert.deepEqual(states, ["suspended", "connected"]);
  const log: string[] = [];
  server.on("disconnected", ({ id }, { code }) => log.push(`${id} ${code}`));
  const startMs = lab.nowMs;
  await lab.settle(server.close());
  assert.ok(lab.nowMs - startMs <= 3_100, `${lab.nowMs - startMs} ms`);
  assert.deepEqual(log.toSorted(), [`1 ${CloseCode.shutdown}`, `2 ${CloseCode.shutdown}`]);
});

Deno.test("close is idempotent, from anywhere, and ends ticks and messages", async () => {
  for (const options of [{}, { tickHz: 20 }, { tickHz: 20, dispatch: "immediate" as const }]) {
    await using lab = new Lab();
    const server = await lab.serve(Room, options);
    const log: string[] = [];
    const ends: Promise<void>[] = [];
    server.on("stopping", () => {
      log.push("stopping");
      ends.push(server.close());
    });
    server.on(Room.Chat, (_, { text }) => {
      log.push(text);
      if (text === "stop") ends.push(server.close("because alice says so"));
    });
    server.on("disconnected", () => log.push("disconnected"));
    if (options.tickHz !== undefined) {
      server.onTick(() => {
        assert.ok(!log.includes("stopping"), "a tick after the end");
      });
    }
    const client = await lab.connect(Room, server);
    await lab.run(100);
    for (const text of ["hello", "stop", "not heard any more"]) {
      client.send(Room.Chat, { text });
    }
    await lab.run(300);
    client.send(Room.Chat, { text: "too late" });
    ends.push(server.close());
    await lab.settle(Promise.all(ends));
    assert.equal(ends.length, 3);
    assert.deepEqual(log, [
      "hello",
      "stop",
      "stopping",
      "disconnected",
    ]);
    assert.equal((await client.closed).reason, "because alice says so");
    assert.equal(server.stats().peers, 0);
    assert.equal(server.stats().handlerErrors, 0);
  }
});

Deno.test("close while players connect: nobody is left half in", async () => {
  for (const closeAfterMs of [5, 10, 15, 20, 25, 30]) {
    await using lab = new Lab();
    const server = await lab.serve(Room);
    const log: string[] = [];
    server.on("connected", () => log.push("connected"));
    server.on("disconnected", () => log.push("disconnected"));
    const dialling = lab.dial(Room, server, { reconnect: false, timeoutMs: 1_000 })
      .then((client) => client.closed.then(({ code }) => code), ({ code }) => code);
    await lab.run(closeAfterMs);
    await lab.settle(server.close());
    const end = await lab.settle(dialling);
    assert.ok(
      end === CloseCode.shutdown || end === "busy" || end === "unreachable" ||
        end === CloseCode.timeout,
      `${closeAfterMs} ms: ${end}`,
    );
    const isPaired = log.join() === "" || log.join() === "connected,disconnected";
    assert.ok(isPaired, `${closeAfterMs} ms: ${log}`);
    // Whatever the client still has to say to nobody.
    await lab.run(2_000);
    assert.equal(lab.network.clock.pendingEvents, 0, "a timer or datagram is left");
  }
});

Deno.test("close: who comes while others are still told their last words is sent away", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  await lab.connect(Room, server, { host: "198.51.100.40", reconnect: false });
  await lab.run(100);
  const log: string[] = [];
  server.on("connected", ({ id }) => log.push(`connected ${id}`));
  // Keeps the server waiting for two seconds.
  lab.network.blackout("198.51.100.40", SERVER_HOST, lab.nowMs, lab.nowMs + 60_000);
  server.broadcast(Room.Chat, { text: "never arrives" });
  const early = lab.dial(Room, server);
  await lab.run(11);
  assert.equal(server.stats().halfOpen, 1, "let in, and not yet there");
  const closing = server.close("closing time");
  await assert.rejects(lab.connect(Room, server), { code: "busy", message: /about to stop/ });
  const client = await lab.settle(early);
  const { code } = await lab.settle(client.closed);
  assert.equal(code, CloseCode.shutdown);
  await lab.settle(closing);
  assert.deepEqual(log, []);
});

Deno.test("close right after a player came in: he is told", async () => {
  await using lab = new Lab({ link: { delayMs: 20 } });
  const server = await lab.serve(Room);
  const client = await lab.connect(Room, server);
  // The answer has arrived; what confirms it has not.
  assert.equal(server.peers.size, 0);
  await lab.settle(server.close("too late"));
  const { code, reason } = await lab.settle(client.closed);
  assert.equal(code, CloseCode.shutdown);
  assert.match(reason, /./);
});

Deno.test("close waits a moment, not longer, for a player who was let in and is gone", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const dialing = lab.dial(Room, server, { host: "198.51.100.40", timeoutMs: 1_000 });
  await lab.run(6);
  lab.network.blackout("198.51.100.40", SERVER_HOST, lab.nowMs, lab.nowMs + 60_000);
  const startMs = lab.nowMs;
  await lab.settle(server.close());
  assert.ok(lab.nowMs - startMs < 700, `${lab.nowMs - startMs} ms`);
  await assert.rejects(lab.settle(dialing));
});

Deno.test("close with peers who answer takes a round trip, not a timeout", async () => {
  await using lab = new Lab({ link: { delayMs: 20 } });
  const server = await lab.serve(Room);
  await lab.connect(Room, server);
  await lab.connect(Room, server);
  await lab.run(100);
  const startMs = lab.nowMs;
  await lab.settle(server.close());
  assert.ok(lab.nowMs - startMs <= 60, `${lab.nowMs - startMs} ms`);
});

Deno.test("close: nothing is left to happen afterwards", async () => {
  for (const options of [{}, { tickHz: 60 }]) {
    await using lab = new Lab();
    const server = await lab.serve(Room, options);
    const clients = await lab.settle(Promise.all([1, 2, 3].map(() => lab.dial(Room, server))));
    await lab.run(500);
    await lab.settle(Promise.all([server.close(), ...clients.map((client) => client.close())]));
    await lab.run(1_000);
    assert.equal(lab.network.clock.pendingEvents, 0);
    assert.equal(server.stats().buffersInUse, 0);
  }
});

Deno.test("await using closes a server and a client", async () => {
  await using lab = new Lab();
  const closing: Promise<void>[] = [];
  let server;
  {
    server = await lab.serve(Room);
    const client = await lab.connect(Room, server);
    closing.push(client[Symbol.asyncDispose](), server[Symbol.asyncDispose]());
  }
  await lab.settle(Promise.all(closing));
  assert.equal(server.stats().peers, 0);
});

Deno.test("drain refuses new players and waits for the last one to leave", async () => {
  for (const options of [{}, { tickHz: 20 }]) {
    await using lab = new Lab();
    const server = await lab.serve(Room, options);
    const client = await lab.connect(Room, server);
    assert.equal(server.isDraining, false);
    let drained = 0;
    const drains = [server.drain(), server.drain(), server.drain(120_000)];
    for (const drain of drains) drain.then(() => drained++);
    assert.equal(server.isDraining, true);
    await assert.rejects(lab.connect(Room, server), { code: "busy", message: /about to stop/ });
    await lab.run(60_000);
    assert.equal(drained, 0);
    assert.equal(client.state, "connected");
    await lab.settle(client.close());
    await lab.settle(Promise.all(drains));
    assert.equal(drained, 3);
    assert.equal(server.peers.size, 0);
  }
});

Deno.test("drain gives up after its timeout; close then ends who is left", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const client = await lab.connect(Room, server);
  const startMs = lab.nowMs;
  await lab.settle(server.drain(5_000));
  assert.ok(lab.nowMs - startMs < 5_020);
  assert.equal(client.state, "connected");
  const open = server.drain();
  await lab.settle(server.close());
  await lab.settle(open);
  assert.equal(client.state, "disconnected");
});

Deno.test("drain of an empty server is done at once", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  await server.drain();
});

Deno.test("drain: who was let in before has a place, also when it is announced later", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room, { tickHz: 5 });
  const dialling = lab.dial(Room, server);
  await lab.run(11);
  assert.equal(server.stats().halfOpen, 1);
  let isDrained = false;
  const drain = server.drain().then(() => {
    isDrained = true;
  });
  const client = await lab.settle(dialling);
  await lab.run(1_000);
  assert.equal(isDrained, false);
  assert.equal(server.peers.size, 1);
  await lab.settle(client.close());
  await lab.settle(drain);
});
