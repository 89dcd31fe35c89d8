import assert from "node:assert/strict";
import type { Address } from "../../../../protocol/address.ts";
import {
  isUsableCandidate,
  MAX_CANDIDATES,
  MAX_SIGNAL_BYTES,
  SignalBox,
  SignalKind,
} from "../../../../protocol/relay/legs/candidates.ts";
import { CRYPTO } from "../../../fixtures/pair.ts";

const KEY = new Uint8Array(16).fill(3);
const box = (isClient: boolean, key = KEY) =>
  new SignalBox(CRYPTO, key, isClient, 1_700_000_000_000);
const addresses = (count: number): Address[] =>
  Array.from(
    { length: count },
    (_, i) => ({ hostname: i % 2 === 0 ? `192.0.2.${i}` : `2001:db8::${i}`, port: 1_000 + i }),
  );

Deno.test("a signal reaches the other end as it was sent, with 0 to 8 addresses of both families", () => {
  const [client, server] = [box(true), box(false)];
  for (let count = 0; count <= MAX_CANDIDATES; count++) {
    const candidates = addresses(count);
    const up = client.seal(SignalKind.offer, count, candidates);
    assert.ok(up.byteLength <= MAX_SIGNAL_BYTES);
    assert.deepEqual(server.open(up), { kind: SignalKind.offer, round: count, candidates });
    const down = server.seal(SignalKind.answer, count, candidates);
    assert.deepEqual(client.open(down), { kind: SignalKind.answer, round: count, candidates });
  }
});

Deno.test("more addresses than eight are left out", () => {
  const sealed = box(true).seal(SignalKind.offer, 1, addresses(20));
  assert.equal(box(false).open(sealed)?.candidates.length, MAX_CANDIDATES);
});

Deno.test("no bit of a signal can be changed, and none of its length", () => {
  const sealed = box(true).seal(SignalKind.offer, 1, addresses(2)).slice();
  const server = box(false);
  for (let bit = 0; bit < sealed.byteLength * 8; bit++) {
    const changed = sealed.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(server.open(changed), undefined, `bit ${bit}`);
  }
  for (let sizeBytes = 0; sizeBytes < sealed.byteLength; sizeBytes++) {
    assert.equal(server.open(sealed.subarray(0, sizeBytes)), undefined);
  }
  assert.equal(server.open(new Uint8Array(MAX_SIGNAL_BYTES + 1)), undefined);
  assert.ok(server.open(sealed));
});

Deno.test("a signal opens at the other end only: not at its sender's, not under another key", () => {
  const sealed = box(true).seal(SignalKind.offer, 1, addresses(1));
  assert.equal(box(true).open(sealed), undefined);
  assert.equal(box(false, new Uint8Array(16).fill(4)).open(sealed), undefined);
});

Deno.test("a signal opens once, and none that is older opens after it", () => {
  const [client, server] = [box(true), box(false)];
  const [old, newer] = [1, 2].map((round) => client.seal(SignalKind.start, round, []).slice());
  assert.ok(server.open(newer!));
  assert.equal(server.open(newer!), undefined);
  assert.equal(server.open(old!), undefined);
  assert.ok(server.open(client.seal(SignalKind.start, 3, [])));
});

Deno.test("an end that starts again a millisecond later is heard", () => {
  const server = box(false);
  assert.ok(server.open(box(true).seal(SignalKind.offer, 1, [])));
  const again = new SignalBox(CRYPTO, KEY, true, 1_700_000_000_001);
  assert.ok(server.open(again.seal(SignalKind.offer, 1, [])));
});

Deno.test("the same words are never sealed into the same bytes, nor under the same number", () => {
  const client = box(true);
  const numbers = new Set<string>();
  for (let i = 0; i < 100; i++) {
    numbers.add(client.seal(SignalKind.offer, 1, []).slice(0, 8).toHex());
  }
  assert.equal(numbers.size, 100);
});

Deno.test("addresses that stand for many hosts, or for none, are never sent to", () => {
  const bad = [
    "0.0.0.0",
    "0.1.2.3",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "ff02::1",
    "fe80::1",
    "febf::1",
    "100::1",
    "no address",
    "::ffff:224.0.0.1",
  ];
  for (const hostname of bad) {
    for (const allowsLoopback of [true, false]) {
      assert.equal(isUsableCandidate({ hostname, port: 9 }, allowsLoopback), false, hostname);
    }
  }
  for (const hostname of ["192.0.2.1", "10.0.0.1", "223.255.255.255", "2001:db8::1", "fd00::1"]) {
    assert.equal(isUsableCandidate({ hostname, port: 9 }, false), true, hostname);
    assert.equal(isUsableCandidate({ hostname, port: 0 }, false), false, hostname);
  }
});

Deno.test("this machine is sent to only by whom is on it", () => {
  for (const hostname of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]) {
    assert.equal(isUsableCandidate({ hostname, port: 9 }, false), false, hostname);
    assert.equal(isUsableCandidate({ hostname, port: 9 }, true), true, hostname);
  }
});
