/**
 * The directory of one process: the default, with nothing else to install.
 *
 * Honest about its scope: several directors in other processes do not see it, and it ends with the
 * process. Heartbeats fill it again within seconds; running sessions do not need it.
 *
 * @module
 */
import type { Clock } from "../../transport/clock.ts";
import { type BucketViews, makeViews } from "./bucket_view.ts";
import {
  checkKey,
  type Directory,
  type DirectoryChange,
  type DirectoryEntry,
  DirectoryError,
  type DirectoryState,
  type Unsubscribe,
  type ViewedBucket,
} from "./directory.ts";
import {
  type BucketName,
  controlCodec,
  type ControlMessage,
  type DirectoryRecords,
  recordCodecs,
} from "./records.ts";

/** Records that a bucket holds unless told otherwise: some hundred megabytes when all are full. */
export const DEFAULT_MAX_RECORDS = 100_000;

/** Options of {@link MemoryDirectory}. */
export interface MemoryDirectoryOptions {
  /** What leases are measured with. */
  readonly clock: Clock;
  /** Most records per bucket; a new one beyond is refused with `full`. Default 100,000. */
  readonly maxRecords?: number;
}

interface ExportedRecord {
  readonly key: string;
  readonly value: unknown;
  readonly ageMs: number;
}

/** A directory in memory. */
export class MemoryDirectory implements Directory {
  readonly #views: BucketViews;
  readonly #maxRecords: number;
  readonly #subscribers = new Set<(message: ControlMessage) => void>();
  #revision = 0;
  #isClosed = false;

  /** Makes an empty directory. */
  constructor({ clock, maxRecords = DEFAULT_MAX_RECORDS }: MemoryDirectoryOptions) {
    if (!(maxRecords >= 1)) {
      throw new RangeError(`Cannot hold ${maxRecords} records per bucket: at least 1`);
    }
    this.#maxRecords = maxRecords;
    this.#views = makeViews(clock);
  }

  /** Always `"connected"`: there is nothing to be away from. */
  get state(): DirectoryState {
    return "connected";
  }

  onState(): Unsubscribe {
    return () => {};
  }

  get<B extends BucketName>(bucket: B, key: string): DirectoryEntry<B> | undefined {
    return this.#views[bucket].get(key);
  }

  list<B extends ViewedBucket>(bucket: B): DirectoryEntry<B>[] {
    return this.#views[bucket].list();
  }

  read<B extends BucketName>(bucket: B, key: string): Promise<DirectoryEntry<B> | undefined> {
    return Promise.resolve(this.get(bucket, key));
  }

  put<B extends BucketName>(bucket: B, key: string, value: DirectoryRecords[B]): Promise<number> {
    return attempt(() => this.#write(bucket, key, value));
  }

  create<B extends BucketName>(
    bucket: B,
    key: string,
    value: DirectoryRecords[B],
  ): Promise<number | undefined> {
    return attempt(() =>
      this.get(bucket, key) === undefined ? this.#write(bucket, key, value) : undefined
    );
  }

  update<B extends BucketName>(
    bucket: B,
    key: string,
    value: DirectoryRecords[B],
    revision: number,
  ): Promise<number | undefined> {
    return attempt(() =>
      this.get(bucket, key)?.revision === revision ? this.#write(bucket, key, value) : undefined
    );
  }

  delete(bucket: BucketName, key: string): Promise<void> {
    return attempt(() => {
      this.#check(key);
      this.#views[bucket].remove(key);
    });
  }

  watch<B extends ViewedBucket>(
    bucket: B,
    listener: (change: DirectoryChange<B>) => void,
  ): Unsubscribe {
    return this.#views[bucket].watch(listener);
  }

  publish(message: ControlMessage): Promise<void> {
    return attempt(() => {
      this.#check("message");
      const { message: copy } = controlCodec.fromJSON(controlCodec.toJSON({ message }));
      for (const subscriber of this.#subscribers) subscriber(copy);
    });
  }

  subscribe(listener: (message: ControlMessage) => void): Unsubscribe {
    this.#subscribers.add(listener);
    return () => void this.#subscribers.delete(listener);
  }

  /** All records with their ages, for a process that takes this one's place. */
  exportRecords(): string {
    const buckets = Object.entries(this.#views).map(([bucket, view]) => {
      const codec = recordCodecs[bucket as BucketName];
      const records = view.list().map(({ key, value, ageMs }) => ({
        key,
        // Bucket and codec come from the same name; types cannot follow that through a loop.
        value: codec.toJSON(value as never),
        ageMs,
      }));
      return [bucket, records];
    });
    return JSON.stringify(Object.fromEntries(buckets));
  }

  /**
   * Takes records that another process has exported, in place of those of the same keys. Leases go on.
   *
   * @returns How many were taken.
   * @throws Error when the text is none of an export, or of records that this release does not know.
   */
  importRecords(text: string): number {
    // What is of no export fails in a codec.
    const buckets = JSON.parse(text) as Record<string, ExportedRecord[]>;
    let taken = 0;
    for (const bucket of Object.keys(this.#views) as BucketName[]) {
      for (const { key, value, ageMs } of buckets[bucket] ?? []) {
        checkKey(key);
        // As above: one name gives codec and view.
        const record = recordCodecs[bucket].fromJSON(value) as never;
        this.#views[bucket].set(key, record, ++this.#revision, ageMs);
        taken++;
      }
    }
    return taken;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#subscribers.clear();
    for (const view of Object.values(this.#views)) view.close();
    return Promise.resolve();
  }

  /** The record goes through its codec, as it does on its way to a server: mistakes show here too. */
  #write<B extends BucketName>(bucket: B, key: string, value: DirectoryRecords[B]): number {
    this.#check(key);
    const view = this.#views[bucket];
    if (view.get(key) === undefined && view.size >= this.#maxRecords) {
      throw new DirectoryError(
        "full",
        `Cannot store another record in "${bucket}": the limit is ${this.#maxRecords}`,
      );
    }
    const codec = recordCodecs[bucket];
    view.set(key, codec.fromJSON(codec.toJSON(value)), ++this.#revision);
    return this.#revision;
  }

  #check(key: string): void {
    if (this.#isClosed) throw new DirectoryError("closed", "The directory is closed");
    checkKey(key);
  }
}

/** A promise of what is known at once; what is thrown becomes a rejection, as with every directory. */
function attempt<T>(action: () => T): Promise<T> {
  try {
    return Promise.resolve(action());
  } catch (error) {
    return Promise.reject(error);
  }
}
