/**
 * A bot for the arena: runs about, shoots, and looks where the others are.
 *
 * A round trip is that of the connection, sampled with every action; lost is what the connection lost.
 *
 * @module
 */
import { Arena } from "../../schema/messages/arena.ts";
import { type Bot, defineBot } from "../../tools/define_bot.ts";
import { PlayerSession } from "./player_session.ts";

/** Of so many actions one changes the direction; the others aim and shoot. */
const TURN_EVERY = 3;

const bot: Bot<typeof Arena> = defineBot({
  protocol: Arena,
  start(client, { number, random, counters, rtt, act }) {
    const wish = { name: `bot ${number}`, seat: random.bytes(16) };
    const session = new PlayerSession(client, wish, () => {});
    let [moveX, moveY, actions] = [0, 0, 0];
    client.on(Arena.Moved, () => {
      counters.received++;
    });
    act(() => {
      const { model } = session;
      const { self } = model;
      if (self === undefined) return;
      if (actions++ % TURN_EVERY === 0) {
        moveX = random.below(3) - 1;
        moveY = random.below(3) - 1;
      }
      const others = [...model.players.values()].filter(({ id, hp }) => id !== self.id && hp > 0);
      const target = others.length === 0 ? self : random.pick(others);
      const aim = Math.atan2(target.y - self.y, target.x - self.x);
      session.steer({ moveX, moveY, aim, fire: target !== self && random.chance(0.5) });
      session.tick();
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
