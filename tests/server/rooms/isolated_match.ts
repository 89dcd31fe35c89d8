/**
 * Matches that run on workers: the module that the workers load.
 *
 * @module
 */
import { defineRoom } from "../../../server/mod.ts";
import { Game } from "./game.ts";

/** Does what it is told: repeats, fails, hangs, ends. */
export default defineRoom(Game, "Match", {
  spectators: 1,
  keepSeatMs: 5_000,
  isolate: import.meta.url,
  memberData: ({ profile }) => ({ lines: 0, name: profile.name }),
  start(room, { map }) {
    room.on("joined", (member) => member.send(Game.Say, { text: `welcome ${member.data.name}` }));
    room.on(Game.Say, (member, { text }) => {
      member.data.lines++;
      if (text === "throw") throw new Error("a handler of the worker");
      if (text === "crash") queueMicrotask(() => Promise.reject(new Error("nobody catches this")));
      if (text === "hang") { while (true); }
      if (text === "end") room.end("it was asked for");
      if (text === "kick") member.kick("you asked for it");
      if (text === "play") room.setMetadata({ phase: "playing" });
      if (text === "lock") room.lock();
      if (text === "tick?") room.broadcast(Game.Say, { text: `it is ${room.tick}` });
      room.broadcast(Game.Say, { text: `${map} ${member.data.lines} ${text}` });
    });
    room.onTick((tick) => {
      if (tick === 3) room.broadcast(Game.Say, { text: "tick 3" });
    });
  },
});
