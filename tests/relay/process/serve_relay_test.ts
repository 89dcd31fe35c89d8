import assert from "node:assert/strict";
import { statusPage } from "../../../relay/status/status_page.ts";
import { ProcessLab } from "./process_lab.ts";

Deno.test("players reach a server over two relays of two regions, which measure each other", async () => {
  await using lab = await ProcessLab.open();
  await lab.relay("fra-1", "192.0.2.1");
  await lab.relay("nyc-1", "192.0.2.2");
  lab.network.setLink("192.0.2.1", "192.0.2.2", { delayMs: 35 });
  lab.network.setLink("192.0.2.2", "192.0.2.1", { delayMs: 35 });
  await lab.pass(10_000);
  const { traffic } = await lab.relays.get("fra-1")!.snapshot();
  const probes = traffic.find(({ type }) => type === "mesh")!.sent;
  assert.ok(probes > 30 && probes < 50, `${probes} probes and answers in 10 s without a session`);
  await lab.server();
  const { player, grant } = await lab.player("203.0.113.1", {
    clientRttMs: new Map([["nyc-1", 5]]),
  });
  assert.deepEqual(grant.primary.relays.map(({ relayId }) => relayId), ["nyc-1", "fra-1"]);
  await lab.pass(2_000);
  player.stop();
  await lab.pass(1_000);
  assert.equal(
    player.lost,
    0,
    JSON.stringify([await lab.drops("nyc-1"), await lab.drops("fra-1")]),
  );
  assert.ok(player.sent > 100);

  const snapshot = await lab.relays.get("nyc-1")!.snapshot();
  const { relayId, region, state, directory, sessionsByState, version } = snapshot;
  assert.deepEqual(
    { relayId, region, state, directory, sessionsByState, version },
    {
      relayId: "nyc-1",
      region: "nyc",
      state: "active",
      directory: "connected",
      sessionsByState: { active: 1, binding: 0, anchor: 0 },
      version: "1.2.3",
    },
  );
  assert.match(statusPage(snapshot), /Carries 1 game session/);
  const withAnchor = { ...snapshot.sessionsByState, anchor: 3 };
  const page = statusPage({ ...snapshot, sessionsByState: withAnchor });
  assert.match(page, /Carries 1 game session/, "a server's place is no game");
  assert.deepEqual(snapshot.routes.map(({ relays }) => relays), [["nyc-1", "fra-1"]]);
  const exit = await lab.relays.get("fra-1")!.snapshot();
  assert.deepEqual(exit.routes.map(({ relays }) => relays), [["nyc-1", "fra-1"]]);
  assert.deepEqual(snapshot.regionMatrix.regions, ["fra", "nyc"]);
  assert.equal(Math.round(snapshot.regionMatrix.cells[0]![1]!.p95RttMs!), 70);
  const data = snapshot.traffic.find(({ type }) => type === "data")!;
  assert.equal(data.received, 2 * player.sent);
  assert.equal(data.sent, 2 * player.sent);
});

Deno.test("players reach a server behind NAT, whose place at the relay is no route", async () => {
  await using lab = await ProcessLab.open();
  const relay = await lab.relay("fra-1", "192.0.2.1");
  await lab.server(true);
  await lab.pass(500);
  const before = await relay.snapshot();
  assert.deepEqual(before.sessionsByState, { active: 0, binding: 0, anchor: 1 });
  assert.deepEqual(before.routes, []);
  assert.equal(await relay.countSessions(), 0);
  const { player } = await lab.player("203.0.113.1");
  await lab.pass(1_000);
  player.stop();
  await lab.pass(200);
  assert.equal(player.lost, 0, JSON.stringify(await lab.drops("fra-1")));
  const { routes } = await relay.snapshot();
  assert.deepEqual(routes.map(({ relays, primary }) => [relays, primary]), [[["fra-1"], 1]]);
});

Deno.test("a relay whose director is away keeps its sessions beyond their tickets, and learns again", async () => {
  await using lab = await ProcessLab.open();
  const relay = await lab.relay("fra-1", "192.0.2.1");
  await lab.server();
  const { player } = await lab.player("203.0.113.1", {}, { intervalMs: 250 });
  lab.isDirectorAway = true;
  await lab.pass(5_000);
  assert.equal(relay.isConnected, true, "two beats may be lost");
  await lab.pass(120_000);
  assert.equal(relay.isConnected, false);
  assert.equal((await relay.snapshot()).directory, "away");
  const kinds = lab.events.get("fra-1")!.map(({ kind }) => kind);
  assert.deepEqual(kinds.slice(0, 6), ["keys", "connected", "missed", "missed", "missed", "hold"]);
  assert.equal(kinds.filter((kind) => kind === "hold").length, 1);
  const received = player.received.size;
  await lab.pass(1_000);
  assert.ok(player.received.size - received >= 3, "the game goes on with a ticket of 60 s");
  lab.isDirectorAway = false;
  await lab.pass(2_000);
  assert.equal(relay.isConnected, true);
  assert.equal(lab.events.get("fra-1")!.at(-1)!.kind, "connected");
  // Nobody renewed: with the director back, one lease is left.
  await lab.pass(70_000);
  assert.equal(await relay.countSessions(), 0);
});

Deno.test("a relay that its director never answered forwards nothing, and begins when it does", async () => {
  await using lab = await ProcessLab.open();
  lab.isDirectorAway = true;
  const relay = await lab.relay("fra-1", "192.0.2.1");
  assert.equal(relay.isReady, false);
  await lab.pass(10_000);
  assert.equal(relay.isReady, false);
  lab.isDirectorAway = false;
  await lab.pass(2_000);
  assert.equal(relay.isReady, true);
});

Deno.test("sessions go to every shard of a relay, each at its own port, also between two heartbeats", async () => {
  await using lab = await ProcessLab.open();
  const relay = await lab.relay("fra-1", "192.0.2.1", { shards: 3, firstShard: 4 });
  assert.deepEqual(relay.advertised, [
    { shard: 4, hostname: "192.0.2.1", port: 7_004 },
    { shard: 5, hostname: "192.0.2.1", port: 7_005 },
    { shard: 6, hostname: "192.0.2.1", port: 7_006 },
  ]);
  await lab.server();
  const shards = new Set<number>();
  for (let i = 1; i <= 3; i++) {
    const { grant } = await lab.player(`203.0.113.${i}`);
    shards.add(grant.primary.relays[0]!.shard);
  }
  assert.deepEqual([...shards].sort(), [4, 5, 6]);
  assert.equal(await relay.countSessions(), 3);
  await lab.pass(500);
  for (const player of lab.players) player.stop();
  await lab.pass(200);
  assert.deepEqual(lab.players.map(({ lost }) => lost), [0, 0, 0]);
});

Deno.test("shards that are steered to by their byte are advertised at one port", async () => {
  await using lab = await ProcessLab.open();
  const advertise = { hostname: "192.0.2.9", port: 443 };
  const relay = await lab.relay("fra-1", "192.0.2.1", { shards: 2, isSteered: true, advertise });
  assert.deepEqual(relay.advertised.map(({ port }) => port), [443, 443]);
  const [record] = lab.director.relays();
  assert.equal(record!.hostname, "192.0.2.9");
  assert.deepEqual(record!.shards.map(({ shard, port }) => [shard, port]), [[0, 443], [1, 443]]);
  const other = await lab.relay("fra-2", "192.0.2.2", { shards: 2, isSteered: true, port: 7_000 });
  assert.deepEqual(other.advertised.map(({ port }) => port), [7_000, 7_000]);
});

Deno.test("a drain waits for players, refuses others, and closes what is left at the deadline", async () => {
  await using lab = await ProcessLab.open();
  const relay = await lab.relay("fra-1", "192.0.2.1");
  await lab.server();
  const { player } = await lab.player("203.0.113.1");
  const done = relay.drain(5_000);
  await lab.pass(2_500);
  assert.equal(relay.isReady, false);
  assert.equal(lab.director.relays()[0]!.state, "draining");
  assert.equal(await relay.countSessions(), 1);
  const received = player.received.size;
  await lab.pass(1_000);
  assert.ok(player.received.size - received >= 55, "the game goes on meanwhile");
  await lab.network.settle(done);
  assert.equal(await relay.countSessions(), 0);
  await assert.rejects(lab.director.openSession({ serverId: "s1" }));
});

Deno.test("a drain ends at once when nobody is there", async () => {
  await using lab = await ProcessLab.open();
  const relay = await lab.relay("fra-1", "192.0.2.1");
  const startMs = lab.network.clock.nowMs();
  await lab.network.settle(relay.drain(60_000));
  assert.ok(lab.network.clock.nowMs() - startMs < 200);
});

Deno.test("an operator drains a relay through the director, and calls it off", async () => {
  await using lab = await ProcessLab.open();
  const relay = await lab.relay("fra-1", "192.0.2.1");
  await lab.relay("fra-2", "192.0.2.2");
  await lab.director.drain({ relayId: "fra-1", deadlineSeconds: 60 });
  await lab.pass(2_500);
  assert.equal(relay.isReady, false);
  assert.ok(Math.abs(relay.drainUntilMs! - lab.wallMs() - 57_500) < 1_000);
  await lab.director.drain({ relayId: "fra-1", cancel: true });
  await lab.pass(2_500);
  assert.equal(relay.isReady, true);
  const drains = lab.events.get("fra-1")!.filter(({ kind }) => kind === "drain");
  assert.equal(drains.length, 2);
});

Deno.test("a session that the director ends is over at its relay with the next beat, once", async () => {
  await using lab = await ProcessLab.open();
  const relay = await lab.relay("fra-1", "192.0.2.1");
  await lab.server();
  const { grant } = await lab.player("203.0.113.1");
  await lab.director.endSession(grant.sessionId.toString(16).padStart(16, "0"));
  await lab.pass(10_000);
  assert.equal(await relay.countSessions(), 0);
  const revoked = lab.events.get("fra-1")!.filter(({ kind }) => kind === "revoked");
  assert.deepEqual(revoked, [{ kind: "revoked", sessions: 1 }]);
});

Deno.test("a relay always knows the key in use and the one before or after it", async () => {
  await using lab = await ProcessLab.open();
  const relay = await lab.relay("fra-1", "192.0.2.1");
  await lab.server();
  const { player } = await lab.player("203.0.113.1");
  for (const hours of [13, 25, 37]) {
    lab.wallSkipMs = hours * 3_600_000;
    await lab.pass(2_100);
  }
  const told = lab.events.get("fra-1")!.flatMap((event) =>
    event.kind === "keys" ? [event.keyIds] : []
  );
  const [first] = told[0]!;
  // From noon on: today and tomorrow, then tomorrow and the day after.
  assert.deepEqual(told, [[first, first! + 1], [first! + 1, first! + 2]]);
  assert.equal(await relay.countSessions(), 1);
  player.stop();
});

Deno.test("another relay with the id of a living one is refused, and forwards nothing", async () => {
  await using lab = await ProcessLab.open();
  await lab.relay("fra-1", "192.0.2.1");
  const first = lab.relays.get("fra-1")!;
  const second = await lab.relay("fra-1", "192.0.2.2", { secretKey: secretOfAnother });
  assert.equal(second.isReady, false);
  assert.equal(lab.director.relays()[0]!.hostname, "192.0.2.1");
  await first.close();
});

const secretOfAnother = new Uint8Array(32).fill(7);

Deno.test("options that make no sense are refused before anything is bound", async () => {
  await using lab = await ProcessLab.open();
  const bad = [
    { shards: 0 },
    { shards: 257 },
    { firstShard: 256 },
    { shards: 2, firstShard: 255 },
    { shards: 2, port: 65_535 },
    { shards: 2, port: 0, isSteered: true },
  ];
  for (const options of bad) {
    await assert.rejects(lab.relay("fra-1", "192.0.2.1", options), RangeError);
  }
  await lab.relay("fra-1", "192.0.2.1", { shards: 1, firstShard: 255, port: 65_535 });
});
