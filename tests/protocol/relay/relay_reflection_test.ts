import assert from "node:assert/strict";
import type { Address } from "../../../protocol/address.ts";
import { isSameAddress } from "../../../protocol/same_address.ts";
import {
  BEACON_TOKEN_AT,
  issueBeaconToken,
  QOS_PING_BYTES,
} from "../../../protocol/relay/beacon.ts";
import { sealHopRenewal } from "../../../protocol/relay/hop_renewal.ts";
import {
  RELAY_HEADER_BYTES,
  RelayFlag,
  RelayFrameType,
  writeRelayHeader,
} from "../../../protocol/relay/relay_frame.ts";
import { FRAME_SIZES } from "../../../protocol/relay/relay_frame_rules.ts";
import { Random, seedFor } from "../../../transport/random.ts";
import { keyOf } from "../../fixtures/seeded.ts";
import { CLIENT, EPOCH_MS, LabRoute, makeCore, relayKey, RelayLab } from "./relay_lab.ts";

/** Bytes that went back to where a datagram came from, per byte that came. */
function ratioOf(lab: RelayLab, bytes: Uint8Array, from: Address): number {
  const before = lab.log.length;
  lab.clientAddress = from;
  lab.fromClient(bytes.slice());
  lab.clientAddress = CLIENT;
  let back = 0;
  for (const datagram of lab.log.slice(before + 1)) {
    if (isSameAddress(datagram.to, from)) back += datagram.bytes.byteLength;
  }
  return back / bytes.byteLength;
}

/** Sizes of a type that say the most: the least, the next, and the most. */
function sizesOf(type: RelayFrameType): number[] {
  const { min, max, step } = FRAME_SIZES[type]!;
  return [...new Set([min, Math.min(min + step, max), max])];
}

const TYPES = Object.entries(RelayFrameType);
const ELSEWHERE: Address = { hostname: "198.51.100.99", port: 5_555 };

for (const [name, type] of TYPES) {
  const limit = type === RelayFrameType.bind ? 0.15 : 1;

  Deno.test(`nobody gets back as much as they sent: ${name}, authentic, from home and from elsewhere`, () => {
    for (const size of sizesOf(type)) {
      for (const from of [CLIENT, ELSEWHERE]) {
        for (const flags of [0, RelayFlag.echo, RelayFlag.downstream]) {
          const lab = RelayLab.bound();
          const frame = lab.client.frame(type, size - RELAY_HEADER_BYTES, flags);
          const ratio = ratioOf(lab, frame, from);
          assert.ok(ratio < limit, `${ratio} for ${size} bytes, flags ${flags}`);
        }
      }
    }
  });

  Deno.test(`a stranger's ${name} gets silence, but for a NO_SESSION that is smaller`, () => {
    const random = new Random(seedFor(name, 1));
    const answered: RelayFrameType[] = [
      RelayFrameType.data,
      RelayFrameType.renew,
      RelayFrameType.ping,
      RelayFrameType.signal,
    ];
    for (const size of sizesOf(type)) {
      const lab = RelayLab.bound();
      const frame = random.bytes(size);
      const header = { type, shard: 0, flags: 0, epoch: 1, label: 77, sequence: 3 };
      writeRelayHeader(frame, header);
      const ratio = ratioOf(lab, frame, ELSEWHERE);
      if (answered.includes(type)) assert.equal(ratio, 20 / size);
      else assert.equal(ratio, 0);
      // With the label of a session, but without its key.
      writeRelayHeader(frame, { ...header, label: lab.client.options.label });
      assert.equal(ratioOf(lab, frame, ELSEWHERE), 0);
    }
  });
}

Deno.test("what answers a BIND stays below 0.15 of it: RETRY, BOUND, and nothing else", () => {
  for (const relays of [1, 2, 3]) {
    for (const isKnownSource of [true, false]) {
      const lab = new RelayLab({ relays, isKnownSource });
      lab.bind();
      const [first, ...rest] = lab.log;
      assert.equal(first!.bytes.byteLength, Math.max(512, 44 + 144 * (relays + 1)));
      for (const { bytes, to } of rest) {
        if (!isSameAddress(to, CLIENT)) continue;
        assert.ok(bytes.byteLength / first!.bytes.byteLength <= 0.15, `${bytes.byteLength}`);
      }
    }
  }
});

Deno.test("a BIND never grows on its way", () => {
  const lab = RelayLab.bound({ relays: 3 });
  const sizes = lab.log.filter(({ bytes }) => bytes[0] === 0xe1).map(({ bytes }) =>
    bytes.byteLength
  );
  assert.deepEqual(sizes, [620, 512, 512, 512]);
});

Deno.test("renewals and beacons answer with less than they were asked with", () => {
  const lab = RelayLab.bound();
  const { sessionId, labelIn } = lab.route.hops[0]!;
  const rates = { kbpsUp: 0, kbpsDown: 0, ppsUp: 0, ppsDown: 0, maxMiB: 0 };
  const renewal = { sessionId, labelIn, notAfterS: EPOCH_MS / 1_000 + 9_000, ...rates };
  const nonce = keyOf("renewal").slice(0, 12);
  const blob = sealHopRenewal(renewal, relayKey("relay 0"), { shard: 0, hopIndex: 0 }, nonce);
  const renew = lab.client.frame(RelayFrameType.renew, blob);
  assert.equal(ratioOf(lab, renew, CLIENT), 24 / 80);
  const ping = new Uint8Array(QOS_PING_BYTES);
  const header = { shard: 0, flags: 0, epoch: 0, label: 0, sequence: 1 };
  writeRelayHeader(ping, { type: RelayFrameType.qosPing, ...header });
  const token = issueBeaconToken(relayKey("relay 0"), 0, EPOCH_MS / 1_000 + 60);
  ping.set(token, BEACON_TOKEN_AT);
  assert.equal(ratioOf(lab, ping, ELSEWHERE), 0.5);
});

Deno.test("floods of every type from spoofed addresses leave nothing behind", () => {
  const core = makeCore(0, { noSessionsPerSecond: 50, beaconsPerSecond: 50 });
  const random = new Random(seedFor("flood", 1));
  const into = new Uint8Array(1_232);
  const route = new LabRoute({ isKnownSource: false });
  const bind = route.endBefore(0).bind(route.tickets);
  const frame = random.bytes(600);
  let sentBytes = 0;
  for (let i = 0; i < 60_000; i++) {
    const from = {
      hostname: `10.${i >> 16}.${i >> 8 & 0xff}.${i & 0xff}`,
      port: 1_024 + i % 60_000,
    };
    const type = (i % 16) as RelayFrameType; // Any 4 bits are a type.
    const size = FRAME_SIZES[type]!.min;
    const bytes = i % 64 === 1 ? bind : frame.subarray(0, size);
    if (bytes === bind) core.handleDatagram(bind.slice(), from, i / 100);
    else {
      writeRelayHeader(bytes, { type, shard: 0, flags: i % 32, epoch: 0, label: i, sequence: i });
      core.handleDatagram(bytes, from, i / 100);
    }
    for (let n = core.pollTransmit(into, i / 100); n > 0; n = core.pollTransmit(into, i / 100)) {
      sentBytes += n;
    }
  }
  assert.equal(core.size, 0, "no session");
  assert.equal(core.deadlineMs(), Infinity, "no timer");
  assert.equal(core.export(600).byteLength, 20, "nothing to hand over");
  const received = core.totals.bytesIn.reduce((sum, bytes) => sum + bytes);
  assert.ok(sentBytes / received < 0.02, `${sentBytes} of ${received} bytes`);
  assert.ok(core.drops.bindCookie + core.drops.bindRateLimited > 900);
});
