import assert from "node:assert/strict";
import type { Client } from "../../client/mod.ts";
import { OPERATOR_TOKEN, RelayLab } from "../fixtures/relay_lab.ts";
import { isAnswered, Room, serveRoom } from "../fixtures/relayed_room.ts";

/** Events of a client by name, in order. */
function eventsOf(client: Client<typeof Room>): string[] {
  const events: string[] = [];
  for (const name of ["suspended", "resumed", "reconnecting", "reconnected"] as const) {
    client.on(name, () => events.push(name));
  }
  client.on("disconnected", ({ reason }) => events.push(`disconnected: ${reason}`));
  return events;
}

/** Sends a word every second for a while; returns how many came back. */
async function chat(lab: RelayLab, client: Client<typeof Room>, seconds: number): Promise<number> {
  let answered = 0;
  for (let i = 0; i < seconds; i++) {
    if (await isAnswered(lab, client)) answered++;
    await lab.run(950);
  }
  return answered;
}

Deno.test("a session outlasts its tickets four times over", async () => {
  await using lab = await RelayLab.open(["fra-1", "fra-2"]);
  const server = await serveRoom(lab);
  const client = await lab.connect(Room, server.relay!.joinUrl!);
  const events = eventsOf(client);
  for (let minute = 0; minute < 4; minute++) {
    assert.ok(await isAnswered(lab, client));
    await lab.run(60_000);
  }
  assert.deepEqual(events, []);
  const { routes, failovers } = client.stats().route;
  assert.equal(failovers, 0);
  assert.ok(routes.length === 2 && routes.every(({ isUsable }) => isUsable));
  assert.ok(!lab.requests.some((one) => one.endsWith("/move")));
});

Deno.test("when a relay dies the standby takes over, and a new one is found for it", async () => {
  await using lab = await RelayLab.open(["fra-1", "fra-2", "fra-3"]);
  const server = await serveRoom(lab);
  const client = await lab.connect(Room, server.relay!.joinUrl!);
  const events = eventsOf(client);
  await lab.run(3_000);
  const [first] = client.stats().route.relays;
  lab.relays.find(({ id }) => id === first)!.kill();
  assert.equal(await chat(lab, client, 60), 60);
  assert.deepEqual(events, []);
  const { route } = client.stats();
  assert.ok(route.failovers >= 1);
  assert.ok(!route.relays.includes(first!));
  const usable = route.routes.filter(({ isUsable }) => isUsable);
  assert.equal(usable.length, 2, JSON.stringify(route.routes));
  assert.ok(usable.every(({ relays }) => !relays.includes(first!)));
  assert.ok(server.relay!.anchors.filter(({ isBound }) => isBound).length >= 2);
});

Deno.test("a relay that drains is left for another without a word lost", async () => {
  await using lab = await RelayLab.open(["fra-1", "fra-2", "fra-3"]);
  const server = await serveRoom(lab);
  const client = await lab.connect(Room, server.relay!.joinUrl!);
  const events = eventsOf(client);
  await lab.run(3_000);
  const [first = ""] = client.stats().route.relays;
  await lab.settle(lab.fetch("http://203.0.113.99:9980/v1/drain", {
    method: "POST",
    headers: { authorization: `Bearer ${OPERATOR_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ relayId: first, deadlineSeconds: 60 }),
  }));
  assert.equal(await chat(lab, client, 30), 30);
  assert.deepEqual(events, []);
  const { route } = client.stats();
  assert.ok(route.routes.every(({ relays }) => !relays.includes(first)), JSON.stringify(route));
});

Deno.test("a director that is away for minutes, and back with its memory lost, ends no session", async () => {
  await using lab = await RelayLab.open(["fra-1", "fra-2"]);
  const server = await serveRoom(lab);
  const { joinUrl = "" } = server.relay!;
  const client = await lab.connect(Room, joinUrl);
  const events = eventsOf(client);
  await lab.run(2_000);
  lab.stopDirector();
  assert.equal(await chat(lab, client, 20), 20);
  assert.equal(server.relay!.state, "away");
  await lab.startDirector();
  assert.equal(await chat(lab, client, 90), 90);
  assert.equal(server.relay!.state, "connected");
  assert.deepEqual(events, []);
  assert.equal(server.peers.size, 1);
  assert.equal(server.relay!.joinUrl, joinUrl, "players hold on to the code that they were told");
  const another = await lab.connect(Room, joinUrl);
  assert.ok(await isAnswered(lab, another));
});

Deno.test("a server that crashed is joined again by the code, over a new grant", async () => {
  await using lab = await RelayLab.open(["fra-1"]);
  const key = new Uint8Array(32).fill(5);
  const pipe = lab.network.bind("192.0.2.1", 9_999);
  let isAlive = true;
  const fetch = (url: string, init: RequestInit): Promise<Response> =>
    isAlive ? lab.fetch(url, init) : Promise.reject(new TypeError("there is no process"));
  const server = await serveRoom(lab, {
    key,
    host: "192.0.2.2",
    environment: { ...lab.environment(pipe), fetch },
  });
  const client = await lab.connect(Room, server.relay!.joinUrl!);
  const events = eventsOf(client);
  assert.ok(await isAnswered(lab, client));
  const before = client.stats().route.sessionId;
  isAlive = false;
  await pipe.close();
  const next = await serveRoom(lab, { key, host: "192.0.2.1" });
  assert.equal(next.relay!.joinCode, server.relay!.joinCode);
  await lab.run(40_000);
  assert.deepEqual(events.slice(-2), ["reconnecting", "reconnected"]);
  assert.ok(await isAnswered(lab, client));
  assert.notEqual(client.stats().route.sessionId, before);
  assert.equal(next.peers.size, 1);
});

Deno.test("ends that may meet do so, and stay together when no relay is left", async () => {
  await using lab = await RelayLab.open(["fra-1"]);
  const address = { hostname: "192.0.2.1", port: 9_999 };
  const server = await serveRoom(lab, { relay: { exposure: "prefer", address } });
  assert.deepEqual(server.relay!.anchors, []);
  const client = await lab.connect(Room, server.relay!.joinUrl!);
  const events = eventsOf(client);
  await lab.run(5_000);
  assert.equal(client.stats().route.kind, "direct");
  assert.deepEqual(client.stats().route.relays, []);
  lab.relays[0]!.kill();
  assert.equal(await chat(lab, client, 30), 30);
  assert.deepEqual(events, []);
});
