/**
 * Which rooms a list has.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import type { LobbyRoom } from "./lobby_room.ts";

/** What is looked for, of any kind. */
export interface AnyRoomQuery {
  /** Rooms of this kind only. */
  readonly kind?: string;
  /** Rooms whose metadata has these values; what is `undefined` may be anything. */
  readonly where?: object;
  /** Rooms that somebody could join now. */
  readonly hasSpace?: boolean;
  /** Private rooms too. */
  readonly isPrivateToo?: boolean;
}

/** Whether a room is what is looked for. */
export function matchesQuery(room: LobbyRoom, query: AnyRoomQuery): boolean {
  if (query.kind !== undefined && room.kind !== query.kind) return false;
  if (room.isPrivate && query.isPrivateToo !== true) return false;
  if (query.hasSpace === true && (room.isLocked || room.players >= room.capacity)) return false;
  if (query.where === undefined) return true;
  const metadata = new Map<string, unknown>(Object.entries(room.metadata as object));
  for (const [name, value] of Object.entries(query.where)) {
    if (value === undefined) continue;
    if (metadata.get(name) !== value && !isDeepStrictEqual(metadata.get(name), value)) return false;
  }
  return true;
}
