/**
 * The arena as a game: matches in a lobby. `server/main.ts` hosts it when told nothing else.
 *
 * @module
 */
import { defineGame, defineRoom, flag, type Game, PeerInputs } from "../../mod.ts";
import { Arena, MAX_ARENA_PLAYERS, MAX_ARENA_SPECTATORS } from "../../schema/messages/arena.ts";
import { MAX_NAME_BYTES } from "../../schema/messages/arena.ts";
import { Random } from "../../transport/random.ts";
import { cleanName, nameKey } from "../player_text.ts";
import { Match, type Onlooker } from "./match.ts";

const flags = {
  maxPlayers: flag.integer("N", "Players in a match; more open another one. Default 64", {
    min: 1,
    max: MAX_ARENA_PLAYERS,
    default: 64,
  }),
  roundSeconds: flag.integer("N", "Length of a round; default 120", { min: 1, default: 120 }),
  seed: flag.integer("N", "Makes the places where players appear repeatable"),
};

const arena: Game<typeof Arena, unknown, typeof flags> = defineGame({
  protocol: Arena,
  tickHz: 30,
  flags,
  start(server, { flags: { maxPlayers, roundSeconds, seed }, tickHz, logger, wallClockMs }) {
    const random = new Random(seed ?? wallClockMs());
    const inputs = new PeerInputs(server, Arena.Input, { report: Arena.InputReport });
    const venue = { server, inputs, tickHz, roundSeconds, random: () => random.unit() };
    /** Who has which name, in all matches. */
    const holders = new Map<string, { readonly isAway: boolean; kick(reason: string): void }>();
    const match = defineRoom(Arena, "Match", {
      capacity: maxPlayers,
      spectators: MAX_ARENA_SPECTATORS,
      metadata: () => ({ phase: "lobby" as const, endTick: 0, tickHz: Math.round(tickHz) }),
      memberData: (): Onlooker => ({ squares: new Set() }),
      admit({ profile }) {
        const name = cleanName(profile.name, MAX_NAME_BYTES);
        if (name === undefined) return "the name does not do: 1 to 16 visible characters";
        return holders.get(nameKey(name))?.isAway !== false || "the name is taken";
      },
      start(room) {
        room.on("joined", (member) => {
          // Whom `admit` let in has a name, and nobody has it who is there.
          const name = cleanName(member.profile.name, MAX_NAME_BYTES)!;
          holders.get(nameKey(name))?.kick("you were away, and your name was taken");
          holders.set(nameKey(name), member);
          // Everybody is told of a profile.
          if (member.profile.name !== name) member.setProfile({ name });
          logger.info("{name} joined", { name });
        });
        room.on("left", ({ profile: { name } }, reason) => {
          holders.delete(nameKey(name));
          logger.info("{name} {reason}", { name, reason });
        });
        new Match(room, venue);
      },
    });
    const lobby = server.rooms([match]);
    return {
      statusLine() {
        const { players, spectators, rooms } = lobby.stats();
        return `${players} playing and ${spectators} watching in ${rooms} matches`;
      },
    };
  },
});

export default arena;
