import assert from "node:assert/strict";
import { memoryPipePair } from "../../transport/memory_pipe.ts";
import type { DatagramPipe } from "../../transport/pipe.ts";

function send(pipe: DatagramPipe, value: number, port: number): void {
  const slot = pipe.acquire();
  assert.ok(slot !== undefined);
  slot.bytes[0] = value;
  pipe.send(slot, 1, { hostname: "127.0.0.1", port });
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

Deno.test("memory pipes keep what comes before start, up to their inbox, and count what does not fit", async () => {
  const [one, other] = memoryPipePair({ inboxDatagrams: 3 });
  for (let value = 0; value < 5; value++) send(one, value, other.localAddress.port);
  assert.equal(one.counters.datagramsSent, 3);
  assert.equal(one.counters.sendErrors, 2);
  const heard: number[] = [];
  other.start((bytes) => heard.push(bytes[0] ?? -1));
  assert.deepEqual(heard, [], "never inside a call");
  await turn();
  assert.deepEqual(heard, [0, 1, 2]);
  await Promise.all([one.close(), other.close()]);
});

Deno.test("memory pipes that answer each other leave the event loop its turns", async () => {
  const [one, other] = memoryPipePair();
  let rounds = 0;
  for (const pipe of [one, other]) {
    pipe.start((_bytes, from) => {
      rounds++;
      send(pipe, 1, from.port);
    });
  }
  send(one, 1, other.localAddress.port);
  while (rounds < 10) await turn();
  await Promise.all([one.close(), other.close()]);
});

Deno.test("memory pipes know one address, and every name leads to it", async () => {
  const [one, other] = memoryPipePair();
  assert.deepEqual(await one.resolve("play.example.org", 9_999), [other.localAddress]);
  assert.deepEqual(await other.resolve("127.0.0.1", 1), [one.localAddress]);
  await assert.rejects(one.resolve("localhost", 0), RangeError);
  send(one, 1, 77);
  send(one, 1, one.localAddress.port);
  assert.equal(one.counters.sendErrors, 2);
  await Promise.all([one.close(), other.close()]);
});

Deno.test("a memory pipe loses what is sent to a closed end, without an error, as a network does", async () => {
  const [one, other] = memoryPipePair();
  await other.close();
  send(one, 1, other.localAddress.port);
  assert.deepEqual([one.counters.datagramsSent, one.counters.sendErrors], [1, 0]);
  await one.close();
});
