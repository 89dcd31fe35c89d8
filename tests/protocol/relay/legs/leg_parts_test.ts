import assert from "node:assert/strict";
import { BindSchedule } from "../../../../protocol/relay/legs/bind_schedule.ts";
import { FrameLink, Judgement } from "../../../../protocol/relay/legs/frame_link.ts";
import { PeerAddress } from "../../../../protocol/relay/legs/peer_address.ts";
import { Punch, PUNCH_MS } from "../../../../protocol/relay/legs/punch.ts";
import {
  isVirtualHostname,
  virtualAddress,
  virtualId,
} from "../../../../protocol/relay/legs/virtual_address.ts";
import { RelayFrameType } from "../../../../protocol/relay/relay_frame.ts";
import { PureSipHasher } from "../../../../protocol/relay/siphash.ts";
import { randomFill } from "../../../fixtures/seeded.ts";
import { frameOf } from "./leg_lab.ts";

Deno.test("a virtual address names its session, and no other address does", () => {
  for (const id of [0n, 1n, 0xffffn, 0x1_0000n, (1n << 64n) - 1n]) {
    const address = virtualAddress(id);
    assert.equal(virtualId(address.hostname), id);
    assert.equal(address.port, 1);
    assert.ok(isVirtualHostname(address.hostname));
  }
  assert.equal(virtualAddress(0x1_0002_0003_0004n).hostname, "100::1:2:3:4");
  for (
    const hostname of ["100.64.0.1", "1000::1", "100:0:0:1::1", "::100", "::ffff:1.0.0.1", "x"]
  ) {
    assert.equal(isVirtualHostname(hostname), false, hostname);
    assert.equal(virtualId(hostname), undefined);
  }
  for (const id of [-1n, 1n << 64n]) assert.throws(() => virtualAddress(id), RangeError);
});

Deno.test("a peer is recognised in every form in which sockets write it", () => {
  const peer = new PeerAddress({ hostname: "192.0.2.7", port: 5 });
  assert.ok(peer.is({ hostname: "192.0.2.7", port: 5 }));
  assert.ok(peer.is({ hostname: "::ffff:192.0.2.7", port: 5 }));
  assert.ok(
    new PeerAddress({ hostname: "::ffff:192.0.2.7", port: 5 }).is({
      hostname: "192.0.2.7",
      port: 5,
    }),
  );
  assert.equal(peer.is({ hostname: "192.0.2.7", port: 6 }), false);
  assert.equal(peer.is({ hostname: "192.0.2.8", port: 5 }), false);
  assert.ok(
    new PeerAddress({ hostname: "2001:DB8:0::1", port: 5 }).is({
      hostname: "2001:db8::1",
      port: 5,
    }),
  );
  assert.throws(() => new PeerAddress({ hostname: "relay.example", port: 5 }), TypeError);
});

/** The two ends of a hop. */
function ends(): [FrameLink, FrameLink] {
  const common = {
    hasher: new PureSipHasher(),
    key: new Uint8Array(16).fill(9),
    label: 0xfeed_beef,
    shard: 2,
    epoch: 7,
  };
  const client = new FrameLink({ ...common, isClient: true });
  return [client, new FrameLink({ ...common, isClient: false })];
}

Deno.test("a frame is fresh once at the other end, in any order, and never at its own", () => {
  const [up, down] = ends();
  const frames = Array.from(
    { length: 50 },
    (_, i) => frameOf(up, RelayFrameType.data, new Uint8Array(i)),
  );
  for (const frame of frames.toReversed()) {
    assert.equal(up.judge(frame), Judgement.forged);
    assert.equal(down.judge(frame), Judgement.fresh);
    down.accept();
    assert.equal(down.judge(frame), Judgement.replayed);
  }
  assert.equal(down.missing, 0);
});

Deno.test("a link that begins anew takes lower numbers, and refuses what it had before", () => {
  const [up, down] = ends();
  for (let i = 0; i < 5_000; i++) {
    down.judge(frameOf(up, RelayFrameType.data, new Uint8Array(1)));
    down.accept();
  }
  const [fresh] = ends();
  const first = frameOf(fresh, RelayFrameType.bound, new Uint8Array(32));
  assert.equal(down.judge(first), Judgement.tooOld);
  down.restart();
  assert.equal(down.judge(first), Judgement.replayed);
  assert.equal(down.judge(frameOf(fresh, RelayFrameType.data)), Judgement.fresh);
});

Deno.test("an echo is that of one of the last 64 frames", () => {
  const [up] = ends();
  const old = frameOf(up, RelayFrameType.data, new Uint8Array(8));
  assert.ok(up.isEcho(old));
  assert.equal(up.isEcho(new Uint8Array(20)), false);
  for (let i = 0; i < 63; i++) frameOf(up, RelayFrameType.data);
  assert.ok(up.isEcho(old));
  frameOf(up, RelayFrameType.data);
  assert.equal(up.isEcho(old), false);
});

Deno.test("a BIND that nobody answers is repeated ever more rarely, every five to seven seconds at last", () => {
  const schedule = new BindSchedule(randomFill("bind"), 0);
  const waits: number[] = [];
  for (let i = 0; i < 40; i++) {
    const atMs = schedule.deadlineMs;
    schedule.onSent(atMs);
    waits.push(schedule.deadlineMs - atMs);
  }
  assert.ok(waits[0]! >= 200 && waits[0]! <= 260);
  assert.ok(waits.every((wait) => wait <= 6_500));
  assert.ok(waits.slice(24).every((wait) => wait >= 5_000));
  schedule.onBound(1e6);
  assert.equal(schedule.deadlineMs, Infinity);
  assert.equal(schedule.isWaiting, false);
  schedule.again(1e6 + 5, false);
  assert.equal(schedule.deadlineMs, 1e6 + 5);
  assert.equal(schedule.isBound, true);
});

Deno.test("a punch sends to every address within a moment, then at random, and ends in time", () => {
  const targets = [1, 2, 3].map((n) => ({ hostname: `192.0.2.${n}`, port: n }));
  const punch = new Punch([...targets, targets[0]!], 100, randomFill("punch"));
  assert.equal(punch.poll(99), undefined);
  const sent: { atMs: number; port: number }[] = [];
  let atMs = 100;
  while (punch.deadlineMs !== Infinity) {
    atMs = Math.max(atMs, punch.deadlineMs);
    const to = punch.poll(atMs);
    if (to !== undefined) sent.push({ atMs, port: to.port });
  }
  assert.deepEqual(sent.slice(0, 3).map(({ port }) => port), [1, 2, 3]);
  assert.equal(sent[2]!.atMs, 100);
  assert.ok(atMs <= 100 + PUNCH_MS);
  assert.ok(sent.length >= 18 && sent.length <= 72, `${sent.length}`);
  const bursts = [...new Set(sent.map((each) => each.atMs))];
  for (let i = 1; i < bursts.length; i++) {
    const wait = bursts[i]! - bursts[i - 1]!;
    assert.ok(wait >= 10 && wait <= 200, `${wait}`);
  }
});

Deno.test("a punch takes an address that turns up meanwhile, up to nine in all", () => {
  const punch = new Punch([], 0, randomFill("punch"));
  for (let port = 1; port <= 20; port++) punch.addTarget({ hostname: "192.0.2.1", port });
  const ports: number[] = [];
  for (let to = punch.poll(0); to !== undefined; to = punch.poll(0)) ports.push(to.port);
  assert.deepEqual(ports, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
