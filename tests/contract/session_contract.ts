/**
 * What server and client promise over real sockets. One suite, run with `Deno.listenDatagram` in this
 * process and with `node:dgram` in one without `--unstable-net`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Client, connect, queryServer, serve } from "../../mod.ts";
import { Room } from "../server/room.ts";

/** Registers the suite for servers at `hostname`; clients connect to `clientHost`. */
export function sessionContract(label: string, hostname: string, clientHost: string): void {
  Deno.test(`${label}: a server and two clients talk, and know of each other`, async () => {
    await using server = await serve(Room, { hostname, port: 0, traceDatagrams: 8 });
    server.on(Room.Chat, (peer, { text }) => {
      server.broadcast(Room.Chat, { text }, { except: peer });
    });
    await using alice = await connect(Room, server.url(clientHost));
    await using bob = await connect(Room, server.url(clientHost));
    const heard = bob.next(Room.Chat);
    assert.equal(await alice.deliver(Room.Chat, { text: "hello" }), "acked");
    assert.equal((await heard).text, "hello");
    assert.equal(server.peers.size, 2);
    assert.ok(alice.rttMs < 100);
    const [peer] = server.peers.values();
    assert.equal(peer?.address.port, alice.localAddress.port);
    assert.ok(peer.trace().length > 0);
    const told = await queryServer(server.url(clientHost));
    assert.deepEqual([told.players, told.game], [2, "room"]);
  });

  Deno.test(`${label}: large and many messages arrive whole, in order, once`, async () => {
    await using server = await serve(Room, { hostname, port: 0, tickHz: 100 });
    const sums: number[] = [];
    const heard: string[] = [];
    const words = Array.from({ length: 500 }, (_, i) => `${i}`);
    const { promise: handled, resolve } = Promise.withResolvers<void>();
    const note = (): void => {
      if (sums.length === 1 && heard.length === words.length) resolve();
    };
    server.on(Room.Map, (_, { bytes }) => {
      sums.push(bytes.reduce((sum, byte) => sum + byte, 0));
      note();
    });
    server.on(Room.Chat, (_, { text }) => {
      heard.push(text);
      note();
    });
    await using client = await connect(Room, server.url(clientHost));
    const results = [client.deliver(Room.Map, { bytes: new Uint8Array(100_000).fill(3) })];
    for (const text of words) results.push(client.deliver(Room.Chat, { text }));
    assert.deepEqual(new Set(await Promise.all(results)), new Set(["acked"]));
    await handled;
    assert.deepEqual(sums, [300_000]);
    assert.deepEqual(heard, words);
  });

  Deno.test(`${label}: an immediate answer waits for no timer`, async () => {
    await using server = await serve(Room, { hostname, port: 0 });
    server.on(Room.Ping, (peer, value) => {
      peer.send(Room.Ping, value);
    });
    await using client = await connect(Room, server.url(clientHost));
    await echo(client, 20);
    // Every timer of this process is late by a quarter of a second. An answer that waited for one
    // would be late too; fifty of them would take more than ten seconds.
    const restore = delayTimers(250);
    try {
      const startMs = performance.now();
      await echo(client, 50);
      assert.ok(performance.now() - startMs < 5_000, `${performance.now() - startMs} ms`);
    } finally {
      restore();
    }
  });

  Deno.test(`${label}: leaving and closing free both ends`, async () => {
    const server = await serve(Room, { hostname, port: 0 });
    const { promise: left, resolve } = Promise.withResolvers<string>();
    server.on("disconnected", (_, { reason }) => resolve(reason));
    const client = await connect(Room, server.url(clientHost));
    const other = await connect(Room, server.url(clientHost));
    client.send(Room.Chat, { text: "the last word" });
    await client.close("done");
    assert.equal(await left, "done");
    await server.close("good night");
    assert.equal((await other.closed).reason, "good night");
    await other.close();
    const next = await serve(Room, { hostname, port: server.address.port });
    await next.close();
  });
}

/** Sends one message after the other, each when the one before came back. */
async function echo(client: Client<typeof Room>, rounds: number): Promise<void> {
  for (let n = 0; n < rounds; n++) {
    const answer = client.next(Room.Ping);
    client.send(Room.Ping, { n });
    assert.equal((await answer).n, n);
  }
}

/** Makes every timer of the process late. Returns what undoes it. */
function delayTimers(byMs: number): () => void {
  const { setTimeout } = globalThis;
  const late = (callback: () => void, delayMs = 0): ReturnType<typeof setTimeout> =>
    setTimeout(callback, delayMs + byMs);
  Object.assign(globalThis, { setTimeout: late });
  return () => {
    Object.assign(globalThis, { setTimeout });
  };
}
