import assert from "node:assert/strict";
import { DEFAULT_PACING, Pacer } from "../../protocol/pacer.ts";
import { TokenBucket } from "../../protocol/token_bucket.ts";
import { Random } from "../../transport/random.ts";

const RTT_MS = 50;
const PACKET_BYTES = 400;

/** What a path does with a packet: whether it arrives. */
type Path = (nowMs: number) => boolean;

function randomLoss(share: number, seed = 1): Path {
  const random = new Random(seed);
  return () => !random.chance(share);
}

/** A policer: drops what exceeds its rate and delays nothing. */
function policer(bytesPerSecond: number): Path {
  const bucket = new TokenBucket(bytesPerSecond, 3_000, 0);
  return (nowMs) => bucket.take(PACKET_BYTES, nowMs);
}

/** A game that wants to send this much, at 60 ticks a second, for some seconds; returns what it sent. */
function play(
  pacer: Pacer,
  path: Path,
  wantedBytesPerSecond: number,
  seconds: { readonly from: number; readonly to: number },
): { readonly sentShare: number; readonly lossShare: number } {
  const feedback: { readonly atMs: number; readonly arrived: boolean }[] = [];
  let wanted = 0;
  let sent = 0;
  let lost = 0;
  let queue = 0;
  for (let tick = seconds.from * 60; tick < seconds.to * 60; tick++) {
    const nowMs = tick * 1000 / 60;
    queue += wantedBytesPerSecond / 60;
    wanted += wantedBytesPerSecond / 60;
    // What could not leave is not worth sending later than a few ticks.
    queue = Math.min(queue, wantedBytesPerSecond / 10 + PACKET_BYTES);
    while (queue >= PACKET_BYTES && pacer.canSend(nowMs)) {
      pacer.onSent(PACKET_BYTES, nowMs);
      queue -= PACKET_BYTES;
      sent += PACKET_BYTES;
      const arrived = path(nowMs);
      if (!arrived) lost += PACKET_BYTES;
      feedback.push({ atMs: nowMs + RTT_MS, arrived });
    }
    while (feedback.length > 0 && feedback[0]!.atMs <= nowMs) {
      if (feedback.shift()!.arrived) pacer.onAcked();
      else pacer.onLost();
    }
    pacer.onRound(RTT_MS, 0, nowMs);
  }
  return { sentShare: sent / wanted, lossShare: lost / sent };
}

/** Lets rounds pass in which all of the rate is used and acknowledged. */
function cleanRounds(pacer: Pacer, rounds: number, fromMs = 0): void {
  for (let round = 1; round <= rounds; round++) {
    const endMs = fromMs + round * RTT_MS;
    useRate(pacer, RTT_MS, endMs);
    pacer.onRound(RTT_MS, 0, endMs);
  }
}

/** Sends and acknowledges what the rate allows in this time. */
function useRate(pacer: Pacer, durationMs: number, nowMs: number): void {
  let bytes = pacer.rateBytesPerSecond * durationMs / 1000;
  for (; bytes > 0; bytes -= PACKET_BYTES) {
    pacer.onSent(PACKET_BYTES, nowMs);
    pacer.onAcked();
  }
}

Deno.test("the rate starts at 64 KB/s and grows 10 % per clean round trip up to the ceiling", () => {
  const pacer = new Pacer(DEFAULT_PACING, 0);
  assert.equal(pacer.rateBytesPerSecond, 64_000);
  cleanRounds(pacer, 1);
  assert.equal(Math.round(pacer.rateBytesPerSecond), 70_400);
  cleanRounds(pacer, 100, 1_000);
  assert.equal(pacer.rateBytesPerSecond, DEFAULT_PACING.ceilingBytesPerSecond);
});

Deno.test("a round is a round trip: acknowledgements in between do not grow the rate", () => {
  const pacer = new Pacer(DEFAULT_PACING, 0);
  for (let nowMs = 1; nowMs <= RTT_MS; nowMs++) {
    useRate(pacer, 1, nowMs);
    pacer.onRound(RTT_MS, 0, nowMs);
  }
  assert.equal(Math.round(pacer.rateBytesPerSecond), 70_400);
});

Deno.test("the rate does not grow without acknowledgements, nor while packets queue for 20 ms", () => {
  const idle = new Pacer(DEFAULT_PACING, 0);
  idle.onSent(64_000, 100);
  idle.onRound(RTT_MS, 0, 100);
  assert.equal(idle.rateBytesPerSecond, 64_000);
  for (const [queueingMs, rate] of [[20, 64_000], [19.9, 70_400]] as const) {
    const pacer = new Pacer(DEFAULT_PACING, 0);
    useRate(pacer, 100, 100);
    pacer.onRound(RTT_MS, queueingMs, 100);
    assert.equal(Math.round(pacer.rateBytesPerSecond), rate);
  }
});

Deno.test("the rate does not grow while less than half of it is used: it would prove nothing", () => {
  for (const [share, rate] of [[0.4, 64_000], [0.6, 70_400]] as const) {
    const pacer = new Pacer(DEFAULT_PACING, 0);
    useRate(pacer, 100 * share, 100);
    pacer.onRound(RTT_MS, 0, 100);
    assert.equal(Math.round(pacer.rateBytesPerSecond), rate);
  }
});

Deno.test("queueing above 60 ms for two round trips takes 15 %", () => {
  const pacer = new Pacer(DEFAULT_PACING, 0);
  pacer.onAcked();
  pacer.onRound(RTT_MS, 61, 100);
  assert.equal(pacer.rateBytesPerSecond, 64_000);
  pacer.onAcked();
  pacer.onRound(RTT_MS, 61, 200);
  assert.equal(pacer.rateBytesPerSecond, 54_400);
  pacer.onAcked();
  pacer.onRound(RTT_MS, 60, 300);
  pacer.onAcked();
  pacer.onRound(RTT_MS, 61, 400);
  assert.equal(pacer.rateBytesPerSecond, 54_400, "two in a row");
});

Deno.test("loss above 5 % of at least 20 packets takes 15 %, fewer packets decide nothing", () => {
  const judge = (acked: number, lost: number): number => {
    const pacer = new Pacer(DEFAULT_PACING, 0);
    pacer.onSent(6_400, 100);
    for (let i = 0; i < acked; i++) pacer.onAcked();
    for (let i = 0; i < lost; i++) pacer.onLost();
    pacer.onRound(RTT_MS, 0, 100);
    return Math.round(pacer.rateBytesPerSecond);
  };
  assert.equal(judge(18, 2), 54_400);
  assert.equal(judge(17, 2), 64_000, "19 packets");
  assert.equal(judge(95, 5), 64_000, "5 % exactly");
  assert.equal(judge(94, 6), 54_400);
  assert.equal(judge(98, 2), 64_000, "2 % exactly");
  assert.equal(judge(99, 1), 70_400);
});

Deno.test("packets of slow sessions are counted over several rounds, those without loss too", () => {
  // 3 % of loss, three packets a round: a sample that began with each loss would see twice as much.
  const pacer = new Pacer(DEFAULT_PACING, 0);
  for (let round = 1; round <= 200; round++) {
    for (let i = 0; i < 3; i++) {
      pacer.onSent(PACKET_BYTES, round * RTT_MS);
      if ((round * 3 + i) % 33 === 0) pacer.onLost();
      else pacer.onAcked();
    }
    pacer.onRound(RTT_MS, 0, round * RTT_MS);
  }
  assert.ok(pacer.rateBytesPerSecond >= 64_000 * 0.85, `${pacer.rateBytesPerSecond}`);
});

Deno.test("a loss that turned out to be none is taken back", () => {
  const pacer = new Pacer(DEFAULT_PACING, 0);
  pacer.onSent(6_400, 100);
  for (let i = 0; i < 18; i++) pacer.onAcked();
  for (let i = 0; i < 2; i++) pacer.onLost();
  for (let i = 0; i < 2; i++) pacer.onForgiven();
  pacer.onRound(RTT_MS, 0, 100);
  assert.equal(Math.round(pacer.rateBytesPerSecond), 70_400);
});

Deno.test("the rate never falls below the floor", () => {
  const pacer = new Pacer(DEFAULT_PACING, 0);
  for (let round = 1; round < 100; round++) {
    for (let i = 0; i < 20; i++) pacer.onLost();
    pacer.onRound(RTT_MS, 0, round * 100);
  }
  assert.equal(pacer.rateBytesPerSecond, DEFAULT_PACING.floorBytesPerSecond);
});

Deno.test("the peer's announced limits cap rate and packets", () => {
  const pacer = new Pacer(DEFAULT_PACING, 0);
  pacer.limit(40, 20_000, 0);
  assert.equal(pacer.rateBytesPerSecond, 20_000);
  let packets = 0;
  while (pacer.canSend(0)) {
    pacer.onSent(40, 0);
    packets++;
  }
  assert.equal(packets, 10, "a quarter of a second's packets at once");
  assert.equal(pacer.readyAtMs(0), 25);
  cleanRounds(pacer, 100);
  assert.equal(pacer.rateBytesPerSecond, 20_000);
});

Deno.test("a peer that accepts nothing gets nothing, without an error", () => {
  const pacer = new Pacer(DEFAULT_PACING, 0);
  pacer.limit(0, 0, 0);
  assert.equal(pacer.rateBytesPerSecond, 0);
  while (pacer.canSend(0)) pacer.onSent(1_200, 0);
  assert.equal(pacer.readyAtMs(1_000), Infinity);
});

Deno.test("bursts are ten packets or 50 ms of the rate, and debts are paid before the next", () => {
  const pacer = new Pacer(DEFAULT_PACING, 0);
  let packets = 0;
  for (; pacer.canSend(0); packets++) pacer.onSent(1_200, 0);
  assert.equal(packets, 10);
  pacer.onSent(1_200, 0);
  const readyAtMs = pacer.readyAtMs(0);
  assert.ok(readyAtMs > 1_200 / 64 && readyAtMs < 1_300 / 64, `${readyAtMs}`);
  assert.equal(pacer.canSend(readyAtMs), true);
});

Deno.test("a burst is no more than half of what the peer takes at once", () => {
  const pacer = new Pacer(DEFAULT_PACING, 0);
  pacer.limit(1_000, 5_000, 0);
  let bytes = 0;
  for (; pacer.canSend(0); bytes += 100) pacer.onSent(100, 0);
  assert.equal(bytes, 2_500);
});

Deno.test("a 60 Hz game of 24 KB/s keeps its rate on a path that loses 30 % whatever it sends", () => {
  const pacer = new Pacer(DEFAULT_PACING, 0);
  const path = randomLoss(0.3);
  const { sentShare } = play(pacer, path, 24_000, { from: 0, to: 60 });
  assert.ok(sentShare > 0.9, `only ${sentShare} of what the game wanted to send left`);
  assert.ok(pacer.rateBytesPerSecond > 20_000, `${pacer.rateBytesPerSecond}`);
});

Deno.test("a game that wants twice what a policer lets through backs off to it and loses little", () => {
  const pacer = new Pacer(DEFAULT_PACING, 0);
  const path = policer(24_000);
  play(pacer, path, 48_000, { from: 0, to: 20 });
  const { lossShare } = play(pacer, path, 48_000, { from: 20, to: 60 });
  assert.ok(lossShare < 0.25, `${lossShare} lost although sending less would help`);
});

Deno.test("a clock that is set back by an hour stops neither sending nor adapting", () => {
  const pacer = new Pacer(DEFAULT_PACING, 3_600_000);
  while (pacer.canSend(3_600_000)) pacer.onSent(1_200, 3_600_000);
  pacer.onRound(RTT_MS, 0, 3_600_000);
  const before = pacer.rateBytesPerSecond;
  assert.ok(pacer.readyAtMs(0) < 1_000);
  assert.equal(pacer.canSend(100), true);
  pacer.onRound(RTT_MS, 0, 100);
  cleanRounds(pacer, 2, 100);
  assert.ok(pacer.rateBytesPerSecond > before);
});
