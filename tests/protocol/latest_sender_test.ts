import assert from "node:assert/strict";
import { LatestSender } from "../../protocol/latest_sender.ts";
import { configOf, firsts, SenderBench } from "../fixtures/sender_bench.ts";

function bench(): SenderBench<LatestSender> {
  const make = (...args: ConstructorParameters<typeof LatestSender>): LatestSender =>
    new LatestSender(...args);
  return new SenderBench(make, configOf("reliable-latest"));
}

Deno.test("only the newest value leaves, the ones before are dropped", () => {
  const b = bench();
  for (const first of [1, 2, 3]) assert.equal(b.send(first), "queued");
  assert.deepEqual(b.results, ["1 dropped", "2 dropped"]);
  assert.deepEqual(firsts(b.packet()), [3]);
  b.ack(0);
  assert.deepEqual(b.results.slice(2), ["3 acked"]);
  assert.equal(b.sender.isSettled, true);
  assert.equal(b.pool.outstanding, 0);
});

Deno.test("a lost value leaves again until it is acknowledged", () => {
  const b = bench();
  b.send(7);
  for (let packet = 0; packet < 20; packet++) {
    assert.deepEqual(firsts(b.packet()), [7]);
    b.lose(packet);
    assert.equal(b.sender.isSettled, false);
  }
  b.packet();
  b.ack(20);
  assert.deepEqual(b.results, ["7 acked"]);
});

Deno.test("a lost value that was replaced does not leave again, nor does its acknowledgement end the new one", () => {
  const b = bench();
  b.send(1);
  b.packet();
  b.send(2);
  b.lose(0);
  assert.equal(b.sender.hasResends, false);
  assert.deepEqual(firsts(b.packet()), [2]);
  b.ack(0);
  assert.equal(b.sender.isSettled, false);
  b.ack(1);
  assert.deepEqual(b.results, ["1 dropped", "2 acked"]);
});

Deno.test("a value in parts is replaced at once, whatever of it is under way", () => {
  const b = bench();
  b.send(1, 4_000);
  b.packet();
  b.packet();
  b.lose(0);
  b.send(2, 2_500);
  const frames = [b.packet(), b.packet(), b.packet()].flat();
  assert.deepEqual(frames.map((f) => [f.first, f.sequence, f.part]), [[2, 1, 0], [2, 1, 1], [
    2,
    1,
    2,
  ]]);
  b.ack(1);
  for (const packet of [2, 3, 4]) b.ack(packet);
  assert.deepEqual(b.results, ["1 dropped", "2 acked"]);
});

Deno.test("of a value in parts only the lost part leaves again", () => {
  const b = bench();
  b.send(1, 3_000);
  for (let i = 0; i < 3; i++) b.packet();
  b.lose(2);
  b.lose(0);
  assert.deepEqual([b.packet(), b.packet()].flat().map((f) => f.part), [0, 2]);
  assert.equal(b.sender.hasResends, false);
});

Deno.test("values that are replaced before they leave take no sequence", () => {
  const b = bench();
  for (let i = 0; i < 40_000; i++) b.send(i & 0xff, 1, false);
  assert.equal(b.packet()[0]!.sequence, 0, "else the receiver would take it for an old one");
  b.send(1);
  assert.equal(b.packet()[0]!.sequence, 1);
});

Deno.test("a value without bytes is settled by its acknowledgement and not before", () => {
  const b = bench();
  b.send(0, 0);
  assert.equal(b.sender.isSettled, false);
  b.packet();
  b.ack(0);
  assert.equal(b.sender.isSettled, true);
});

Deno.test("drop() ends the value", () => {
  const b = bench();
  b.send(1);
  b.packet();
  b.sender.drop();
  b.tell();
  b.sender.drop();
  b.tell();
  assert.deepEqual(b.results, ["1 dropped"]);
  assert.equal(b.pool.outstanding, 0);
});
