import assert from "node:assert/strict";
import { nobleBackend } from "../../../protocol/crypto/noble.ts";
import { PureSipHasher } from "../../../protocol/relay/siphash.ts";
import {
  isMeshFrame,
  isMeshFrameOf,
  MESH_FRAME_BYTES,
  MeshKind,
  meshLabel,
  meshPairKey,
  readMeshFrame,
  writeMeshFrame,
} from "../../../relay/routes/mesh_frame.ts";
import { type MeshPeer, MeshPeerState } from "../../../relay/routes/mesh_peer.ts";
import { MeshProber } from "../../../relay/routes/mesh_prober.ts";
import { EndpointDriver } from "../../../transport/endpoint_driver.ts";
import type { DatagramPipe } from "../../../transport/pipe.ts";
import { SimulatedNetwork } from "../../../transport/simulated_network.ts";

const hasher = new PureSipHasher();
const KEY = Uint8Array.from({ length: 16 }, (_, at) => at);

/** A relay that does nothing but measure. */
class ProbingRelay {
  readonly prober: MeshProber;
  readonly pipe: DatagramPipe;
  readonly id: string;

  constructor(network: SimulatedNetwork, id: string, hostname: string, seed: number) {
    this.id = id;
    this.prober = new MeshProber({ relayId: id, hasher, seed });
    this.pipe = network.bind(hostname, 7_000);
    const driver = new EndpointDriver(this.prober, this.pipe, network.clock, () => {}, (error) => {
      throw error;
    });
    driver.start();
    this.#driver = driver;
  }

  readonly #driver: EndpointDriver;

  measure(peers: readonly ProbingRelay[], nowMs: number): void {
    this.prober.setPeers(peers.map((peer) => peer.asPeer()), nowMs);
    this.#driver.service(nowMs);
  }

  asPeer(key: Uint8Array = KEY): MeshPeer {
    return { relayId: this.id, address: this.pipe.localAddress, shard: 0, key };
  }
}

const HOSTS = ["192.0.2.1", "192.0.2.2", "192.0.2.3"] as const;

function fleet(network: SimulatedNetwork, size = 3): ProbingRelay[] {
  const relays = HOSTS.slice(0, size).map((host, at) =>
    new ProbingRelay(network, `relay-${at}`, host, at)
  );
  for (const relay of relays) relay.measure(relays, 0);
  return relays;
}

Deno.test("relays measure round trip, jitter and loss of each other at two probes a second", () => {
  const network = new SimulatedNetwork({ seed: 1 });
  network.setLink(HOSTS[0], HOSTS[1], { delayMs: 20 });
  network.setLink(HOSTS[1], HOSTS[0], { delayMs: 30 });
  network.setLink(HOSTS[0], HOSTS[2], { delayMs: 50, jitterMs: 10, loss: 0.2 });
  const [a, b] = fleet(network);
  network.run(60_000);
  const nowMs = network.clock.nowMs();
  // Both ends measure the same round trip, however it is divided.
  for (
    const quality of [a!.prober.quality("relay-1", nowMs)!, b!.prober.quality("relay-0", nowMs)!]
  ) {
    assert.deepEqual([quality.p50RttMs, quality.p95RttMs], [50, 50]);
    assert.ok(quality.jitterMs < 1e-6);
    assert.equal(quality.loss, 0);
    assert.ok(quality.results >= 16 && quality.results <= 25, `${quality.results}`);
  }
  const bad = a!.prober.quality("relay-2", nowMs)!;
  assert.ok(bad.p50RttMs > 41 && bad.p95RttMs <= 61 && bad.p50RttMs < bad.p95RttMs);
  assert.ok(bad.jitterMs > 2 && bad.jitterMs < 12, `${bad.jitterMs}`);
  assert.ok(bad.loss > 0.02 && bad.loss < 0.5, `${bad.loss}`);
  const { probesSent, measured, lost, ...dropped } = a!.prober.counters;
  assert.ok(Math.abs(probesSent - 240) <= 6, `${probesSent}`);
  assert.ok(probesSent - measured - lost <= 10 && lost > 10, `${lost} of ${probesSent}`);
  // Nothing is lost on the way to it: it answered the probes of both.
  assert.ok(Math.abs(dropped.answersSent - 240) <= 6, `${dropped.answersSent}`);
  const nothing = { malformed: 0, unknownPeer: 0, tag: 0, duplicate: 0, late: 0, tooMany: 0 };
  assert.deepEqual(dropped, { ...nothing, answersSent: dropped.answersSent });
  assert.deepEqual(a!.prober.links(nowMs).map(({ to }) => to), ["relay-1", "relay-2"]);
});

Deno.test("a relay that falls silent loses everything, and comes back", () => {
  const network = new SimulatedNetwork({ seed: 2, link: { delayMs: 10 } });
  const [a] = fleet(network, 2);
  network.blackout(HOSTS[0], HOSTS[1], 20_000, 40_000);
  network.run(19_000);
  assert.equal(a!.prober.quality("relay-1", 19_000)?.loss, 0);
  network.run(34_000);
  assert.deepEqual(
    { ...a!.prober.quality("relay-1", 34_000), results: 0 },
    { p50RttMs: Infinity, p95RttMs: Infinity, jitterMs: 0, loss: 1, results: 0 },
  );
  network.run(55_000);
  const back = a!.prober.quality("relay-1", 55_000);
  assert.deepEqual([back?.p95RttMs, back?.loss], [20, 0]);
});

Deno.test("nothing is said about a relay before four probes", () => {
  const network = new SimulatedNetwork({ seed: 3, link: { delayMs: 10 } });
  const [a] = fleet(network, 2);
  network.run(1_200);
  assert.equal(a!.prober.quality("relay-1", 1_200), undefined);
  assert.deepEqual(a!.prober.links(1_200), []);
  assert.equal(a!.prober.quality("relay-9", 1_200), undefined);
  network.run(3_000);
  assert.equal(a!.prober.quality("relay-1", 3_000)?.p95RttMs, 20);
});

Deno.test("a relay that moved is measured anew, one that stayed keeps its measurements", () => {
  const network = new SimulatedNetwork({ seed: 4, link: { delayMs: 10 } });
  const [a, b, c] = fleet(network);
  network.run(10_000);
  const moved = { ...b!.asPeer(), address: { hostname: "192.0.2.9", port: 7_000 } };
  a!.prober.setPeers([moved, c!.asPeer(), a!.asPeer()], 10_000);
  assert.equal(a!.prober.quality("relay-1", 10_000), undefined);
  assert.equal(a!.prober.quality("relay-2", 10_000)?.p95RttMs, 20);
  assert.equal(a!.prober.quality("relay-0", 10_000), undefined, "not itself");
  a!.prober.setPeers([], 10_000);
  assert.equal(a!.prober.deadlineMs(10_000), Infinity);
});

Deno.test("after a stall a relay does not catch up on its probes", () => {
  const prober = new MeshProber({ relayId: "relay-0", hasher, seed: 5 });
  const peer = { relayId: "relay-1", address: { hostname: HOSTS[1], port: 1 }, shard: 0, key: KEY };
  prober.setPeers([peer], 0);
  const frame = new Uint8Array(MESH_FRAME_BYTES);
  const probesAt = (nowMs: number): number => {
    let probes = 0;
    while (prober.pollTransmit(frame, nowMs) > 0) probes++;
    return probes;
  };
  assert.equal(probesAt(500), 1);
  assert.equal(probesAt(60_000), 1);
  assert.ok(prober.deadlineMs(60_000) >= 60_400 && prober.deadlineMs(60_000) <= 60_600);
});

/** A prober with one peer, and a way to hand it frames of that peer. */
function pair() {
  const prober = new MeshProber({ relayId: "relay-0", hasher, seed: 6 });
  const address = { hostname: HOSTS[1], port: 7_000 };
  prober.setPeers([{ relayId: "relay-1", address, shard: 3, key: KEY }], 0);
  const frame = (kind: MeshKind, number: number, key = KEY, from = "relay-1"): Uint8Array => {
    const bytes = new Uint8Array(MESH_FRAME_BYTES);
    writeMeshFrame(hasher, key, bytes, { kind, number, label: meshLabel(hasher, from), shard: 0 });
    return bytes;
  };
  const into = new Uint8Array(1_452);
  return { prober, frame, into, address, stranger: { hostname: "203.0.113.66", port: 9 } };
}

Deno.test("an answer goes to the address of the directory and is as long as the probe", () => {
  const { prober, frame, into, address, stranger } = pair();
  prober.handleDatagram(frame(MeshKind.probe, 77), stranger, 1);
  assert.equal(prober.deadlineMs(1), 1);
  assert.equal(prober.pollTransmit(into, 1), MESH_FRAME_BYTES);
  assert.deepEqual(prober.transmitTo, address);
  assert.equal(into[1], 3, "the shard");
  const answer = readMeshFrame(into.subarray(0, MESH_FRAME_BYTES));
  assert.deepEqual(answer, {
    kind: MeshKind.answer,
    number: 77,
    label: meshLabel(hasher, "relay-0"),
  });
});

Deno.test("what is no authentic frame of a peer is dropped and counted", () => {
  const { prober, frame, into, stranger } = pair();
  const good = frame(MeshKind.probe, 1);
  const wrongKey = KEY.toReversed();
  const wrongKind = good.with(20, 3);
  const wrongVersion = good.with(2, 0x48);
  const cases: [Uint8Array, "malformed" | "unknownPeer" | "tag"][] = [
    [new Uint8Array(), "malformed"],
    [good.subarray(0, 23), "malformed"],
    [new Uint8Array([...good, 0]), "malformed"],
    [wrongKind, "malformed"],
    [wrongVersion, "malformed"],
    [frame(MeshKind.probe, 1, KEY, "relay-9"), "unknownPeer"],
    // Its own frame, sent back to it.
    [frame(MeshKind.probe, 1, KEY, "relay-0"), "unknownPeer"],
    [frame(MeshKind.probe, 1, wrongKey), "tag"],
    [good.with(8, good[8]! ^ 1), "tag"],
    [good.with(22, 1), "tag"],
    [good.with(19, good[19]! ^ 1), "tag"],
  ];
  for (const [bytes, reason] of cases) {
    const before = prober.counters[reason];
    prober.handleDatagram(bytes, stranger, 1);
    assert.equal(prober.counters[reason], before + 1, reason);
  }
  assert.equal(prober.pollTransmit(into, 1), 0);
});

Deno.test("answers count once, in time, and only for probes that were sent", () => {
  const { prober, frame, into, address } = pair();
  const sent: number[] = [];
  for (let nowMs = 0; nowMs < 4_000; nowMs++) {
    while (prober.pollTransmit(into, nowMs) > 0) {
      sent.push(readMeshFrame(into.subarray(0, MESH_FRAME_BYTES))!.number);
    }
    prober.handleTimeout(nowMs);
  }
  const answer = (number: number, nowMs: number): void =>
    prober.handleDatagram(frame(MeshKind.answer, number >>> 0), address, nowMs);
  answer(sent.at(-1)!, 4_000);
  answer(sent.at(-1)!, 4_001);
  answer(sent[0]!, 4_002);
  answer(sent.at(-1)! + 1, 4_003);
  answer(sent[0]! - 1, 4_004);
  const { measured, duplicate, late, lost } = prober.counters;
  assert.deepEqual([measured, duplicate, late], [1, 1, 3]);
  assert.ok(lost >= 3 && lost <= 5, `${lost}`);
});

Deno.test("an answer from before a relay moved measures nothing of where it is now", () => {
  const { prober, frame, into, address } = pair();
  assert.equal(prober.pollTransmit(into, 500), MESH_FRAME_BYTES);
  const { number } = readMeshFrame(into.subarray(0, MESH_FRAME_BYTES))!;
  const elsewhere = { hostname: "192.0.2.9", port: 7_000 };
  prober.setPeers([{ relayId: "relay-1", address: elsewhere, shard: 3, key: KEY }], 510);
  prober.handleDatagram(frame(MeshKind.answer, number), address, 520);
  assert.deepEqual([prober.counters.measured, prober.counters.late], [0, 1]);
});

Deno.test("a replayed probe is answered four times a second at most, after a burst of eight", () => {
  const { prober, frame, into, stranger } = pair();
  const probe = frame(MeshKind.probe, 1);
  for (let nowMs = 0; nowMs < 10_000; nowMs += 10) {
    prober.handleDatagram(probe, stranger, nowMs);
    while (prober.pollTransmit(into, nowMs) > 0);
  }
  const { answersSent, tooMany } = prober.counters;
  assert.equal(answersSent + tooMany, 1_000);
  assert.ok(answersSent >= 46 && answersSent <= 48, `${answersSent}`);
});

Deno.test("numbers of probes may pass 2^32, of which the low 32 bits travel", () => {
  const address = { hostname: HOSTS[1], port: 7_000 };
  const peer = { relayId: "relay-1", address, shard: 0, key: KEY };
  const state = new MeshPeerState(peer, 0, 2 ** 32 - 3, 0);
  for (let probe = 0; probe < 10; probe++) {
    const nowMs = probe * 500;
    const low = state.onProbe(nowMs) % 2 ** 32;
    assert.equal(low, (2 ** 32 - 3 + probe) % 2 ** 32);
    assert.equal(state.onAnswer(low, nowMs + 7), "measured");
    assert.equal(state.onAnswer(low, nowMs + 8), "duplicate");
    assert.equal(state.onAnswer((low + 1) % 2 ** 32, nowMs + 8), "late");
  }
  assert.equal(state.window.quality(5_000)?.p95RttMs, 7);
});

Deno.test("both relays of a pair derive one key, other pairs others, a trap none", () => {
  const crypto = nobleBackend();
  const secret = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
  const a = {
    relayId: "fra-1",
    secretKey: secret(1),
    publicKey: crypto.x25519PublicKey(secret(1)),
  };
  const b = {
    relayId: "ams-1",
    secretKey: secret(2),
    publicKey: crypto.x25519PublicKey(secret(2)),
  };
  const there = meshPairKey(crypto, a, b);
  assert.equal(there?.byteLength, 16);
  assert.deepEqual(meshPairKey(crypto, b, a), there);
  assert.notDeepEqual(meshPairKey(crypto, { ...a, relayId: "fra-2" }, b), there);
  assert.equal(meshPairKey(crypto, a, { ...b, publicKey: new Uint8Array(32) }), undefined);
});

Deno.test("the example of docs/relay_routes.md is what a relay writes", () => {
  const bytes = new Uint8Array(MESH_FRAME_BYTES);
  const label = meshLabel(hasher, "fra-1");
  writeMeshFrame(hasher, KEY, bytes, { kind: MeshKind.probe, number: 7, label, shard: 2 });
  const text = Deno.readTextFileSync(new URL("../../../docs/relay_routes.md", import.meta.url));
  const [, example = ""] = /```text\nkey .*\n([0-9a-f \n]+)```/.exec(text) ?? [];
  assert.equal(example.replaceAll(/\s/g, ""), bytes.toHex());
  assert.ok(isMeshFrameOf(hasher, KEY, bytes));
});

Deno.test("only mesh frames are taken for mesh frames", () => {
  assert.equal(isMeshFrame(new Uint8Array()), false);
  for (let first = 0; first < 256; first++) {
    assert.equal(isMeshFrame(Uint8Array.of(first, 0, 0)), first === 0xee);
  }
});

Deno.test("peers with bad keys, and too many, are refused at once", () => {
  const { prober } = pair();
  const peer = { relayId: "x", address: { hostname: HOSTS[1], port: 1 }, shard: 0 };
  assert.throws(() => prober.setPeers([{ ...peer, key: new Uint8Array(15) }], 0), RangeError);
  const many = Array.from({ length: 1_025 }, (_, at) => ({ ...peer, relayId: `r${at}`, key: KEY }));
  assert.throws(() => prober.setPeers(many, 0), RangeError);
  prober.setPeers(many.slice(1), 0);
});
