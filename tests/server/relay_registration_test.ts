import assert from "node:assert/strict";
import { ConnectError } from "../../client/mod.ts";
import { DirectorRequestError } from "../../transport/director_http.ts";
import { DIRECTOR_URL, OPERATOR_TOKEN, RelayLab } from "../fixtures/relay_lab.ts";
import { isAnswered, RELAY, Room, serveRoom } from "../fixtures/relayed_room.ts";

function isRefusal(code: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof DirectorRequestError, String(error));
    assert.equal(error.code, code);
    return true;
  };
}

async function operate(lab: RelayLab, method: string, path: string, body?: object): Promise<void> {
  const headers = { authorization: `Bearer ${OPERATOR_TOKEN}`, "content-type": "application/json" };
  const response = await lab.settle(lab.fetch(`${DIRECTOR_URL}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }));
  assert.equal(response.status, 200);
}

Deno.test("a server registers, binds two anchors, says how many players it has, and leaves", async () => {
  await using lab = await RelayLab.open(["fra-1", "fra-2", "fra-3"]);
  const server = await serveRoom(lab, { maxPeers: 7, name: "Ann's room" });
  const { director } = lab;
  const relay = server.relay!;
  assert.equal(relay.state, "connected");
  assert.equal(relay.anchors.filter(({ isBound }) => isBound).length, 2);
  await lab.connect(Room, relay.joinUrl!);
  await lab.run(3_000);
  assert.equal(relay.sessions, 1);
  const [record] = director!.servers();
  assert.deepEqual(
    [record!.id, record!.players, record!.maxPlayers, record!.name, record!.state],
    [relay.id, 1, 7, "Ann's room", "allocated"],
  );
  const draining = server.drain(10_000);
  await lab.run(500);
  assert.equal(director!.servers()[0]!.state, "draining");
  await lab.settle(draining);
  await lab.settle(server.close());
  assert.deepEqual(director!.servers(), []);
});

Deno.test("serve() fails where the director refuses, waits for one that starts, and gives up at last", async () => {
  await using lab = await RelayLab.open(["fra-1"]);
  await assert.rejects(serveRoom(lab, { relay: { token: "wrong" } }), isRefusal("unauthorized"));
  await assert.rejects(
    serveRoom(lab, { relay: { token: OPERATOR_TOKEN } }),
    isRefusal("forbidden"),
  );
  await assert.rejects(serveRoom(lab, { relay: { exits: ["nobody"] } }), isRefusal("invalid"));
  lab.stopDirector();
  const beganAtMs = lab.nowMs;
  await assert.rejects(serveRoom(lab), isRefusal("unreachable"));
  assert.ok(lab.nowMs - beganAtMs >= 9_000 && lab.nowMs - beganAtMs <= 11_000);
  const { clock } = lab.network;
  clock.setTimer(clock.nowMs() + 3_000, () => void lab.startDirector());
  const server = await serveRoom(lab);
  assert.equal(server.relay!.state, "connected");
});

Deno.test("options that make no sense are refused before anything is sent", async () => {
  await using lab = await RelayLab.open(["fra-1"]);
  const { requests } = lab;
  for (
    const relay of [
      { directorUrl: "203.0.113.99:9980" },
      { directorUrl: "ftp://203.0.113.99" },
      { directorUrl: "http://user@203.0.113.99" },
      { token: "" },
      { id: "a b" },
      { region: "" },
      { exits: ["fra 1"] },
      { address: { hostname: "play.example.org", port: 9_999 } },
      { address: { hostname: "192.0.2.1", port: 0 } },
    ]
  ) await assert.rejects(serveRoom(lab, { relay }), TypeError, JSON.stringify(relay));
  assert.deepEqual(requests, []);
});

Deno.test("a hidden server lets nobody in who comes without relays, another one does", async () => {
  await using lab = await RelayLab.open(["fra-1"]);
  const hidden = await serveRoom(lab);
  await assert.rejects(
    lab.connect(Room, hidden, { timeoutMs: 1_000 }),
    (error) => error instanceof ConnectError && error.code === "unreachable",
  );
  assert.equal(hidden.relay!.exposure, "never");
  const open = await serveRoom(lab, { host: "192.0.2.2", relay: { exposure: "fallback" } });
  assert.ok(await isAnswered(lab, await lab.connect(Room, open)));
  assert.notEqual(open.relay!.id, hidden.relay!.id);
});

Deno.test("a relay that restarts after its tickets expired leads to its server again within seconds", async () => {
  await using lab = await RelayLab.open(["fra-1"]);
  const server = await serveRoom(lab);
  const client = await lab.connect(Room, server.relay!.joinUrl!);
  await lab.run(150_000);
  assert.ok(await isAnswered(lab, client));
  const [relay] = lab.relays;
  relay!.kill();
  await lab.run(1_000);
  await relay!.start();
  await lab.run(4_000);
  assert.ok(server.relay!.anchors.every(({ isBound }) => isBound));
  assert.ok(await isAnswered(lab, client));
  assert.equal(server.peers.size, 1);
});

Deno.test("a session that is ended at the director is ended at the server", async () => {
  await using lab = await RelayLab.open(["fra-1"]);
  const server = await serveRoom(lab);
  const client = await lab.connect(Room, server.relay!.joinUrl!, { reconnect: false });
  const gone: string[] = [];
  server.on("disconnected", (_peer, { reason }) => gone.push(reason));
  await operate(lab, "DELETE", `/v1/sessions/${client.stats().route.sessionId}`);
  await lab.run(5_000);
  assert.deepEqual(gone, ["the session was ended"]);
});

Deno.test("a code that another server has by now is replaced, and the game is told", async () => {
  await using lab = await RelayLab.open(["fra-1"]);
  const server = await serveRoom(lab);
  const told: string[] = [];
  server.on("joinCode", (code) => told.push(code));
  const code = server.relay!.joinCode!;
  lab.stopDirector();
  await lab.startDirector();
  await lab.run(500);
  await lab.relays[0]!.start().catch(() => undefined);
  const { director } = lab;
  const id = "thief";
  const { leaseToken } = await director!.registerServer({
    id,
    protocolId: "room",
    name: id,
    region: "fra",
    serverKey: "qteED8N2ct9c1x6Pn9xMoIO63-8bO3ky1jAiZSQIhz4",
    maxPlayers: 1,
    exposure: "never",
    acceptsTickets: false,
    instance: "0000000000000001",
  });
  assert.equal((await director!.makeCode(id, { leaseToken, wish: code })).code, code);
  await lab.run(20_000);
  assert.equal(told.length, 1);
  assert.notEqual(told[0], code);
  assert.equal(server.relay!.joinCode, told[0]);
});

Deno.test("join URLs lead to where players reach the director, not to where the server does", async () => {
  await using lab = await RelayLab.open(["fra-1"]);
  const server = await serveRoom(lab);
  for (
    const [publicUrl, start] of [
      ["https://play.example.org", "tickwire-joins://play.example.org/"],
      ["http://127.0.0.1:9980", "tickwire-join://203.0.113.99:9980/"],
      ["http://[::1]:9980", "tickwire-join://203.0.113.99:9980/"],
    ] as const
  ) {
    lab.stopDirector();
    lab.publicUrl = publicUrl;
    await lab.startDirector();
    await lab.run(15_000);
    assert.ok(server.relay!.joinUrl!.startsWith(start), `${publicUrl}: ${server.relay!.joinUrl}`);
  }
});

Deno.test("a server without join codes is reached by grants only", async () => {
  await using lab = await RelayLab.open(["fra-1"]);
  const server = await serveRoom(lab, { relay: { ...RELAY, joinCode: false, id: "s1" } });
  assert.deepEqual([server.relay!.joinCode, server.relay!.joinUrl], [undefined, undefined]);
  assert.equal(server.relay!.id, "s1");
  assert.ok(!lab.requests.some((one) => one.endsWith("/codes")));
});
