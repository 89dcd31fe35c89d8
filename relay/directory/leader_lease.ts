/**
 * One leader among directors: whoever creates the record leads for as long as it keeps writing it.
 *
 * Works on any directory. A leader that cannot write stops leading before its lease ends for the
 * others, so that there are never two by the clock of either; decisions that must not be taken twice
 * are compared writes of their own all the same.
 *
 * @module
 */
import type { Clock, TimerId } from "../../transport/clock.ts";
import { BUCKETS, type Directory } from "./directory.ts";

/** Time between two writes of a leader, and between two tries of the others. */
export const LEADER_BEAT_MS = 1_500;

/** When a leader that could not write gives up: early enough for a clock that is slightly slow. */
const GIVE_UP_MS = BUCKETS.leaders.leaseMs * 0.8;

/** Options of {@link LeaderLease}. */
export interface LeaderLeaseOptions {
  /** Where the record is. */
  readonly directory: Directory;
  /** When to write again. */
  readonly clock: Clock;
  /** What is led, such as a region: a key of the bucket `leaders`. */
  readonly name: string;
  /** Who wants to lead: the id of this director. */
  readonly owner: string;
  /** Told of every change. */
  readonly onChange?: (isLeader: boolean) => void;
}

/** Tries to lead until it is closed. */
export class LeaderLease {
  readonly #options: LeaderLeaseOptions;
  #revision: number | undefined;
  #writtenAtMs = -Infinity;
  #isLeader = false;
  #timer: TimerId | undefined;
  #isClosed = false;

  /** Begins to try. */
  constructor(options: LeaderLeaseOptions) {
    this.#options = options;
    this.#schedule(options.clock.nowMs());
  }

  /** Whether this process leads now. */
  get isLeader(): boolean {
    return this.#isLeader && this.#options.clock.nowMs() - this.#writtenAtMs < GIVE_UP_MS;
  }

  /** Stops; a leader removes its record, so that the next one need not wait. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    const wasLeader = this.isLeader;
    this.#settle(false);
    if (!wasLeader) return;
    // The lease ends by itself when this write is lost.
    await this.#options.directory.delete("leaders", this.#options.name).catch(() => {});
  }

  #schedule(atMs: number): void {
    this.#timer = this.#options.clock.setTimer(atMs, () => void this.#beat());
  }

  async #beat(): Promise<void> {
    const { clock } = this.#options;
    const startedAtMs = clock.nowMs();
    try {
      this.#revision = await this.#write();
      // Counted from before the write: the others' lease cannot have begun earlier.
      if (this.#revision !== undefined) this.#writtenAtMs = startedAtMs;
      this.#settle(this.#revision !== undefined);
    } catch {
      // Away: a leader leads on what it has until it gives up, the others wait.
      this.#settle(this.isLeader);
    }
    if (!this.#isClosed) this.#schedule(clock.nowMs() + LEADER_BEAT_MS);
  }

  #write(): Promise<number | undefined> {
    const { directory, name, owner } = this.#options;
    return this.#revision === undefined
      ? directory.create("leaders", name, { owner })
      : directory.update("leaders", name, { owner }, this.#revision);
  }

  #settle(isLeader: boolean): void {
    const leads = isLeader && !this.#isClosed;
    if (leads === this.#isLeader) return;
    this.#isLeader = leads;
    this.#options.onChange?.(leads);
  }
}
