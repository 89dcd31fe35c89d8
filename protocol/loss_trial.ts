/**
 * Decides what loss means for the rate: whether it is ours, so that sending less makes it less.
 *
 * A link that is full delivers what it can: a sender that sends a quarter less sees the share that arrives
 * rise by a third. Radio that loses three packets in ten loses three in ten of less, too; who backs off
 * there only takes rate from the game, down to the floor. So every back-off is a trial: once the rate in
 * use has fallen far enough to tell both expectations apart, packets are counted until what became of them
 * is twenty times likelier under one than under the other (Wald's sequential test), and a back-off that
 * was in vain is taken back.
 *
 * @module
 */

/** Loss above which the rate falls (docs/protocol.md, "Pacing"). */
export const LOSSY = 0.05;

/** What is left of the rate after one back-off. */
export const BACKOFF = 0.85;

/** The rate is lowered to this share for a trial. */
const TRIAL_SHARE = 0.7;

/** The rate in use must have fallen to this share: saved tokens keep it up for a while. */
const JUDGED_SHARE = 0.75;

/** Packets that say what loss was before a trial. */
const BEFORE_PACKETS = 40;

/** Logarithm of 20: how much likelier one explanation must be. */
const CERTAIN = 3;

/** Packets after which the likelier explanation is taken, however little. */
const MOST_TRIAL_PACKETS = 200;

/** A full link that is given less loses next to nothing; a share above 0 keeps its likelihood finite. */
const LEAST_LOSS = 0.01;

/** Rate after a back-off in vain, relative to the one before it: some verdict before may have been wrong. */
const AMENDS = 1.25;

/** How long loss that is not ours is put up with before it is tried again: twice as long every time. */
const TOLERANCE_MS = 10_000;

/** But not longer than this: conditions change. */
const MAX_TOLERANCE_MS = 60_000;

/** Loss that is never put up with, whoever causes it. */
const INTOLERABLE_LOSS = 0.5;

interface Sample {
  acked: number;
  lost: number;
}

/** What became of at least 20 packets. */
export interface LossSample {
  /** Rate that was allowed, in bytes per second. */
  readonly rate: number;
  /** Rate that was used, in bytes per second. */
  readonly sent: number;
  /** Rate that is always allowed, in bytes per second. */
  readonly floor: number;
  /** Packets that arrived. */
  readonly acked: number;
  /** Packets that did not. */
  readonly lost: number;
}

/**
 * Where a trial stands. What a sample tells was in part sent a round trip ago, at the rate before, so after
 * every change of the rate one sample is not counted.
 */
type Phase = "none" | "settling" | "before" | "lowering" | "after";

/** One trial after the other, for one session. */
export class LossTrial {
  #phase: Phase = "none";
  #rateBefore = 0;
  #sentBefore = 0;
  #before: Sample = { acked: 0, lost: 0 };
  #after: Sample = { acked: 0, lost: 0 };
  #tolerated = 0;
  #toleranceMs = TOLERANCE_MS;
  #tolerantUntilMs = -Infinity;

  /** Whether a trial is under way: the rate must not grow meanwhile. */
  get isRunning(): boolean {
    return this.#phase !== "none";
  }

  /** Judges a sample. Returns the rate that follows from its loss: lower, the same, or the one to go back to. */
  judge(sample: LossSample, nowMs: number): number {
    switch (this.#phase) {
      case "none":
        if (lossOf(sample) <= this.#threshold(sample, nowMs)) return sample.rate;
        this.#phase = "settling";
        this.#rateBefore = sample.rate;
        return sample.rate * BACKOFF;
      case "settling":
        this.#phase = "before";
        this.#before = { acked: 0, lost: 0 };
        return sample.rate;
      case "before":
        pool(this.#before, sample);
        return sizeOf(this.#before) < BEFORE_PACKETS ? sample.rate : this.#lower(sample, nowMs);
      case "lowering":
        if (sample.sent > this.#sentBefore * JUDGED_SHARE) return sample.rate;
        this.#phase = "after";
        this.#after = { acked: 0, lost: 0 };
        return sample.rate;
      case "after":
        return this.#measure(sample, nowMs);
    }
  }

  /** Loss above which a sample counts: what is put up with, and twice its deviation in so few packets. */
  #threshold(sample: LossSample, nowMs: number): number {
    const share = nowMs < this.#tolerantUntilMs ? this.#tolerated : 0;
    return Math.max(LOSSY, share + 2 * Math.sqrt(share * (1 - share) / sizeOf(sample)));
  }

  #lower(sample: LossSample, nowMs: number): number {
    const loss = lossOf(this.#before);
    this.#phase = "none";
    if (loss <= LOSSY) return sample.rate;
    this.#sentBefore = sample.sent;
    if (sample.floor > sample.sent * JUDGED_SHARE) return this.#nearFloor(sample, loss, nowMs);
    this.#phase = "lowering";
    return Math.min(sample.rate, Math.max(sample.sent * TRIAL_SHARE, sample.floor));
  }

  /** So near the floor nothing less can be tried. What is not used is taken; else a little more is tried. */
  #nearFloor(sample: LossSample, loss: number, nowMs: number): number {
    const isUnused = sample.rate * BACKOFF > sample.sent * 2;
    if (isUnused || loss > INTOLERABLE_LOSS) return sample.rate * BACKOFF;
    return this.#tolerate(loss, nowMs);
  }

  #measure(sample: LossSample, nowMs: number): number {
    const after = this.#after;
    pool(after, sample);
    const theirs = Math.max(lossOf(this.#before), LOSSY);
    const ours = Math.max(
      LEAST_LOSS,
      1 - (1 - theirs) * this.#sentBefore / Math.max(sample.sent, 1),
    );
    // Positive where the loss looks like the path's own.
    const evidence = after.lost * Math.log(theirs / ours) +
      after.acked * Math.log((1 - theirs) / (1 - ours));
    if (Math.abs(evidence) < CERTAIN && sizeOf(after) < MOST_TRIAL_PACKETS) return sample.rate;
    this.#phase = "none";
    const loss = lossOf(after);
    if (evidence > 0 && loss <= INTOLERABLE_LOSS) return this.#tolerate(loss, nowMs);
    this.#toleranceMs = TOLERANCE_MS;
    this.#before = after;
    this.#rateBefore = sample.rate;
    return this.#lower(sample, nowMs);
  }

  #tolerate(loss: number, nowMs: number): number {
    this.#tolerated = Math.min(loss, INTOLERABLE_LOSS);
    this.#tolerantUntilMs = nowMs + this.#toleranceMs;
    this.#toleranceMs = Math.min(this.#toleranceMs * 2, MAX_TOLERANCE_MS);
    return this.#rateBefore * AMENDS;
  }
}

function pool(into: Sample, from: Readonly<Sample>): void {
  into.acked += from.acked;
  into.lost += from.lost;
}

function sizeOf(sample: Readonly<Sample>): number {
  return sample.acked + sample.lost;
}

function lossOf(sample: Readonly<Sample>): number {
  const size = sizeOf(sample);
  return size <= 0 ? 0 : sample.lost / size;
}
