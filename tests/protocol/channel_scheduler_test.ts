import assert from "node:assert/strict";
import type { ChannelConfig } from "../../protocol/channel_config.ts";
import { ChannelScheduler } from "../../protocol/channel_scheduler.ts";
import { PacketWriter } from "../../protocol/packet_writer.ts";
import type { SendChannel } from "../../protocol/send_channel.ts";
import { configOf } from "../fixtures/sender_bench.ts";

const BODY = new Uint8Array(1_000);

/** A channel with any number of messages of one size. */
class Source implements SendChannel {
  readonly index: number;
  readonly config: ChannelConfig;
  readonly queuedBytes = 0;
  readonly hasUnsent = true;
  readonly isSettled = false;
  deficitBytes = 0;
  waiting: number;
  resends = 0;
  written = 0;
  readonly #sizeBytes: number;

  constructor(index: number, priority: number, weight: number, sizeBytes: number, waiting: number) {
    this.index = index;
    this.config = configOf("unreliable", { priority, weight });
    this.#sizeBytes = sizeBytes;
    this.waiting = waiting;
  }

  isPending(): boolean {
    return this.waiting > 0;
  }
  writeNext(writer: PacketWriter): boolean {
    if (!writer.addMessage(this.index, -1, BODY, this.#sizeBytes)) return false;
    this.waiting--;
    this.written += this.#sizeBytes;
    return true;
  }
  get hasResends(): boolean {
    return this.resends > 0;
  }
  writeResend(writer: PacketWriter): boolean {
    if (!writer.addMessage(this.index, -1, BODY, this.#sizeBytes)) return false;
    this.resends--;
    return true;
  }
  enqueue(): "dropped" {
    return "dropped";
  }
  onPartAcked(): void {}
  onPartLost(): void {}
  drop(): void {}
}

/** Channels in the order in which their frames stand in a packet. */
function packetOf(scheduler: ChannelScheduler, capacityBytes = 1_175): number[] {
  const memory = new Uint8Array(1_500);
  const writer = new PacketWriter();
  writer.begin(memory, 0, capacityBytes);
  const order: number[] = [];
  const addMessage = writer.addMessage.bind(writer);
  writer.addMessage = (channel, ...rest) => {
    const isWritten = addMessage(channel, ...rest);
    if (isWritten) order.push(channel);
    return isWritten;
  };
  if (scheduler.writeResends(writer)) scheduler.writeNew(writer, 0);
  return order;
}

Deno.test("higher priorities leave first, whatever the order of declaration", () => {
  const sources = [2, 5, 0, 7].map((priority, i) => new Source(i, priority, 1, 10, 2));
  assert.deepEqual(packetOf(new ChannelScheduler(sources)), [3, 3, 1, 1, 0, 0, 2, 2]);
});

Deno.test("a lower priority gets nothing while a higher one fills the packets", () => {
  const high = new Source(0, 5, 1, 500, 100);
  const low = new Source(1, 4, 255, 500, 100);
  const scheduler = new ChannelScheduler([low, high]);
  for (let i = 0; i < 50; i++) packetOf(scheduler);
  assert.deepEqual([high.waiting, low.written], [0, 0]);
  packetOf(scheduler);
  assert.equal(low.written, 1_000);
});

Deno.test("resends leave before anything new, also those of lower priority", () => {
  const [a, b] = [new Source(0, 7, 1, 10, 1), new Source(1, 0, 1, 10, 1)];
  b.resends = 2;
  assert.deepEqual(packetOf(new ChannelScheduler([a, b])), [1, 1, 0, 1]);
});

for (
  const [weights, shares] of [[[1, 1], [1, 1]], [[3, 1], [3, 1]], [[1, 5, 2], [1, 5, 2]]] as const
) {
  Deno.test(`weights ${weights.join(":")} share a paced link in this ratio`, () => {
    const sources = weights.map((weight, i) => new Source(i, 3, weight, 100 + i * 37, 1e6));
    const scheduler = new ChannelScheduler(sources);
    for (let i = 0; i < 3_000; i++) packetOf(scheduler);
    const unit = sources[0]!.written / shares[0];
    for (const [i, source] of sources.entries()) {
      const ratio = source.written / unit / shares[i]!;
      assert.ok(Math.abs(ratio - 1) < 0.03, `channel ${i}: ${ratio} of its share`);
    }
  });
}

Deno.test("messages larger than a round's share get no more and no less than it in the long run", () => {
  const large = new Source(0, 3, 1, 900, 1e6);
  const small = new Source(1, 3, 1, 10, 1e6);
  const scheduler = new ChannelScheduler([large, small]);
  for (let i = 0; i < 2_000; i++) packetOf(scheduler);
  const share = large.written / (large.written + small.written);
  // The bytes of frame headers count too, so small messages carry a little less of their own.
  assert.ok(share > 0.45 && share < 0.62, `${share}`);
});

Deno.test("a channel that had nothing to send saves no share for later", () => {
  const busy = new Source(0, 3, 1, 100, 1e6);
  const bursty = new Source(1, 3, 1, 100, 0);
  const scheduler = new ChannelScheduler([busy, bursty]);
  for (let i = 0; i < 100; i++) packetOf(scheduler);
  bursty.waiting = 1e6;
  const before = busy.written;
  for (let i = 0; i < 100; i++) packetOf(scheduler);
  const share = (busy.written - before) / (busy.written - before + bursty.written);
  assert.ok(Math.abs(share - 0.5) < 0.05, `${share}`);
});

Deno.test("nothing pending writes nothing", () => {
  const scheduler = new ChannelScheduler([new Source(0, 3, 1, 10, 0)]);
  assert.equal(scheduler.isPending(0), false);
  assert.equal(scheduler.hasResends, false);
  assert.deepEqual(packetOf(scheduler), []);
});
