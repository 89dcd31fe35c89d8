/**
 * Connects to a game server.
 *
 * @module
 */
import type { ClientEvent } from "../protocol/client_endpoint.ts";
import { loadSodium } from "../protocol/crypto/sodium.ts";
import type { ProtocolCore } from "../schema/mod.ts";
import type { DatagramPipe } from "../transport/pipe.ts";
import { openDatagramPipe } from "../transport/open_datagram_pipe.ts";
import { RestartablePipe } from "../transport/restartable_pipe.ts";
import { simulate } from "../transport/simulate.ts";
import { systemClock } from "../transport/system_clock.ts";
import { systemRandom } from "../transport/system_random.ts";
import { Client } from "./client.ts";
import { Dialer } from "./dialer.ts";
import { driveUntil, orAborted } from "./drive.ts";
import { ConnectError } from "./errors.ts";
import { isRelayed, openLine, relayDialer } from "./open_line.ts";
import { checkConnectOptions, type ConnectOptions } from "./options.ts";
import { askForSchema, type QueryContext } from "./query.ts";
import { recordClient } from "./record_client.ts";

/** A client has few datagrams in flight: it flushes once per turn. */
const TRANSMIT_SLOTS = 64;

/** For how long a lost session is followed by tries for a new one. */
const RECONNECT_TIMEOUT_MS = 60_000;

/**
 * Connects to a game server and returns once messages can flow.
 *
 * Add handlers in the same turn of the event loop, before the next `await`: what comes for a message
 * without a handler is dropped, and counted in `stats().messagesUnhandled`.
 *
 * @example
 * ```ts
 * import { connect, message, protocol, serve, t } from "../mod.ts";
 *
 * const Ping = message({ n: t.u32() }, { from: "both", delivery: "unreliable" });
 * const Game = protocol("game", { version: 1 }, { Ping });
 * const server = await serve(Game, { hostname: "127.0.0.1", port: 0 });
 * server.on(Game.Ping, (peer, { n }) => peer.send(Game.Ping, { n: n + 1 }));
 *
 * const client = await connect(Game, server.url());
 * client.send(Game.Ping, { n: 1 });
 * const { n } = await client.next(Game.Ping);
 * console.assert(n === 2);
 * await client.close("bye");
 * await server.close();
 * ```
 *
 * @param url `tickwire://host:port#key`, or a join URL: `tickwire-join://host:port/CODE`. With a `ticket`, an
 * empty string takes the addresses from it; with `relay`, it is empty.
 * @throws ConnectError when the server refuses, is not trusted or does not answer within 5 s, or the
 * caller gave up; TypeError or RangeError for a URL, ticket or option that makes no sense.
 */
export async function connect<P extends ProtocolCore>(
  protocol: P,
  url: string,
  given: ConnectOptions = {},
): Promise<Client<P>> {
  const { environment = {}, signal } = given;
  let inner: DatagramPipe | undefined = environment.pipe;
  try {
    checkConnectOptions(given);
    const crypto = environment.crypto ?? await loadSodium();
    const clock = environment.clock ?? systemClock;
    const random = environment.random ?? systemRandom;
    inner ??= await openDatagramPipe({
      hostname: given.localHostname,
      port: given.localPort ?? 0,
      transmitSlots: TRANSMIT_SLOTS,
    });
    await orAborted(signal, Promise.resolve());
    if (given.sim !== undefined) inner = simulate(inner, given.sim, clock);
    const { wallClockMs = Date.now } = environment;
    const recorder = await recordClient(given.record, protocol, {
      nowMs: () => clock.nowMs(),
      wallClockMs,
      random,
    });
    const options = recorder === undefined ? given : { ...given, record: recorder };
    const context = { protocol, url, options, crypto, random, clock, signal };
    const line = isRelayed(url, options) ? await openLine(inner, context) : undefined;
    const open = line ?? new RestartablePipe(inner);
    const pipe = recorder?.pipe(open) ?? open;
    inner = pipe;
    const dialer = line === undefined
      ? new Dialer({ ...context, pipe })
      : relayDialer(line, context);
    const endpoint = await dialer.dial();
    const event = await driveUntil(
      endpoint,
      { pipe, clock, signal },
      (nowMs) => endpoint.pollEvent(nowMs),
    );
    if (event.kind !== "connected") throw await errorOf(event, protocol, dialer.query);
    await dialer.remember();
    const { reconnect = true, reconnectTimeoutMs = RECONNECT_TIMEOUT_MS } = options;
    return new Client(protocol, {
      endpoint,
      pipe,
      clock,
      dial: reconnect ? () => dialer.dial() : undefined,
      reconnectTimeoutMs,
      line,
    });
  } catch (error) {
    // A pipe that was given is taken over, whatever comes of it.
    await inner?.close();
    throw error;
  }
}

async function errorOf(
  event: ClientEvent,
  protocol: ProtocolCore,
  query: QueryContext,
): Promise<ConnectError> {
  if (event.kind === "unreachable") {
    if (event.serverVersions !== undefined) {
      const versions = event.serverVersions.join(", ");
      return new ConnectError(
        "wire-version",
        `Cannot connect: the server speaks wire version ${versions}, this client another`,
      );
    }
    return new ConnectError(
      "unreachable",
      "Cannot connect: no server with the expected key answered in time",
    );
  }
  if (event.kind !== "refused") {
    return new ConnectError("unreachable", "Cannot connect: the session ended at once");
  }
  const { status, retryAfterMs } = event;
  let { reason } = event;
  if (status === "schema") {
    reason += `, the client ${protocol.name} version ${protocol.version}`;
    const theirs = await askForSchema(query);
    if (theirs !== undefined) reason += `: ${protocol.describeMismatch(theirs)}`;
  }
  return new ConnectError(status, `Cannot connect: the server refused (${status}): ${reason}`, {
    retryAfterMs,
  });
}
