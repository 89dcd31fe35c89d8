/**
 * Asks a server about itself: name, players, key, round trip, and in development its schema.
 *
 * @module
 */
import { schemaPageCodec, serverInfoCodec } from "../schema/messages/mod.ts";
import type { Address } from "../protocol/address.ts";
import { encodeKey, parseConnectUrl } from "../protocol/connect_url.ts";
import { isJoinUrl } from "../protocol/join_url.ts";
import { QueryKind } from "../protocol/handshake_packets.ts";
import { type QueryAnswer, QueryAsker } from "../protocol/query_asker.ts";
import { openDatagramPipe } from "../transport/open_datagram_pipe.ts";
import { TransportError } from "../transport/errors.ts";
import type { DatagramPipe } from "../transport/pipe.ts";
import { RestartablePipe } from "../transport/restartable_pipe.ts";
import { systemClock } from "../transport/system_clock.ts";
import { systemRandom } from "../transport/system_random.ts";
import { type DriveContext, driveUntil, orAborted } from "./drive.ts";
import { ConnectError } from "./errors.ts";
import { joinLine } from "./open_line.ts";
import type { ClientEnvironment } from "./options.ts";

/** Pages of a schema that are fetched at most: 1 MiB of text. */
const MAX_SCHEMA_PAGES = 1_024;

/** What a question needs. */
export interface QueryContext extends DriveContext {
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
  /** Ends the wait. */
  readonly signal?: AbortSignal;
  /** Replaces socket, clock or randomness. */
  readonly environment?: ClientEnvironment;
}

/**
 * Asks a server about itself without connecting: for server lists and for choosing the nearest one.
 *
 * @param url `tickwire://host:port`, or a join URL; a key in the former is not looked at.
 * @throws ConnectError `unreachable` when nothing answers, `aborted`; TypeError for a bad URL.
 */
export async function queryServer(
  url: string,
  options: QueryOptions = {},
): Promise<ServerDescription> {
  const { environment = {}, signal, timeoutMs } = options;
  const { clock = systemClock, random = systemRandom } = environment;
  let inner: DatagramPipe | undefined = environment.pipe;
  try {
    if (isJoinUrl(url)) {
      inner ??= await openDatagramPipe({ port: 0, transmitSlots: 8 });
      const { line, addresses } = await joinLine(inner, {
        url,
        clock,
        random,
        environment,
        signal,
      });
      inner = line;
      return await askForInfo({ pipe: line, addresses, clock, random, signal }, timeoutMs);
    }
    const { hostname, port } = parseConnectUrl(url);
    inner ??= await openDatagramPipe({ port: 0, transmitSlots: 8 });
    const pipe = new RestartablePipe(inner);
    const addresses = await orAborted(signal, pipe.resolve(hostname, port));
    return await askForInfo({ pipe, addresses, clock, random, signal }, timeoutMs);
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    throw new ConnectError("unreachable", `Cannot query ${url}: ${error.message}`, {
      cause: error,
    });
  } finally {
    await inner?.close();
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
  } catch (error) {
    // Silence is what a server says that does not tell its schema.
    if (error instanceof ConnectError && error.code === "unreachable") return undefined;
    throw error;
  }
  return text;
}

/** One question, repeated until it is answered. @throws ConnectError `unreachable`, `aborted`. */
async function ask(
  context: QueryContext,
  kind: number,
  page: number,
  timeoutMs?: number,
): Promise<QueryAnswer> {
  const { clock, random, addresses } = context;
  const asker = new QueryAsker({
    random,
    addresses,
    kind,
    page,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  }, clock.nowMs());
  asker.handleTimeout(clock.nowMs());
  const answer = await driveUntil(
    asker,
    context,
    () => asker.isOver ? asker.answer ?? "none" : undefined,
  );
  if (answer !== "none") return answer;
  throw new ConnectError("unreachable", "Cannot reach the server: no answer to a query");
}
