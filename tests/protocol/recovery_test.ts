import assert from "node:assert/strict";
import { type MessageBuffer, MessagePool } from "../../protocol/message_pool.ts";
import { DEFAULT_PACING, Pacer } from "../../protocol/pacer.ts";
import { Recovery, type RecoveryListener } from "../../protocol/recovery.ts";
import { PacketState, SentFlag } from "../../protocol/sent_packets.ts";

/** A recovery whose packets each carry one part of a message of their own. */
class Bench implements RecoveryListener {
  readonly pool = new MessagePool();
  readonly recovery: Recovery;
  readonly log: string[] = [];
  readonly messages: MessageBuffer[] = [];

  constructor() {
    this.recovery = new Recovery(this, new Pacer(DEFAULT_PACING, 0));
  }

  /** Sends a packet with a fresh message, or with one that was sent before. */
  send(nowMs: number, message = this.pool.acquire(10), flags = 0): number {
    const { sent } = this.recovery;
    const before = sent.itemHead;
    if (!this.messages.includes(message)) {
      message.splitInto(1, 10);
      this.messages.push(message);
    }
    message.setPacket(0, sent.nextPacketNumber);
    sent.addItem(message, 0);
    return this.recovery.onPacketSent(before, 500, SentFlag.ackEliciting | flags, -1, nowMs);
  }

  sendMany(count: number, nowMs = 0): void {
    for (let i = 0; i < count; i++) this.send(nowMs);
  }

  /** Acknowledges ranges `[first, last]`, the newest one first. */
  ack(nowMs: number, ...ranges: [first: number, last: number][]): void {
    this.recovery.beginAck(ranges[0]![1], 0, nowMs);
    for (const [first, last] of ranges) this.recovery.ackRange(last, last - first + 1);
    this.recovery.endAck(nowMs);
  }

  onPartAcked(message: MessageBuffer): void {
    this.log.push(`acked ${this.messages.indexOf(message)}`);
  }
  onPartLost(message: MessageBuffer, _part: number, packet: number, isProbe: boolean): void {
    this.log.push(`${isProbe ? "overdue" : "lost"} ${this.messages.indexOf(message)} in ${packet}`);
  }
  onCreditLost(): void {
    this.log.push("credit lost");
  }
  onMtuProbe(sizeBytes: number, arrived: boolean): void {
    this.log.push(`probe ${sizeBytes} ${arrived}`);
  }
  onLargePacket(arrived: boolean): void {
    this.log.push(`large ${arrived}`);
  }
  onAckOfAck(ackedUpTo: number): void {
    this.log.push(`pruned ${ackedUpTo}`);
  }
}

Deno.test("an acknowledged packet tells its parts once, however often it is acknowledged", () => {
  const bench = new Bench();
  bench.sendMany(2);
  bench.ack(50, [0, 1]);
  bench.ack(60, [0, 1]);
  assert.deepEqual(bench.log, ["acked 1", "acked 0"]);
});

Deno.test("a packet is lost when three later ones are acknowledged, and not when two are", () => {
  const bench = new Bench();
  bench.sendMany(4);
  bench.ack(50, [1, 2]);
  assert.equal(bench.recovery.counters.packetsLost, 0);
  bench.ack(50, [1, 3]);
  assert.deepEqual(bench.log.slice(-1), ["lost 0 in 0"]);
  assert.equal(bench.recovery.counters.packetsLost, 1);
});

Deno.test("a packet is lost 9/8 of a round trip after it was sent when a later one arrived", () => {
  const bench = new Bench();
  bench.send(0);
  bench.send(0);
  bench.ack(80, [1, 1]);
  assert.equal(bench.recovery.deadlineMs, 90);
  bench.recovery.handleTimeout(89.9);
  assert.equal(bench.recovery.counters.packetsLost, 0);
  assert.equal(bench.recovery.handleTimeout(90), false, "loss asks for no probe");
  assert.deepEqual(bench.log.slice(-1), ["lost 0 in 0"]);
  assert.equal(bench.recovery.deadlineMs, Infinity);
});

Deno.test("a loss that turns out to be none is forgiven, and the threshold adapts to the reordering", () => {
  const bench = new Bench();
  bench.sendMany(6);
  bench.ack(50, [1, 5]);
  assert.equal(bench.recovery.counters.packetsLost, 1);
  bench.ack(60, [0, 5]);
  assert.equal(bench.recovery.counters.spuriousLosses, 1);
  bench.ack(61, [0, 5]);
  assert.equal(bench.recovery.counters.spuriousLosses, 1, "once");
  // Packet 6 is now overtaken by five others, as packet 0 was, and not called lost for it.
  bench.sendMany(6, 100);
  bench.ack(150, [7, 11]);
  assert.equal(bench.recovery.counters.packetsLost, 1);
});

Deno.test("an acknowledgement that was long lost changes nothing any more", () => {
  const bench = new Bench();
  bench.sendMany(200);
  bench.ack(50, [1, 199]);
  bench.ack(60, [0, 199]);
  assert.equal(bench.recovery.counters.packetsLost, 1);
  assert.equal(bench.recovery.counters.spuriousLosses, 0);
});

Deno.test("without any acknowledgement a probe timeout hands back the two oldest packets", () => {
  const bench = new Bench();
  bench.sendMany(4, 1_000);
  // 100 ms assumed, 4 x 50 ms of variation, 25 ms of the peer's delay.
  assert.equal(bench.recovery.deadlineMs, 1_325);
  assert.equal(bench.recovery.handleTimeout(1_324), false);
  assert.equal(bench.recovery.handleTimeout(1_325), true);
  assert.deepEqual(bench.log, ["overdue 0 in 0", "overdue 1 in 1"]);
  assert.equal(bench.recovery.counters.probeTimeouts, 1);
  assert.equal(bench.recovery.counters.packetsLost, 0);
});

Deno.test("probe timeouts back off to 1 s and start over with the next acknowledgement", () => {
  const bench = new Bench();
  bench.send(0);
  const waits: number[] = [];
  let nowMs = 0;
  for (let i = 0; i < 5; i++) {
    const next = bench.recovery.deadlineMs;
    waits.push(next - nowMs);
    nowMs = next;
    bench.recovery.handleTimeout(nowMs);
  }
  assert.deepEqual(waits, [325, 650, 1_000, 1_000, 1_000]);
  bench.send(nowMs);
  bench.ack(nowMs + 100, [1, 1]);
  assert.equal(bench.recovery.probeCount, 0);
});

Deno.test("an ACK frame that acknowledges nothing new does not take the backoff back", () => {
  const bench = new Bench();
  bench.sendMany(2);
  bench.ack(50, [0, 0]);
  bench.recovery.handleTimeout(bench.recovery.deadlineMs);
  assert.equal(bench.recovery.probeCount, 1);
  bench.ack(600, [0, 0]);
  assert.equal(bench.recovery.probeCount, 1, "it was overtaken: the peer may still not hear us");
});

Deno.test("a probe hands back what no later packet carries by now", () => {
  const bench = new Bench();
  bench.sendMany(3);
  bench.recovery.handleTimeout(325);
  bench.log.length = 0;
  // Messages 0 and 1 travel again, in packets 3 and 4.
  bench.send(325, bench.messages[0]!);
  bench.send(325, bench.messages[1]!);
  bench.recovery.handleTimeout(bench.recovery.deadlineMs);
  const alive = bench.log.filter((line) => !["overdue 0 in 0", "overdue 1 in 1"].includes(line));
  assert.deepEqual(alive, ["overdue 2 in 2", "overdue 0 in 3", "overdue 1 in 4"]);
});

Deno.test("probes hand back twice as much each time, up to 32 packets", () => {
  const bench = new Bench();
  bench.sendMany(60);
  const handed: number[] = [];
  for (let i = 0; i < 7; i++) {
    bench.log.length = 0;
    bench.recovery.handleTimeout(bench.recovery.deadlineMs);
    handed.push(bench.log.length);
  }
  assert.deepEqual(handed, [2, 4, 8, 16, 32, 32, 32]);
});

Deno.test("round trips are measured on the largest packet, newly acknowledged, that wanted it", () => {
  const bench = new Bench();
  const { recovery } = bench;
  bench.send(0);
  bench.send(10);
  bench.ack(60, [0, 1]);
  assert.equal(recovery.rtt.latestMs, 50);
  bench.ack(500, [0, 1]);
  assert.equal(recovery.rtt.latestMs, 50, "acknowledged before");
  recovery.onPacketSent(recovery.sent.itemHead, 40, 0, -1, 600);
  bench.ack(700, [0, 2]);
  assert.equal(recovery.rtt.latestMs, 50, "its acknowledgement was nobody's to hurry");
});

Deno.test("a lost packet with grants asks for all grants again, an acknowledged one does not", () => {
  const bench = new Bench();
  bench.send(0, undefined, SentFlag.credit);
  bench.sendMany(3);
  bench.ack(50, [1, 3]);
  assert.ok(bench.log.includes("credit lost"));
  bench.log.length = 0;
  bench.send(60, undefined, SentFlag.credit);
  bench.ack(90, [0, 4]);
  assert.ok(!bench.log.includes("credit lost"));
});

Deno.test("a lost MTU probe is told as such and is no loss", () => {
  const bench = new Bench();
  const { recovery } = bench;
  recovery.onPacketSent(0, 1_280, SentFlag.ackEliciting | SentFlag.mtuProbe, -1, 0);
  bench.sendMany(3);
  bench.ack(50, [1, 3]);
  assert.ok(bench.log.includes("probe 1280 false"));
  assert.equal(recovery.counters.packetsLost, 0);
});

Deno.test("the acknowledgement of an acknowledgement prunes", () => {
  const bench = new Bench();
  bench.recovery.onPacketSent(0, 40, SentFlag.ackEliciting, 77, 0);
  bench.ack(50, [0, 0]);
  assert.deepEqual(bench.log, ["pruned 77"]);
});

Deno.test("giving everything up hands every part back and counts no loss", () => {
  const bench = new Bench();
  bench.sendMany(5);
  bench.ack(50, [2, 2]);
  bench.log.length = 0;
  bench.recovery.abandon();
  assert.deepEqual(bench.log, [0, 1, 3, 4].map((i) => `lost ${i} in ${i}`));
  assert.equal(bench.recovery.counters.packetsLost, 0);
  assert.equal(bench.recovery.sent.inFlight, 0);
  assert.equal(bench.recovery.deadlineMs, Infinity);
});

Deno.test("a full ring gives up its oldest packet", () => {
  const bench = new Bench();
  while (!bench.recovery.sent.isFull) bench.send(0);
  bench.recovery.dropOldest();
  assert.equal(bench.recovery.sent.isFull, false);
  assert.equal(bench.recovery.sent.stateOf(0), PacketState.lost);
  assert.equal(bench.log.at(-1), "lost 0 in 0");
});

Deno.test("an ACK of everything costs work in proportion to what it newly acknowledges", () => {
  const bench = new Bench();
  let looked = 0;
  const { sent } = bench.recovery;
  const stateOf = sent.stateOf.bind(sent);
  sent.stateOf = (packet) => {
    looked++;
    return stateOf(packet);
  };
  for (let i = 0; i < 10_000; i++) {
    bench.send(i);
    // As a hostile or careless peer would: the whole window every time.
    bench.ack(i, [Math.max(0, i - 1_000), i]);
  }
  assert.ok(looked < 10_000 * 8, `${looked} records looked at for 10,000 acknowledgements`);
});

Deno.test("packets above the base size are told of when they arrive or are lost, probes and others are not", () => {
  const bench = new Bench();
  bench.recovery.largeAboveBytes = 499;
  bench.sendMany(2);
  bench.send(0, undefined, SentFlag.mtuProbe);
  bench.sendMany(4);
  bench.ack(50, [4, 6], [0, 0]);
  assert.equal(bench.log.filter((line) => line === "large true").length, 4);
  assert.equal(bench.log.filter((line) => line === "large false").length, 2);
  bench.recovery.largeAboveBytes = 500;
  bench.log.length = 0;
  bench.sendMany(2, 50);
  bench.ack(100, [7, 8]);
  assert.ok(!bench.log.some((line) => line.startsWith("large")));
});
