/**
 * Which tick the server is in: an estimate from what its TIME frames say and when they came.
 *
 * A frame can be late but never early, so of the last ones the one with the shortest way counts
 * (the minimum filter of NTP, RFC 5905 section 10). Between frames the estimate goes on with the local
 * clock and the measured drift, and follows a new target by going a little faster or slower: it never
 * goes back and jumps only when it is wrong by more than `stepMs`. Takes time as an argument.
 *
 * @module
 */

/** Options of {@link ServerClock}. */
export interface ServerClockOptions {
  /** The server's ticks a second, above 0. */
  readonly tickHz: number;
  /** Differences beyond this are jumped, not followed, in milliseconds. Default 250. */
  readonly stepMs?: number;
  /** Share by which the estimate goes faster or slower than time, 0 to 0.5. Default 0.02. */
  readonly slew?: number;
}

/** Frames that are looked at: 12.8 s at the 5 a second that a server sends. */
const WINDOW = 64;

/** Frames in a row that must be late by a step before those before them are forgotten. */
const STEP_AFTER_FRAMES = 5;

/** Faster drift than this is a measuring error: crystals keep 100 ppm, virtual machines some more. */
const MAX_DRIFT = 500e-6;

/** The two frames must lie this far apart before drift is told from jitter. */
const MIN_DRIFT_SPAN_MS = 2_000;

/** How much of a new measurement of drift is believed: neighbouring ones rest on the same frames. */
const DRIFT_GAIN = 1 / 256;

/** The clock. */
export class ServerClock {
  /** Times that the estimate jumped, the first time not counted. */
  steps = 0;
  readonly #periodMs: number;
  readonly #stepMs: number;
  readonly #slew: number;
  /** When frames came and how far the server's time was ahead of ours then, in rings. */
  readonly #atMs = new Float64Array(WINDOW);
  readonly #offsetMs = new Float64Array(WINDOW);
  #count = 0;
  #next = 0;
  #disagreeing = 0;
  #drift = 0;
  #estimateMs = NaN;
  #advancedAtMs = 0;

  constructor({ tickHz, stepMs = 250, slew = 0.02 }: ServerClockOptions) {
    if (!(tickHz > 0 && tickHz < Infinity)) {
      throw new RangeError(`Cannot follow ${tickHz} ticks a second: tickHz is finite and above 0`);
    }
    if (!(stepMs > 0)) throw new RangeError(`Cannot step beyond ${stepMs} ms: stepMs is above 0`);
    if (!(slew > 0 && slew <= 0.5)) {
      throw new RangeError(`Cannot follow by ${slew}: slew is above 0 and at most 0.5`);
    }
    this.#periodMs = 1000 / tickHz;
    this.#stepMs = stepMs;
    this.#slew = slew;
  }

  /** Whether a frame has come. */
  get isKnown(): boolean {
    return this.#count > 0;
  }

  /** How much faster the server's clock goes than ours: 1e-6 is a second in eleven and a half days. */
  get drift(): number {
    return this.#drift;
  }

  /** The server's tick when {@link advance} was called last, with its fraction; -1 before the first frame. */
  get tick(): number {
    return Number.isNaN(this.#estimateMs) ? -1 : this.#estimateMs / this.#periodMs;
  }

  /**
   * Takes what a TIME frame says. One that came at the same time as the one before is ignored, and so is
   * what is no tick.
   *
   * @param tick The server's tick when it sent the frame, with its fraction.
   * @param arrivedAtMs When it came.
   */
  addSample(tick: number, arrivedAtMs: number): void {
    if (!(tick >= 0 && tick <= Number.MAX_SAFE_INTEGER) || !Number.isFinite(arrivedAtMs)) return;
    const newest = (this.#next + WINDOW - 1) % WINDOW;
    const offsetMs = tick * this.#periodMs - arrivedAtMs;
    if (this.#count > 0) {
      if (arrivedAtMs === this.#atMs[newest]) return;
      this.#noteDisagreement(offsetMs, arrivedAtMs);
    }
    this.#atMs[this.#next] = arrivedAtMs;
    this.#offsetMs[this.#next] = offsetMs;
    this.#next = (this.#next + 1) % WINDOW;
    this.#count = Math.min(WINDOW, this.#count + 1);
    this.#measureDrift();
  }

  /**
   * Lets time go on.
   *
   * @param oneWayMs The shortest way from the server to here: half of the smallest round trip.
   * @returns {@link tick}.
   */
  advance(nowMs: number, oneWayMs: number): number {
    if (this.#count === 0) return -1;
    const targetMs = nowMs + this.#bestOffset(nowMs) + oneWayMs;
    // A clock that was set back costs the time in between, not more.
    const elapsedMs = Math.max(0, nowMs - this.#advancedAtMs);
    const expectedMs = this.#estimateMs + elapsedMs;
    const errorMs = targetMs - expectedMs;
    this.#advancedAtMs = nowMs;
    if (Number.isNaN(this.#estimateMs)) this.#estimateMs = targetMs;
    else if (Math.abs(errorMs) > this.#stepMs) {
      this.#estimateMs = targetMs;
      this.steps++;
    } else {
      const most = elapsedMs * this.#slew;
      this.#estimateMs = expectedMs + Math.min(most, Math.max(-most, errorMs));
    }
    return this.tick;
  }

  /** Forgets everything: another server, or the same one started anew. */
  reset(): void {
    this.steps = 0;
    this.#count = 0;
    this.#next = 0;
    this.#disagreeing = 0;
    this.#drift = 0;
    this.#estimateMs = NaN;
  }

  /**
   * Whether a clock was set since the last frame. Too early cannot be jitter; too late can, so several
   * frames in a row must say so.
   */
  #noteDisagreement(offsetMs: number, atMs: number): void {
    const aheadMs = offsetMs - this.#bestOffset(atMs);
    this.#disagreeing = aheadMs < -this.#stepMs ? this.#disagreeing + 1 : 0;
    if (aheadMs <= this.#stepMs && this.#disagreeing < STEP_AFTER_FRAMES) return;
    this.#disagreeing = 0;
    this.#count = 0;
    this.#next = 0;
  }

  /** The offset of the frame with the shortest way, brought forward to now. */
  #bestOffset(nowMs: number): number {
    let best = -Infinity;
    for (let i = 0; i < this.#count; i++) {
      const agedMs = Math.max(0, nowMs - this.#atMs[i]!);
      const offsetMs = this.#offsetMs[i]! + this.#drift * agedMs;
      if (offsetMs > best) best = offsetMs;
    }
    return best;
  }

  /** Drift is the slope between the best frames of the older and of the newer half. */
  #measureDrift(): void {
    if (this.#count < WINDOW) return;
    const older = this.#bestIndex(0, WINDOW / 2);
    const newer = this.#bestIndex(WINDOW / 2, WINDOW);
    const spanMs = this.#atMs[newer]! - this.#atMs[older]!;
    if (!(spanMs >= MIN_DRIFT_SPAN_MS)) return;
    const slope = (this.#offsetMs[newer]! - this.#offsetMs[older]!) / spanMs;
    const measured = Math.min(MAX_DRIFT, Math.max(-MAX_DRIFT, slope));
    this.#drift += (measured - this.#drift) * DRIFT_GAIN;
  }

  /** Index of the frame with the shortest way among the `from`th oldest to the `to`th. */
  #bestIndex(from: number, to: number): number {
    let best = -1;
    for (let age = from; age < to; age++) {
      const i = (this.#next + age) % WINDOW;
      if (best < 0 || this.#offsetMs[i]! > this.#offsetMs[best]!) best = i;
    }
    return best;
  }
}
