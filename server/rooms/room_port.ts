/**
 * What a room needs of the world outside: its lobby, in the same thread or in another one.
 *
 * @module
 */
import type { SendResult } from "../../protocol/send_channel.ts";
import type { BoundMessage } from "../../schema/mod.ts";
import type { Peer } from "../peer.ts";
import type { ServerWorld } from "../world/server_worlds.ts";
import type { WorldOptions } from "../world/world.ts";

/** Who a member is. Plain data: it crosses from thread to thread. */
export interface RoomMemberIdentity {
  /** Number of the member, never used again while the server runs; a player who comes back keeps his. */
  readonly id: number;
  /** Whom the ticket or the authorize hook vouches for; empty for anonymous peers. */
  readonly userId: string;
  /** What the issuer of the peer's ticket tells of it; empty without a ticket. */
  readonly userData: Uint8Array;
  /** Whether the member only watches. */
  readonly isSpectator: boolean;
}

/** What a room is when it begins. Plain data too. */
export interface RoomOrigin {
  /** Number of the room. */
  readonly id: number;
  /** Its kind. */
  readonly kind: string;
  /** What it is called in logs: kind and number. */
  readonly name: string;
  /** What was chosen when it was created. */
  readonly options: unknown;
  /** What it tells of itself at first. */
  readonly metadata: unknown;
  /** Seats for players. */
  readonly capacity: number;
  /** Whether it is in no list. */
  readonly isPrivate: boolean;
  /** Lets players in who know it; a private room has one. */
  readonly code: string | undefined;
}

/** The way out of a room. */
export interface RoomPort {
  /** Length of a tick; `undefined` in a server without ticks. */
  readonly periodMs: number | undefined;
  /** Queues a message for one member. */
  send(member: number, message: BoundMessage, value: unknown): SendResult;
  /** Queues a message for members; returns for how many. */
  broadcast(members: Iterable<number>, message: BoundMessage, value: unknown): number;
  /** Checks metadata and tells everybody; returns it as the wire carries it. */
  setMetadata(metadata: unknown): unknown;
  /** Checks a member's profile and tells everybody; returns it as the wire carries it. */
  setProfile(member: number, profile: unknown): unknown;
  /** Takes back that members are ready. */
  clearReady(): void;
  /** Lets nobody in any more, or again. */
  setLocked(isLocked: boolean): void;
  /** Throws a member out. */
  kick(member: number, reason: string): void;
  /** Through whom a member speaks; `undefined` for one who is lost, and on a worker. */
  peerOf(member: number): Peer<unknown> | undefined;
  /** Makes the world that the room's members see. Throws TypeError where there can be none. */
  makeWorld(options: WorldOptions): ServerWorld<unknown>;
  /** Ends the room. */
  end(reason: string): void;
  /** A handler of the room failed. */
  fail(error: unknown, where: string): void;
}
