import assert from "node:assert/strict";
import fc from "fast-check";
import {
  BIND_TICKETS_AT,
  bindFrameBytes,
  lowerBound,
  lowerPongDrain,
  readBindId,
  readBoundBody,
  readPongDrainS,
  writeBindBody,
  writeBoundBody,
} from "../../../protocol/relay/control_frames.ts";
import { openHopRenewal, sealHopRenewal } from "../../../protocol/relay/hop_renewal.ts";
import { OutboundRing } from "../../../protocol/relay/outbound_ring.ts";
import { RecentIds } from "../../../protocol/relay/recent_ids.ts";
import { anchorIdOf } from "../../../protocol/relay/relay_binder.ts";
import { RelayCookies } from "../../../protocol/relay/relay_cookies.ts";
import { checkRelayLimits, DEFAULT_RELAY_LIMITS } from "../../../protocol/relay/relay_limits.ts";
import { isNewerEpoch, RelaySlots } from "../../../protocol/relay/relay_slots.ts";
import { PureSipHasher } from "../../../protocol/relay/siphash.ts";
import { keyOf, randomFill } from "../../fixtures/seeded.ts";
import { CLIENT, LabRoute, makeCore, relayKey, RelayLab } from "./relay_lab.ts";

Deno.test("a BOUND says where the client was heard, so that no NAT box can find its own address in it", () => {
  for (const hostname of ["192.0.2.200", "2001:db8::1"]) {
    const frame = new Uint8Array(52);
    frame.set([1, 2, 3, 4, 5, 6, 7, 8], 4);
    const body = {
      observed: { hostname, port: 65_535 },
      leaseS: 60,
      notAfterS: 7,
      bindId: 2n ** 63n,
    };
    assert.equal(writeBoundBody(frame, body), 52);
    assert.deepEqual(readBoundBody(frame), body);
    assert.ok(!frame.toHex().includes("c00002c8"));
    lowerBound(frame, 61, 8);
    assert.deepEqual(readBoundBody(frame), body, "what promises less stays");
    lowerBound(frame, 59, 6);
    assert.deepEqual(readBoundBody(frame), { ...body, leaseS: 59, notAfterS: 6 });
  }
});

Deno.test("a BIND has at least 512 bytes, zeros behind its tickets, and its bind id", () => {
  assert.deepEqual([1, 2, 3, 4].map(bindFrameBytes), [512, 512, 512, 620]);
  const frame = new Uint8Array(620).fill(0xaa);
  const size = writeBindBody(frame, 0x0102_0304_0506_0708n, new Uint8Array(144).fill(9));
  assert.equal(size, 512);
  assert.equal(readBindId(frame), 0x0102_0304_0506_0708n);
  assert.ok(frame.subarray(20, 36).every((byte) => byte === 0));
  assert.ok(frame.subarray(BIND_TICKETS_AT, BIND_TICKETS_AT + 144).every((byte) => byte === 9));
  assert.ok(frame.subarray(BIND_TICKETS_AT + 144, 512).every((byte) => byte === 0));
  assert.equal(frame[512], 0xaa);
});

Deno.test("of several drains on the way the earliest is told", () => {
  const pong = new Uint8Array(32);
  lowerPongDrain(pong, 300);
  lowerPongDrain(pong, 400);
  assert.equal(readPongDrainS(pong), 300);
  lowerPongDrain(pong, 299);
  assert.equal(readPongDrainS(pong), 299);
});

Deno.test("a renewal opens to what was sealed, and no flipped bit passes", () => {
  const key = relayKey("relay 0");
  const renewal = {
    sessionId: 2n ** 64n - 1n,
    notAfterS: 2 ** 32 - 1,
    labelIn: 7,
    kbpsUp: 1,
    kbpsDown: 2,
    ppsUp: 3,
    ppsDown: 65_535,
    maxMiB: 5,
  };
  const nonce = keyOf("renewal").slice(0, 12);
  const seal = (changes = {}): Uint8Array =>
    sealHopRenewal({ ...renewal, ...changes }, key, { shard: 1, hopIndex: 0 }, nonce);
  const bytes = seal();
  assert.equal(bytes.byteLength, 60);
  assert.deepEqual(openHopRenewal(bytes, 0, [key]), renewal);
  assert.equal(openHopRenewal(bytes, 1, [key]), undefined);
  assert.equal(openHopRenewal(bytes, 0, []), undefined);
  for (let bit = 0; bit < 480; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    // Byte 2 and 3 are authenticated, so they count as well.
    assert.equal(openHopRenewal(bytes, 0, [key]), undefined, `bit ${bit}`);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
  for (const changes of [{ ppsUp: 65_536 }, { notAfterS: -1 }, { sessionId: 2n ** 64n }]) {
    assert.throws(() => seal(changes), RangeError);
  }
});

Deno.test("a ring gives frames back in order and whole, and has no room for one more than it holds", () => {
  const ring = new OutboundRing(3);
  const into = new Uint8Array(1_232);
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 3; i++) {
      ring.spare!.fill(round * 3 + i, 0, 20 + i);
      ring.commit(20 + i, { hostname: "192.0.2.1", port: 1 + i });
    }
    assert.equal(ring.spare, undefined);
    for (let i = 0; i < 3; i++) {
      assert.equal(ring.firstTarget.port, 1 + i);
      assert.equal(ring.shift(into), 20 + i);
      assert.ok(into.subarray(0, 20 + i).every((byte) => byte === round * 3 + i));
    }
    assert.equal(ring.shift(into), 0);
  }
});

Deno.test("ids are remembered until their time, and the oldest makes room", () => {
  const ids = new RecentIds(2);
  ids.add(1n, 100);
  assert.ok(ids.has(1n, 99));
  assert.ok(!ids.has(1n, 100));
  for (const id of [2n, 3n, 4n]) ids.add(id, 1_000);
  assert.deepEqual([2n, 3n, 4n].map((id) => ids.has(id, 0)), [false, true, true]);
  ids.add(3n, 2_000);
  ids.add(5n, 1_000);
  assert.deepEqual([3n, 4n, 5n].map((id) => ids.has(id, 0)), [true, false, true]);
});

Deno.test("a cookie is good for its address, its port, its label, and ten to twenty seconds", () => {
  const cookies = new RelayCookies(new PureSipHasher(), randomFill("cookies"));
  const frame = new Uint8Array(36);
  cookies.write(frame, CLIENT, 7, 5_000);
  const isValid = (from = CLIENT, label = 7, nowMs = 5_000): boolean =>
    cookies.isValid(frame, from, label, nowMs);
  assert.ok(isValid());
  assert.notDeepEqual(frame.subarray(20, 28), frame.subarray(28, 36), "128 bits, not 64 twice");
  assert.ok(isValid({ ...CLIENT, hostname: `::ffff:${CLIENT.hostname}` }));
  assert.ok(!isValid({ ...CLIENT, port: 1 }));
  assert.ok(!isValid({ ...CLIENT, hostname: "198.51.100.8" }));
  assert.ok(!isValid(CLIENT, 8));
  assert.ok(isValid(CLIENT, 7, 19_999));
  assert.ok(!isValid(CLIENT, 7, 20_000));
  const other = new RelayCookies(new PureSipHasher(), randomFill("other"));
  assert.ok(!other.isValid(frame, CLIENT, 7, 5_000));
  for (let bit = 160; bit < 288; bit++) {
    frame[bit >> 3]! ^= 1 << (bit & 7);
    assert.ok(!isValid(), `bit ${bit}`);
    frame[bit >> 3]! ^= 1 << (bit & 7);
  }
});

Deno.test("anchors are named by addresses of 100::/64, and by no other", () => {
  assert.equal(anchorIdOf({ hostname: "100::77", port: 1 }), 0x77n);
  assert.equal(anchorIdOf({ hostname: "100::ffff:ffff:ffff:ffff", port: 1 }), 2n ** 64n - 1n);
  for (const hostname of ["100:0:0:1::1", "100::", "1::77", "192.0.2.1", "2001:db8::77"]) {
    assert.equal(anchorIdOf({ hostname, port: 1 }), 0n, hostname);
  }
});

Deno.test("epochs are compared around the end of a byte", () => {
  const cases: [number, number, boolean][] = [
    [1, 0, true],
    [0, 1, false],
    [5, 5, false],
    [0, 255, true],
    [255, 0, false],
    [127, 0, true],
    [128, 0, false],
  ];
  for (const [a, b, isNewer] of cases) assert.equal(isNewerEpoch(a, b), isNewer, `${a} after ${b}`);
});

Deno.test("limits at their bounds are taken, beyond them refused, and unknown ones too", () => {
  checkRelayLimits(DEFAULT_RELAY_LIMITS);
  checkRelayLimits({ sessions: 1, leaseMs: 1_000, ceilingPps: Infinity });
  for (
    const limits of [{ sessions: 0 }, { sessions: 65_537 }, { sessions: 1.5 }, { leaseMs: 999 }]
  ) {
    assert.throws(() => checkRelayLimits(limits), RangeError);
  }
  assert.throws(() => checkRelayLimits({ ceilingPps: NaN }), RangeError);
  const unknown: object = { speed: 1 };
  assert.throws(() => checkRelayLimits(unknown), TypeError);
  assert.throws(() => makeCore(256), RangeError);
  assert.throws(() => makeCore(0, { sessions: 0 }), RangeError);
});

Deno.test("labels and session ids of any kind find their session", () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 20 }), (names) => {
      const core = makeCore();
      const unique = [...new Set(names)];
      for (const name of unique) RelayLab.bound({ name }, [core]).say(name);
      assert.equal(core.size, unique.length);
    }),
    { numRuns: 10, seed: 20261121 },
  );
});

Deno.test("no key stays behind when a session ends", () => {
  const slots = new RelaySlots(2, 2);
  const [ticket] = new LabRoute().hops;
  const slot = slots.install(ticket!, 0n, CLIENT, 0);
  assert.ok(slots.keys.some((byte) => byte !== 0));
  slots.remove(slot);
  assert.ok(slots.keys.every((byte) => byte === 0));
  assert.equal(slots.used, 0);
});
