import assert from "node:assert/strict";
import type { Address } from "../../../protocol/address.ts";
import {
  BEACON_TOKEN_AT,
  issueBeaconToken,
  QOS_PING_BYTES,
} from "../../../protocol/relay/beacon.ts";
import type { RelayCore } from "../../../protocol/relay/relay_core.ts";
import { RelayFrameType, writeRelayHeader } from "../../../protocol/relay/relay_frame.ts";
import type { RelayLimits } from "../../../protocol/relay/relay_limits.ts";
import { EndpointDriver } from "../../../transport/endpoint_driver.ts";
import { SimulatedNetwork } from "../../../transport/simulated_network.ts";
import { CLIENT, EPOCH_MS, LabRoute, makeCore, relayKey, RelayLab, SERVER } from "./relay_lab.ts";

const NOW_S = EPOCH_MS / 1_000;

/** Binds a route of its own at a core; whether that worked. */
function binds(core: RelayCore, name: string, from: Address = CLIENT, nowMs = 0): boolean {
  const route = new LabRoute({ name });
  const before = core.size;
  core.handleDatagram(route.endBefore(0).bind(route.tickets), from, nowMs);
  return core.size > before;
}

Deno.test("the last slot is taken, the one after it is not, and a freed one is again", () => {
  const lab = RelayLab.bound({ limits: { sessions: 3 } });
  assert.ok(binds(lab.core, "second"));
  assert.ok(binds(lab.core, "third"));
  assert.ok(!binds(lab.core, "fourth"));
  lab.fromClient(lab.client.frame(RelayFrameType.close, 1));
  assert.ok(binds(lab.core, "fourth"));
});

Deno.test("a prefix has its own rate of BINDs: a /24 of IPv4, a /56 of IPv6", () => {
  const groups: [string, string[], string[]][] = [
    ["198.51.100.1", ["198.51.100.254"], ["198.51.101.1"]],
    ["2001:db8:0:100::1", ["2001:db8:0:1ff::1"], ["2001:db8:0:200::1", "2001:db8:1:100::1"]],
  ];
  for (const [first, same, others] of groups) {
    const limits: Partial<RelayLimits> = { bindBurstPerPrefix: 2, bindsPerSecondPerPrefix: 1 };
    const core = makeCore(0, limits);
    const limited = (hostname: string, nowMs = 0): boolean => {
      const before = core.drops.bindRateLimited;
      binds(core, `${hostname} ${core.totals.framesIn[1]}`, { hostname, port: 1_000 }, nowMs);
      return core.drops.bindRateLimited > before;
    };
    assert.ok(!limited(first) && !limited(first));
    for (const hostname of same) assert.ok(limited(hostname), hostname);
    for (const hostname of others) assert.ok(!limited(hostname), hostname);
    assert.ok(limited(first, 999));
    assert.ok(!limited(first, 1_000));
  }
});

Deno.test("BINDs between relays have no rate: a relay brings all of its players", () => {
  const core = makeCore(1, { bindBurstPerPrefix: 1, sessions: 300 });
  for (let i = 0; i < 300; i++) {
    const route = new LabRoute({ name: `player ${i}`, relays: 2 });
    const frame = route.endBefore(1).bind(route.tickets.subarray(144));
    core.handleDatagram(frame, { hostname: "192.0.2.1", port: 7_000 }, 0);
  }
  assert.equal(core.size, 300);
});

Deno.test("NO_SESSIONs have a rate per address, and one in all", () => {
  const limits = { noSessionsPerSecondPerAddress: 2, noSessionsPerSecond: 5 };
  const lab = new RelayLab({ limits });
  const answers = (hostname: string): number => {
    lab.clientAddress = { hostname, port: 5_000 };
    const before = lab.log.length;
    lab.say("x");
    return lab.log.length - before - 1;
  };
  assert.deepEqual([1, 2, 3].map(() => answers("10.0.0.1")), [1, 1, 0]);
  assert.deepEqual([1, 2].map(() => answers("10.0.0.2")), [1, 1]);
  // Six were asked for, and what is refused for its address has still cost one of all.
  assert.equal(answers("10.0.0.3"), 0);
  lab.nowMs += 1_000;
  assert.equal(answers("10.0.0.3"), 1);
});

Deno.test("beacons have a rate per address, and one in all", () => {
  const limits = { beaconsPerSecondPerAddress: 2, beaconsPerSecond: 3 };
  const lab = new RelayLab({ limits });
  const frame = new Uint8Array(QOS_PING_BYTES);
  const header = { shard: 0, flags: 0, epoch: 0, label: 0, sequence: 9 };
  writeRelayHeader(frame, { type: RelayFrameType.qosPing, ...header });
  frame.set(issueBeaconToken(relayKey("relay 0"), 0, NOW_S + 60), BEACON_TOKEN_AT);
  const answers = (hostname: string): number => {
    lab.clientAddress = { hostname, port: 5_000 };
    const before = lab.log.length;
    lab.fromClient(frame.slice());
    return lab.log.length - before - 1;
  };
  assert.deepEqual([1, 2, 3].map(() => answers("10.0.0.1")), [1, 1, 0]);
  assert.equal(answers("10.0.0.2"), 0, "three of all were used");
  lab.nowMs += 1_000;
  assert.equal(answers("10.0.0.2"), 1);
  lab.nowMs = 64_999;
  assert.equal(answers("10.0.0.2"), 1, "five seconds for clocks that differ");
  lab.nowMs += 1;
  assert.equal(answers("10.0.0.2"), 0);
  assert.equal(lab.core.drops.beaconExpired, 1);
});

Deno.test("a path waits for its BOUND as long as it may, and not longer", () => {
  const lab = new RelayLab({ limits: { bindTimeoutMs: 3_000 } });
  lab.tamper = ({ bytes, ...rest }) => bytes[0] === 0xe3 ? [] : [{ bytes, ...rest }];
  lab.bind();
  lab.advance(2_999);
  assert.equal(lab.core.size, 1);
  lab.advance(1);
  assert.equal(lab.core.size, 0);
  assert.ok(lab.log.every(({ bytes }) => bytes[0] !== 0xea), "nobody is told: nobody knows of it");
});

Deno.test("a ticket is good until its last second and five more", () => {
  for (const [lateS, isGood] of [[-4, true], [-5, false]] as const) {
    const lab = new RelayLab({ change: (ticket) => ticket.notAfterS = NOW_S + lateS });
    lab.bind();
    assert.equal(lab.core.size, isGood ? 1 : 0);
  }
});

Deno.test("only so many ended tickets are remembered, the newest ones", () => {
  const core = makeCore(0, { endedTickets: 2 });
  const end = (name: string): void => {
    const route = new LabRoute({ name });
    const client = route.endBefore(0);
    core.handleDatagram(client.bind(route.tickets), CLIENT, 0);
    core.handleDatagram(client.frame(RelayFrameType.close, 1), CLIENT, 0);
  };
  for (const name of ["a", "b", "c"]) end(name);
  assert.deepEqual(["b", "c", "a"].map((name) => binds(core, name)), [false, false, true]);
});

Deno.test("only so many revoked sessions are remembered, for a day", () => {
  const core = makeCore(0, { revokedSessions: 1 });
  const ids = ["a", "b"].map((name) => new LabRoute({ name }).hops[0]!.sessionId);
  for (const id of ids) core.revoke(id, 0);
  assert.deepEqual(["b", "a"].map((name) => binds(core, name)), [false, true]);
});

Deno.test("a drain that is over has no deadline any more, and a new one has", () => {
  const lab = RelayLab.bound();
  lab.core.drain(1_000);
  lab.advance(1_000);
  assert.equal(lab.core.size, 0);
  assert.equal(lab.core.deadlineMs(), Infinity);
  assert.ok(lab.core.isDraining && !binds(lab.core, "late"));
  lab.core.drain(5_000);
  assert.equal(lab.core.deadlineMs(), 5_000);
  lab.advance(10_000);
  assert.equal(lab.core.deadlineMs(), Infinity);
  lab.core.cancelDrain();
  assert.ok(binds(lab.core, "later"));
});

Deno.test("a socket that writes IPv4 addresses as IPv6 is no other neighbor", () => {
  const mapped = ({ hostname, port }: Address): Address => ({
    hostname: `::ffff:${hostname}`,
    port,
  });
  const lab = RelayLab.bound();
  lab.serverAddress = mapped(SERVER);
  lab.answer("from the next hop that a ticket names");
  lab.clientAddress = mapped(CLIENT);
  lab.say("from the hop before, as another process had it");
  assert.deepEqual([lab.server.texts().length, lab.client.texts().length], [1, 1]);
  assert.equal(lab.client.of(RelayFrameType.pathChallenge).length, 0);
  lab.serverAddress = mapped({ ...SERVER, port: SERVER.port + 1 });
  lab.answer("from elsewhere");
  assert.equal(lab.core.drops.wrongSource, 1);
});

Deno.test("the run loop of servers drives a relay as it is, over a network", () => {
  const network = new SimulatedNetwork({ seed: 1 });
  const pipe = network.bind("192.0.2.1", 7_000);
  const clientPipe = network.bind(CLIENT.hostname, CLIENT.port);
  const serverPipe = network.bind("203.0.113.9", 9_999);
  const lab = new RelayLab();
  const driver = new EndpointDriver(lab.core, pipe, network.clock, () => {});
  driver.start();
  const heard: number[] = [];
  serverPipe.start((bytes) => heard.push(bytes[0]!));
  const slot = clientPipe.acquire()!;
  const bind = lab.client.bind(lab.route.tickets);
  slot.bytes.set(bind);
  clientPipe.send(slot, bind.byteLength, { hostname: "192.0.2.1", port: 7_000 });
  network.run(1_000);
  assert.deepEqual(heard, [0xe0 | RelayFrameType.bind]);
  const data = clientPipe.acquire()!;
  const frame = lab.client.frame(RelayFrameType.data, 300);
  data.bytes.set(frame);
  clientPipe.send(data, frame.byteLength, { hostname: "192.0.2.1", port: 7_000 });
  network.run(2_000);
  assert.deepEqual(heard, [0xe0 | RelayFrameType.bind, 0xe0]);
  assert.equal(driver.errors, 0);
  driver.stop();
});
