/**
 * Events of a room, for its game to handle.
 *
 * @module
 */
import type { ProtocolCore, RoomDeparture } from "../../schema/mod.ts";
import type { RoomMember } from "./room_member.ts";

/**
 * Lifecycle events of a room and what they come with. What a handler throws or rejects with is contained
 * and counted, and logged with the room's name.
 */
export interface RoomEvents<P extends ProtocolCore, K extends string, MemberData> {
  /** A member is there. The first event of every member. */
  joined: (member: RoomMember<P, K, MemberData>) => void;
  /** A member fell silent, or lost his connection; his seat is kept for a time. */
  away: (member: RoomMember<P, K, MemberData>) => void;
  /** A member who was away is back, with what the game keeps with him. */
  back: (member: RoomMember<P, K, MemberData>) => void;
  /** A member said that he is ready, or not any more. */
  ready: (member: RoomMember<P, K, MemberData>) => void;
  /** A member is gone for good. The last event of every member but those who see the room end. */
  left: (member: RoomMember<P, K, MemberData>, reason: RoomDeparture) => void;
  /** The room ends: the last chance to save something. Members can still be sent to. */
  ended: (reason: string) => void;
  /** A handler threw or rejected. Without a listener here the lobby's are told. */
  error: (error: unknown, where: string) => void;
}

/** Every event. */
export const ROOM_EVENTS: readonly (keyof RoomEvents<ProtocolCore, string, unknown>)[] = [
  "joined",
  "away",
  "back",
  "ready",
  "left",
  "ended",
  "error",
];
