/**
 * Asks a server about itself: name, players, key, round trip, and in development its schema.
 *
 * @module
 */
import { schemaPageCodec, serverInfoCodec } from "../schema/messages/mod.ts";
import type { Address } from "../protocol/address.ts";
import { encodeKey, parseConnectUrl } from "../protocol/connect_url.ts";
import { QueryKind } from "../protocol/handshake_packets.ts";
import { type QueryAnswer, QueryAsker } from "../protocol/query_asker.ts";
import type { Clock } from "../transport/clock.ts";
import { EndpointDriver } from "../transport/endpoint_driver.ts";
import { openDatagramPipe } from "../transport/open_datagram_pipe.ts";
import type { DatagramPipe } from "../transport/pipe.ts";
import { RestartablePipe } from "../transport/restartable_pipe.ts";
import { systemClock } from "../transport/system_clock.ts";
import { systemRandom } from "../transport/system_random.ts";
import { ConnectError } from "./errors.ts";

/** Pages of a schema that are fetched at most: 1 MiB of text. */
const MAX_SCHEMA_PAGES = 1_024;

/** What a question needs. */
export interface QueryContext {
  /** Moves datagrams. */
  readonly pipe: DatagramPipe;
  /** Time and timers. */
  readonly clock: Clock;
  /** Fills a buffer with random bytes. */
  readonly random: (into: Uint8Array) => void;
  /** Where the server is, best first. */
  readonly addresses: readonly Address[];
}

/** What a server says of itself. Nothing of it is proven before a handshake. */
export interface ServerDescription {
  /** Its public key in base64url, as it stands in connect URLs. */
  readonly keyText: string;
  /** The same, 32 bytes. */
  readonly key: Uint8Array;
  /** What it calls itself. */
  readonly name: string;
  /** Which game it runs. */
  readonly game: string;
  /** Version of the game's protocol. */
  readonly protocolVersion: number;
  /** Players now. */
  readonly players: number;
  /** Players at most. */
  readonly capacity: number;
  /** Whether a connect ticket is needed. */
  readonly needsTicket: boolean;
  /** Whether new players are refused because it is about to stop. */
  readonly draining: boolean;
  /** One round trip to it, handling included. */
  readonly rttMs: number;
}

/** Options of {@link queryServer}. */
export interface QueryOptions {
  /** How long to wait for an answer. Default 5,000 ms. */
  readonly timeoutMs?: number;
}

/**
 * Asks a server about itself without connecting: for server lists and for choosing the nearest one.
 *
 * @param url `tickwire://host:port`; a key in it is not looked at.
 * @throws ConnectError `unreachable` when nothing answers, TypeError for a bad URL.
 */
export async function queryServer(
  url: string,
  options: QueryOptions = {},
): Promise<ServerDescription> {
  const { hostname, port } = parseConnectUrl(url);
  const pipe = new RestartablePipe(await openDatagramPipe({ port: 0, transmitSlots: 8 }));
  try {
    const addresses = await pipe.resolve(hostname, port);
    const context = { pipe, addresses, clock: systemClock, random: systemRandom };
    return await askForInfo(context, options.timeoutMs);
  } finally {
    await pipe.close();
  }
}

/** @throws ConnectError `unreachable`. */
export async function askForInfo(
  context: QueryContext,
  timeoutMs?: number,
): Promise<ServerDescription> {
  const { payload, elapsedMs } = await ask(context, QueryKind.info, 0, timeoutMs);
  const info = serverInfoCodec.decode(payload);
  if (info === undefined) throw new ConnectError("unreachable", "The server's answer is malformed");
  const { staticKey, name, game, protocolVersion, players, capacity, needsTicket, draining } = info;
  return {
    key: staticKey,
    keyText: encodeKey(staticKey),
    name,
    game,
    protocolVersion,
    players,
    capacity,
    needsTicket,
    draining,
    rttMs: elapsedMs,
  };
}

/** The server's schema as text, or `undefined` where the server does not tell. */
export async function askForSchema(context: QueryContext): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (let page = 0, pageCount = 1; page < Math.min(pageCount, MAX_SCHEMA_PAGES); page++) {
      const { payload } = await ask(context, QueryKind.schema, page, 1_000);
      const decoded = schemaPageCodec.decode(payload);
      if (decoded === undefined) return undefined;
      pageCount = decoded.pageCount;
      text += decoder.decode(decoded.text, { stream: true });
    }
  } catch {
    return undefined;
  }
  return text;
}

/** One question, repeated until it is answered. @throws ConnectError `unreachable`. */
function ask(
  context: QueryContext,
  kind: number,
  page: number,
  timeoutMs?: number,
): Promise<QueryAnswer> {
  const { pipe, clock, random, addresses } = context;
  const asker = new QueryAsker({
    random,
    addresses,
    kind,
    page,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  }, clock.nowMs());
  return new Promise((resolve, reject) => {
    const driver = new EndpointDriver(asker, pipe, clock, () => {
      if (!asker.isOver) return;
      driver.stop();
      if (asker.answer !== undefined) resolve(asker.answer);
      else reject(new ConnectError("unreachable", "Cannot reach the server: no answer to a query"));
    });
    asker.handleTimeout(clock.nowMs());
    driver.start();
  });
}
