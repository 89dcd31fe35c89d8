/**
 * Finds servers with room for players, and promises them their seats.
 *
 * @module
 */
import type { ServerRecord } from "../directory/records.ts";
import { parsePingLocation } from "../../protocol/relay/survey/ping_location.ts";
import { checkId, compareAndSet, type DirectorContext } from "./director_context.ts";
import { DirectorError } from "./director_error.ts";
import type { AllocateRequest } from "./requests.ts";
import { randomHex } from "./route_builder.ts";
import { reservedPlayers } from "./server_desk.ts";

/** How long a seat is kept for a player who is on the way: the slowest connect, twice. */
export const RESERVATION_MS = 30_000;

/** Regions this much farther away are as good: filling servers up is worth more than so little. */
const NEARLY_AS_NEAR_MS = 10;

/** What a region costs that the players have no measurement of. */
const UNKNOWN_REGION_MS = 1_000;

/** Seats that were promised. */
export interface Allocation {
  /** The server, as it is now. */
  readonly server: ServerRecord;
  /** Names the promise. */
  readonly reservationId: string;
  /** When it ends. */
  readonly expiresAtMs: number;
}

/** Finds servers. */
export class Allocator {
  readonly #context: DirectorContext;

  constructor(context: DirectorContext) {
    this.#context = context;
  }

  /**
   * Promises seats for all players on one server: the nearest to the one who is farthest from it, and
   * of those that are nearly as near the fullest, so that empty ones can be stopped.
   *
   * @throws DirectorError `no-capacity`, `invalid`, `conflict`, `away`.
   */
  async allocate(request: AllocateRequest): Promise<Allocation> {
    const { protocolId, players, regions = [] } = request;
    checkId("protocolId", protocolId);
    if (players.length === 0) throw new DirectorError("invalid", `"players" is empty`);
    const costs = new RegionCosts(request);
    const { fleet } = this.#context;
    try {
      const allocation = await compareAndSet(() => this.#attempt(request, costs));
      fleet.allocated?.({ serverId: allocation.server.id, players: players.length });
      return allocation;
    } catch (error) {
      const isStarved = error instanceof DirectorError && error.code === "no-capacity";
      if (isStarved) fleet.starved?.({ protocolId, regions, players: players.length });
      throw error;
    }
  }

  async #attempt(
    { protocolId, players }: AllocateRequest,
    costs: RegionCosts,
  ): Promise<Allocation | undefined> {
    const { directory, wallClockMs, tools } = this.#context;
    const nowMs = wallClockMs();
    const chosen = choose(
      directory.list("servers").map(({ value }) => value).filter((server) =>
        server.protocolId === protocolId && server.state !== "draining" &&
        freeSeats(server, nowMs) >= players.length &&
        // The list of promises is bounded; one that is full of them takes no more for a moment.
        server.reservations.length < MAX_RESERVATIONS
      ),
      costs,
    );
    if (chosen === undefined) {
      throw new DirectorError("no-capacity", `No server of "${protocolId}" has room`);
    }
    const entry = await directory.read("servers", chosen.id);
    if (entry === undefined || freeSeats(entry.value, nowMs) < players.length) return undefined;
    const reservationId = randomHex(tools);
    const expiresAtMs = nowMs + RESERVATION_MS;
    const server: ServerRecord = {
      ...entry.value,
      state: entry.value.state === "draining" ? "draining" : "allocated",
      reservations: [
        ...entry.value.reservations.filter((reservation) => reservation.expiresAtMs > nowMs),
        { id: reservationId, players: players.length, expiresAtMs },
      ],
    };
    const revision = await directory.update("servers", chosen.id, server, entry.revision);
    return revision === undefined ? undefined : { server, reservationId, expiresAtMs };
  }
}

const MAX_RESERVATIONS = 256;

/** Seats that nobody has and nobody was promised. */
export function freeSeats(server: ServerRecord, nowMs: number): number {
  return server.maxPlayers - server.players - reservedPlayers(server, nowMs);
}

/** What each region costs the player who is farthest from it. */
class RegionCosts {
  readonly #regions: readonly string[];
  readonly #locations: readonly ReadonlyMap<string, number>[];

  constructor({ players, regions = [] }: AllocateRequest) {
    this.#regions = regions;
    this.#locations = players.flatMap(({ pingLocation }) => {
      if (pingLocation === undefined) return [];
      const location = parsePingLocation(pingLocation);
      if (location !== undefined) return [location];
      throw new DirectorError("invalid", `"pingLocation" is none: "${pingLocation.slice(0, 64)}"`);
    });
  }

  /** Milliseconds; `Infinity` for a region that was not asked for. */
  of(region: string): number {
    const place = this.#regions.indexOf(region);
    if (this.#regions.length > 0 && place === -1) return Infinity;
    // Without measurements the order of the wishes decides, in steps that are never nearly equal.
    if (this.#locations.length === 0) return Math.max(place, 0) * 2 * NEARLY_AS_NEAR_MS;
    return Math.max(...this.#locations.map((to) => to.get(region) ?? UNKNOWN_REGION_MS));
  }
}

function choose(servers: readonly ServerRecord[], costs: RegionCosts): ServerRecord | undefined {
  const reachable = servers
    .map((server) => ({ server, costMs: costs.of(server.region) }))
    .filter(({ costMs }) => costMs < Infinity);
  const leastMs = Math.min(...reachable.map(({ costMs }) => costMs));
  const [best] = reachable
    .filter(({ costMs }) => costMs <= leastMs + NEARLY_AS_NEAR_MS)
    .sort((a, b) => fill(b.server) - fill(a.server) || compareText(a.server.id, b.server.id));
  return best?.server;
}

function fill({ players, reservations }: ServerRecord): number {
  return reservations.reduce((sum, reservation) => sum + reservation.players, players);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
