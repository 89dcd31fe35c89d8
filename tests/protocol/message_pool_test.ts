import assert from "node:assert/strict";
import { MessagePool, PartState } from "../../protocol/message_pool.ts";
import { MessageQueue } from "../../protocol/message_queue.ts";

Deno.test("buffers have at least the capacity asked for, and come back from the pool", () => {
  const pool = new MessagePool();
  for (
    const [asked, given] of [[0, 64], [64, 64], [65, 256], [256, 256], [257, 1_280], [1_281, 1_281]]
  ) {
    const message = pool.acquire(asked!);
    assert.equal(message.bytes.byteLength, given);
    assert.equal(message.view.byteLength, given);
    pool.release(message);
    assert.equal(pool.acquire(asked!) === message, given! <= 1_280, "large ones are not kept");
  }
});

Deno.test("outstanding buffers are counted", () => {
  const pool = new MessagePool();
  const messages = [1, 2, 3].map((size) => pool.acquire(size * 500));
  assert.equal(pool.outstanding, 3);
  for (const message of messages) pool.release(message);
  assert.equal(pool.outstanding, 0);
});

Deno.test("releasing a buffer twice is an error at once, large or small, lent again or not", () => {
  const pool = new MessagePool();
  for (const size of [10, 5_000]) {
    const message = pool.acquire(size);
    pool.release(message);
    assert.throws(() => pool.release(message), /twice/);
    assert.equal(pool.outstanding, 0);
  }
  const again = pool.acquire(10);
  pool.release(again);
  assert.equal(pool.outstanding, 0);
});

Deno.test("each life of a buffer has a generation of its own, and no callback of the one before", () => {
  const pool = new MessagePool();
  const message = pool.acquire(10);
  const { generation } = message;
  message.onResult = () => {};
  pool.release(message);
  const next = pool.acquire(10);
  assert.equal(next, message);
  assert.notEqual(next.generation, generation);
  assert.equal(next.onResult, undefined);
});

Deno.test("the notes of one part and of several behave the same", () => {
  const pool = new MessagePool();
  const message = pool.acquire(3_000);
  message.sizeBytes = 2_500;
  message.splitInto(3, 1_000);
  assert.deepEqual([0, 1, 2].map((part) => message.sizeOfPart(part)), [1_000, 1_000, 500]);
  message.setState(1, PartState.inFlight);
  message.setPacket(1, 77);
  assert.deepEqual([0, 1, 2].map((part) => message.stateOf(part)), [0, PartState.inFlight, 0]);
  assert.deepEqual([0, 1, 2].map((part) => message.packetOf(part)), [-1, 77, -1]);
  const small = pool.acquire(10);
  small.sizeBytes = 10;
  small.splitInto(1, 10);
  small.setState(0, PartState.acked);
  small.setPacket(0, 5);
  assert.deepEqual([small.stateOf(0), small.packetOf(0), small.sizeOfPart(0)], [
    PartState.acked,
    5,
    10,
  ]);
});

Deno.test("a queue is first in, first out across its growth, and counts its bytes", () => {
  const pool = new MessagePool();
  const queue = new MessageQueue();
  const model: number[] = [];
  let next = 0;
  for (let round = 0; round < 200; round++) {
    for (let i = 0; i < round % 7; i++) {
      const message = pool.acquire(10);
      message.sequence = next;
      message.sizeBytes = next % 50;
      queue.push(message);
      model.push(next++);
    }
    for (let i = 0; i < round % 5; i++) {
      assert.equal(queue.peek()?.sequence, model[0]);
      assert.equal(queue.shift()?.sequence, model.shift());
    }
    assert.equal(queue.length, model.length);
    assert.equal(queue.sizeBytes, model.reduce((sum, value) => sum + value % 50, 0));
  }
  assert.ok(queue.length > 100);
});

Deno.test("a message is taken out from wherever it stands, and the others keep their order", () => {
  const pool = new MessagePool();
  const queue = new MessageQueue();
  const messages = [0, 1, 2, 3].map((sequence) => {
    const message = pool.acquire(10);
    message.sequence = sequence;
    message.sizeBytes = 1;
    queue.push(message);
    return message;
  });
  assert.equal(queue.remove(messages[2]!), true);
  assert.equal(queue.remove(messages[2]!), false);
  assert.deepEqual([queue.length, queue.sizeBytes], [3, 3]);
  assert.deepEqual([1, 2, 3].map(() => queue.shift()?.sequence), [0, 1, 3]);
  assert.equal(queue.shift(), undefined);
  assert.equal(queue.peek(), undefined);
});
