import assert from "node:assert/strict";
import { MtuProber, PROBE_SIZES_BYTES } from "../../protocol/mtu_prober.ts";
import { Pair } from "../fixtures/pair.ts";

Deno.test("without probing the size never changes", () => {
  const mtu = new MtuProber(1_200, false);
  assert.equal(mtu.nextProbeBytes, 0);
  mtu.onProbeTimeout(9);
  assert.equal(mtu.currentBytes, 1_200);
});

Deno.test("sizes are probed one after the other, and used once they arrived", () => {
  const mtu = new MtuProber(1_200, true);
  for (const size of PROBE_SIZES_BYTES) {
    assert.equal(mtu.nextProbeBytes, size);
    mtu.onProbeSent();
    assert.equal(mtu.nextProbeBytes, 0, "one at a time");
    mtu.onProbeResult(size, true);
    assert.equal(mtu.currentBytes, size);
  }
  assert.equal(mtu.nextProbeBytes, 0);
});

Deno.test("sizes at or below the base are not probed", () => {
  assert.equal(new MtuProber(1_280, true).nextProbeBytes, 1_360);
  assert.equal(new MtuProber(1_452, true).nextProbeBytes, 0);
});

Deno.test("three losses of one size end probing there, two do not", () => {
  const mtu = new MtuProber(1_200, true);
  for (let loss = 0; loss < 2; loss++) {
    mtu.onProbeSent();
    mtu.onProbeResult(1_280, false);
  }
  assert.equal(mtu.nextProbeBytes, 1_280);
  mtu.onProbeSent();
  mtu.onProbeResult(1_280, true);
  for (let loss = 0; loss < 3; loss++) {
    assert.equal(mtu.nextProbeBytes, 1_360);
    mtu.onProbeSent();
    mtu.onProbeResult(1_360, false);
  }
  assert.equal(mtu.nextProbeBytes, 0);
  assert.equal(mtu.currentBytes, 1_280);
});

Deno.test("two probe timeouts in a row with larger datagrams make a black hole: back to the base for good", () => {
  const mtu = new MtuProber(1_200, true);
  mtu.onProbeSent();
  mtu.onProbeResult(1_280, true);
  mtu.onProbeTimeout(1);
  assert.equal(mtu.currentBytes, 1_280);
  mtu.onProbeTimeout(2);
  assert.equal(mtu.currentBytes, 1_200);
  assert.equal(mtu.nextProbeBytes, 0);
});

Deno.test("timeouts before any larger datagram was used say nothing of them", () => {
  const mtu = new MtuProber(1_200, true);
  mtu.onProbeTimeout(5);
  assert.equal(mtu.nextProbeBytes, 1_280);
});

Deno.test("the result of a probe of another size is ignored", () => {
  const mtu = new MtuProber(1_200, true);
  mtu.onProbeResult(1_400, true);
  assert.equal(mtu.currentBytes, 1_200);
});

Deno.test("a session that always has something to send is probed all the same", () => {
  const pair = new Pair();
  const client = pair.connect({ sessionLimits: { mtuProbing: true } });
  for (let step = 0; step < 100; step++) {
    while (client.send("reliable-ordered", new Uint8Array(1_000)) === "queued");
    client.session.flush();
    pair.advance(20);
  }
  assert.equal(client.session.channels.hasUnsent, true);
  assert.equal(client.session.connection!.mtu.currentBytes, 1_400);
});

Deno.test("eight larger datagrams lost in a row make a black hole, whatever smaller ones do", () => {
  const mtu = new MtuProber(1_200, true);
  for (let i = 0; i < 20; i++) mtu.onLargeDatagram(false);
  assert.equal(mtu.nextProbeBytes, 1_280, "no larger size was in use");
  mtu.onProbeSent();
  mtu.onProbeResult(1_280, true);
  for (let i = 0; i < 7; i++) mtu.onLargeDatagram(false);
  mtu.onLargeDatagram(true);
  for (let i = 0; i < 7; i++) mtu.onLargeDatagram(false);
  assert.equal(mtu.currentBytes, 1_280);
  mtu.onLargeDatagram(false);
  assert.deepEqual([mtu.currentBytes, mtu.nextProbeBytes], [1_200, 0]);
});
