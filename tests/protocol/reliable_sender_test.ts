import assert from "node:assert/strict";
import { ReliableSender } from "../../protocol/reliable_sender.ts";
import {
  CREDIT_OVERHEAD_BYTES,
  initialCreditBytes,
  MAX_FRAGMENTED_IN_FLIGHT,
  RELIABLE_WINDOW_MESSAGES,
} from "../../protocol/send_channel.ts";
import { configOf, firsts, SenderBench } from "../fixtures/sender_bench.ts";

function bench(
  changes: Parameters<typeof configOf>[1] = {},
  limits?: ConstructorParameters<typeof SenderBench>[2],
): SenderBench<ReliableSender> {
  const make = (...args: ConstructorParameters<typeof ReliableSender>): ReliableSender =>
    new ReliableSender(...args);
  return new SenderBench(make, configOf("reliable-ordered", changes), limits);
}

Deno.test("reliable messages leave in order, once, and end when they are acknowledged", () => {
  const b = bench();
  for (const first of [1, 2, 3]) b.send(first);
  assert.deepEqual(b.packet().map((f) => [f.sequence, f.first]), [[0, 1], [1, 2], [2, 3]]);
  assert.deepEqual(b.packet(), []);
  assert.equal(b.sender.isSettled, false);
  b.ack(0);
  assert.deepEqual(b.results, ["1 acked", "2 acked", "3 acked"]);
  assert.equal(b.sender.isSettled, true);
  assert.equal(b.pool.outstanding, 0);
});

Deno.test("a lost packet's messages leave again, before new ones", () => {
  const b = bench();
  b.send(1);
  b.packet();
  b.send(2);
  b.lose(0);
  assert.deepEqual(firsts(b.packet()), [1, 2]);
  assert.equal(b.context.partsResent, 1);
});

Deno.test("a message that was sent again is not sent a third time for its first packet", () => {
  const b = bench();
  b.send(1);
  b.packet();
  b.lose(0, true);
  b.packet();
  b.lose(0);
  assert.equal(b.sender.hasResends, false);
  b.lose(1);
  assert.deepEqual(firsts(b.packet()), [1]);
});

Deno.test("an overdue message whose acknowledgement comes after all is not sent again", () => {
  const b = bench();
  b.send(1);
  b.packet();
  b.lose(0, true);
  assert.equal(b.sender.hasResends, true);
  b.ack(0);
  assert.equal(b.sender.hasResends, false);
  assert.deepEqual(b.results, ["1 acked"]);
});

Deno.test("of a message in parts only the lost part leaves again", () => {
  const b = bench();
  b.send(1, 3_000);
  const parts = [b.packet(), b.packet(), b.packet()].flat().map((f) => f.part);
  assert.deepEqual(parts, [0, 1, 2]);
  b.ack(0);
  b.lose(1);
  assert.deepEqual(b.packet().map((f) => f.part), [1]);
  b.ack(2);
  assert.deepEqual(b.results, []);
  b.ack(3);
  assert.deepEqual(b.results, ["1 acked"]);
});

Deno.test("acknowledging a part twice counts once", () => {
  const b = bench();
  b.send(1, 2_000);
  b.packet();
  b.packet();
  b.lose(0, true);
  b.packet();
  b.ack(0);
  b.ack(2);
  assert.deepEqual(b.results, [], "part 0 came twice, part 1 is still missing");
  b.ack(1);
  assert.deepEqual(b.results, ["1 acked"]);
});

Deno.test("no more than 512 messages are unacknowledged on the way, the rest waits", () => {
  const b = bench();
  for (let i = 0; i < RELIABLE_WINDOW_MESSAGES + 8; i++) assert.equal(b.send(i & 0xff), "queued");
  let sent = 0;
  for (let frames = b.packet(); frames.length > 0; frames = b.packet()) sent += frames.length;
  assert.equal(sent, RELIABLE_WINDOW_MESSAGES);
  assert.equal(b.sender.hasUnsent, true, "what the window holds back is not forgotten");
  b.ack(0);
  assert.ok(b.packet().length > 0);
});

Deno.test("the window moves with the oldest unacknowledged message only", () => {
  const b = bench();
  for (let i = 0; i < 600; i++) b.send(i & 0xff);
  let packets = 0;
  while (b.packet().length > 0) packets++;
  for (let packet = 1; packet < packets; packet++) b.ack(packet);
  assert.deepEqual(b.packet(), [], "packet 0 is missing");
  b.ack(0);
  assert.ok(b.packet().length > 0);
});

Deno.test("no more bytes leave than the receiver granted, each message counted with its overhead", () => {
  const b = bench();
  const credit = initialCreditBytes(b.sender.config);
  for (let i = 0; i < 100; i++) b.send(i, 1_000);
  let bytes = 0;
  for (let frames = b.packet(); frames.length > 0; frames = b.packet()) {
    for (const frame of frames) bytes += frame.sizeBytes + CREDIT_OVERHEAD_BYTES;
  }
  assert.ok(bytes <= credit && bytes > credit - 1_100, `${bytes} of ${credit}`);
  b.sender.onCredit(credit + 1_064);
  assert.equal(b.packet().length, 1);
});

Deno.test("grants are totals modulo 2^32: an older one takes nothing back, and 2^32 is no barrier", () => {
  const b = bench();
  let granted = initialCreditBytes(b.sender.config);
  b.sender.onCredit(granted - 1_000);
  let sent = 0;
  const drain = (): void => {
    for (let i = 0; i < 50; i++) b.send(i, 1_000, false);
    for (let frames = b.packet(); frames.length > 0; frames = b.packet()) {
      sent += frames.length * 1_064;
    }
    for (let packet = b.sent.oldest; packet < b.sent.nextPacketNumber; packet++) b.ack(packet);
  };
  drain();
  assert.ok(sent <= granted);
  // Steps below 2^31, across 2^32.
  for (let step = 0; step < 5; step++) {
    granted += 2 ** 30;
    b.sender.onCredit(granted % 2 ** 32);
    const before = sent;
    drain();
    assert.ok(sent > before, `nothing left after ${granted} bytes were granted`);
  }
});

Deno.test("a channel that is full by messages or bytes blocks, and says once when it takes more", () => {
  for (
    const limits of [
      { datagramBytes: 1_200, sendQueueBytes: 1e6, sendQueueMessages: 10 },
      { datagramBytes: 1_200, sendQueueBytes: 1_000, sendQueueMessages: 1e6 },
    ]
  ) {
    const b = bench({}, limits);
    for (let i = 0; i < 10; i++) assert.equal(b.send(i, 100), "queued");
    assert.equal(b.send(10, 100), "blocked");
    assert.equal(b.send(11, 100), "blocked");
    assert.equal(b.context.blockedChannels, 1);
    assert.equal(b.sender.takeDrained(), false);
    b.packet();
    b.ack(0);
    assert.equal(b.sender.takeDrained(), true);
    assert.equal(b.sender.takeDrained(), false);
    assert.equal(b.context.blockedChannels, 0);
  }
});

Deno.test("a message larger than the queue is taken while the queue is empty", () => {
  const b = bench({}, { datagramBytes: 1_200, sendQueueBytes: 1_000, sendQueueMessages: 10 });
  assert.equal(b.send(1, 5_000), "queued");
  assert.equal(b.send(2, 1), "blocked");
});

Deno.test("no more than 16 messages in parts are under way at once", () => {
  const b = bench({ maxMessageBytes: 1_000_000 }, {
    datagramBytes: 1_200,
    sendQueueBytes: 1e7,
    sendQueueMessages: 100,
  });
  for (let i = 0; i < 20; i++) b.send(i, 2_000);
  const seen = new Set<number>();
  for (let frames = b.packet(); frames.length > 0; frames = b.packet()) {
    for (const { first } of frames) seen.add(first);
  }
  assert.equal(seen.size, MAX_FRAGMENTED_IN_FLIGHT);
  b.ack(0);
  b.ack(1);
  assert.deepEqual(firsts(b.packet()), [16]);
});

Deno.test("a message without bytes is settled by its acknowledgement and not before", () => {
  const b = bench();
  b.send(0, 0);
  assert.equal(b.sender.isSettled, false);
  b.packet();
  assert.equal(b.sender.isSettled, false);
  b.ack(0);
  assert.equal(b.sender.isSettled, true);
});

Deno.test("sequences go on beyond 65,536", () => {
  const b = bench({}, { datagramBytes: 1_200, sendQueueBytes: 1e6, sendQueueMessages: 100 });
  b.sender.onCredit(2 ** 31 - 1);
  for (let i = 0; i < 66_000; i++) {
    b.send(i & 0xff, 1, false);
    const [frame] = b.packet();
    assert.equal(frame!.sequence, i & 0xffff);
    b.ack(i);
  }
  assert.equal(b.pool.outstanding, 0);
});

Deno.test("two messages on a path that loses all the time take turns for thousands of packets", () => {
  const b = bench();
  b.send(1);
  b.send(2);
  b.packet();
  // One of them always waits: the list of resends never runs empty, and is compacted all the same.
  b.lose(0);
  const turns = [0, 0];
  for (let packet = 1; packet < 5_000; packet++) {
    turns[b.packet(5)[0]!.first - 1]!++;
    b.lose(packet);
  }
  assert.ok(Math.abs(turns[0]! - turns[1]!) <= 1, `${turns}`);
});

Deno.test("drop() ends all messages, sent and unsent, and gives their buffers back", () => {
  const b = bench();
  b.send(1);
  b.packet();
  b.send(2);
  b.sender.drop();
  b.tell();
  assert.deepEqual(b.results, ["1 dropped", "2 dropped"]);
  assert.equal(b.pool.outstanding, 0);
  assert.equal(b.sender.isSettled, true);
  b.ack(0);
  assert.equal(b.pool.outstanding, 0, "a late acknowledgement finds nothing");
});
