import assert from "node:assert/strict";
import { MAX_UNRELIABLE_PARTS } from "../../protocol/send_channel.ts";
import { UnreliableSender } from "../../protocol/unreliable_sender.ts";
import { configOf, firsts, SenderBench } from "../fixtures/sender_bench.ts";

function bench(
  delivery: "unreliable" | "sequenced",
  changes: Parameters<typeof configOf>[1] = {},
  limits?: ConstructorParameters<typeof SenderBench>[2],
): SenderBench<UnreliableSender> {
  const make = (...args: ConstructorParameters<typeof UnreliableSender>): UnreliableSender =>
    new UnreliableSender(...args);
  return new SenderBench(make, configOf(delivery, changes), limits);
}

Deno.test("unreliable messages leave in order, once, lost or not", () => {
  const b = bench("unreliable");
  for (const first of [1, 2, 3]) b.send(first);
  assert.deepEqual(firsts(b.packet()), [1, 2, 3]);
  b.lose(0);
  assert.deepEqual(b.packet(), []);
  assert.deepEqual(b.results, ["1 lost", "2 lost", "3 lost"]);
  assert.equal(b.pool.outstanding, 0);
});

Deno.test("an overdue packet decides nothing: its acknowledgement may still come", () => {
  const b = bench("unreliable");
  b.send(1);
  b.packet();
  b.lose(0, true);
  assert.deepEqual(b.results, []);
  b.ack(0);
  assert.deepEqual(b.results, ["1 acked"]);
});

Deno.test("a message that nobody asks about is given back as soon as it left", () => {
  const b = bench("unreliable");
  b.send(1, 1, false);
  b.packet();
  assert.equal(b.pool.outstanding, 0);
});

Deno.test("a sequenced message takes the place of one that waits", () => {
  const b = bench("sequenced");
  b.send(1);
  b.send(2);
  assert.deepEqual(b.results, ["1 dropped"]);
  assert.deepEqual(b.packet().map((f) => [f.sequence, f.first]), [[0, 2]]);
  assert.equal(b.context.messagesExpired, 1);
});

Deno.test("messages dropped before they leave take no sequence", () => {
  const sequenced = bench("sequenced");
  for (let i = 0; i < 40_000; i++) sequenced.send(i & 0xff, 1, false);
  assert.equal(sequenced.packet()[0]!.sequence, 0);
  const unreliable = bench("unreliable", {}, {
    datagramBytes: 1_200,
    sendQueueBytes: 3_000,
    sendQueueMessages: 10,
  });
  for (let i = 0; i < 40_000; i++) unreliable.send(i & 0xff, 2_000, false);
  assert.equal(unreliable.packet()[0]!.sequence, 0);
});

Deno.test("an unreliable message waits no longer than its time to live", () => {
  const b = bench("unreliable", { ttlMs: 50 });
  b.send(1);
  b.nowMs = 30;
  b.send(2);
  b.nowMs = 51;
  assert.deepEqual(firsts(b.packet()), [2]);
  assert.deepEqual(b.results, ["1 dropped"]);
  b.send(3);
  b.nowMs = 101;
  assert.deepEqual(firsts(b.packet()), [3], "50 ms exactly");
});

Deno.test("a message of which a part has left is finished although its time is over", () => {
  const b = bench("unreliable", { ttlMs: 50 });
  b.send(1, 2_000);
  b.packet();
  b.nowMs = 1_000;
  assert.deepEqual(b.packet().map((f) => f.part), [1]);
});

Deno.test("a full queue drops the oldest, by messages and by bytes", () => {
  for (
    const limits of [
      { datagramBytes: 1_200, sendQueueBytes: 1e6, sendQueueMessages: 3 },
      { datagramBytes: 1_200, sendQueueBytes: 300, sendQueueMessages: 1e6 },
    ]
  ) {
    const b = bench("unreliable", {}, limits);
    for (const first of [1, 2, 3, 4, 5]) assert.equal(b.send(first, 100), "queued");
    assert.deepEqual(b.results, ["1 dropped", "2 dropped"]);
    assert.deepEqual(firsts(b.packet()), [3, 4, 5]);
  }
});

Deno.test("16 parts are the most: a larger message is dropped at once", () => {
  const b = bench("unreliable");
  const { partBytes } = b.context;
  assert.equal(b.send(1, partBytes * MAX_UNRELIABLE_PARTS), "queued");
  assert.equal(b.send(2, partBytes * MAX_UNRELIABLE_PARTS + 1), "dropped");
  const parts: number[] = [];
  for (let frames = b.packet(); frames.length > 0; frames = b.packet()) {
    for (const { part } of frames) parts.push(part);
  }
  assert.deepEqual(parts, Array.from({ length: MAX_UNRELIABLE_PARTS }, (_, i) => i));
});

Deno.test("a message in parts is acknowledged when all of them are, and lost with the first that is", () => {
  const b = bench("unreliable");
  b.send(1, 3_000);
  for (let i = 0; i < 3; i++) b.packet();
  b.ack(0);
  b.ack(2);
  assert.deepEqual(b.results, []);
  b.ack(1);
  assert.deepEqual(b.results, ["1 acked"]);
  b.send(2, 3_000);
  b.packet();
  b.lose(3);
  assert.deepEqual(b.results.slice(1), ["2 lost"]);
  assert.deepEqual(b.packet(), [], "the rest of it is not worth sending");
  assert.equal(b.pool.outstanding, 0);
});

Deno.test("a message lost while others wait leaves the others in order", () => {
  const b = bench("unreliable");
  b.send(1, 3_000);
  b.send(2);
  b.send(3);
  b.packet(1_175);
  b.lose(0);
  assert.deepEqual(firsts(b.packet()), [2, 3]);
});

Deno.test("drop() ends what waits", () => {
  const b = bench("unreliable");
  b.send(1);
  b.send(2, 2_000);
  b.sender.drop();
  b.tell();
  assert.deepEqual(b.results, ["1 dropped", "2 dropped"]);
  assert.equal(b.pool.outstanding, 0);
});
