import assert from "node:assert/strict";
import { Lab } from "../../server/lab.ts";
import { Room } from "../../server/room.ts";

Deno.test("serverTick knows the part of a tick that has passed when a packet left in the middle of it", async () => {
  await using lab = new Lab({ link: { delayMs: 15 } });
  const tickHz = 20;
  const server = await lab.serve(Room, { tickHz, dispatch: "immediate" });
  let tickAtMs = 0;
  server.onTick(() => tickAtMs = lab.nowMs);
  server.on(Room.Ping, (peer, { n }) => {
    peer.send(Room.Ping, { n });
  });
  const client = await lab.connect(Room, server);
  const netcode = client.netcode({ tickHz });
  // 27 ms after a tick began, each time: without the fraction it would be half a tick behind.
  await lab.run(50 - (lab.nowMs - tickAtMs) + 12);
  for (let n = 0; n < 20; n++) {
    client.send(Room.Ping, { n });
    await lab.run(300);
  }
  const real = server.tick + (lab.nowMs - tickAtMs) * tickHz / 1000;
  assert.ok(Math.abs(netcode.serverTick - real) < 0.1, `${netcode.serverTick} of ${real}`);
});
