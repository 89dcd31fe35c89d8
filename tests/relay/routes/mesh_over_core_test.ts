import assert from "node:assert/strict";
import type { Address } from "../../../protocol/address.ts";
import { nobleBackend } from "../../../protocol/crypto/noble.ts";
import { RelayCore } from "../../../protocol/relay/relay_core.ts";
import { PureSipHasher } from "../../../protocol/relay/siphash.ts";
import { meshPairKey } from "../../../relay/routes/mesh_frame.ts";
import { MeshProber } from "../../../relay/routes/mesh_prober.ts";
import { frameTraffic, relayDrops } from "../../../relay/status/core_snapshot.ts";

const CRYPTO = nobleBackend();
const HASHER = new PureSipHasher();
const ONE_WAY_MS = 15;

/** A relay as its process puts it together: a core that owns the socket, and a prober beside it. */
class Relay {
  readonly id: string;
  readonly address: Address;
  readonly prober: MeshProber;
  readonly core: RelayCore;
  readonly #secretKey: Uint8Array;
  readonly #buffer = new Uint8Array(1_452);

  constructor(place: number) {
    this.id = `relay-${place}`;
    this.address = { hostname: `192.0.2.${place}`, port: 7_000 };
    this.#secretKey = new Uint8Array(32).fill(place + 1);
    this.prober = new MeshProber({ relayId: this.id, hasher: HASHER, seed: place });
    this.core = new RelayCore({
      shard: 0,
      keys: [],
      crypto: CRYPTO,
      hasher: HASHER,
      random: (into) => into.fill(place),
      epochMs: 0,
      onProbe: (bytes, from, nowMs) => this.prober.handleDatagram(bytes, from, nowMs),
    }, 0);
  }

  measure(peer: Relay): void {
    const publicKey = CRYPTO.x25519PublicKey(peer.#secretKey);
    const own = { relayId: this.id, secretKey: this.#secretKey };
    const key = meshPairKey(CRYPTO, own, { relayId: peer.id, publicKey })!;
    const { id: relayId, address } = peer;
    this.prober.setPeers([{ relayId, address, shard: 0, key }], 0);
  }

  /** Everything that leaves now. */
  *leaving(nowMs: number): Generator<Uint8Array> {
    this.prober.handleTimeout(nowMs);
    const buffer = this.#buffer;
    for (let size = 1; size > 0;) {
      size = this.prober.pollTransmit(buffer, nowMs);
      if (size > 0) assert.ok(this.core.send(buffer.subarray(0, size), this.prober.transmitTo));
    }
    for (let size = this.core.pollTransmit(buffer, nowMs); size > 0;) {
      yield buffer.slice(0, size);
      size = this.core.pollTransmit(buffer, nowMs);
    }
  }
}

Deno.test("probers measure each other through the cores of their relays, with keys that both derive", () => {
  const [a, b] = [new Relay(1), new Relay(2)];
  a.measure(b);
  b.measure(a);
  const flying: { bytes: Uint8Array; from: Relay; to: Relay; atMs: number }[] = [];
  for (let nowMs = 0; nowMs < 20_000; nowMs++) {
    while (flying[0] !== undefined && flying[0].atMs <= nowMs) {
      const { bytes, from, to } = flying.shift()!;
      to.core.handleDatagram(bytes, from.address, nowMs);
    }
    for (const [from, to] of [[a, b], [b, a]] as const) {
      for (const bytes of from.leaving(nowMs)) {
        flying.push({ bytes, from, to, atMs: nowMs + ONE_WAY_MS });
      }
    }
  }
  for (const [relay, peer] of [[a, b], [b, a]] as const) {
    assert.equal(relay.prober.quality(peer.id, 20_000)?.p95RttMs, 2 * ONE_WAY_MS);
    assert.ok(Object.values(relayDrops(relay.core.drops)).every((count) => count === 0));
    const mesh = frameTraffic(relay.core.totals).find(({ type }) => type === "mesh");
    assert.ok(mesh !== undefined && mesh.sent > 70 && mesh.sentBytes === 24 * mesh.sent);
  }
});
