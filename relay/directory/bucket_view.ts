/**
 * The records of one bucket as this process knows them: values, ages, watchers, leases.
 *
 * Both directories keep their buckets in it. For `MemoryDirectory` it is the store itself, for
 * `NatsDirectory` a copy of what the server told.
 *
 * @module
 */
import type { Clock, TimerId } from "../../transport/clock.ts";
import {
  BUCKETS,
  type DirectoryChange,
  type DirectoryEntry,
  type Unsubscribe,
} from "./directory.ts";
import type { BucketName, DirectoryRecords } from "./records.ts";

interface Held<B extends BucketName> {
  readonly value: DirectoryRecords[B];
  readonly revision: number;
  readonly writtenAtMs: number;
}

/** The views of all buckets. */
export type BucketViews = { readonly [B in BucketName]: BucketView<B> };

/** Records of one bucket by key. */
export class BucketView<B extends BucketName> {
  readonly #leaseMs: number;
  readonly #clock: Clock;
  /** In the order of writes, which is the order in which leases end: all of a bucket are equally long. */
  readonly #held = new Map<string, Held<B>>();
  readonly #watchers = new Set<(change: DirectoryChange<B>) => void>();
  /** No lease ends before; `Infinity` while away. */
  #heldUntilMs = 0;
  #timer: TimerId | undefined;

  /** Makes an empty view. */
  constructor(bucket: B, clock: Clock) {
    this.#leaseMs = BUCKETS[bucket].leaseMs;
    this.#clock = clock;
  }

  /** Records held. */
  get size(): number {
    this.#expire();
    return this.#held.size;
  }

  /** The record of a key. */
  get(key: string): DirectoryEntry<B> | undefined {
    this.#expire();
    const held = this.#held.get(key);
    return held && this.#entry(key, held);
  }

  /** All records, the longest unwritten first. */
  list(): DirectoryEntry<B>[] {
    this.#expire();
    return [...this.#held].map(([key, held]) => this.#entry(key, held));
  }

  /**
   * Takes a write. One that is older than what is held is ignored, so that an answer and a watch may
   * tell of the same write in any order.
   *
   * @param ageMs How long ago it was written.
   */
  set(key: string, value: DirectoryRecords[B], revision: number, ageMs = 0): void {
    const before = this.#held.get(key);
    if (before !== undefined && before.revision >= revision) return;
    this.#held.delete(key);
    const held = { value, revision, writtenAtMs: this.#clock.nowMs() - ageMs };
    this.#held.set(key, held);
    this.#arm();
    this.#tell({ type: "put", entry: this.#entry(key, held) });
  }

  /** Removes a record, unless a newer one than `revision` is held. */
  remove(key: string, revision = Infinity): void {
    const held = this.#held.get(key);
    if (held === undefined || held.revision > revision) return;
    this.#held.delete(key);
    this.#tell({ type: "gone", key });
  }

  /** Removes the record that was written longest ago, without telling: there is no room for it. */
  forgetOldest(): void {
    for (const key of this.#held.keys()) {
      this.#held.delete(key);
      return;
    }
  }

  /** Tells of all records now and of every change later. */
  watch(listener: (change: DirectoryChange<B>) => void): Unsubscribe {
    for (const entry of this.list()) listener({ type: "put", entry });
    this.#watchers.add(listener);
    return () => void this.#watchers.delete(listener);
  }

  /** No lease ends until {@link release}: the writers cannot renew what they want to renew. */
  hold(): void {
    this.#heldUntilMs = Infinity;
    this.#disarm();
  }

  /** Leases end again, but none before the writers had the time of one lease to come back. */
  release(): void {
    if (this.#heldUntilMs !== Infinity) return;
    this.#heldUntilMs = this.#clock.nowMs() + this.#leaseMs;
    this.#arm();
  }

  /** Forgets everything, tells nobody. */
  close(): void {
    this.#disarm();
    this.#held.clear();
    this.#watchers.clear();
  }

  #entry(key: string, { value, revision, writtenAtMs }: Held<B>): DirectoryEntry<B> {
    return { key, value, revision, ageMs: Math.max(0, this.#clock.nowMs() - writtenAtMs) };
  }

  #tell(change: DirectoryChange<B>): void {
    for (const watcher of this.#watchers) watcher(change);
  }

  /** The first that has not ended ends the search: what follows was written later. */
  #expire(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#heldUntilMs) return;
    for (const [key, { writtenAtMs }] of this.#held) {
      if (writtenAtMs + this.#leaseMs > nowMs) break;
      this.#held.delete(key);
      this.#tell({ type: "gone", key });
    }
  }

  /** One timer per bucket, at the end of the lease that ends first. */
  #arm(): void {
    if (this.#timer !== undefined || this.#leaseMs === Infinity || this.#held.size === 0) return;
    if (this.#heldUntilMs === Infinity) return;
    const [first] = this.#held.values();
    if (first === undefined) return;
    const atMs = Math.max(first.writtenAtMs + this.#leaseMs, this.#heldUntilMs);
    this.#timer = this.#clock.setTimer(atMs, () => {
      this.#timer = undefined;
      this.#expire();
      this.#arm();
    });
  }

  #disarm(): void {
    if (this.#timer === undefined) return;
    this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }
}

/** One view per bucket. */
export function makeViews(clock: Clock): BucketViews {
  return {
    relays: new BucketView("relays", clock),
    servers: new BucketView("servers", clock),
    mesh: new BucketView("mesh", clock),
    leaders: new BucketView("leaders", clock),
    config: new BucketView("config", clock),
    keys: new BucketView("keys", clock),
    sessions: new BucketView("sessions", clock),
    codes: new BucketView("codes", clock),
    rooms: new BucketView("rooms", clock),
    labels: new BucketView("labels", clock),
  };
}
