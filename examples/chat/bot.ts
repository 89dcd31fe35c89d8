/**
 * A bot for chat: talks in a room of ten and waits to hear itself.
 *
 * @module
 */
import { Chat } from "../../schema/messages/chat.ts";
import { TokenBucket } from "../../protocol/token_bucket.ts";
import { type Bot, defineBot } from "../../tools/define_bot.ts";

/** What one says, all in the room hear: with rooms, traffic grows with the bots and not with their square. */
const BOTS_PER_ROOM = 10;

/** Of the rate that the server enforces. */
const SAFE_SHARE = 0.8;

const bot: Bot<typeof Chat> = defineBot({
  protocol: Chat,
  start(client, { number, random, counters, rtt, act }) {
    const name = `bot ${number}`;
    const sentAtMs = new Map<string, number>();
    // Talking faster than the declared rate would only be refused.
    const { perSecond } = Chat.Say.options.rate!;
    const bucket = new TokenBucket(perSecond * SAFE_SHARE, 1, performance.now());
    let said = 0;
    let isInside = false;
    client.on(Chat.Welcome, () => {
      isInside = true;
    });
    client.on(Chat.Said, ({ name: speaker, text }) => {
      const startMs = sentAtMs.get(text);
      if (speaker !== name || startMs === undefined) return;
      sentAtMs.delete(text);
      counters.received++;
      rtt.record(performance.now() - startMs);
    });
    const room = `bots ${Math.floor(number / BOTS_PER_ROOM)}`;
    client.send(Chat.Join, { name, room, seat: random.bytes(16) });
    act(() => {
      const nowMs = performance.now();
      if (!isInside || !bucket.take(1, nowMs)) return;
      const text = `line ${said++}`;
      if (client.send(Chat.Say, { text, style: "said" }) !== "queued") return;
      sentAtMs.set(text, nowMs);
      counters.sent++;
    });
    return {
      finish() {
        counters.lost = sentAtMs.size;
      },
    };
  },
});

export default bot;
