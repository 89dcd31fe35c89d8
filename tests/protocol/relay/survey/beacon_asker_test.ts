import assert from "node:assert/strict";
import {
  BEACON_NONCE_AT,
  BEACON_TOKEN_AT,
  PONG_NONCE_AT,
  QOS_PING_BYTES,
  QOS_PONG_BYTES,
} from "../../../../protocol/relay/beacon.ts";
import {
  frameShard,
  frameType,
  RelayFrameType,
  writeRelayHeader,
} from "../../../../protocol/relay/relay_frame.ts";
import { BeaconAsker, type TokenBeacon } from "../../../../protocol/relay/survey/beacon_asker.ts";
import type { Address } from "../../../../protocol/address.ts";
import { randomFill } from "../../../fixtures/seeded.ts";

function beacon(number: number): TokenBeacon {
  return {
    relayId: `fra-${number}`,
    region: "fra",
    address: { hostname: `203.0.113.${number}`, port: 7_000 },
    shard: number,
    token: new Uint8Array(16).fill(number),
  };
}

function pongTo(ping: Uint8Array): Uint8Array {
  const pong = new Uint8Array(QOS_PONG_BYTES);
  const none = { shard: 0, flags: 1, epoch: 0, label: 0, sequence: 0 };
  writeRelayHeader(pong, { ...none, type: RelayFrameType.qosPong });
  pong.set(ping.subarray(BEACON_NONCE_AT, BEACON_NONCE_AT + 8), PONG_NONCE_AT);
  return pong;
}

/** Runs a survey; `answer` says how long a beacon takes and from where it answers. */
function survey(
  count: number,
  answer: (to: Address, pong: Uint8Array) => { rttMs: number; from: Address } | undefined,
): { asker: BeaconAsker; sent: number; endMs: number } {
  const beacons = Array.from({ length: count }, (_, i) => beacon(i + 1));
  const asker = new BeaconAsker(beacons, randomFill("asker"), 0);
  const due: { atMs: number; pong: Uint8Array; from: Address }[] = [];
  const frame = new Uint8Array(1_500).fill(0xff);
  let sent = 0;
  let nowMs = 0;
  for (; nowMs < 5_000 && !asker.isOver(nowMs); nowMs++) {
    for (const { atMs, pong, from } of due) {
      if (atMs === nowMs) asker.handleDatagram(pong, from, nowMs);
    }
    for (
      let size = asker.pollTransmit(frame, nowMs);
      size > 0;
      size = asker.pollTransmit(frame, nowMs)
    ) {
      sent++;
      assert.equal(size, QOS_PING_BYTES);
      assert.equal(frameType(frame), RelayFrameType.qosPing);
      const to = asker.transmitTo;
      assert.equal(to.hostname, `203.0.113.${frameShard(frame)}`);
      assert.equal(frame[BEACON_TOKEN_AT], frameShard(frame));
      const pong = pongTo(frame);
      const way = answer(to, pong);
      if (way !== undefined) due.push({ atMs: nowMs + way.rttMs, pong, from: way.from });
    }
  }
  return { asker, sent, endMs: nowMs };
}

Deno.test("a survey asks six times each, ends within a second, and finds the nearest", () => {
  const { asker, sent, endMs } = survey(3, (to) => ({
    rttMs: to.hostname === "203.0.113.2" ? 12 : 40,
    from: { hostname: `::ffff:${to.hostname}`, port: to.port },
  }));
  assert.equal(sent, 18);
  assert.ok(endMs < 700, `${endMs}`);
  const [first] = asker.results(endMs);
  assert.equal(first!.beacon.relayId, "fra-2");
  assert.equal(first!.medianRttMs, 12);
  assert.deepEqual([...asker.location(endMs)], [["fra", 12]]);
});

Deno.test("answers from elsewhere, with a nonce of others, cut or repeated, count for nothing", () => {
  const forgeries: ((to: Address, pong: Uint8Array) => Address)[] = [
    (to) => ({ hostname: "203.0.113.66", port: to.port }),
    (to) => ({ ...to, port: 7_001 }),
    (to, pong) => {
      pong[PONG_NONCE_AT + 4]! ^= 1;
      return to;
    },
    (to, pong) => {
      pong[PONG_NONCE_AT + 1]! ^= 1;
      return to;
    },
    (to, pong) => {
      pong[0] = 0xe0;
      return to;
    },
  ];
  for (const forge of forgeries) {
    const { asker, endMs } = survey(1, (to, pong) => ({ rttMs: 5, from: forge(to, pong) }));
    assert.deepEqual(asker.results(endMs), []);
  }
});

Deno.test("of more than a dozen beacons the first twelve are asked; silence ends after half a second", () => {
  const { asker, sent, endMs } = survey(20, () => undefined);
  assert.equal(sent, 72);
  assert.ok(endMs >= 1_000 && endMs < 1_200, `${endMs}`);
  assert.deepEqual(asker.results(endMs), []);
});
