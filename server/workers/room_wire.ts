/**
 * What a server and the worker of a room say to each other. Plain data and buffers.
 *
 * @module
 */
import type { RoomDeparture } from "../../schema/mod.ts";
import type { RoomMemberIdentity, RoomOrigin } from "../rooms/room_port.ts";

/** What happened to members since the last batch. */
export type RoomNews =
  | { what: "join"; identity: RoomMemberIdentity; profile: unknown; version: number }
  | { what: "away"; member: number; isAway: boolean; version: number | undefined }
  | { what: "ready"; member: number; isReady: boolean }
  | { what: "leave"; member: number; reason: RoomDeparture };

/** To the worker. */
export type ToRoomWorker =
  | {
    what: "begin";
    module: string;
    protocolName: string;
    /** Wires of all versions, newest first: both threads must have loaded the same protocol. */
    wires: readonly string[];
    origin: RoomOrigin;
    periodMs: number;
  }
  | {
    what: "batch";
    number: number;
    nowMs: number;
    /** Ticks to run. */
    ticks: number;
    news: RoomNews[];
    /** Messages of members: member, channel, block. */
    frames: Uint8Array<ArrayBuffer>;
  }
  | { what: "finish"; reason: string };

/** What a room wants of its lobby. */
export type RoomWish =
  | { what: "metadata"; metadata: unknown }
  | { what: "profile"; member: number; profile: unknown }
  | { what: "clearReady" }
  | { what: "lock"; isLocked: boolean }
  | { what: "kick"; member: number; reason: string }
  | { what: "end"; reason: string }
  | { what: "fail"; error: unknown; where: string };

/** Messages that the worker refused. */
export interface RoomDrops {
  /** The schema refused them. */
  refused: number;
  /** Only a server sends them. */
  wrongDirection: number;
  /** They came too soon. */
  rateLimited: number;
  /** The room does not listen to them. */
  unhandled: number;
}

/** From the worker. */
export type FromRoomWorker =
  | {
    what: "done";
    number: number;
    wishes: RoomWish[];
    /** Messages to members: version, message, count, members, block. */
    frames: Uint8Array<ArrayBuffer>;
    drops: RoomDrops;
  }
  | { what: "failed"; reason: string; error: unknown }
  | { what: "finished" };
