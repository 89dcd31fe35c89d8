/**
 * Follows one bucket at NATS: what is there, then every change, whatever happens to servers.
 *
 * The client's own watch comes back by itself most of the time. Measured with three servers of 2.9.10: a
 * watch whose consumer was on a server that was killed may stay silent for more than 15 seconds, while its
 * connection to another server is well. So the bucket is asked every two seconds how far it is, and a
 * watch that stays behind is begun anew.
 *
 * @module
 */
import type { KV, KvWatchEntry } from "npm:@nats-io/kv@3.4.0";
import type { Clock, TimerId } from "../../transport/clock.ts";

/** Time between two looks at how far the bucket is. */
const LOOK_MS = 2_000;
/** Time before a watch that ended, or could not begin, is begun again. */
const RETRY_MS = 500;

/** Options of {@link NatsFollower}. */
export interface NatsFollowerOptions {
  /** The bucket. */
  readonly kv: KV;
  /** When to look. */
  readonly clock: Clock;
  /** Longest wait for what is there. */
  readonly timeoutMs: number;
  /** Takes records and removals, those that were there before with `isUpdate` false. */
  readonly onEntry: (entry: KvWatchEntry) => void;
}

/** A watch that does not end. */
export class NatsFollower {
  readonly #options: NatsFollowerOptions;
  readonly #timers = new Set<TimerId>();
  /** The newest revision that the watch told. */
  #seen = 0;
  #stopWatch: (() => void) | undefined;
  #isClosed = false;

  /** Makes a follower that does not follow yet. */
  constructor(options: NatsFollowerOptions) {
    this.#options = options;
  }

  /** Begins. Resolves once what was there is read; throws the client's errors. */
  async start(): Promise<void> {
    await this.#watch();
    this.#lookLater(-1);
  }

  /** Ends the watch and all timers. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) this.#options.clock.clearTimer(timer);
    this.#timers.clear();
    this.#stopWatch?.();
  }

  async #watch(): Promise<void> {
    const { kv, timeoutMs } = this.#options;
    const { values } = await kv.status();
    const entries = await kv.watch();
    this.#stopWatch = () => entries.stop();
    if (this.#isClosed) return entries.stop();
    const loaded = Promise.withResolvers<void>();
    // Records may age away between the count and the watch: then nothing would end the wait.
    const timer = this.#after(timeoutMs, loaded.resolve);
    if (values === 0) loaded.resolve();
    void this.#copy(entries, loaded.resolve).finally(() => {
      loaded.resolve();
      this.#watchAgain();
    });
    await loaded.promise;
    this.#options.clock.clearTimer(timer);
    this.#timers.delete(timer);
  }

  #watchAgain(): void {
    if (this.#isClosed) return;
    this.#after(RETRY_MS, () => void this.#watch().catch(() => this.#watchAgain()));
  }

  async #copy(entries: AsyncIterable<KvWatchEntry>, onLoaded: () => void): Promise<void> {
    try {
      for await (const entry of entries) {
        if (this.#isClosed) return;
        this.#seen = Math.max(this.#seen, entry.revision);
        this.#options.onEntry(entry);
        if (entry.isUpdate) onLoaded();
      }
    } catch {
      // Whatever ended the watch: it is begun again.
    }
  }

  /** @param behindAt Where the watch was at the last look, if it was behind the bucket. */
  #lookLater(behindAt: number): void {
    if (this.#isClosed) return;
    this.#after(LOOK_MS, () => void this.#look(behindAt).then((at) => this.#lookLater(at)));
  }

  async #look(behindAt: number): Promise<number> {
    try {
      const { streamInfo } = await this.#options.kv.status();
      if (streamInfo.state.last_seq <= this.#seen) return -1;
    } catch {
      // Nobody knows how far the bucket is; the next look may.
      return -1;
    }
    // Behind at two looks and no step between them: it is not merely slow.
    if (this.#seen === behindAt) this.#stopWatch?.();
    return this.#seen === behindAt ? -1 : this.#seen;
  }

  #after(delayMs: number, action: () => void): TimerId {
    const { clock } = this.#options;
    const timer = clock.setTimer(clock.nowMs() + delayMs, () => {
      this.#timers.delete(timer);
      action();
    });
    this.#timers.add(timer);
    return timer;
  }
}
