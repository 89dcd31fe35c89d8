/**
 * The directory: what directors know together about relays, servers and sessions.
 *
 * It is soft state. Relays and servers say every two seconds that they are there, and whoever stops is
 * forgotten after its lease. Nothing on the data path reads it. A director that loses it goes on with
 * the last values it saw ({@link Directory.state} is `"away"` then): that is HOLD.
 *
 * Two implementations pass one contract suite: `MemoryDirectory` for one host, `NatsDirectory` for more.
 *
 * @module
 */
import type { BucketName, ControlMessage, DirectoryRecords } from "./records.ts";

/** How a bucket behaves. */
export interface BucketRules {
  /** How long a record lives after its last write; `Infinity` for ever. */
  readonly leaseMs: number;
  /** Whether every director holds the whole bucket, so that it can be listed and watched. */
  readonly viewed: boolean;
}

const DAY_MS = 86_400_000;

/** The rules of each bucket. Leases are five times the heartbeat, so that four may be lost. */
export const BUCKETS: { readonly [B in BucketName]: BucketRules } = {
  relays: { leaseMs: 10_000, viewed: true },
  servers: { leaseMs: 10_000, viewed: true },
  mesh: { leaseMs: 5_000, viewed: true },
  leaders: { leaseMs: 5_000, viewed: true },
  config: { leaseMs: Infinity, viewed: true },
  keys: { leaseMs: Infinity, viewed: true },
  sessions: { leaseMs: DAY_MS, viewed: false },
  codes: { leaseMs: DAY_MS, viewed: false },
  rooms: { leaseMs: DAY_MS, viewed: false },
  labels: { leaseMs: DAY_MS, viewed: false },
};

/** Buckets that every director holds as a whole. */
export type ViewedBucket = "relays" | "servers" | "mesh" | "leaders" | "config" | "keys";

/** Whether writes go through. */
export type DirectoryState = "connected" | "away";

/** A record with what the directory knows about it. */
export interface DirectoryEntry<B extends BucketName> {
  /** Its key in the bucket. */
  readonly key: string;
  /** The record. Not to be changed: write a new one. */
  readonly value: DirectoryRecords[B];
  /** Counts the writes of the bucket; what {@link Directory.update} compares. */
  readonly revision: number;
  /** Time since it was written, as far as this process knows. Above the lease while away. */
  readonly ageMs: number;
}

/** What a watcher is told. */
export type DirectoryChange<B extends BucketName> =
  | { readonly type: "put"; readonly entry: DirectoryEntry<B> }
  | { readonly type: "gone"; readonly key: string };

/** Ends a watch or subscription. */
export type Unsubscribe = () => void;

/** A store of records with leases, comparison before writing, and a message to everybody. */
export interface Directory {
  /** Whether writes go through. */
  readonly state: DirectoryState;

  /** Calls `listener` whenever {@link state} changes. */
  onState(listener: (state: DirectoryState) => void): Unsubscribe;

  /**
   * The last known value, without waiting. Of a bucket that is not viewed: only what this process
   * itself read or wrote before.
   */
  get<B extends BucketName>(bucket: B, key: string): DirectoryEntry<B> | undefined;

  /** The last known values of a whole bucket, in the order of their last writes. */
  list<B extends ViewedBucket>(bucket: B): DirectoryEntry<B>[];

  /** The newest value; the last known one while away. */
  read<B extends BucketName>(bucket: B, key: string): Promise<DirectoryEntry<B> | undefined>;

  /**
   * Writes a record, whatever was there, and starts its lease.
   *
   * @returns The revision.
   * @throws DirectoryError `away`, `full` or `key`.
   */
  put<B extends BucketName>(bucket: B, key: string, value: DirectoryRecords[B]): Promise<number>;

  /**
   * Writes a record where none is.
   *
   * @returns The revision, or `undefined` when there is one.
   * @throws DirectoryError as {@link put} does.
   */
  create<B extends BucketName>(
    bucket: B,
    key: string,
    value: DirectoryRecords[B],
  ): Promise<number | undefined>;

  /**
   * Writes a record over the one of `revision`.
   *
   * @returns The new revision, or `undefined` when another one is there by now, or none.
   * @throws DirectoryError as {@link put} does.
   */
  update<B extends BucketName>(
    bucket: B,
    key: string,
    value: DirectoryRecords[B],
    revision: number,
  ): Promise<number | undefined>;

  /** Removes a record; none there is no error. Throws DirectoryError as {@link put} does. */
  delete(bucket: BucketName, key: string): Promise<void>;

  /**
   * Tells `listener` of all records at once and of every change from then on. A record whose lease
   * ends is `gone`, except while away.
   */
  watch<B extends ViewedBucket>(
    bucket: B,
    listener: (change: DirectoryChange<B>) => void,
  ): Unsubscribe;

  /**
   * Sends a message to every subscriber that is connected now, this process included.
   *
   * @throws DirectoryError `away`.
   */
  publish(message: ControlMessage): Promise<void>;

  /** Calls `listener` for every message. */
  subscribe(listener: (message: ControlMessage) => void): Unsubscribe;

  /** Ends watches, timers and connections. */
  close(): Promise<void>;
}

/** Codes of {@link DirectoryError}. */
export type DirectoryErrorCode =
  /** The store cannot be reached, or did not answer in time: the write may or may not have happened. */
  | "away"
  /** The bucket has no room. */
  | "full"
  /** The key has characters that not every store can take. */
  | "key"
  /** The directory was closed. */
  | "closed";

/** A directory did not do what it was asked. */
export class DirectoryError extends Error {
  /** Always `"DirectoryError"`. */
  override readonly name = "DirectoryError";
  /** For programs. */
  readonly code: DirectoryErrorCode;

  /** Takes the code and the sentence for people. */
  constructor(code: DirectoryErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Letters, digits, `_` and `-`, in parts between dots: what NATS takes as a key, and file systems too. */
const KEY = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;
const MAX_KEY_CHARACTERS = 200;

/** Throws DirectoryError `key` unless every directory can store under this key. */
export function checkKey(key: string): void {
  if (key.length <= MAX_KEY_CHARACTERS && KEY.test(key)) return;
  throw new DirectoryError(
    "key",
    `Cannot store under key "${key}": expected letters, digits, "_-."`,
  );
}
