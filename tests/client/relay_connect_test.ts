import assert from "node:assert/strict";
import { ConnectError, type GrantInput, queryServer } from "../../client/mod.ts";
import { encodeKey } from "../../protocol/connect_url.ts";
import { grantFromJson } from "../../protocol/relay/api/grant_json.ts";
import { BACKEND_TOKEN, DIRECTOR_URL, RelayLab } from "../fixtures/relay_lab.ts";
import { isAnswered, Room, serveRoom } from "../fixtures/relayed_room.ts";

function isConnectError(code: string, pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ConnectError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, pattern);
    return true;
  };
}

/** A grant as a game's back end gets it. */
async function grantFor(lab: RelayLab, serverId: string): Promise<string> {
  const response = await lab.fetch(`${DIRECTOR_URL}/v1/sessions`, {
    method: "POST",
    headers: { authorization: `Bearer ${BACKEND_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ serverId, userId: "ann" }),
  });
  return await response.text();
}

Deno.test("a player joins by code over relays, and the server knows a virtual address only", async () => {
  await using lab = await RelayLab.open(["fra-1", "fra-2"]);
  const server = await serveRoom(lab);
  const url = server.relay!.joinUrl!;
  assert.match(url, /^tickwire-join:\/\/203\.0\.113\.99:9980\/\w{6}#/);
  const client = await lab.connect(Room, url);
  assert.ok(await isAnswered(lab, client));
  const [peer] = server.peers.values();
  assert.match(peer!.address.hostname, /^100::/);
  const { route } = client.stats();
  assert.equal(route.kind, "relayed");
  assert.equal(route.relays.length, 1);
  assert.equal(route.sessionId.length, 16);
  assert.ok(route.rttMs > 35 && route.rttMs < 60, `${route.rttMs}`);
  await lab.run(2_000);
  const { routes } = client.stats().route;
  assert.deepEqual(routes.map(({ name }) => name).sort(), ["primary", "standby"]);
  assert.ok(routes.every(({ isUsable }) => isUsable));
  assert.notDeepEqual(routes[0]!.relays, routes[1]!.relays);
});

Deno.test("codes are taken in any case with dashes, with the server's key and without", async () => {
  await using lab = await RelayLab.open(["fra-1"]);
  const server = await serveRoom(lab);
  const code = server.relay!.joinCode!;
  for (const text of [code, code.toLowerCase(), `${code.slice(0, 3)}-${code.slice(3)}`]) {
    const client = await lab.connect(Room, `tickwire-join://203.0.113.99:9980/${text}`);
    assert.ok(await isAnswered(lab, client));
  }
});

Deno.test("joining says why it cannot: no such code, no director, another server, no relay", async () => {
  await using lab = await RelayLab.open(["fra-1"]);
  const server = await serveRoom(lab, { maxPeers: 1 });
  const { joinUrl = "", joinCode } = server.relay!;
  const join = (url: string): Promise<unknown> => lab.connect(Room, url);
  const at = "tickwire-join://203.0.113.99:9980";
  await assert.rejects(
    join(`${at}/CDFGHJ`),
    isConnectError("unknown-code", /No game has this code/),
  );
  const key = encodeKey(new Uint8Array(32).fill(7));
  await assert.rejects(join(`${at}/${joinCode}#${key}`), isConnectError("untrusted", /another/));
  for (const bad of [`${at}/`, `${at}/b!c`, "tickwire-join:CDFGHJ", `${at}/${joinCode}#short`]) {
    await assert.rejects(join(bad), TypeError);
  }
  await assert.rejects(lab.connect(Room, joinUrl, { relay: "{}" }), TypeError);
  await lab.connect(Room, joinUrl);
  await assert.rejects(join(joinUrl), isConnectError("full", /full/));
  lab.relays[0]!.kill();
  await assert.rejects(join(joinUrl), isConnectError("no-relay", /answered/));
  lab.stopDirector();
  await assert.rejects(join(joinUrl), isConnectError("director-away", /connection refused/));
});

Deno.test("a caller who gives up while joining is heard at once", async () => {
  await using lab = await RelayLab.open(["fra-1", "fra-2"]);
  const server = await serveRoom(lab);
  const abort = new AbortController();
  const { clock } = lab.network;
  clock.setTimer(clock.nowMs() + 100, () => abort.abort());
  const joining = lab.connect(Room, server.relay!.joinUrl!, { signal: abort.signal });
  await assert.rejects(joining, isConnectError("aborted", /gave up/));
  assert.ok(!lab.requests.includes("POST /v1/join"), "it was still measuring");
});

Deno.test("a grant of a back end connects, as text, parsed, decoded, and from a function", async () => {
  await using lab = await RelayLab.open(["fra-1"]);
  const server = await serveRoom(lab);
  const users: string[] = [];
  server.on("connected", (peer) => users.push(peer.userId));
  const forms: ((text: string) => GrantInput | (() => GrantInput))[] = [
    (text) => text,
    (text) => JSON.parse(text),
    (text) => grantFromJson(JSON.parse(text)),
    (text) => () => text,
  ];
  for (const form of forms) {
    const text = await lab.settle(grantFor(lab, server.relay!.id));
    const client = await lab.connect(Room, "", { relay: form(text) });
    assert.ok(await isAnswered(lab, client));
    await lab.settle(client.close());
  }
  assert.deepEqual(users, ["ann", "ann", "ann", "ann"]);
  for (const bad of ["", "{}", "null", "[]", '{"sessionId":"00"}']) {
    await assert.rejects(lab.connect(Room, "", { relay: bad }), TypeError);
  }
  const text = await lab.settle(grantFor(lab, server.relay!.id));
  const renewUrl = "file:///etc/passwd";
  const evil = JSON.stringify({ ...JSON.parse(text), renewUrl });
  await assert.rejects(lab.connect(Room, "", { relay: evil }), TypeError);
  const json = JSON.parse(text);
  json.primary.relays[0].address.hostname = "relay.example.org";
  await assert.rejects(lab.connect(Room, "", { relay: json }), TypeError);
});

Deno.test("who has relays to choose from measures them, and enters the network at the nearest", async () => {
  await using lab = await RelayLab.open(["fra-1", "nyc-1"]);
  for (const host of ["198.51.100.1", "198.51.100.2", "192.0.2.1"]) {
    const isNewYork = host === "198.51.100.2";
    for (const [relay, isThere] of [["203.0.113.1", !isNewYork], ["203.0.113.2", isNewYork]]) {
      lab.network.setLink(host, `${relay}`, { delayMs: isThere ? 5 : 60 });
      lab.network.setLink(`${relay}`, host, { delayMs: isThere ? 5 : 60 });
    }
  }
  const server = await serveRoom(lab);
  assert.equal(server.relay!.anchors[0]!.relayId, "fra-1");
  const near = await lab.connect(Room, server.relay!.joinUrl!, { host: "198.51.100.1" });
  assert.deepEqual(near.stats().route.relays, ["fra-1"]);
  const told = await lab.connect(Room, server.relay!.joinUrl!, {
    host: "198.51.100.3",
    pingLocation: "v1:nyc=5,fra=190",
  });
  assert.ok(await isAnswered(lab, told));
  const primary = told.stats().route.routes.find(({ name }) => name === "primary");
  assert.equal(primary?.relays[0], "nyc-1");
  assert.equal(lab.requests.filter((one) => one === "GET /v1/beacons").length, 2);
});

Deno.test("a server behind relays is asked about itself by its join URL", async () => {
  await using lab = await RelayLab.open(["fra-1"]);
  const server = await serveRoom(lab, { name: "Ann's room" });
  const environment = lab.environment(lab.network.bind(lab.freshHost(), 0));
  const { name, game, rttMs } = await lab.settle(
    queryServer(server.relay!.joinUrl!, { environment }),
  );
  assert.deepEqual([name, game], ["Ann's room", "room"]);
  assert.ok(rttMs >= 40);
});

Deno.test("a client without relays is on a direct route", async () => {
  await using lab = await RelayLab.open(["fra-1"]);
  const server = await serveRoom(lab, { relay: { exposure: "prefer" } });
  const client = await lab.connect(Room, server);
  assert.equal(client.stats().route.kind, "direct");
  assert.deepEqual(client.stats().route.routes, []);
});
