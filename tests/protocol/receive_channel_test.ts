import assert from "node:assert/strict";
import fc from "fast-check";
import { expandSequence } from "../../protocol/channel_config.ts";
import { MessageBuffer } from "../../protocol/message_pool.ts";
import {
  createReceiveChannel,
  type ReceiveChannel,
  ReliableReceiver,
  SequenceVerdict,
} from "../../protocol/receive_channel.ts";
import {
  CREDIT_OVERHEAD_BYTES,
  initialCreditBytes,
  RELIABLE_WINDOW_MESSAGES,
} from "../../protocol/send_channel.ts";
import type { Delivery } from "../../schema/mod.ts";
import { configOf } from "../fixtures/sender_bench.ts";

const { accept, stale, violation } = SequenceVerdict;

/** Offers messages by sequence; notes what is delivered. */
class Taker {
  readonly channel: ReceiveChannel;
  readonly delivered: number[] = [];

  constructor(delivery: Delivery) {
    this.channel = createReceiveChannel(configOf(delivery));
  }

  offer(sequence: number, sizeBytes = 1): number {
    const verdict = this.channel.judge(sequence, sizeBytes);
    if (verdict !== accept) return verdict;
    const message = new MessageBuffer(0);
    message.sequence = sequence;
    message.sizeBytes = sizeBytes;
    this.channel.accept(message, (each) => this.delivered.push(each.sequence));
    return verdict;
  }
}

Deno.test("expandSequence() finds the value nearest to the reference", () => {
  assert.equal(expandSequence(0, 0), 0);
  assert.equal(expandSequence(65_535, 0), -1);
  assert.equal(expandSequence(0, 65_535), 65_536);
  assert.equal(expandSequence(32_767, 0), 32_767);
  assert.equal(expandSequence(32_768, 0), -32_768);
  assert.equal(expandSequence(5, 2 ** 40), 2 ** 40 + 5);
  fc.assert(
    fc.property(
      fc.nat(2 ** 45),
      fc.integer({ min: -32_768, max: 32_767 }),
      (reference, distance) => {
        const sequence = reference + distance;
        assert.equal(expandSequence(((sequence % 65_536) + 65_536) % 65_536, reference), sequence);
      },
    ),
    { seed: 5 },
  );
});

Deno.test("unreliable messages are delivered as they come", () => {
  const taker = new Taker("unreliable");
  for (const sequence of [0, 0, 5, 3]) assert.equal(taker.offer(sequence), accept);
  assert.deepEqual(taker.delivered, [0, 0, 5, 3]);
});

for (const delivery of ["sequenced", "reliable-latest", "input"] as const) {
  Deno.test(`${delivery} messages are delivered when they are newer than all before, once`, () => {
    const taker = new Taker(delivery);
    const verdicts = [0, 0, 5, 3, 4, 6].map((sequence) => taker.offer(sequence));
    assert.deepEqual(verdicts, [accept, stale, accept, stale, stale, accept]);
    assert.deepEqual(taker.delivered, [0, 5, 6]);
    assert.equal(taker.offer(-1), violation, "nobody sends a sequence before the first");
  });
}

Deno.test("parts of a message make those of older ones needless, and so does a newer whole message", () => {
  const { channel } = new Taker("reliable-latest");
  assert.equal(channel.superseded(4), -1);
  channel.beginParts(4);
  assert.equal(channel.judgePart(3), stale);
  assert.equal(channel.judgePart(4), accept);
  assert.equal(channel.superseded(4), -1);
  assert.equal(channel.superseded(6), 4);
  channel.beginParts(6);
  assert.equal(channel.judgePart(5), stale);
  const taker = new Taker("reliable-latest");
  taker.channel.beginParts(2);
  assert.equal(taker.channel.superseded(3), 2);
  taker.offer(3);
  assert.equal(taker.channel.superseded(9), -1, "nothing is being gathered any more");
  assert.equal(taker.channel.judgePart(2), stale);
});

Deno.test("reliable-ordered messages are delivered in order, once, whatever the order of arrival", () => {
  const taker = new Taker("reliable-ordered");
  for (const sequence of [2, 1, 1, 4, 0, 0, 3, 2]) taker.offer(sequence);
  assert.deepEqual(taker.delivered, [0, 1, 2, 3, 4]);
});

Deno.test("reliable-unordered messages are delivered as they come, once", () => {
  const taker = new Taker("reliable-unordered");
  const verdicts = [2, 1, 1, 4, 0, 0, 3, 2].map((sequence) => taker.offer(sequence));
  assert.deepEqual(taker.delivered, [2, 1, 4, 0, 3]);
  assert.deepEqual(verdicts, [accept, accept, stale, accept, accept, stale, accept, stale]);
});

for (const delivery of ["reliable-ordered", "reliable-unordered"] as const) {
  Deno.test(`${delivery}: a message beyond the window of 512 is no honest sender's`, () => {
    const taker = new Taker(delivery);
    assert.equal(taker.offer(RELIABLE_WINDOW_MESSAGES - 1), accept);
    assert.equal(taker.offer(RELIABLE_WINDOW_MESSAGES), violation);
    taker.offer(0);
    assert.equal(taker.offer(RELIABLE_WINDOW_MESSAGES), accept);
    assert.equal(taker.offer(RELIABLE_WINDOW_MESSAGES + 1), violation);
  });

  Deno.test(`${delivery}: any order of a window's messages, repeats included, is delivered exactly once`, () => {
    const orders = fc.array(fc.nat(RELIABLE_WINDOW_MESSAGES - 1), { maxLength: 2_000 });
    fc.assert(
      fc.property(orders, (order) => {
        const taker = new Taker(delivery);
        for (const sequence of order) taker.offer(sequence);
        const seen = new Set(taker.delivered);
        assert.equal(seen.size, taker.delivered.length, "twice");
        if (delivery === "reliable-unordered") assert.deepEqual(seen, new Set(order));
        else taker.delivered.forEach((sequence, i) => assert.equal(sequence, i));
      }),
      { seed: 6, numRuns: 50 },
    );
  });
}

Deno.test("a message beyond the granted bytes is no honest sender's, and the grant moves with what is consumed", () => {
  const config = configOf("reliable-ordered");
  const receiver = new ReliableReceiver(config);
  const window = initialCreditBytes(config);
  const fits = window - CREDIT_OVERHEAD_BYTES;
  assert.equal(receiver.judge(0, fits), accept);
  assert.equal(receiver.judge(0, fits + 1), violation);
  assert.equal(receiver.grantedBytes, window);
  assert.equal(
    receiver.onConsumed(window / 2 - CREDIT_OVERHEAD_BYTES),
    false,
    "half of it is left",
  );
  assert.equal(receiver.onConsumed(0), true);
  assert.equal(receiver.grant(), window + window / 2 + CREDIT_OVERHEAD_BYTES);
});

Deno.test("a window holds the largest message that the channel may carry", () => {
  const config = configOf("reliable-ordered", { maxMessageBytes: 1_048_576 });
  assert.equal(new ReliableReceiver(config).judge(0, 1_048_576), accept);
  assert.equal(initialCreditBytes(configOf("reliable-ordered", { maxMessageBytes: 10 })), 65_536);
});

Deno.test("sequences go on for ever: 70,000 messages through 16 bits, each lost once", () => {
  for (const delivery of ["reliable-ordered", "reliable-unordered"] as const) {
    const taker = new Taker(delivery);
    const receiver = taker.channel as ReliableReceiver;
    for (let sequence = 0; sequence < 70_000; sequence += 2) {
      for (const each of [sequence + 1, sequence, sequence + 1]) {
        taker.offer(expandSequence(each & 0xffff, receiver.reference));
        receiver.onConsumed(1);
        receiver.grant();
      }
    }
    assert.equal(taker.delivered.length, 70_000);
    assert.equal(taker.delivered.at(-1), delivery === "reliable-ordered" ? 69_999 : 69_998);
  }
});

Deno.test("drain() hands out what waits for its turn", () => {
  const taker = new Taker("reliable-ordered");
  for (const sequence of [0, 2, 3, 7]) taker.offer(sequence);
  const released: number[] = [];
  (taker.channel as ReliableReceiver).drain((message) => released.push(message.sequence));
  assert.deepEqual(released, [2, 3, 7]);
});
