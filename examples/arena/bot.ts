/**
 * A bot for the arena: gets ready, runs about, and shoots at whom it sees of the other team.
 *
 * It plays as a person's client does, with inputs for each tick and a predicted body. A round trip is that
 * of the connection, sampled with every action; what it received are snapshots.
 *
 * @module
 */
import type { Client } from "../../mod.ts";
import { Arena } from "../../schema/messages/arena.ts";
import { type Bot, defineBot } from "../../tools/define_bot.ts";
import type { Team } from "./model.ts";
import { type DrawnBody, PlayerSession } from "./player_session.ts";

/** Of so many actions one changes the direction, on average. */
const TURN_EVERY = 12;

/** Somebody of the other team in sight, as heard of last. */
function findTarget(client: Client<typeof Arena>, ownTeam: Team): DrawnBody | undefined {
  for (const { value } of client.world.entities(Arena.Player)) {
    if (value.team !== ownTeam && value.hp > 0) return value;
  }
  return undefined;
}

const bot: Bot<typeof Arena> = defineBot({
  protocol: Arena,
  start(client, { number, random, counters, rtt, act }) {
    const session = new PlayerSession(client, { name: `bot ${number}` }, (news) => {
      const isLobby = news.event === "phase" && news.phase === "lobby";
      if (news.event === "welcome" || isLobby) session.ready();
    });
    let [moveX, moveY] = [0, 0];
    client.world.on("snapshot", () => {
      counters.received++;
    });
    act(() => {
      const own = session.prediction?.drawn;
      session.frame();
      if (own === undefined) return;
      if (random.below(TURN_EVERY) === 0) {
        moveX = random.below(3) - 1;
        moveY = random.below(3) - 1;
      }
      const target = findTarget(client, own.team);
      const { x, y } = target?.pos ?? { x: own.pos.x + moveX, y: own.pos.y + moveY };
      const aim = Math.atan2(y - own.pos.y, x - own.pos.x);
      session.steer({ moveX, moveY, aim, fire: target !== undefined && random.chance(0.5) });
      counters.sent++;
      rtt.record(client.rttMs);
    });
    return {
      finish() {
        counters.lost = client.stats().packetsLost;
      },
    };
  },
});

export default bot;
