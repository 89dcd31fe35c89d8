import assert from "node:assert/strict";
import fc from "fast-check";
import { type MessageBuffer, MessagePool } from "../../protocol/message_pool.ts";
import { PacketState, SentFlag, SentPackets } from "../../protocol/sent_packets.ts";

interface Packet {
  state: number;
  readonly isEliciting: boolean;
  readonly items: {
    readonly message: MessageBuffer;
    readonly generation: number;
    readonly part: number;
  }[];
}

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ items: fc.nat(5), isEliciting: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ settle: fc.nat(60), state: fc.constantFrom(2, 3) }) },
  { weight: 1, arbitrary: fc.record({ release: fc.nat(60) }) },
);

Deno.test("the ring of sent packets agrees with a list of all that ever were", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600 }), (steps) => {
      const sent = new SentPackets();
      const pool = new MessagePool();
      const packets: Packet[] = [];
      const lent: MessageBuffer[] = [];
      for (const each of steps) {
        if ("items" in each) {
          if (sent.isFull) continue;
          const before = sent.itemHead;
          const packet: Packet = { state: 1, isEliciting: each.isEliciting, items: [] };
          for (let part = 0; part < each.items; part++) {
            const message = pool.acquire(8);
            lent.push(message);
            sent.addItem(message, part);
            packet.items.push({ message, generation: message.generation, part });
          }
          if (!each.isEliciting) packet.state = PacketState.acked;
          packets.push(packet);
          sent.record(before, 50, each.isEliciting ? SentFlag.ackEliciting : 0, -1, 0);
        } else if ("settle" in each) {
          const number = packets.length - 1 - each.settle;
          const packet = packets[number];
          if (packet?.state !== PacketState.inFlight) continue;
          sent.settle(number, each.state);
          packet.state = each.state;
        } else {
          const message = lent.splice(each.release % (lent.length || 1), 1)[0];
          if (message !== undefined) pool.release(message);
        }
        const inFlight = packets.filter(({ state }) => state === PacketState.inFlight);
        assert.equal(sent.inFlight, inFlight.length);
        assert.equal(sent.elicitingInFlight, inFlight.length, "only these are ever in flight");
        const oldest = packets.findIndex(({ state }) => state === PacketState.inFlight);
        assert.equal(sent.oldest, oldest === -1 ? packets.length : oldest);
      }
      for (const [number, packet] of packets.entries()) {
        if (packet.state !== PacketState.inFlight) continue;
        assert.equal(sent.itemCount(number), packet.items.length);
        for (const [index, { message, generation, part }] of packet.items.entries()) {
          const isAlive = message.generation === generation;
          assert.equal(sent.itemMessage(number, index), isAlive ? message : undefined);
          assert.equal(sent.itemPart(number, index), part);
        }
      }
    }),
    { seed: 3, numRuns: 200 },
  );
});
