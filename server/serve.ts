/**
 * Starts a game server.
 *
 * @module
 */
import { loadSodium } from "../protocol/crypto/sodium.ts";
import { ServerEndpoint } from "../protocol/server_endpoint.ts";
import type { ProtocolCore } from "../schema/mod.ts";
import type { Clock } from "../transport/clock.ts";
import { DatagramMemory } from "../transport/datagram_memory.ts";
import { openDatagramPipe } from "../transport/open_datagram_pipe.ts";
import { preciseClock, systemClock } from "../transport/system_clock.ts";
import { DEFAULT_PORT } from "../protocol/connect_url.ts";
import {
  checkServeOptions,
  DEFAULT_MAX_PEERS,
  type ServeOptions,
  sessionLimitsOf,
} from "./options.ts";
import { openRelay } from "./open_relay.ts";
import type { RelayLink } from "./relay_link.ts";
import { recordServer, type ServerCore, watchClosing } from "./record_server.ts";
import { Server } from "./server.ts";
import { systemRandom } from "../transport/system_random.ts";
import { simulate } from "../transport/simulate.ts";

/** Datagrams in flight at once: a tick's worth for 2,000 peers and more. */
const TRANSMIT_SLOTS = 4_096;

/**
 * Starts a game server.
 *
 * @example
 * ```ts
 * import { message, protocol, serve, t } from "../mod.ts";
 *
 * const Chat = message({ text: t.string({ maxBytes: 240 }) }, {
 *   from: "both",
 *   delivery: "reliable-ordered",
 * });
 * const Room = protocol("room", { version: 1 }, { Chat });
 *
 * const server = await serve(Room, { hostname: "127.0.0.1", port: 0 });
 * server.on(Room.Chat, (peer, { text }) => server.broadcast(Room.Chat, { text }, { except: peer }));
 * console.log(server.url());
 * await server.close();
 * ```
 *
 * @throws RangeError or TypeError for options that make no sense, TransportError when the address cannot be bound;
 * DirectorRequestError when the director of the `relay` option is away, refuses, or knows no relay.
 */
export async function serve<P extends ProtocolCore, Data = undefined>(
  protocol: P,
  options: ServeOptions<Data> = {},
): Promise<Server<P, Data>> {
  const { environment = {}, preciseTicks = false, limits, maxPeers, sim } = options;
  let { pipe } = environment;
  let memory: DatagramMemory | undefined;
  let relay: RelayLink | undefined;
  try {
    checkServeOptions(options);
    const crypto = environment.crypto ?? await loadSodium();
    const random = environment.random ?? systemRandom;
    const clock: Clock = environment.clock ?? systemClock;
    const wallClockMs = environment.wallClockMs ?? Date.now;
    memory = new DatagramMemory(crypto);
    pipe ??= await openDatagramPipe({
      hostname: options.hostname,
      port: options.port ?? DEFAULT_PORT,
      allocate: memory.allocate,
      transmitSlots: TRANSMIT_SLOTS,
    });
    if (sim !== undefined) pipe = simulate(pipe, sim, clock, memory.allocate);
    const staticSecret = options.key ?? randomKey(random);
    const epochMs = wallClockMs() - clock.nowMs();
    let { ticketKeys = [] } = options;
    if (options.relay !== undefined) {
      const opened = await openRelay({
        options: options.relay,
        pipe,
        clock,
        epochMs,
        crypto,
        random,
        fetch: environment.fetch,
        staticSecret,
        protocolName: protocol.name,
        name: options.name ?? protocol.name,
        maxPlayers: maxPeers ?? DEFAULT_MAX_PEERS,
      });
      relay = opened.relay;
      pipe = opened.gate;
      ticketKeys = [...ticketKeys, ...opened.ticketKeys];
    }
    const parts = {
      protocol,
      crypto,
      random,
      staticSecret,
      epochMs,
      name: options.name ?? protocol.name,
      authorizes: options.authorize !== undefined,
      requireTicket: options.requireTicket ?? false,
      isDevelopment: options.development ?? false,
      ticketKeys,
      limits: { ...limits, ...(maxPeers === undefined ? {} : { sessions: maxPeers }) },
      sessionLimits: sessionLimitsOf(options),
    };
    // The ticks alone: to wait turn by turn for every timer of every peer would keep a core busy.
    const tickClock = preciseTicks ? environment.clock ?? preciseClock : clock;
    const base = { parts, pipe, clock, tickClock };
    const core: ServerCore = options.record === undefined
      ? { ...base, endpoint: new ServerEndpoint(parts, clock.nowMs()) }
      : await recordServer(options, { ...base, wallClockMs });
    pipe = core.pipe;
    const server = new Server<P, Data>(protocol, {
      endpoint: core.endpoint,
      pipe: core.pipe,
      clock: core.clock,
      tickClock: core.tickClock,
      options,
      relay,
      onClosed: () => memory?.release(),
    });
    if (core.recorder !== undefined) watchClosing(server, core.recorder);
    return server;
  } catch (error) {
    await relay?.close();
    // A pipe that was given is taken over, whatever comes of it.
    await pipe?.close();
    memory?.release();
    throw error;
  }
}

function randomKey(random: (into: Uint8Array) => void): Uint8Array {
  const key = new Uint8Array(32);
  random(key);
  return key;
}
