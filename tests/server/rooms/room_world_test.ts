import assert from "node:assert/strict";
import type { Client } from "../../../client/mod.ts";
import { entity, protocol, roomKind, t, withRooms } from "../../../schema/mod.ts";
import { defineRoom } from "../../../server/mod.ts";
import { Lab } from "../lab.ts";

const Unit = entity({ x: t.int(0, 100), owner: t.u32() });
const Field = protocol("field", { version: 1 }, withRooms({ Match: roomKind() }, { Unit }));

const match = defineRoom(Field, "Match", {
  start(room) {
    const world = room.world();
    assert.equal(room.world(), world);
    const units = new Map<number, { despawn(): void }>();
    room.on("joined", (member) => {
      assert.ok(member.peer !== undefined);
      units.set(member.id, world.spawn(Field.Unit, { x: 1, owner: member.id }));
    });
    room.on("left", ({ id }) => units.get(id)?.despawn());
  },
});

function ownersSeenBy(client: Client<typeof Field>): number[] {
  return Array.from(client.world.entities(Field.Unit), ({ value }) => value.owner).toSorted();
}

Deno.test("members see the world of their room, and no other", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Field, { tickHz: 20 });
  const lobby = server.rooms([match]);
  const [ann, bob, cyd] = [
    await lab.connect(Field, server),
    await lab.connect(Field, server),
    await lab.connect(Field, server),
  ];
  await lab.settle(ann.rooms.create("Match"));
  await lab.settle(bob.rooms.join("Match", 1));
  await lab.settle(cyd.rooms.create("Match"));
  await lab.run(500);
  assert.deepEqual([ann, bob, cyd].map(ownersSeenBy), [[1, 2], [1, 2], [3]]);
  await lab.settle(bob.rooms.join("Match", 2));
  await lab.run(500);
  assert.deepEqual([ann, bob, cyd].map(ownersSeenBy), [[1], [3, 4], [3, 4]]);
  await lab.settle(cyd.close());
  await lab.run(500);
  assert.deepEqual([ann, bob].map(ownersSeenBy), [[1], [4]]);
  lobby.rooms.get(2)!.end("over");
  await lab.run(500);
  assert.deepEqual([ann, bob].map(ownersSeenBy), [[1], []]);
});
