import assert from "node:assert/strict";
import { MessagePool } from "../../protocol/message_pool.ts";
import { PacketState, SentFlag, SentPackets } from "../../protocol/sent_packets.ts";

function record(sent: SentPackets, items = 0, flags: number = SentFlag.ackEliciting): number {
  const before = sent.itemHead;
  const pool = new MessagePool();
  for (let part = 0; part < items; part++) sent.addItem(pool.acquire(10), part);
  return sent.record(before, 100 + items, flags, -1, 1_000 + sent.nextPacketNumber);
}

Deno.test("a record keeps what was noted of its packet", () => {
  const sent = new SentPackets();
  const before = sent.itemHead;
  const message = new MessagePool().acquire(10);
  sent.addItem(message, 3);
  const packet = sent.record(before, 777, SentFlag.ackEliciting | SentFlag.credit, 42, 5_000);
  assert.equal(packet, 0);
  assert.equal(sent.nextPacketNumber, 1);
  assert.equal(sent.stateOf(0), PacketState.inFlight);
  assert.equal(sent.sentAtMs(0), 5_000);
  assert.equal(sent.sizeBytes(0), 777);
  assert.equal(sent.flagsOf(0), SentFlag.ackEliciting | SentFlag.credit);
  assert.equal(sent.ackedUpTo(0), 42);
  assert.equal(sent.itemCount(0), 1);
  assert.equal(sent.itemMessage(0, 0), message);
  assert.equal(sent.itemPart(0, 0), 3);
});

Deno.test("packets that want no acknowledgement are never in flight", () => {
  const sent = new SentPackets();
  record(sent, 0, 0);
  assert.equal(sent.inFlight, 0);
  assert.equal(sent.elicitingInFlight, 0);
  assert.equal(sent.oldest, 1);
});

Deno.test("the oldest packet in flight is found whatever the order of settling", () => {
  const sent = new SentPackets();
  for (let i = 0; i < 5; i++) record(sent);
  sent.settle(1, PacketState.acked);
  sent.settle(3, PacketState.lost);
  assert.equal(sent.oldest, 0);
  sent.settle(0, PacketState.acked);
  assert.equal(sent.oldest, 2);
  assert.equal(sent.inFlight, 2);
  sent.settle(2, PacketState.acked);
  sent.settle(4, PacketState.acked);
  assert.equal(sent.oldest, 5);
  assert.equal(sent.inFlight, 0);
});

Deno.test("settling a packet twice counts once", () => {
  const sent = new SentPackets();
  record(sent);
  record(sent);
  sent.settle(1, PacketState.lost);
  sent.settle(1, PacketState.acked);
  assert.equal(sent.inFlight, 1);
  assert.equal(sent.stateOf(1), PacketState.acked);
});

Deno.test("a message whose buffer has begun another life is not found", () => {
  const sent = new SentPackets();
  const pool = new MessagePool();
  const message = pool.acquire(10);
  sent.addItem(message, 0);
  sent.record(0, 100, SentFlag.ackEliciting, -1, 0);
  pool.release(message);
  assert.equal(pool.acquire(10), message, "the pool gives the same buffer again");
  assert.equal(sent.itemMessage(0, 0), undefined);
});

Deno.test("rings grow from 32 to 4,096 packets and keep every record and item", () => {
  const sent = new SentPackets();
  const pool = new MessagePool();
  // The first packets are settled, so that the rings do not begin at slot 0 when they grow.
  for (let i = 0; i < 20; i++) sent.settle(record(sent, 2), PacketState.acked);
  const messages = new Map<number, unknown>();
  while (!sent.isFull) {
    const before = sent.itemHead;
    const message = pool.acquire(10);
    sent.addItem(message, sent.nextPacketNumber);
    messages.set(
      sent.record(before, 200, SentFlag.ackEliciting, 7, sent.nextPacketNumber),
      message,
    );
  }
  assert.equal(messages.size, 4_096);
  assert.equal(sent.inFlight, 4_096);
  for (const [packet, message] of messages) {
    assert.equal(sent.stateOf(packet), PacketState.inFlight);
    assert.equal(sent.sentAtMs(packet), packet);
    assert.equal(sent.itemMessage(packet, 0), message);
    assert.equal(sent.itemPart(packet, 0), packet);
  }
});

Deno.test("a packet that was never sent, or whose record is overwritten, has no state", () => {
  const sent = new SentPackets();
  for (let i = 0; i < 100; i++) sent.settle(record(sent), PacketState.acked);
  assert.equal(sent.stateOf(100), PacketState.none);
  assert.equal(sent.stateOf(99), PacketState.acked);
  assert.equal(sent.stateOf(67), PacketState.none);
});
