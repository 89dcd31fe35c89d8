import assert from "node:assert/strict";
import { RelayWorld } from "./relay_world.ts";

for (const hops of [1, 2, 3]) {
  Deno.test(`a session runs over ${hops} relays and talks both ways`, () => {
    const world = new RelayWorld({ relays: 3 });
    const client = world.connect({ primary: [0, 1, 2].slice(0, hops) });
    const { peer } = world;
    client.send("reliable-ordered", new Uint8Array([1]));
    peer.send("reliable-ordered", new Uint8Array([2]));
    client.flush();
    peer.flush();
    world.run(1_000);
    assert.deepEqual(peer.firstBytes("reliable-ordered"), [1]);
    assert.deepEqual(client.firstBytes("reliable-ordered"), [2]);
    assert.equal(peer.entry.address.hostname, "100::1");
  });
}
