/**
 * Seats: who is in a room, who holds a place in it, and for how long.
 *
 * @module
 */
import type { TimerId } from "../../transport/clock.ts";
import type { Peer } from "../peer.ts";
import type { LobbyRoom } from "./lobby_room.ts";
import type { RoomMemberIdentity } from "./room_port.ts";

/** A place that somebody has. */
export interface Seat {
  /** Where. */
  readonly room: LobbyRoom;
  /** Who. */
  readonly identity: RoomMemberIdentity;
  /** Gives the seat back to whoever shows it. */
  readonly secret: Uint8Array;
  /** What the member tells of itself. */
  profile: object;
  /** Through whom it speaks; `undefined` while the seat is kept for it. */
  peer: Peer<unknown> | undefined;
  /** Whether it said that it is ready. */
  isReady: boolean;
  /** Whether its connection is silent or lost. */
  isAway: boolean;
  /** Ends the time for which the seat is kept. */
  timer: TimerId | undefined;
}

/** A place that is kept for somebody who is still to come. */
export interface Reservation {
  /** Who may take it; empty for whoever shows the ticket. */
  readonly userId: string;
  /** Ends the time for which it is kept. */
  readonly timer: TimerId;
}
