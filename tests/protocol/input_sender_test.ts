import assert from "node:assert/strict";
import { InputSender, REPEAT_INTERVAL_MS } from "../../protocol/input_sender.ts";
import { configOf, firsts, SenderBench } from "../fixtures/sender_bench.ts";

function bench(redundancy = 3): SenderBench<InputSender> {
  const make = (...args: ConstructorParameters<typeof InputSender>): InputSender =>
    new InputSender(...args);
  return new SenderBench(make, configOf("input", { redundancy }));
}

Deno.test("every packet repeats the newest unacknowledged inputs, oldest first", () => {
  const b = bench();
  const packets: number[][] = [];
  for (const first of [1, 2, 3, 4]) {
    b.send(first);
    packets.push(firsts(b.packet()));
  }
  assert.deepEqual(packets, [[1], [1, 2], [1, 2, 3], [2, 3, 4]]);
  assert.deepEqual(b.results, ["1 lost"]);
});

Deno.test("an acknowledged input is repeated no more", () => {
  const b = bench();
  b.send(1);
  b.packet();
  b.send(2);
  b.ack(0);
  assert.deepEqual(firsts(b.packet()), [2]);
  b.ack(1);
  assert.deepEqual(b.results, ["1 acked", "2 acked"]);
  assert.equal(b.sender.repeatAtMs, Infinity);
});

Deno.test("while nothing newer comes the set is repeated every 1/60 s, three times in all", () => {
  const b = bench();
  b.send(1);
  const times: number[] = [];
  for (let guard = 0; guard < 10; guard++) {
    assert.deepEqual(firsts(b.packet()), [1]);
    times.push(b.nowMs);
    if (b.sender.repeatAtMs === Infinity) break;
    b.nowMs = b.sender.repeatAtMs - 0.001;
    assert.equal(b.sender.isPending(b.nowMs), false);
    b.nowMs = b.sender.repeatAtMs;
  }
  assert.deepEqual(times, [0, REPEAT_INTERVAL_MS, 2 * REPEAT_INTERVAL_MS]);
});

Deno.test("the last input is repeated again whenever its packet is lost or overdue, until it arrives", () => {
  const b = bench();
  b.send(9);
  for (let i = 0; i < 3; i++) {
    b.packet();
    b.nowMs = Math.min(b.sender.repeatAtMs, 1e6);
  }
  assert.deepEqual(b.packet(), [], "it travelled three times");
  for (let packet = 2; packet < 40; packet++) {
    b.lose(packet, packet % 2 === 0);
    assert.ok(b.sender.repeatAtMs <= b.nowMs, "due at once");
    assert.deepEqual(firsts(b.packet()), [9]);
    if (packet % 2 === 0) b.lose(packet);
  }
  b.ack(40);
  assert.deepEqual(b.results, ["9 acked"]);
});

Deno.test("the loss of a packet whose inputs travelled since asks for nothing", () => {
  const b = bench();
  b.send(1);
  b.packet();
  b.send(2);
  b.packet();
  b.lose(0);
  assert.ok(b.sender.repeatAtMs > b.nowMs);
});

Deno.test("an input is settled once, by the first packet that arrives", () => {
  const b = bench();
  b.send(1);
  b.packet();
  b.send(2);
  b.packet();
  b.ack(1);
  b.ack(0);
  assert.deepEqual(b.results, ["1 acked", "2 acked"]);
  assert.equal(b.pool.outstanding, 0);
});

Deno.test("a packet without room carries the set on in the next one", () => {
  const b = bench(4);
  for (const first of [1, 2, 3, 4]) b.send(first, 300);
  assert.deepEqual(firsts(b.packet(700)), [1, 2]);
  assert.deepEqual(firsts(b.packet(700)), [3, 4]);
});

Deno.test("an input that does not fit a datagram is dropped, and so is not sent in parts", () => {
  const b = bench();
  assert.equal(b.send(1, 1_170), "dropped");
  assert.equal(b.send(2, 1_169), "queued");
  assert.deepEqual(firsts(b.packet()), [2]);
});

Deno.test("inputs that never left take no sequence", () => {
  const b = bench();
  for (let i = 0; i < 40_000; i++) b.send(i & 0xff, 1, false);
  assert.deepEqual(b.packet().map((f) => f.sequence), [0, 1, 2]);
});

Deno.test("drop() ends all inputs", () => {
  const b = bench();
  b.send(1);
  b.packet();
  b.send(2);
  b.sender.drop();
  b.tell();
  assert.deepEqual(b.results, ["1 dropped", "2 dropped"]);
  assert.equal(b.pool.outstanding, 0);
  assert.equal(b.sender.repeatAtMs, Infinity);
});
