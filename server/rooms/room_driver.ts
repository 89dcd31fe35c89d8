/**
 * What runs a room's game: beside the server, or on a worker.
 *
 * @module
 */
import type { RoomDeparture } from "../../schema/mod.ts";
import type { MessageRouter, Peer } from "../peer.ts";
import type { RoomMemberIdentity } from "./room_port.ts";

/** Runs the game of one room. */
export interface RoomDriver {
  /** Begins. Throws what the game's `start` throws, if that is known at once. */
  start(): void;
  /** Somebody came in. Throws what the game's `memberData` throws, if that is known at once. */
  join(identity: RoomMemberIdentity, profile: unknown, peer: Peer<unknown>): void;
  /** Where the messages of a member's peer go. */
  routerFor(member: number, peer: Peer<unknown>): MessageRouter;
  /** Somebody fell silent, or is back. */
  setAway(member: number, isAway: boolean, peer: Peer<unknown> | undefined): void;
  /** Somebody is ready, or not any more. */
  setReady(member: number, isReady: boolean): void;
  /** Somebody is gone. */
  leave(member: number, reason: RoomDeparture): void;
  /** Runs one tick. */
  runTick(nowMs: number): void;
  /** The room is over. */
  finish(reason: string): void;
}
