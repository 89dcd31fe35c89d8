/**
 * Options, events and statistics of a lobby.
 *
 * @module
 */
import type { RoomKindName, RoomMetadataOf, RoomOptionsOf, RoomRefusal } from "../../schema/mod.ts";
import type { LobbyRoom } from "./lobby_room.ts";

/** Options of `server.rooms`. */
export interface LobbyOptions {
  /** Rooms at once. Default 4,096. */
  readonly maxRooms?: number;
  /** Rooms on workers at once: each has a thread and some 10 MB. Default 64. */
  readonly maxIsolatedRooms?: number;
  /** Questions that a player may ask. Default 5 a second, 20 at once. */
  readonly askRate?: LobbyRate;
  /** Rooms that a player may create. Default one in two seconds, 5 at once. */
  readonly createRate?: LobbyRate;
  /** How long a room on a worker may go without finishing a tick. Default 5,000 ms. */
  readonly hangTimeoutMs?: number;
}

/** A token bucket. */
export interface LobbyRate {
  /** In the long run, above 0. */
  readonly perSecond: number;
  /** After a pause, 1 and more. */
  readonly burst: number;
}

/** Options of `Lobby.create`. */
export interface CreateRoomOptions<P, K> {
  /** What is chosen for it. May be left out where the kind has none. */
  readonly options?: RoomOptionsOf<P, K>;
  /** What it tells of itself at first. Default: what the definition says. */
  readonly metadata?: RoomMetadataOf<P, K>;
  /** Seats for players, 1 to the definition's. Default: that. */
  readonly capacity?: number;
  /** Whether it is in no list and has a code. Default false. */
  readonly isPrivate?: boolean;
}

/** What `Lobby.list` looks for. */
export interface RoomQuery<P, K extends RoomKindName<P> = RoomKindName<P>> {
  /** Rooms of this kind only. */
  readonly kind?: K;
  /** Rooms whose metadata has these values, as the wire carries them. */
  readonly where?: Partial<RoomMetadataOf<P, K>>;
  /** Rooms that somebody could join now. Default false. */
  readonly hasSpace?: boolean;
  /** Private rooms too. Default false. */
  readonly isPrivateToo?: boolean;
  /** How many rooms to leave out. Default 0. */
  readonly offset?: number;
  /** How many rooms to return at most. Default: all. */
  readonly limit?: number;
}

/** A page of rooms, the oldest first. */
export interface RoomPage {
  /** How many rooms there are on all pages. */
  readonly total: number;
  /** Those of this page. */
  readonly rooms: readonly LobbyRoom[];
}

/** Events of a lobby. */
export interface LobbyEvents {
  /** A room was created. */
  created: (room: LobbyRoom) => void;
  /** A room ended. */
  ended: (room: LobbyRoom, reason: string) => void;
  /** A handler of a room failed that has no `"error"` handler itself; `where` begins with the room's name. */
  error: (error: unknown, where: string) => void;
}

/** Every event. */
export const LOBBY_EVENTS: readonly (keyof LobbyEvents)[] = ["created", "ended", "error"];

/** What a lobby counted, and what is in it. */
export interface LobbyStats {
  /** Rooms now. */
  readonly rooms: number;
  /** Of these, rooms on workers. */
  readonly isolated: number;
  /** Seats of players that are taken or kept, in all rooms. */
  readonly players: number;
  /** Members who watch. */
  readonly spectators: number;
  /** Reservations that nobody has used yet. */
  readonly reservations: number;
  /** Rooms since the beginning. */
  readonly created: number;
  /** Rooms that ended. */
  readonly ended: number;
  /** Of these, rooms whose worker failed. */
  readonly crashed: number;
  /** Handlers of rooms that threw or rejected. */
  readonly errors: number;
  /** Codes that were wrong. */
  readonly wrongCodes: number;
  /** Questions that were refused, by reason. */
  readonly refused: Readonly<Record<RoomRefusal, number>>;
}

/** @throws RangeError or TypeError for options out of bounds. */
export function checkLobbyOptions(options: LobbyOptions): void {
  const { maxRooms = 1, maxIsolatedRooms = 0, hangTimeoutMs = 1 } = options;
  if (!Number.isInteger(maxRooms) || maxRooms < 1) {
    throw new RangeError(`Cannot open ${maxRooms} rooms: "maxRooms" is an integer of 1 and more`);
  }
  if (!Number.isInteger(maxIsolatedRooms) || maxIsolatedRooms < 0) {
    throw new RangeError(
      `Cannot open rooms on ${maxIsolatedRooms} workers: "maxIsolatedRooms" is an integer of 0 and more`,
    );
  }
  if (!(hangTimeoutMs > 0)) {
    throw new RangeError(
      `Cannot wait ${hangTimeoutMs} ms for a worker: "hangTimeoutMs" is above 0`,
    );
  }
  for (const rate of [options.askRate, options.createRate]) {
    if (rate === undefined) continue;
    if (!(rate.perSecond > 0) || !(rate.burst >= 1)) {
      throw new RangeError(
        `Cannot allow ${rate.perSecond} a second and ${rate.burst} at once: ` +
          `"perSecond" is above 0, "burst" 1 and more`,
      );
    }
  }
}

/** Thrown when a lobby has as many rooms as it may have. */
export class LobbyFullError extends RangeError {
  /** Always `"LobbyFullError"`. */
  override readonly name = "LobbyFullError";
}
