/**
 * A game with rooms, for the tests of lobby, rooms and clients.
 *
 * @module
 */
import { message, protocol, roomKind, t, withRooms } from "../../../schema/mod.ts";

const Match = roomKind({
  options: { map: t.enum("desert", "forest") },
  metadata: { phase: t.enum("waiting", "playing"), heat: t.quantized(0, 1, 1 / 64) },
  profile: { name: t.string({ maxBytes: 24 }) },
  maxMembers: 6,
});

const Hall = roomKind({ maxMembers: 100 });

const Say = message({ text: t.string({ maxBytes: 200 }) }, {
  from: "both",
  delivery: "reliable-ordered",
});

const Shout = message({ n: t.u8() }, {
  from: "client",
  delivery: "reliable-ordered",
  rate: { perSecond: 1, burst: 2 },
});

/** What the tests play. */
export const Game = protocol("rooms", { version: 1 }, withRooms({ Match, Hall }, { Say, Shout }));
