/**
 * Whether a NATS directory can be written to: its connection is up and no bucket is silent.
 *
 * A connection says little. After the loss of a leader it stays up, and the buckets that the leader
 * led do not answer for some seconds.
 *
 * @module
 */
import type { Status } from "npm:@nats-io/transport-node@3.4.0";
import type { Clock, TimerId } from "../../transport/clock.ts";
import type { DirectoryState, Unsubscribe } from "./directory.ts";
import type { BucketName } from "./records.ts";

/** Time between two questions to a silent bucket. */
const PROBE_MS = 500;

/** Options of {@link NatsLiveness}. */
export interface NatsLivenessOptions {
  /** When to ask again. */
  readonly clock: Clock;
  /** Asks a bucket anything; ends with `answered` or `silent`. Its rejections are ignored. */
  readonly probe: (bucket: BucketName) => Promise<unknown>;
  /** Told of changes before all listeners. */
  readonly onState: (state: DirectoryState) => void;
}

/** Keeps the state of a directory. */
export class NatsLiveness {
  readonly #options: NatsLivenessOptions;
  readonly #listeners = new Set<(state: DirectoryState) => void>();
  /** Buckets whose last answer did not come, with the timer of their next probe. */
  readonly #silent = new Map<BucketName, TimerId>();
  #isOnline = true;
  #isClosed = false;
  #state: DirectoryState = "connected";

  /** Begins as connected. */
  constructor(options: NatsLivenessOptions) {
    this.#options = options;
    this.#listeners.add(options.onState);
  }

  /** Whether the connection is up. */
  get isOnline(): boolean {
    return this.#isOnline;
  }

  /** Whether writes go through. */
  get state(): DirectoryState {
    return this.#state;
  }

  /** Calls `listener` whenever {@link state} changes. */
  onState(listener: (state: DirectoryState) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Follows the connection, which comes back by itself, until it is closed. */
  async follow(statuses: AsyncIterable<Status>): Promise<void> {
    for await (const { type } of statuses) {
      if (type === "disconnect") {
        this.#isOnline = false;
        this.#settle();
      } else if (type === "reconnect") {
        this.#isOnline = true;
        // The server is there again, its buckets may not be yet: state follows the first answer.
        this.silent("relays");
      }
    }
  }

  /** A bucket answered. */
  answered(bucket: BucketName): void {
    const timer = this.#silent.get(bucket);
    if (timer === undefined) return;
    this.#options.clock.clearTimer(timer);
    this.#silent.delete(bucket);
    this.#settle();
  }

  /** A bucket did not answer: it is asked until it does. */
  silent(bucket: BucketName): void {
    if (this.#isClosed || this.#silent.has(bucket)) return;
    this.#probeLater(bucket);
    this.#settle();
  }

  /** Ends timers, tells nobody any more. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#silent.values()) this.#options.clock.clearTimer(timer);
    this.#silent.clear();
    this.#listeners.clear();
  }

  #probeLater(bucket: BucketName): void {
    const { clock } = this.#options;
    const timer = clock.setTimer(clock.nowMs() + PROBE_MS, () => void this.#probe(bucket));
    this.#silent.set(bucket, timer);
  }

  async #probe(bucket: BucketName): Promise<void> {
    await this.#options.probe(bucket).catch(() => {});
    if (!this.#isClosed && this.#silent.has(bucket)) this.#probeLater(bucket);
  }

  #settle(): void {
    const state = this.#isOnline && this.#silent.size === 0 ? "connected" : "away";
    if (state === this.#state || this.#isClosed) return;
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }
}
