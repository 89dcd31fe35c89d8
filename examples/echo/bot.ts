/**
 * A bot for echo servers: so many questions a second.
 *
 * @module
 */
import { Echo } from "../../schema/messages/echo.ts";
import { type Bot, defineBot } from "../../tools/define_bot.ts";

/** Bytes that travel along: with them a question is as long as a typical input or update. */
const PAYLOAD_BYTES = 32;

/** An answer that takes longer is lost; what is younger when the bot ends is neither. */
const LOST_AFTER_MS = 1_000;

const bot: Bot<typeof Echo> = defineBot({
  protocol: Echo,
  start(client, { random, counters, rtt, act }) {
    const payload = random.bytes(PAYLOAD_BYTES);
    const sentAtMs = new Map<number, number>();
    let sequence = 0;
    client.on(Echo.Pong, (pong) => {
      const startMs = sentAtMs.get(pong.sequence);
      if (startMs === undefined) return;
      sentAtMs.delete(pong.sequence);
      counters.received++;
      rtt.record(performance.now() - startMs);
    });
    act(() => {
      sentAtMs.set(sequence, performance.now());
      counters.sent++;
      client.send(Echo.Ping, { sequence, payload });
      sequence = (sequence + 1) % 2 ** 32;
    });
    return {
      finish() {
        const youngMs = performance.now() - LOST_AFTER_MS;
        for (const startMs of sentAtMs.values()) {
          if (startMs <= youngMs) counters.lost++;
          else counters.sent--;
        }
      },
    };
  },
});

export default bot;
