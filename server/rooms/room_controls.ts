/**
 * The way into a room: what its lobby tells it.
 *
 * @module
 */
import type { BoundMessage, RoomDeparture } from "../../schema/mod.ts";
import type { RoomMemberIdentity } from "./room_port.ts";

/** The way into a room, for its lobby. */
export interface RoomControls {
  /** Handlers that threw or rejected. */
  readonly errors: number;
  /** Whether ticks do anything in it. */
  readonly hasTicks: boolean;
  /** Runs the game's `start`. Throws what it throws. */
  start(): void;
  /** Somebody came in. Throws what the game's `memberData` throws. */
  join(identity: RoomMemberIdentity, profile: unknown): void;
  /** Somebody fell silent, or is back. */
  setAway(member: number, isAway: boolean): void;
  /** Somebody is ready, or not any more. */
  setReady(member: number, isReady: boolean): void;
  /** Somebody is gone. */
  leave(member: number, reason: RoomDeparture): void;
  /** Whether the room listens to a message. */
  handles(message: BoundMessage): boolean;
  /** Calls the room's handlers of a message. */
  dispatch(member: number, message: BoundMessage, value: unknown): void;
  /** Runs one tick. */
  runTick(): void;
  /** The room is over. */
  finish(reason: string): void;
}
