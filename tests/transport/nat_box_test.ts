import assert from "node:assert/strict";
import type { Address } from "../../protocol/address.ts";
import { TransportError } from "../../transport/errors.ts";
import type { Nat, NatOptions } from "../../transport/nat_box.ts";
import type { DatagramPipe } from "../../transport/pipe.ts";
import { SimulatedNetwork } from "../../transport/simulated_network.ts";

const PUBLIC = "203.0.113.1";

/** Two servers on the internet, one client behind a NAT. */
interface House {
  network: SimulatedNetwork;
  box: Nat;
  client: DatagramPipe;
  servers: [DatagramPipe, DatagramPipe, DatagramPipe];
  /** Sources that each server saw, in order. */
  seen: [Address[], Address[], Address[]];
  /** First bytes that the client heard. */
  heard: number[];
}

function house(options: NatOptions = {}): House {
  const network = new SimulatedNetwork({ seed: 1 });
  const box = network.nat(PUBLIC, options);
  const client = box.bind("192.168.0.2", 5_000);
  const servers: House["servers"] = [
    network.bind("192.0.2.1", 1),
    network.bind("192.0.2.1", 2),
    network.bind("192.0.2.2", 1),
  ];
  const seen: House["seen"] = [[], [], []];
  servers.forEach((server, index) => server.start((_bytes, from) => seen[index]?.push(from)));
  const heard: number[] = [];
  client.start((bytes) => heard.push(bytes[0] ?? -1));
  return { network, box, client, servers, seen, heard };
}

function send(network: SimulatedNetwork, pipe: DatagramPipe, value: number, to: Address): void {
  const slot = pipe.acquire();
  assert.ok(slot !== undefined);
  slot.bytes[0] = value;
  pipe.send(slot, 1, to);
  network.run(network.clock.nowMs() + 10);
}

/** The source that a server saw last. */
function last(addresses: Address[]): Address {
  const address = addresses.at(-1);
  assert.ok(address !== undefined);
  return address;
}

Deno.test("pipes behind a NAT appear under its public address and are answered there", () => {
  const { network, box, client, servers, seen, heard } = house();
  send(network, client, 1, servers[0].localAddress);
  const external = last(seen[0]);
  assert.equal(external.hostname, PUBLIC);
  assert.notEqual(external.port, 5_000);
  assert.deepEqual(box.externalAddresses(client), [external]);
  assert.equal(client.localAddress.hostname, "192.168.0.2");
  send(network, servers[0], 7, external);
  assert.deepEqual(heard, [7]);
});

for (
  const [mapping, sharedPorts] of [
    ["endpoint-independent", [true, true]],
    ["address-dependent", [true, false]],
    ["address-and-port-dependent", [false, false]],
  ] as const
) {
  Deno.test(`${mapping} mapping shares an external port as RFC 4787 says`, () => {
    const { network, client, servers, seen } = house({ mapping });
    for (const server of servers) send(network, client, 1, server.localAddress);
    const [port, portOfOtherPort, portOfOtherHost] = seen.map((each) => last(each).port);
    assert.deepEqual([port === portOfOtherPort, port === portOfOtherHost], sharedPorts);
    send(network, client, 1, servers[0].localAddress);
    assert.equal(last(seen[0]).port, port);
  });
}

for (
  const [filtering, admitted] of [
    ["endpoint-independent", [1, 2, 3]],
    ["address-dependent", [1, 2]],
    ["address-and-port-dependent", [1]],
  ] as const
) {
  Deno.test(`${filtering} filtering admits whom RFC 4787 says`, () => {
    const { network, client, servers, seen, heard } = house({ filtering });
    send(network, client, 0, servers[0].localAddress);
    servers.forEach((server, index) => send(network, server, index + 1, last(seen[0])));
    assert.deepEqual(heard, [...admitted]);
    assert.equal(network.counters.dropped["nat-filtered"], 3 - admitted.length);
    // Sending there opens the way.
    send(network, client, 0, servers[2].localAddress);
    send(network, servers[2], 9, last(seen[0]));
    assert.equal(heard.at(-1), 9);
  });
}

Deno.test("what nobody inside asked for is dropped", () => {
  const { network, servers, heard } = house({ filtering: "endpoint-independent" });
  send(network, servers[0], 1, { hostname: PUBLIC, port: 5_000 });
  send(network, servers[0], 1, { hostname: PUBLIC, port: 20_000 });
  send(network, servers[0], 1, { hostname: "192.168.0.2", port: 5_000 });
  assert.deepEqual(heard, []);
  assert.equal(network.counters.dropped["nat-unmapped"], 2);
  assert.equal(network.counters.dropped.unreachable, 1);
});

Deno.test("rebind gives new external ports and closes the old ones", () => {
  const { network, box, client, servers, seen, heard } = house();
  send(network, client, 1, servers[0].localAddress);
  const before = last(seen[0]);
  box.rebind();
  send(network, servers[0], 5, before);
  assert.deepEqual(heard, []);
  assert.deepEqual(box.externalAddresses(client), []);
  send(network, client, 1, servers[0].localAddress);
  const after = last(seen[0]);
  assert.notEqual(after.port, before.port);
  send(network, servers[0], 6, before);
  send(network, servers[0], 7, after);
  assert.deepEqual(heard, [7]);
});

Deno.test("rebind can keep the old external ports open until they time out", () => {
  const { network, box, client, servers, seen, heard } = house({ mappingTimeoutMs: 1_000 });
  send(network, client, 1, servers[0].localAddress);
  const before = last(seen[0]);
  box.rebind({ keepOldMappings: true });
  send(network, client, 1, servers[0].localAddress);
  assert.notEqual(last(seen[0]).port, before.port);
  send(network, servers[0], 5, before);
  send(network, servers[0], 6, last(seen[0]));
  assert.deepEqual(heard, [5, 6]);
  network.run(2_000);
  send(network, servers[0], 7, before);
  assert.deepEqual(heard, [5, 6]);
});

Deno.test("a mapping is forgotten when nothing was sent for its time, whatever was received", () => {
  const { network, client, servers, seen, heard } = house({ mappingTimeoutMs: 1_000 });
  send(network, client, 1, servers[0].localAddress);
  const first = last(seen[0]);
  // The mapping was used last at 0 ms; a datagram of 1 ms arrives when it is exactly as old as it may be.
  network.run(999);
  send(network, servers[0], 5, first);
  assert.deepEqual(heard, [5]);
  send(network, servers[0], 6, first);
  assert.deepEqual(heard, [5]);
  assert.equal(network.counters.dropped["nat-unmapped"], 1);
  send(network, client, 1, servers[0].localAddress);
  assert.notEqual(last(seen[0]).port, first.port);
});

Deno.test("every datagram that leaves keeps a mapping", () => {
  const { network, client, servers, seen, heard } = house({ mappingTimeoutMs: 1_000 });
  for (const atMs of [0, 900, 1_800]) {
    network.run(atMs);
    send(network, client, 1, servers[0].localAddress);
  }
  network.run(2_700);
  send(network, servers[0], 5, last(seen[0]));
  assert.deepEqual(heard, [5]);
  assert.equal(new Set(seen[0].map(({ port }) => port)).size, 1);
});

Deno.test("insiders reach each other inside, and through the public address only with hairpinning", () => {
  for (const hairpinning of [false, true]) {
    const { network, box, client, servers, seen, heard } = house({
      hairpinning,
      filtering: "endpoint-independent",
    });
    const neighbor = box.bind("192.168.0.3", 0);
    const heardByNeighbor: string[] = [];
    neighbor.start((_bytes, from) => heardByNeighbor.push(from.hostname));
    send(network, client, 1, neighbor.localAddress);
    assert.deepEqual(heardByNeighbor, ["192.168.0.2"]);
    send(network, client, 1, servers[0].localAddress);
    send(network, neighbor, 8, last(seen[0]));
    assert.deepEqual(heard, hairpinning ? [8] : []);
    assert.equal(network.counters.dropped["nat-hairpin"], hairpinning ? 0 : 1);
  }
});

Deno.test("two clients punch holes to each other through endpoint-independent NATs", () => {
  const network = new SimulatedNetwork({ seed: 1 });
  const server = network.bind("192.0.2.1", 1);
  const externals: Address[] = [];
  server.start((_bytes, from) => externals.push(from));
  const clients = ["203.0.113.1", "203.0.113.2"].map((host) =>
    network.nat(host).bind("192.168.0.2", 5_000)
  );
  const heard = clients.map((client) => {
    const values: number[] = [];
    client.start((bytes) => values.push(bytes[0] ?? -1));
    return values;
  });
  for (const client of clients) send(network, client, 0, server.localAddress);
  const [one, two] = clients;
  assert.ok(one !== undefined && two !== undefined);
  send(network, one, 1, externals[1] ?? one.localAddress);
  assert.deepEqual(heard, [[], []], "the first is filtered, and opens the way back");
  send(network, two, 2, externals[0] ?? two.localAddress);
  send(network, one, 3, externals[1] ?? one.localAddress);
  assert.deepEqual(heard, [[2], [3]]);
});

Deno.test("a NAT and a host cannot share an address, and closing frees the inside port", async () => {
  const { network, box, client } = house();
  const inUse = (error: unknown): boolean =>
    error instanceof TransportError && error.code === "address-in-use";
  assert.throws(() => network.bind(PUBLIC, 1), inUse);
  assert.throws(() => network.nat(PUBLIC), inUse);
  assert.throws(() => network.nat("192.0.2.1"), inUse);
  assert.throws(() => box.bind("192.168.0.2", 5_000), inUse);
  send(network, client, 1, { hostname: "192.0.2.1", port: 1 });
  assert.equal(box.externalAddresses(client).length, 1);
  await client.close();
  assert.equal(box.externalAddresses(client).length, 0);
  box.bind("192.168.0.2", 5_000);
});
