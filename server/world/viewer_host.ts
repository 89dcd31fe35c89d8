/**
 * What a viewer needs of its world, and what it counts.
 *
 * @module
 */
import type { DeliveryCallback } from "../../protocol/message_pool.ts";
import type { Backend, WireTable } from "../../schema/mod.ts";
import type { EntityStore } from "./entity_store.ts";
import type { Grid } from "./grid.ts";
import type { RecordCache } from "./record_cache.ts";
import type { Selection } from "./selection.ts";

/** How a viewer sends: returns whether the snapshot is on its way. The bytes are copied. */
export type SendSnapshot = (payload: Uint8Array, onResult: DeliveryCallback) => boolean;

/** What a viewer needs of its world. */
export interface ViewerHost {
  /** All entities. */
  readonly stores: readonly EntityStore[];
  /** The cells. */
  readonly grid: Grid;
  /** How codecs are made. */
  readonly backend: Backend;
  /** Largest snapshot. */
  readonly payloadBytes: number;
  /** Bytes of snapshots that a client gets in a frame. */
  readonly budgetBytes: number;
  /** Frames a second, for `rateHz` of types. */
  readonly framesPerSecond: number;
  /** Scratch memory of all viewers. */
  readonly selection: Selection;
  /** The records of a type in a version. */
  cacheOf(table: WireTable, store: EntityStore): RecordCache;
  /** The number of a room's name. */
  roomNumber(room: string | undefined): number;
  /** The number of the last frame. */
  frame(): number;
}

/** What a viewer did. */
export interface ViewerCounters {
  /** Snapshots sent. */
  snapshots: number;
  /** Their bytes. */
  bytes: number;
  /** Records in them: updates, spawns and removals. */
  records: number;
  /** Spawns among them. */
  spawns: number;
  /** Records that had to wait for want of budget. */
  deferred: number;
  /** Snapshots reported lost or dropped. */
  lost: number;
  /** How often the client asked to begin anew. */
  resyncs: number;
}
