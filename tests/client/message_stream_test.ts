import assert from "node:assert/strict";
import { MAX_STREAMED_MESSAGES, MessageStream } from "../../client/message_stream.ts";
import { Lab } from "../server/lab.ts";
import { Room } from "../server/room.ts";

Deno.test("messages: a loop sees every value in order and ends with the connection", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const client = await lab.connect(Room, server);
  await lab.run(50);
  const heard: number[] = [];
  const reading = (async () => {
    for await (const { n } of client.messages(Room.Ping)) heard.push(n);
    return "the end";
  })();
  for (let n = 0; n < 10; n++) {
    server.broadcast(Room.Ping, { n });
    await lab.run(20);
  }
  await lab.settle(server.close());
  assert.equal(await lab.settle(reading), "the end");
  assert.deepEqual(heard, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

Deno.test("messages: what came before the end is still read after it", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const client = await lab.connect(Room, server);
  await lab.run(50);
  const feed = client.messages(Room.Ping);
  server.broadcast(Room.Ping, { n: 1 });
  server.broadcast(Room.Ping, { n: 2 });
  await lab.run(50);
  await lab.settle(client.close());
  assert.deepEqual(await feed.next(), { done: false, value: { n: 1 } });
  assert.deepEqual(await feed.next(), { done: false, value: { n: 2 } });
  assert.deepEqual(await feed.next(), { done: true, value: undefined });
  assert.deepEqual(await client.messages(Room.Ping).next(), { done: true, value: undefined });
});

Deno.test("messages: break lets go, and other readers go on", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const client = await lab.connect(Room, server);
  await lab.run(50);
  const all: number[] = [];
  client.on(Room.Ping, ({ n }) => all.push(n));
  const first = (async () => {
    for await (const { n } of client.messages(Room.Ping)) if (n === 1) break;
  })();
  for (let n = 0; n < 4; n++) server.broadcast(Room.Ping, { n });
  await lab.settle(first);
  await lab.run(50);
  assert.deepEqual(all, [0, 1, 2, 3]);
  const feed = client.messages(Room.Chat);
  const unread = client.stats().messagesUnhandled;
  await feed.return();
  server.broadcast(Room.Chat, { text: "" });
  await lab.run(50);
  assert.equal(client.stats().messagesUnhandled, unread + 1, "nobody wants it any more");
});

Deno.test("messages: a slow reader gets the newest, and is told how many it missed", async () => {
  const stream = new MessageStream<number>(() => {});
  for (let n = 0; n < MAX_STREAMED_MESSAGES; n++) stream.push(n);
  assert.equal(stream.dropped, 0);
  stream.push(MAX_STREAMED_MESSAGES);
  stream.push(MAX_STREAMED_MESSAGES + 1);
  assert.equal(stream.dropped, 2);
  assert.deepEqual(await stream.next(), { done: false, value: 2 });
});

Deno.test("messages: readers who wait are served in order, and all end", async () => {
  let ends = 0;
  const stream = new MessageStream<number>(() => {
    ends++;
  });
  const readers = [stream.next(), stream.next(), stream.next()];
  stream.push(1);
  stream.push(2);
  stream.end();
  stream.end();
  assert.deepEqual(await Promise.all(readers), [
    { done: false, value: 1 },
    { done: false, value: 2 },
    { done: true, value: undefined },
  ]);
  assert.equal(ends, 1);
  await stream.return();
  assert.equal(ends, 1);
});

Deno.test("messages refuses what a server does not send", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const client = await lab.connect(Room, server);
  // @ts-expect-error only a client sends it.
  assert.throws(() => client.messages(Room.Move), /only a client sends it/);
});
