/**
 * Counts how many of thousands of handshakes succeed on a network that loses packets.
 *
 * @module
 */
import { World } from "../fixtures/world.ts";

/** Handshakes that share a server: as many as a wave of players after a restart. */
const CLIENTS_PER_WORLD = 50;

/** Time that a handshake may take. */
export const CONNECT_LIMIT_MS = 5_000;

/** Options of {@link connectSuccess}. */
export interface ConnectSuccessOptions {
  /** The same seed gives the same packets lost. */
  readonly seed: number;
  /** Handshakes in all; a multiple of 50. */
  readonly handshakes: number;
  /** Share of packets lost in each direction. */
  readonly loss: number;
  /** Whether every handshake has to show a cookie first, as while the server is flooded. */
  readonly withCookies: boolean;
}

/** What became of them. */
export interface ConnectSuccess {
  /** Handshakes after which both ends had a session within the limit. */
  readonly connected: number;
  /** Times until the client had its session, ascending. */
  readonly clientMs: readonly number[];
  /** Seeds of the worlds in which one failed. */
  readonly failedSeeds: readonly number[];
}

/** Runs the handshakes. */
export function connectSuccess(options: ConnectSuccessOptions): ConnectSuccess {
  const { seed, handshakes, loss, withCookies } = options;
  const clientMs: number[] = [];
  const failedSeeds: number[] = [];
  let connected = 0;
  for (let done = 0; done < handshakes; done += CLIENTS_PER_WORLD) {
    const worldSeed = seed + done / CLIENTS_PER_WORLD;
    const world = new World({
      seed: worldSeed,
      link: { delayMs: 30, jitterMs: 10, loss },
      server: { limits: withCookies ? { directHellosPerSecond: 0 } : {} },
    });
    const both = connectAll(world, clientMs);
    connected += both;
    if (both < CLIENTS_PER_WORLD) failedSeeds.push(worldSeed);
  }
  clientMs.sort((a, b) => a - b);
  return { connected, clientMs, failedSeeds };
}

/** Connects all clients of a world at once. Returns how many sessions both ends know in time. */
function connectAll(world: World, clientMs: number[]): number {
  const clients = Array.from({ length: CLIENTS_PER_WORLD }, () => world.addClient());
  const waiting = new Set(clients);
  world.runUntil(() => {
    for (const client of waiting) {
      if (client.endpoint.session === undefined) continue;
      waiting.delete(client);
      clientMs.push(world.nowMs);
    }
    return waiting.size === 0 && world.peers.size === CLIENTS_PER_WORLD;
  }, CONNECT_LIMIT_MS);
  const confirmed = new Set([...world.peers.values()].map(({ entry }) => entry.connectionId));
  let both = 0;
  for (const client of clients) {
    const id = client.endpoint.session?.connection?.link.peerConnectionId;
    if (id !== undefined && confirmed.has(id)) both++;
  }
  return both;
}
