/**
 * The directory of several hosts: NATS JetStream key-value buckets.
 *
 * What is particular about it, measured with nats-server 2.9.10:
 * - a time to live per key is ignored by that release, so leases are the `max_age` of a bucket and
 *   heartbeats write again; a key that aged away is not announced, so views end leases themselves;
 * - after the loss of a leader, writes fail for about five seconds: {@link NatsDirectory.state} is
 *   `"away"` then and reads serve what was last known;
 * - reads of 2.9 may be stale after a restart: decisions compare revisions, heartbeats heal the rest.
 *
 * @module
 */
import type { KV } from "npm:@nats-io/kv@3.4.0";
import { connect, type NatsConnection } from "npm:@nats-io/transport-node@3.4.0";
import type { Clock } from "../../transport/clock.ts";
import { systemClock } from "../../transport/system_clock.ts";
import { type BucketViews, makeViews } from "./bucket_view.ts";
import {
  BUCKETS,
  checkKey,
  type Directory,
  type DirectoryChange,
  type DirectoryEntry,
  DirectoryError,
  type DirectoryState,
  type Unsubscribe,
  type ViewedBucket,
} from "./directory.ts";
import { type NatsBuckets, openNatsBuckets } from "./nats_buckets.ts";
import { asDirectoryError, isLostComparison } from "./nats_errors.ts";
import { NatsFollower } from "./nats_follower.ts";
import { NatsLiveness } from "./nats_liveness.ts";
import {
  type BucketName,
  controlCodec,
  type ControlMessage,
  type DirectoryRecords,
  recordCodecs,
} from "./records.ts";

/** Options of {@link NatsDirectory.open}. */
export interface NatsDirectoryOptions {
  /** `nats://host:port`, one or several of one cluster; `nats://user:password@host:port` too. */
  readonly servers: readonly string[];
  /** Shared secret of the NATS servers, when they want one. */
  readonly token?: string;
  /** In front of all buckets and subjects. Default `"tickwire"`. */
  readonly prefix?: string;
  /** Copies of each bucket, 1, 3 or 5. Default 1. */
  readonly replicas?: number;
  /**
   * Most bytes of a bucket at the server, which reserves them. Default 64 MiB: some 60,000 sessions. A
   * server of 2.9 may drop the oldest record of a full bucket instead of refusing the newest.
   */
  readonly maxBucketBytes?: number;
  /** Longest wait for an answer. Default 2,000 ms. */
  readonly timeoutMs?: number;
  /** Default: real time. */
  readonly clock?: Clock;
}

/** Records of unviewed buckets that are remembered for times without a server. */
const MAX_REMEMBERED = 10_000;
const ENCODER = new TextEncoder();

/** A directory at one or more NATS servers. */
export class NatsDirectory implements Directory {
  readonly #connection: NatsConnection;
  readonly #buckets: NatsBuckets;
  readonly #views: BucketViews;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #subject: string;
  readonly #liveness: NatsLiveness;
  readonly #subscribers = new Set<(message: ControlMessage) => void>();
  readonly #followers: NatsFollower[] = [];
  #isClosed = false;
  #unreadable = 0;

  private constructor(
    connection: NatsConnection,
    buckets: NatsBuckets,
    { clock, timeoutMs, prefix }: { clock: Clock; timeoutMs: number; prefix: string },
  ) {
    this.#connection = connection;
    this.#buckets = buckets;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#subject = `${prefix}.control`;
    this.#views = makeViews(clock);
    this.#liveness = new NatsLiveness({
      clock,
      // Any answer will do; a key that nobody writes costs the server nothing.
      probe: (bucket) => this.#ask(bucket, (kv) => kv.get("probe")),
      onState: (state) => this.#holdOrRelease(state),
    });
  }

  /**
   * Connects, makes missing buckets, and reads what is there.
   *
   * @throws DirectoryError `away` when no server answers; TypeError for a bad prefix.
   */
  static async open(options: NatsDirectoryOptions): Promise<NatsDirectory> {
    const { servers, token, prefix = "tickwire", timeoutMs = 2_000 } = options;
    if (!/^[A-Za-z0-9_-]{1,32}$/.test(prefix)) {
      throw new TypeError(`Cannot use prefix "${prefix}": expected 1 to 32 letters, digits, "_-"`);
    }
    let connection: NatsConnection;
    try {
      connection = await connect({
        servers: [...servers],
        ...(token === undefined ? {} : { token }),
        name: `tickwire ${prefix}`,
        timeout: timeoutMs,
        // For ever: a director that gave up would have to be restarted by somebody.
        maxReconnectAttempts: -1,
        reconnectTimeWait: 250,
        pingInterval: 5_000,
      });
    } catch (error) {
      throw new DirectoryError("away", `Cannot reach NATS at ${servers.join(", ")}`, {
        cause: error,
      });
    }
    try {
      const { replicas = 1, maxBucketBytes = 64 * 2 ** 20 } = options;
      const buckets = await openNatsBuckets(connection, {
        prefix,
        replicas,
        maxBucketBytes,
        timeoutMs,
      });
      const { clock = systemClock } = options;
      const directory = new NatsDirectory(connection, buckets, { clock, timeoutMs, prefix });
      await directory.#start();
      return directory;
    } catch (error) {
      await connection.close();
      throw asDirectoryError(error) ?? error;
    }
  }

  get state(): DirectoryState {
    return this.#liveness.state;
  }

  /** Records of the server that were no records of ours: another release, or another writer. */
  get unreadableRecords(): number {
    return this.#unreadable;
  }

  onState(listener: (state: DirectoryState) => void): Unsubscribe {
    return this.#liveness.onState(listener);
  }

  get<B extends BucketName>(bucket: B, key: string): DirectoryEntry<B> | undefined {
    return this.#views[bucket].get(key);
  }

  list<B extends ViewedBucket>(bucket: B): DirectoryEntry<B>[] {
    return this.#views[bucket].list();
  }

  async read<B extends BucketName>(
    bucket: B,
    key: string,
  ): Promise<DirectoryEntry<B> | undefined> {
    this.#check(key);
    if (!this.#liveness.isOnline) return this.get(bucket, key);
    try {
      const entry = await this.#ask(bucket, (kv) => kv.get(key));
      if (entry === null || entry.operation !== "PUT") {
        this.#views[bucket].remove(key, entry?.revision ?? Infinity);
        return undefined;
      }
      // When it was written is known by the server's clock only; a lease begins anew at most.
      this.#take(bucket, key, entry.value, entry.revision);
    } catch (error) {
      if (!(error instanceof DirectoryError && error.code === "away")) throw error;
    }
    return this.get(bucket, key);
  }

  async put<B extends BucketName>(
    bucket: B,
    key: string,
    value: DirectoryRecords[B],
  ): Promise<number> {
    const bytes = this.#encode(bucket, key, value);
    const revision = await this.#ask(
      bucket,
      (kv) => kv.put(key, bytes, { timeout: this.#timeoutMs }),
    );
    this.#take(bucket, key, bytes, revision);
    return revision;
  }

  create<B extends BucketName>(
    bucket: B,
    key: string,
    value: DirectoryRecords[B],
  ): Promise<number | undefined> {
    return this.#compare(bucket, key, value, (kv, bytes) => kv.create(key, bytes));
  }

  update<B extends BucketName>(
    bucket: B,
    key: string,
    value: DirectoryRecords[B],
    revision: number,
  ): Promise<number | undefined> {
    return this.#compare(
      bucket,
      key,
      value,
      (kv, bytes) => kv.update(key, bytes, revision, this.#timeoutMs),
    );
  }

  async delete(bucket: BucketName, key: string): Promise<void> {
    this.#check(key);
    const before = this.#views[bucket].get(key)?.revision ?? 0;
    await this.#ask(bucket, (kv) => kv.delete(key));
    this.#views[bucket].remove(key, before);
  }

  watch<B extends ViewedBucket>(
    bucket: B,
    listener: (change: DirectoryChange<B>) => void,
  ): Unsubscribe {
    return this.#views[bucket].watch(listener);
  }

  // deno-lint-ignore require-await -- so that every failure is a rejection
  async publish(message: ControlMessage): Promise<void> {
    this.#check("control");
    this.#requireOnline();
    const text = JSON.stringify(controlCodec.toJSON({ message }));
    this.#connection.publish(this.#subject, ENCODER.encode(text));
  }

  subscribe(listener: (message: ControlMessage) => void): Unsubscribe {
    this.#subscribers.add(listener);
    return () => void this.#subscribers.delete(listener);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const follower of this.#followers) follower.close();
    this.#liveness.close();
    this.#subscribers.clear();
    for (const view of Object.values(this.#views)) view.close();
    await this.#connection.close();
  }

  async #start(): Promise<void> {
    void this.#liveness.follow(this.#connection.status());
    this.#connection.subscribe(this.#subject, {
      callback: (_error, { data }) => this.#receive(data),
    });
    const viewed: ViewedBucket[] = ["relays", "servers", "mesh", "leaders", "config", "keys"];
    await Promise.all(viewed.map((bucket) => this.#follow(bucket)));
  }

  /** Copies a bucket into its view, and goes on copying. */
  async #follow(bucket: ViewedBucket): Promise<void> {
    const { leaseMs } = BUCKETS[bucket];
    const follower = new NatsFollower({
      kv: this.#buckets[bucket],
      clock: this.#clock,
      timeoutMs: this.#timeoutMs,
      onEntry: ({ key, value, revision, operation, created, isUpdate }) => {
        if (operation !== "PUT") return this.#views[bucket].remove(key, revision);
        // News are new; what was there before is as old as the clocks of both machines agree on.
        const ageMs = Math.max(0, Math.min(Date.now() - created.getTime(), leaseMs));
        this.#take(bucket, key, value, revision, isUpdate ? 0 : ageMs);
      },
    });
    this.#followers.push(follower);
    await follower.start();
  }

  #receive(data: Uint8Array): void {
    let message: ControlMessage;
    try {
      message = controlCodec.fromJSON(JSON.parse(new TextDecoder().decode(data))).message;
    } catch {
      this.#unreadable++;
      return;
    }
    for (const subscriber of this.#subscribers) subscriber(message);
  }

  /** Takes bytes of the server into the view. What is no record of ours is counted and left out. */
  #take<B extends BucketName>(
    bucket: B,
    key: string,
    bytes: Uint8Array,
    revision: number,
    ageMs = 0,
  ): void {
    let value: DirectoryRecords[B];
    try {
      value = recordCodecs[bucket].fromJSON(JSON.parse(new TextDecoder().decode(bytes)));
    } catch {
      this.#unreadable++;
      this.#views[bucket].remove(key, revision);
      return;
    }
    const view = this.#views[bucket];
    view.set(key, value, revision, ageMs);
    if (!BUCKETS[bucket].viewed && view.size > MAX_REMEMBERED) view.forgetOldest();
  }

  #encode<B extends BucketName>(bucket: B, key: string, value: DirectoryRecords[B]): Uint8Array {
    this.#check(key);
    return ENCODER.encode(JSON.stringify(recordCodecs[bucket].toJSON(value)));
  }

  async #compare<B extends BucketName>(
    bucket: B,
    key: string,
    value: DirectoryRecords[B],
    write: (kv: KV, bytes: Uint8Array) => Promise<number>,
  ): Promise<number | undefined> {
    const bytes = this.#encode(bucket, key, value);
    const revision = await this.#ask(bucket, async (kv) => {
      try {
        return await write(kv, bytes);
      } catch (error) {
        if (isLostComparison(error)) return undefined;
        throw error;
      }
    });
    if (revision !== undefined) this.#take(bucket, key, bytes, revision);
    return revision;
  }

  /** Asks the server, and learns from it whether the bucket is there. */
  async #ask<T>(bucket: BucketName, question: (kv: KV) => Promise<T>): Promise<T> {
    this.#requireOnline();
    try {
      const answer = await question(this.#buckets[bucket]);
      this.#liveness.answered(bucket);
      return answer;
    } catch (error) {
      const known = asDirectoryError(error);
      if (known?.code === "away") this.#liveness.silent(bucket);
      throw known ?? error;
    }
  }

  #holdOrRelease(state: DirectoryState): void {
    for (const view of Object.values(this.#views)) {
      if (state === "away") view.hold();
      else view.release();
    }
  }

  #check(key: string): void {
    if (this.#isClosed) throw new DirectoryError("closed", "The directory is closed");
    checkKey(key);
  }

  #requireOnline(): void {
    if (this.#liveness.isOnline) return;
    throw new DirectoryError("away", "The connection to NATS is lost");
  }
}
