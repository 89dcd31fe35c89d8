/**
 * Connects to a game server.
 *
 * @module
 */
import { type ConnectTicket, connectTicketCodec } from "../schema/messages/mod.ts";
import type { ProtocolCore } from "../schema/mod.ts";
import type { Address } from "../protocol/address.ts";
import { ClientEndpoint, type ClientEvent } from "../protocol/client_endpoint.ts";
import { type ConnectUrl, parseConnectUrl } from "../protocol/connect_url.ts";
import { loadSodium } from "../protocol/crypto/sodium.ts";
import { EndpointDriver } from "../transport/endpoint_driver.ts";
import { openDatagramPipe } from "../transport/open_datagram_pipe.ts";
import type { DatagramPipe } from "../transport/pipe.ts";
import { RestartablePipe } from "../transport/restartable_pipe.ts";
import { simulate } from "../transport/simulate.ts";
import { systemClock } from "../transport/system_clock.ts";
import { systemRandom } from "../transport/system_random.ts";
import { Client } from "./client.ts";
import { ConnectError } from "./errors.ts";
import type { ConnectOptions } from "./options.ts";
import { askForInfo, askForSchema, type QueryContext } from "./query.ts";

/** A client has few datagrams in flight: it flushes once per turn. */
const TRANSMIT_SLOTS = 64;

/**
 * Connects to a game server and returns once messages can flow.
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
 * for await (const { n } of client.messages(Game.Ping)) {
 *   console.assert(n === 2);
 *   break;
 * }
 * await client.close("bye");
 * await server.close();
 * ```
 *
 * @param url `tickwire://host:port#key`. With a `ticket`, an empty string takes the addresses from it.
 * @throws ConnectError when the server refuses, is not trusted or does not answer within 5 s;
 * TypeError for a bad URL or ticket.
 */
export async function connect<P extends ProtocolCore>(
  protocol: P,
  url: string,
  options: ConnectOptions = {},
): Promise<Client<P>> {
  const { environment = {}, signal } = options;
  signal?.throwIfAborted();
  const ticket = options.ticket === undefined ? undefined : readTicket(options.ticket);
  const targets = url === "" && ticket !== undefined ? targetsOf(ticket) : [parseConnectUrl(url)];
  const crypto = environment.crypto ?? await loadSodium();
  const clock = environment.clock ?? systemClock;
  const random = environment.random ?? systemRandom;
  let inner: DatagramPipe = environment.pipe ?? await openDatagramPipe({
    hostname: options.localHostname,
    port: options.localPort ?? 0,
    transmitSlots: TRANSMIT_SLOTS,
  });
  if (options.sim !== undefined) inner = simulate(inner, options.sim, clock);
  const pipe = new RestartablePipe(inner);
  try {
    const addresses = await resolveAll(pipe, targets);
    const query: QueryContext = { pipe, clock, random, addresses };
    const serverKey = ticket?.serverKey ?? targets[0]!.serverKey ??
      await discoverKey(query, targets[0]!, options);
    const renew = (nowMs: number): ClientEndpoint => {
      const endpoint = new ClientEndpoint({
        protocol,
        crypto,
        random,
        serverKey,
        addresses,
        ticket: ticket && { sealed: ticket.sealed, psk: ticket.psk },
        auth: typeof options.auth === "string"
          ? new TextEncoder().encode(options.auth)
          : options.auth,
        sessionLimits: options.sessionLimits ?? {},
      });
      endpoint.connect(nowMs);
      return endpoint;
    };
    const endpoint = renew(clock.nowMs());
    const event = await firstEvent(endpoint, pipe, clock, signal);
    if (event.kind !== "connected") throw await errorOf(event, protocol, query);
    const { reconnect = true } = options;
    const client = new Client(protocol, endpoint, pipe, clock, reconnect ? renew : undefined);
    client.start();
    return client;
  } catch (error) {
    await pipe.close();
    throw error;
  }
}

/** Runs the handshake until the endpoint has something to say. */
function firstEvent(
  endpoint: ClientEndpoint,
  pipe: DatagramPipe,
  clock: QueryContext["clock"],
  signal: AbortSignal | undefined,
): Promise<ClientEvent> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      driver.stop();
      const options = { cause: signal?.reason };
      reject(new ConnectError("aborted", "Cannot connect: the caller gave up", options));
    };
    const driver = new EndpointDriver(endpoint, pipe, clock, (nowMs) => {
      const event = endpoint.pollEvent(nowMs);
      if (event === undefined) return;
      signal?.removeEventListener("abort", onAbort);
      // The client's own driver goes on where this one stops, with the same endpoint.
      driver.stop();
      resolve(event);
    });
    signal?.addEventListener("abort", onAbort, { once: true });
    driver.start();
  });
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
    return new ConnectError("unreachable", "Cannot connect: the server did not answer within 5 s");
  }
  if (event.kind !== "refused") {
    return new ConnectError("unreachable", "Cannot connect: the session ended at once");
  }
  const { status, retryAfterMs } = event;
  let { reason } = event;
  if (status === "schema") {
    const theirs = await askForSchema(query);
    if (theirs !== undefined) reason += `: ${protocol.describeMismatch(theirs)}`;
  }
  return new ConnectError(status, `Cannot connect: the server refused (${status}): ${reason}`, {
    retryAfterMs,
  });
}

/** Asks the server for its key and the caller for its trust. */
async function discoverKey(
  query: QueryContext,
  target: ConnectUrl,
  options: ConnectOptions,
): Promise<Uint8Array> {
  if (options.trustServer === undefined) {
    throw new ConnectError(
      "untrusted",
      'Cannot connect: the URL has no server key after "#", and there is no "trustServer" to decide',
    );
  }
  const { hostname, port } = target;
  const { key, keyText, name, game } = await askForInfo(query);
  if (await options.trustServer({ hostname, port, key, keyText, name, game })) return key;
  throw new ConnectError("untrusted", `Cannot connect: the key ${keyText} is not trusted`);
}

async function resolveAll(pipe: DatagramPipe, targets: readonly ConnectUrl[]): Promise<Address[]> {
  const found: Address[] = [];
  let failure: unknown;
  for (const { hostname, port } of targets) {
    try {
      found.push(...await pipe.resolve(hostname, port));
    } catch (error) {
      failure = error;
    }
  }
  if (found.length > 0) return found;
  throw new ConnectError("unreachable", `Cannot connect: ${messageOf(failure)}`, {
    cause: failure,
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "the server has no address";
}

/** @throws TypeError when it is no ticket. */
function readTicket(ticket: string | Uint8Array): ConnectTicket {
  let bytes: Uint8Array | undefined;
  try {
    bytes = typeof ticket === "string"
      ? Uint8Array.fromBase64(ticket, { alphabet: "base64url" })
      : ticket;
  } catch {
    bytes = undefined;
  }
  const decoded = bytes && connectTicketCodec.decode(bytes);
  if (decoded === undefined) throw new TypeError("Cannot connect: the ticket is malformed");
  return decoded;
}

function targetsOf(ticket: ConnectTicket): ConnectUrl[] {
  const { serverKey } = ticket;
  return ticket.addresses.map((address) => ({
    ...parseConnectUrl(`tickwire://${address}`),
    serverKey,
  }));
}
