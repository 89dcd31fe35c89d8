import assert from "node:assert/strict";
import { type Client, ConnectError } from "../../client/mod.ts";
import { Lab, SERVER_HOST } from "../server/lab.ts";
import { Room } from "../server/room.ts";

const DEAD_HOST = "192.0.2.99";

Deno.test("connect returns once messages can flow", async () => {
  await using lab = new Lab({ link: { delayMs: 25 } });
  const server = await lab.serve(Room);
  const client = await lab.connect(Room, server);
  assert.equal(lab.nowMs, 50, "one round trip");
  assert.equal(client.state, "connected");
  assert.equal(client.protocol, Room);
  assert.equal(client.serverAddress.port, 9_999);
});

Deno.test("connect: what comes right behind the handshake is heard", async () => {
  for (const options of [{}, { tickHz: 100 }]) {
    await using lab = new Lab();
    const server = await lab.serve(Room, options);
    server.on("connected", (peer) => {
      peer.send(Room.Chat, { text: "welcome" });
    });
    const client = await lab.connect(Room, server);
    const welcome = client.next(Room.Chat);
    assert.equal((await lab.settle(welcome)).text, "welcome");
    assert.equal(client.stats().messagesUnhandled, 0);
  }
});

Deno.test("connect: nobody there is told after 5 s, or after what was asked for", async () => {
  for (const timeoutMs of [undefined, 800]) {
    await using lab = new Lab();
    const server = await lab.serve(Room);
    await lab.settle(server.close());
    const startMs = lab.nowMs;
    const options = timeoutMs === undefined ? {} : { timeoutMs };
    await assert.rejects(lab.connect(Room, server, options), {
      name: "ConnectError",
      code: "unreachable",
      message: "Cannot connect: no server with the expected key answered in time",
    });
    assert.ok(Math.abs(lab.nowMs - startMs - (timeoutMs ?? 5_000)) < 20, `${lab.nowMs - startMs}`);
    await lab.run(1_000);
    assert.equal(lab.network.clock.pendingEvents, 0);
  }
});

Deno.test("connect: the wrong key is as good as nobody there", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const other = await lab.serve(Room, { host: "192.0.2.2" });
  const url = `${server.url().split("#")[0]}#${other.url().split("#")[1]}`;
  await assert.rejects(lab.connect(Room, url), { code: "unreachable" });
  assert.ok(server.stats().drops.helloUndecipherable > 0);
});

Deno.test("connect: a name that does not resolve is told at once", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  await assert.rejects(lab.connect(Room, server.url("nowhere.example.org")), {
    code: "unreachable",
    message: 'Cannot connect: Cannot resolve "nowhere.example.org"',
  });
  assert.equal(lab.nowMs, 0);
});

Deno.test("connect: the first address is dead, the second is tried soon after", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  lab.network.addName("play.example.org", DEAD_HOST, "192.0.2.98", SERVER_HOST);
  const client = await lab.connect(Room, server.url("play.example.org"));
  assert.equal(client.serverAddress.hostname, SERVER_HOST);
  assert.ok(lab.nowMs < 400, `${lab.nowMs} ms`);
  assert.equal(await lab.settle(client.deliver(Room.Chat, { text: "" })), "acked");
});

Deno.test("connect: where both addresses live, the first one wins", async () => {
  await using lab = new Lab();
  const key = new Uint8Array(32).fill(5);
  const first = await lab.serve(Room, { key });
  const second = await lab.serve(Room, { key, host: "192.0.2.2" });
  lab.network.addName("play.example.org", SERVER_HOST, "192.0.2.2");
  const client = await lab.connect(Room, first.url("play.example.org"));
  await lab.run(7_000);
  assert.equal(client.serverAddress.hostname, SERVER_HOST);
  assert.deepEqual([first.peers.size, second.peers.size], [1, 0]);
});

Deno.test("connect over a bad line takes a few tries, not more", async () => {
  await using lab = new Lab({ seed: 8, link: { delayMs: 40, jitterMs: 20, loss: 0.3 } });
  const server = await lab.serve(Room);
  const ends = await lab.settle(
    Promise.allSettled(Array.from({ length: 50 }, () => lab.dial(Room, server))),
  );
  assert.equal(ends.filter(({ status }) => status === "fulfilled").length, 50);
  await lab.run(2_000);
  assert.equal(server.peers.size, 50);
});

Deno.test("signal: aborted before, nothing is sent", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const reason = new Error("changed my mind");
  await assert.rejects(lab.connect(Room, server, { signal: AbortSignal.abort(reason) }), {
    name: "ConnectError",
    code: "aborted",
    message: "Cannot connect: the caller gave up",
    cause: reason,
  });
  assert.equal(lab.network.counters.sent, 0);
});

for (const waitMs of [1, 15, 300]) {
  Deno.test(`signal: aborted after ${waitMs} ms, everything is let go at once`, async () => {
    await using lab = new Lab();
    const server = await lab.serve(Room);
    lab.network.setLink(SERVER_HOST, "198.51.100.1", { delayMs: 10, loss: 1 });
    const bare = server.url().split("#")[0]!;
    const attempts: [string, Parameters<Lab["connect"]>[2]][] = [
      [server.url(), {}],
      [bare, { trustServer: () => true }],
    ];
    for (const [url, options] of attempts) {
      const abort = new AbortController();
      const host = "198.51.100.1";
      const dialling = lab.dial(Room, url, { ...options, host, signal: abort.signal });
      const outcome = dialling.then(() => "connected", (error: unknown) => error);
      await lab.run(waitMs);
      abort.abort();
      const error = await lab.settle(outcome, 1);
      assert.ok(error instanceof ConnectError);
      assert.equal(error.code, "aborted");
      let sent = 0;
      lab.network.onDatagram = ({ what, from }) => {
        if (what === "sent" && from.hostname === host) sent++;
      };
      await lab.run(1_000);
      assert.equal(sent, 0, "nothing is tried any more");
    }
    await lab.settle(server.close());
    await lab.run(7_000);
    assert.equal(lab.network.clock.pendingEvents, 0);
  });
}

Deno.test("signal: ends waiting for trustServer and for a ticket", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const never = new Promise<never>(() => {});
  const attempts: [string, Parameters<Lab["connect"]>[2]][] = [
    [server.url().split("#")[0]!, { trustServer: () => never }],
    [server.url().split("#")[0]!, { trustServer: () => () => never }],
    [server.url(), { ticket: () => never }],
  ];
  for (const [url, options] of attempts) {
    const abort = new AbortController();
    const outcome = lab.dial(Room, url, { ...options, signal: abort.signal })
      .then(() => "connected", (error: unknown) => error);
    await lab.run(500);
    abort.abort();
    const error = await lab.settle(outcome, 1);
    assert.ok(error instanceof ConnectError && error.code === "aborted");
  }
});

Deno.test("signal: aborted after the connection was made, it means nothing", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const abort = new AbortController();
  const client = await lab.connect(Room, server, { signal: abort.signal });
  abort.abort();
  await lab.run(100);
  assert.equal(client.state, "connected");
});

Deno.test("signal: nothing listens to it any longer than needed", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const abort = new AbortController();
  const { signal } = abort;
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  Object.assign(signal, {
    addEventListener: (...args: Parameters<typeof addEventListener>) => {
      listeners++;
      addEventListener.apply(signal, args);
    },
    removeEventListener: (...args: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(signal, args);
    },
  });
  const client = await lab.connect(Room, server, { signal });
  assert.equal(listeners, 0);
  await lab.run(50);
  const next = client.next(Room.Ping, { signal });
  assert.equal(listeners, 1);
  server.broadcast(Room.Ping, { n: 1 });
  await lab.settle(next);
  assert.equal(listeners, 0);
});

Deno.test("next: the value, the end of the connection, or the end of patience", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const client = await lab.connect(Room, server);
  await lab.run(50);
  const both = Promise.all([client.next(Room.Ping), client.next(Room.Ping)]);
  server.broadcast(Room.Ping, { n: 1 });
  server.broadcast(Room.Ping, { n: 2 });
  assert.deepEqual(await lab.settle(both), [{ n: 1 }, { n: 1 }]);
  await lab.run(10);
  const { messagesUnhandled } = client.stats();
  server.broadcast(Room.Ping, { n: 3 });
  await lab.run(50);
  assert.equal(client.stats().messagesUnhandled, messagesUnhandled + 1, "nobody waits any more");
  const reason = new Error("too long");
  const abort = new AbortController();
  const waiting = client.next(Room.Ping, { signal: abort.signal });
  abort.abort(reason);
  await assert.rejects(waiting, reason);
  await assert.rejects(client.next(Room.Ping, { signal: AbortSignal.abort(reason) }), reason);
  // @ts-expect-error only a client sends it.
  await assert.rejects(client.next(Room.Move), TypeError);
  const last = client.next(Room.Chat);
  const closed = { name: "ConnectError", code: "closed", message: /No Chat came/ };
  await Promise.all([assert.rejects(last, closed), lab.settle(client.close())]);
  await assert.rejects(client.next(Room.Chat), closed);
});

Deno.test("close: the last reliable words arrive, over a bad line too; unless told otherwise", async () => {
  await using lab = new Lab({ seed: 2, link: { delayMs: 30, loss: 0.3 } });
  const server = await lab.serve(Room);
  const heard: string[] = [];
  const infos: unknown[] = [];
  server.on(Room.Chat, (_, { text }) => heard.push(text));
  server.on("disconnected", (_, info) => infos.push(info));
  const client = await lab.connect(Room, server);
  const words = Array.from({ length: 30 }, (_, i) => `word ${i}`);
  for (const text of words) client.send(Room.Chat, { text });
  await lab.settle(client.close("bye", { code: 1_234, timeoutMs: 10_000 }));
  await lab.run(500);
  assert.deepEqual(heard, words);
  assert.deepEqual(infos, [{ code: 1_234, reason: "bye", isByPeer: true }]);
});

Deno.test("close without flush is quick; a dead server makes it wait no longer than told", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const client = await lab.connect(Room, server, { host: "198.51.100.40" });
  const other = await lab.connect(Room, server, { host: "198.51.100.40" });
  await lab.run(50);
  lab.network.blackout("198.51.100.40", SERVER_HOST, lab.nowMs, lab.nowMs + 300_000);
  for (const end of [client, other]) end.send(Room.Chat, { text: "lost" });
  const startMs = lab.nowMs;
  await lab.settle(client.close("", { flush: false }));
  assert.ok(lab.nowMs - startMs <= 1_010, `${lab.nowMs - startMs} ms`);
  await lab.settle(other.close("", { timeoutMs: 3_000 }));
  assert.ok(lab.nowMs - startMs <= 5_100, `${lab.nowMs - startMs} ms`);
});

Deno.test("close is idempotent, inside handlers too; nothing that comes later is handled", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const client = await lab.connect(Room, server);
  await lab.run(10);
  const log: string[] = [];
  const ends: Promise<void>[] = [];
  client.on(Room.Chat, ({ text }) => {
    log.push(text);
    ends.push(client.close("done"));
    assert.equal(client.send(Room.Chat, { text: "one more thing" }), "dropped");
  });
  client.on("disconnected", ({ reason, isByServer }) => {
    log.push(`${client.state} ${reason} ${isByServer}`);
    assert.equal(lab.nowMs, 40, "in the turn of the handler that closed it");
    ends.push(client.close());
  });
  await lab.run(30 - lab.nowMs);
  for (const text of ["first", "second"]) server.broadcast(Room.Chat, { text });
  await lab.run(500);
  await Promise.all([...ends, client.close("again"), client[Symbol.asyncDispose]()]);
  assert.deepEqual(log, ["first", "disconnected done false"]);
  assert.equal(client.stats().handlerErrors, 0);
  assert.equal((await client.closed).reason, "done");
  assert.equal(server.peers.size, 0);
});

Deno.test("a server and its clients can close at the same moment", async () => {
  await using lab = new Lab({ seed: 3, link: { delayMs: 20, loss: 0.2 } });
  const server = await lab.serve(Room);
  const clients: Client<typeof Room>[] = [];
  for (let i = 0; i < 5; i++) clients.push(await lab.connect(Room, server));
  await lab.run(200);
  const startMs = lab.nowMs;
  await lab.settle(Promise.all([server.close(), ...clients.map((client) => client.close())]));
  assert.ok(lab.nowMs - startMs < 3_100, `${lab.nowMs - startMs} ms`);
  assert.ok(clients.every(({ state }) => state === "disconnected"));
});
