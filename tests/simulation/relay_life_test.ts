import assert from "node:assert/strict";
import { RelayCloseCode } from "../../protocol/relay/control_frames.ts";
import { exchange } from "./relay_traffic.ts";
import { RelayWorld } from "./relay_world.ts";

Deno.test("tickets of 70 s are renewed for four minutes by a director that is there", () => {
  const world = new RelayWorld({ relays: 2 });
  let renewals = 0;
  const client = world.connect({
    primary: [0, 1],
    lastsS: 70,
    onEvent: (event, pipe) => {
      if (event.kind !== "renew") return;
      renewals++;
      const { route } = event;
      const blobs = world.director.renewal(route, world.relays, 1n, world.nowS + 70);
      pipe.leg.renew(route.firstLabel, blobs, world.nowMs);
    },
  });
  const gaps = exchange(world, client);
  world.run(240_000);
  assert.ok(gaps.down < 50 && gaps.up < 50, JSON.stringify(gaps));
  assert.equal(client.leg.counters.renewals, renewals);
  assert.ok(renewals >= 10 && renewals <= 20, `${renewals}`);
  assert.equal(client.leg.routes[0]!.notAfterS > world.nowS, true);
  assert.equal(client.legEvents.some(({ kind }) => kind === "routes-needed"), false);
});

Deno.test("sessions whose director is away live on while their relays hold them", () => {
  const world = new RelayWorld({ relays: 2 });
  const client = world.connect({ primary: [0, 1], lastsS: 40 });
  const gaps = exchange(world, client);
  for (const relay of world.relays) relay.core.hold(true, world.nowMs);
  world.run(150_000);
  assert.ok(gaps.down < 50 && gaps.up < 50, JSON.stringify(gaps));
  assert.equal(client.endpoint.session?.state, "open");
  const reasons = client.legEvents.filter((event) => event.kind === "routes-needed");
  assert.ok(reasons.length > 1);
  assert.ok(
    reasons.every((event) => event.kind === "routes-needed" && event.reason === "expiring"),
  );
});

Deno.test("a relay that drains is left for the standby at once, and a new grant is asked for", () => {
  const world = new RelayWorld({ relays: 3 });
  const client = world.connect({
    primary: [0],
    standby: [1],
    onEvent: (event, pipe) => {
      if (event.kind !== "routes-needed" || event.reason !== "drain") return;
      const grant = world.grant({ primary: [1], standby: [2] }, 1n, { epoch: 2 });
      pipe.leg.update(grant, world.nowMs);
    },
  });
  const gaps = exchange(world, client);
  world.run(1_000);
  world.relays[0]!.core.drain(world.nowMs + 10_000);
  world.run(15_000);
  assert.ok(gaps.down < 60 && gaps.up < 60, JSON.stringify(gaps));
  assert.equal(client.leg.counters.failovers, 0);
  assert.equal(world.relays[0]!.core.size, 0);
  const addresses = client.leg.routes.map((route) => route.to.hostname).toSorted();
  assert.deepEqual(addresses, ["203.0.113.2", "203.0.113.3"]);
});

Deno.test("a session moves to another region and keeps its front relay", () => {
  const world = new RelayWorld({ relays: 3 });
  const client = world.connect({ primary: [0, 1] });
  const gaps = exchange(world, client);
  world.run(1_000);
  const moved = world.grant({ primary: [0, 2] }, 1n, { epoch: 2 });
  client.leg.update(moved, world.nowMs);
  client.pipe.service();
  world.run(15_000);
  assert.ok(gaps.down < 60 && gaps.up < 60, JSON.stringify(gaps));
  assert.equal(client.leg.routes.length, 1);
  assert.equal(client.leg.active?.link.epoch, 2);
  assert.equal(world.relays[1]!.core.size, 0);
  assert.equal(world.relays[2]!.core.size, 1);
  assert.equal(world.leg.sessionCount, 1);
});

Deno.test("a relay that restarts is bound again with the ticket at hand, within a second", () => {
  const world = new RelayWorld({ relays: 1 });
  const client = world.connect({ primary: [0] });
  const gaps = exchange(world, client);
  world.run(1_000);
  world.relays[0]!.kill();
  world.relays[0]!.restart();
  world.run(3_000);
  assert.ok(gaps.down < 300 && gaps.up < 300, JSON.stringify(gaps));
  assert.ok(client.leg.counters.rebinds >= 1);
  assert.equal(client.endpoint.session?.state, "open");
});

Deno.test("a middle relay that restarts is bound again through the ones around it", () => {
  const world = new RelayWorld({ relays: 3 });
  const client = world.connect({ primary: [0, 1, 2] });
  const gaps = exchange(world, client);
  world.run(1_000);
  world.relays[1]!.kill();
  world.relays[1]!.restart();
  world.run(3_000);
  assert.ok(gaps.down < 400 && gaps.up < 400, JSON.stringify(gaps));
  assert.equal(client.endpoint.session?.state, "open");
});

Deno.test("a route that is revoked is not bound again; the client asks for another", () => {
  const world = new RelayWorld({ relays: 2 });
  const client = world.connect({ primary: [0], standby: [1] });
  const gaps = exchange(world, client);
  world.run(1_000);
  world.relays[0]!.core.revoke(1n, world.nowMs);
  world.relays[0]!.service();
  world.run(5_000);
  assert.ok(gaps.down < 100 && gaps.up < 100, JSON.stringify(gaps));
  assert.equal(client.leg.routes.length, 1);
  assert.ok(
    client.legEvents.some((event) => event.kind === "routes-needed" && event.reason === "closed"),
  );
});

Deno.test("closing the client's pipe frees every relay and the server at once", () => {
  const world = new RelayWorld({ relays: 3 });
  const client = world.connect({ primary: [0, 1], standby: [2] });
  world.run(1_000);
  assert.deepEqual(world.relays.map(({ core }) => core.size), [1, 1, 1]);
  client.driver.stop();
  client.pipe.close();
  world.run(100);
  assert.deepEqual(world.relays.map(({ core }) => core.size), [0, 0, 0]);
  assert.equal(world.leg.sessionCount, 0);
  assert.equal(world.leg.counters.sessionsClosed, 1);
});

Deno.test("a server that goes tells its clients", () => {
  const world = new RelayWorld({ relays: 1 });
  const client = world.connect({ primary: [0] });
  world.run(500);
  world.gate.close();
  world.run(100);
  assert.ok(client.legEvents.some(({ kind }) => kind === "closed"));
  assert.equal(RelayCloseCode.done, 0);
});

Deno.test("sessions that nothing is heard of are forgotten", () => {
  const world = new RelayWorld({ relays: 1, server: { sessionIdleMs: 20_000 } });
  const client = world.connect({ primary: [0] });
  client.driver.stop();
  world.network.setLink("198.51.100.1", "203.0.113.1", { loss: 1 });
  world.run(30_000);
  assert.equal(world.leg.sessionCount, 0);
  assert.equal(world.leg.counters.sessionsExpired, 1);
});

Deno.test("an idle session is kept open by a PING every 15 s and by nothing else", () => {
  const world = new RelayWorld({ relays: 1 });
  const client = world.connect({ primary: [0] });
  client.driver.stop();
  world.run(2_000);
  const before = client.pipe.counters.datagramsSent;
  let sent = 0;
  world.network.onDatagram = ({ what, from }) => {
    if (what === "sent" && from.hostname === "198.51.100.1") sent++;
  };
  world.run(120_000);
  assert.equal(client.pipe.counters.datagramsSent, before);
  assert.ok(sent >= 6 && sent <= 16, `${sent}`);
});

Deno.test("a server that restarts is told of its routes again within a second", () => {
  const world = new RelayWorld({ relays: 3 });
  const client = world.connect({ primary: [0, 1], standby: [2] });
  exchange(world, client);
  world.run(1_000);
  const bounds = client.leg.counters.bounds;
  world.restartServer();
  assert.equal(world.leg.sessionCount, 0);
  assert.ok(world.runUntil(() => world.leg.sessionCount === 1, 1_000));
  world.run(1_500);
  assert.ok(client.leg.counters.bounds > bounds);
  assert.ok(client.leg.counters.rebinds >= 1);
});

Deno.test("a client whose primary is dead from the start is served over its standby", () => {
  const world = new RelayWorld({ relays: 2 });
  world.relays[0]!.kill();
  const client = world.connect({ primary: [0], standby: [1] });
  const gaps = exchange(world, client);
  world.run(5_000);
  assert.equal(client.leg.active?.kind, "standby");
  assert.ok(gaps.down < 60 && gaps.up < 60, JSON.stringify(gaps));
});

Deno.test("a client without a living relay keeps trying, ever more rarely, and is told nothing false", async () => {
  const world = new RelayWorld({ relays: 1 });
  world.relays[0]!.kill();
  const client = world.addClient({ primary: [0] });
  const bound = client.pipe.whenBound(20_000);
  assert.equal(await world.network.settle(bound), false);
  assert.ok(client.leg.counters.binds >= 12 && client.leg.counters.binds <= 25);
  assert.deepEqual(client.legEvents, []);
  world.relays[0]!.restart();
  assert.equal(await world.network.settle(client.pipe.whenBound(10_000)), true);
});

Deno.test("99 of 100 clients are bound within 5 s although one datagram in five is lost", () => {
  let bound = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const world = new RelayWorld({ relays: 2, seed, link: { delayMs: 20, loss: 0.2 } });
    const client = world.addClient({ primary: [0], standby: [1] });
    if (world.runUntil(() => client.leg.active !== undefined, 5_000)) bound++;
  }
  assert.ok(bound >= 99, `${bound}`);
});
