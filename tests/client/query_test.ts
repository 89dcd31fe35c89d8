import assert from "node:assert/strict";
import { queryServer } from "../../client/mod.ts";
import { Lab, SERVER_HOST } from "../server/lab.ts";
import { Room } from "../server/room.ts";

/** Asks on the lab's network. */
function query(lab: Lab, url: string, options: Parameters<typeof queryServer>[1] = {}) {
  const pipe = lab.network.bind(lab.freshHost(), 0);
  return lab.settle(queryServer(url, { ...options, environment: lab.environment(pipe) }));
}

Deno.test("query tells who is there, how full it is and how far away", async () => {
  await using lab = new Lab({ link: { delayMs: 30 } });
  const server = await lab.serve(Room, { name: "the lab", maxPeers: 12 });
  await lab.connect(Room, server);
  await lab.run(100);
  const told = await query(lab, server.url().split("#")[0]!);
  assert.deepEqual(told, {
    key: server.publicKey,
    keyText: server.url().split("#")[1],
    name: "the lab",
    game: "room",
    protocolVersion: 1,
    players: 1,
    capacity: 12,
    needsTicket: false,
    draining: false,
    rttMs: 60,
  });
  const drain = server.drain(1);
  await lab.settle(drain);
  assert.equal((await query(lab, server.url())).draining, true);
});

Deno.test("query: nobody there, a bad name, a bad URL, a caller without patience", async () => {
  await using lab = new Lab();
  const startMs = lab.nowMs;
  await assert.rejects(query(lab, `tickwire://${SERVER_HOST}`, { timeoutMs: 500 }), {
    name: "ConnectError",
    code: "unreachable",
  });
  assert.equal(lab.nowMs - startMs, 500);
  await assert.rejects(query(lab, "tickwire://nowhere.example.org"), {
    name: "ConnectError",
    code: "unreachable",
    message: /Cannot resolve "nowhere\.example\.org"/,
  });
  await assert.rejects(query(lab, "nonsense"), TypeError);
  const signal = AbortSignal.abort();
  await assert.rejects(query(lab, `tickwire://${SERVER_HOST}`, { signal }), { code: "aborted" });
  await lab.run(100);
  assert.equal(lab.network.clock.pendingEvents, 0);
});

Deno.test("query survives a bad line", async () => {
  await using lab = new Lab({ seed: 3, link: { delayMs: 10, loss: 0.4 } });
  const server = await lab.serve(Room);
  for (let i = 0; i < 10; i++) assert.equal((await query(lab, server.url())).game, "room");
});
