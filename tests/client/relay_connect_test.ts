import assert from "node:assert/strict";
import { connect } from "../../client/mod.ts";
import { message, protocol, t } from "../../schema/mod.ts";
import type { Server } from "../../server/mod.ts";
import { DIRECTOR_URL, RelayLab, SERVER_TOKEN } from "../fixtures/relay_lab.ts";

const Echo = message({ text: t.string({ maxBytes: 100 }) }, {
  from: "both",
  delivery: "reliable-ordered",
});
const Room = protocol("room", { version: 1 }, { Echo });

const RELAY = { directorUrl: DIRECTOR_URL, token: SERVER_TOKEN };

async function serveRoom(
  lab: RelayLab,
  relay: object = {},
): Promise<Server<typeof Room>> {
  const server = await lab.settle(lab.serve(Room, { relay: { ...RELAY, ...relay } }));
  server.on(Room.Echo, (peer, { text }) => peer.send(Room.Echo, { text: `${text}!` }));
  await lab.run(500);
  return server;
}

Deno.test("a player joins by code over relays, and the server knows a virtual address only", async () => {
  await using lab = await RelayLab.open(["fra-1", "fra-2"]);
  const server = await serveRoom(lab);
  const url = server.relay!.joinUrl!;
  assert.match(url, /^tickwire-join:\/\/203\.0\.113\.99:9980\/\w{6}#/);
  const client = await lab.connect(Room, url);
  client.send(Room.Echo, { text: "hi" });
  assert.deepEqual(await lab.settle(client.next(Room.Echo)), { text: "hi!" });
  const [peer] = server.peers.values();
  assert.match(peer!.address.hostname, /^100::/);
  const { route } = client.stats();
  assert.equal(route.kind, "relayed");
  assert.equal(route.relays.length, 1);
});
