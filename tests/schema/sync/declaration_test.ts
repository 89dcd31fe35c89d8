import assert from "node:assert/strict";
import { entity, message, protocol, t } from "../../../schema/mod.ts";

Deno.test("a protocol with entities declares what carries them, one without does not", () => {
  const Player = entity({ hp: t.u8() });
  const Game = protocol("game", { version: 1 }, { Player });
  assert.equal(Game.world?.snapshot.name, "WorldSnapshot");
  assert.equal(Game.messages[Game.world!.snapshot.index], Game.world!.snapshot);
  assert.equal(Game.tables[0]!.entries[Game.world!.snapshot.index]!.maxBytes, Game.datagramBytes);
  const Note = message({ n: t.u8() }, { from: "both", delivery: "unreliable" });
  assert.equal(protocol("chat", { version: 1 }, { Note }).world, undefined);
});

Deno.test("an entity that no datagram could hold is refused at declaration", () => {
  const Library = entity({ text: t.string({ maxBytes: 1_500 }) });
  assert.throws(
    () => protocol("game", { version: 1 }, { Library }),
    /Cannot declare Library: an entity spawns in one datagram of 1098 bytes, but its worst case is 15\d\d/,
  );
  protocol("game", { version: 1 }, { Shelf: entity({ text: t.string({ maxBytes: 1_060 }) }) });
});

Deno.test("names of replication are taken where there are entities, and free where there are none", () => {
  const WorldSnapshot = message({ n: t.u8() }, { from: "server", delivery: "unreliable" });
  const Player = entity({ hp: t.u8() });
  assert.throws(() => protocol("game", { version: 1 }, { Player, WorldSnapshot }), TypeError);
  protocol("game", { version: 1 }, { WorldSnapshot });
});

Deno.test("versions without entities keep their wire when entities come later", () => {
  const Note = message({ n: t.u8() }, { from: "both", delivery: "unreliable" });
  const Player = entity({ hp: t.u8() }, { since: 2 });
  const old = protocol("game", { version: 1 }, { Note });
  const grown = protocol("game", { version: 2, accepts: 2 }, { Note, Player });
  assert.equal(grown.tables[1]!.idHex, old.tables[0]!.idHex);
});

Deno.test("an entity has at most eight view tags", () => {
  const fields = Object.fromEntries(
    Array.from({ length: 9 }, (_, i) => [`f${i}`, t.u8().view(`tag${i}`)]),
  );
  assert.throws(() => protocol("game", { version: 1 }, { Spy: entity(fields) }), /9 view tags/);
});
