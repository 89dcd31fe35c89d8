/**
 * A protocol with one message of every kind that the tests of server and client need.
 *
 * @module
 */
import { message, protocol, t } from "../../schema/mod.ts";

/** What the tests play. */
export const Room = protocol("room", { version: 1 }, {
  /** Both ways, reliable and in order. */
  Chat: message({ text: t.string({ maxBytes: 240 }) }, {
    from: "both",
    delivery: "reliable-ordered",
  }),
  /** From the client, repeated until acknowledged. */
  Move: message({ x: t.int(-100, 100) }, { from: "client", delivery: "input" }),
  /** From the client, with a rate. */
  Shout: message({ n: t.u8() }, {
    from: "client",
    delivery: "reliable-ordered",
    rate: { perSecond: 2, burst: 4 },
  }),
  /** Both ways, once. */
  Ping: message({ n: t.u32() }, { from: "both", delivery: "unreliable" }),
  /** From the server, the newest counts. */
  State: message({ tick: t.u32() }, { from: "server", delivery: "sequenced" }),
  /** From the server, the newest arrives. */
  Score: message({ points: t.u32() }, { from: "server", delivery: "reliable-latest" }),
  /** Both ways, large. */
  Map: message({ bytes: t.bytes({ maxBytes: 200_000 }) }, {
    from: "both",
    delivery: "reliable-unordered",
  }),
});
