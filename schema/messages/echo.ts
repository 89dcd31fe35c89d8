/**
 * Echo: a question and its answer, for measuring.
 *
 * Nothing is repeated when it is lost, so that a round trip is one of the network and not one of a
 * recovery, and a missing answer is a loss.
 *
 * @module
 */
import { t } from "../builders/t.ts";
import { message } from "../message.ts";
import { type Protocol, protocol } from "../protocol.ts";

/** Most bytes that travel along: with everything else they fit into one datagram. */
export const MAX_ECHO_BYTES = 1_000;

const fields = {
  /** Counts the questions of a client; the answer has the same. */
  sequence: t.u32(),
  /** Ballast. */
  payload: t.bytes({ maxBytes: MAX_ECHO_BYTES }),
};

/** What a client asks. Who asks gets no advantage over who answers, so both have the same priority. */
const Ping = message(fields, { from: "client", delivery: "unreliable" });

/** What the server answers. */
const Pong = message(fields, { from: "server", delivery: "unreliable" });

const definitions = { Ping, Pong };

/** The protocol of `examples/echo`. */
export const Echo: Protocol<typeof definitions> = protocol("echo", { version: 1 }, definitions);
