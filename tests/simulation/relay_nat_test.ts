import assert from "node:assert/strict";
import { FrameLink } from "../../protocol/relay/legs/frame_link.ts";
import { RelayFrameType, writeU32 } from "../../protocol/relay/relay_frame.ts";
import type { Nat, NatOptions } from "../../transport/nat_box.ts";
import { exchange } from "./relay_traffic.ts";
import { HASHER, type RelayClient, RelayWorld, SERVER } from "./relay_world.ts";

/** Kinds of NAT, by how RFC 4787 names what they do. */
const NATS: Readonly<Record<string, NatOptions | undefined>> = {
  "none": undefined,
  "full cone": { filtering: "endpoint-independent" },
  "restricted cone": { filtering: "address-dependent" },
  "port restricted": { filtering: "address-and-port-dependent" },
  "symmetric": {
    mapping: "address-and-port-dependent",
    filtering: "address-and-port-dependent",
  },
};

/** What becomes of two ends behind these NATs, rows: client, columns: server. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  //                  none      full cone  restricted  port restricted  symmetric
  "none": ["direct", "punched", "punched", "punched", "punched"],
  "full cone": ["direct", "punched", "punched", "punched", "punched"],
  "restricted cone": ["direct", "punched", "punched", "punched", "punched"],
  "port restricted": ["direct", "punched", "punched", "punched", "relayed"],
  "symmetric": ["direct", "punched", "punched", "relayed", "relayed"],
};

for (const [clientNat, row] of Object.entries(EXPECTED)) {
  for (const [column, serverNat] of Object.keys(NATS).entries()) {
    const expected = row[column]!;
    Deno.test(`client behind NAT "${clientNat}", server behind "${serverNat}": ${expected}`, () => {
      const [clientOptions, serverOptions] = [NATS[clientNat], NATS[serverNat]];
      const world = new RelayWorld({
        relays: 1,
        ...(serverOptions === undefined ? {} : {
          serverPipe: (network) =>
            network.nat("192.0.2.254", serverOptions).bind("10.0.0.1", 9_999),
        }),
        ...(serverOptions === undefined ? { server: { publicAddresses: [SERVER] } } : {}),
      });
      const inner = clientOptions === undefined
        ? world.network.bind("198.51.100.77", 0)
        : world.network.nat("198.51.100.254", clientOptions).bind("10.1.0.1", 5_000);
      const client = world.connect({ primary: [0], exposure: "prefer", inner });
      const gaps = exchange(world, client);
      world.run(10_000);
      const direct = serverOptions === undefined ? "direct" : "punched";
      const kind = client.leg.active?.kind === "direct" ? direct : "relayed";
      assert.equal(kind, expected);
      // Nothing of the search and the switch is felt.
      assert.ok(gaps.down < 60 && gaps.up < 60, JSON.stringify(gaps));
      assert.equal(world.peer.entry.address.hostname, "100::1");
    });
  }
}

/** A client behind a NAT that rebinds `times` times, every 2 s; the longest wait after each. */
function rebindEvery2s(times: number): { world: RelayWorld; client: RelayClient; waits: number[] } {
  const world = new RelayWorld({ relays: 1 });
  const nat = world.network.nat("198.51.100.254");
  const inner = nat.bind("10.1.0.1", 5_000);
  const client = world.connect({ primary: [0], inner });
  const gaps = exchange(world, client);
  world.run(500);
  const waits: number[] = [];
  for (let rebinds = 0; rebinds < times; rebinds++) {
    gaps.down = 0;
    nat.rebind();
    world.run(2_000);
    waits.push(gaps.down);
  }
  return { world, client, waits };
}

Deno.test("a NAT that rebinds every 2 s for 60 s costs each time a round trip, a probe and two ticks", () => {
  const { world, client, waits } = rebindEvery2s(30);
  // 20 ms to the relay and back with the packet that shows it, 20 ms with the challenge; ticks of 17 ms.
  for (const wait of waits) assert.ok(wait <= 20 + 20 + 2 * 17 + 10, `${wait}`);
  assert.equal(client.leg.counters.challenges, 30);
  assert.equal(client.leg.counters.binds, 2);
  assert.equal(client.endpoint.session?.state, "open");
  assert.equal(client.events.some(({ kind }) => kind !== "connected"), false);
  assert.equal(world.peers.size, 1);
  assert.equal(world.leg.sessionCount, 1);
});

Deno.test("the anchor of a server follows its NAT, and the sessions behind it notice a round trip", () => {
  let nat: Nat | undefined;
  const world = new RelayWorld({
    relays: 2,
    serverPipe: (network) => {
      nat = network.nat("192.0.2.254");
      return nat.bind("10.0.0.1", 9_999);
    },
  });
  const client = world.connect({ primary: [0, 1] });
  const gaps = exchange(world, client);
  world.run(1_000);
  const before = world.leg.anchors.observed;
  for (let rebinds = 0; rebinds < 5; rebinds++) {
    gaps.down = gaps.up = 0;
    nat!.rebind();
    world.run(5_000);
    assert.ok(gaps.down < 300 && gaps.up < 300, JSON.stringify(gaps));
  }
  assert.deepEqual(before.map(({ hostname }) => hostname), ["192.0.2.254", "192.0.2.254"]);
  assert.equal(client.endpoint.session?.state, "open");
});

Deno.test("an idle anchor is found again after its NAT has rebound", () => {
  let nat: Nat | undefined;
  const world = new RelayWorld({
    relays: 1,
    serverPipe: (network) => {
      nat = network.nat("192.0.2.254");
      return nat.bind("10.0.0.1", 9_999);
    },
  });
  world.run(5_000);
  nat!.rebind();
  world.run(20_000);
  const client = world.connect({ primary: [0] });
  assert.equal(client.endpoint.session?.state, "open");
});

Deno.test("a direct path that dies is left for the relays, and found again when it comes back", () => {
  const world = new RelayWorld({ relays: 1, server: { publicAddresses: [SERVER] } });
  const client = world.connect({ primary: [0], exposure: "prefer", tellsServerAddress: true });
  const gaps = exchange(world, client);
  world.run(2_000);
  assert.equal(client.leg.active?.kind, "direct");
  gaps.down = gaps.up = 0;
  const host = client.pipe.localAddress.hostname;
  world.network.blackout(host, SERVER.hostname, world.nowMs, world.nowMs + 20_000);
  world.run(15_000);
  assert.equal(client.leg.active?.kind, "primary");
  assert.ok(gaps.down < 300 && gaps.up < 300, JSON.stringify(gaps));
  gaps.down = gaps.up = 0;
  world.run(120_000);
  assert.equal(client.leg.active?.kind, "direct");
  assert.ok(gaps.down < 60 && gaps.up < 60, JSON.stringify(gaps));
});

Deno.test("where a direct path is the last resort, it is proven beforehand and used when relays die", () => {
  const world = new RelayWorld({ relays: 1, server: { publicAddresses: [SERVER] } });
  const client = world.connect({ primary: [0], exposure: "fallback" });
  const gaps = exchange(world, client);
  world.run(3_000);
  assert.equal(client.leg.active?.kind, "primary");
  assert.equal(client.leg.counters.directPaths, 1);
  gaps.down = gaps.up = 0;
  world.relays[0]!.kill();
  world.run(5_000);
  assert.equal(client.leg.active?.kind, "direct");
  assert.ok(gaps.down < 300 && gaps.up < 300, JSON.stringify(gaps));
});

Deno.test("a direct path that waits for its turn and dies is not counted on", () => {
  const world = new RelayWorld({ relays: 1, server: { publicAddresses: [SERVER] } });
  const client = world.connect({ primary: [0], exposure: "fallback" });
  exchange(world, client);
  world.run(3_000);
  const direct = () => client.leg.routes.find(({ kind }) => kind === "direct")!;
  assert.equal(direct().isProven, true);
  const host = client.pipe.localAddress.hostname;
  world.network.blackout(host, SERVER.hostname, world.nowMs, world.nowMs + 5_000);
  world.run(4_000);
  assert.equal(direct().isProven, false);
  assert.ok(world.runUntil(() => direct().isProven, 60_000));
});

Deno.test("where addresses are never shown, frames and datagrams without relays are refused by name", () => {
  const world = new RelayWorld({
    relays: 1,
    acceptDirect: false,
    server: { relayAddresses: ["203.0.113.1"], publicAddresses: [SERVER] },
  });
  const client = world.connect({ primary: [0] });
  exchange(world, client);
  world.run(5_000);
  assert.equal(client.leg.counters.punches, 0);
  assert.equal(client.leg.routes.length, 1);
  // A client that knows the address all the same: with its own key, and without any.
  const { primary } = client.grant;
  const link = new FrameLink({
    hasher: HASHER,
    key: primary.lastKey,
    label: primary.lastLabel,
    shard: 0,
    epoch: primary.epoch,
    isClient: true,
  });
  const frame = new Uint8Array(60);
  link.begin(frame, RelayFrameType.data);
  link.finish(frame, 60);
  const stranger = { hostname: "198.51.100.200", port: 4_000 };
  world.network.inject(frame, stranger, SERVER);
  world.network.inject(new Uint8Array(1_200).fill(0x40), stranger, SERVER);
  const bind = new Uint8Array(512);
  link.begin(bind, RelayFrameType.bind);
  link.finish(bind, 512);
  writeU32(bind, 4, 7);
  world.network.inject(bind, stranger, SERVER);
  world.network.inject(frame, { hostname: "100::1", port: 1 }, SERVER);
  const heard = { toStranger: 0 };
  world.network.onDatagram = ({ what, to }) => {
    if (what === "sent" && to.hostname === stranger.hostname) heard.toStranger++;
  };
  world.run(1_000);
  assert.equal(world.leg.counters.directForbidden, 1);
  assert.equal(world.leg.counters.directDatagram, 1);
  assert.equal(world.leg.counters.source, 1);
  assert.equal(world.leg.counters.spoofedVirtual, 1);
  assert.equal(heard.toStranger, 0);
});

Deno.test("a client that asks for a path which its ticket forbids is told nothing", () => {
  const world = new RelayWorld({ relays: 1, server: { publicAddresses: [SERVER] } });
  const client = world.connect({ primary: [0], exposure: "never", claims: "prefer" });
  const gaps = exchange(world, client);
  world.run(10_000);
  assert.ok(client.leg.counters.punches >= 1);
  assert.ok(world.leg.counters.directForbidden >= 3);
  assert.equal(client.leg.active?.kind, "primary");
  assert.equal(client.leg.counters.directPaths + world.leg.counters.directPaths, 0);
  assert.ok(gaps.down < 60 && gaps.up < 60, JSON.stringify(gaps));
});
