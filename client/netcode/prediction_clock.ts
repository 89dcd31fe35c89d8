/**
 * Which tick a client simulates: as far ahead of the server as its inputs need to arrive in time.
 *
 * The lead is the way to the server plus a margin. The server reports how early inputs really came;
 * one that came too late lengthens the lead at once, a long time without need shortens it slowly. The
 * clock follows by running a few percent faster or slower, as Overwatch does; it never goes back, and
 * jumps forward or stands still only when it is off by more than `stepTicks`. Takes time as an argument.
 *
 * @module
 */

/** Options of {@link PredictionClock}. */
export interface PredictionClockOptions {
  /** Ticks a second, above 0. */
  readonly tickHz: number;
  /** Ticks that the latest input should come before it is due, 0 to 32. Default 1. */
  readonly marginTicks?: number;
  /** Share by which the clock goes faster or slower than time, above 0, at most 0.2. Default 0.04. */
  readonly maxDilation?: number;
  /** Differences beyond this many ticks are jumped. Default: a quarter of a second. */
  readonly stepTicks?: number;
}

/** Reports without need after which the lead is shortened: 4 s at four a second. */
const SHORTEN_AFTER_REPORTS = 16;

/** By how much, of what is too much. */
const SHORTEN_SHARE = 0.5;

/** The clock. */
export class PredictionClock {
  /** Times that it jumped, the first time not counted. */
  steps = 0;
  readonly #tickHz: number;
  readonly #marginTicks: number;
  readonly #maxDilation: number;
  readonly #stepTicks: number;
  /** Ticks of lead beyond the way to the server. */
  #extraTicks = NaN;
  #tick = NaN;
  #rate = 1;
  #advancedAtMs = 0;
  /** Reports of earlier ticks tell of a lead that is no more. */
  #settledAtTick = -Infinity;
  #calmReports = 0;
  #smallestMargin = Infinity;

  constructor(options: PredictionClockOptions) {
    const { tickHz, marginTicks = 1, maxDilation = 0.04, stepTicks = tickHz / 4 } = options;
    check("tickHz", tickHz, tickHz > 0 && tickHz < Infinity);
    check("marginTicks", marginTicks, marginTicks >= 0 && marginTicks <= 32);
    check("maxDilation", maxDilation, maxDilation > 0 && maxDilation <= 0.2);
    check("stepTicks", stepTicks, stepTicks > 0);
    this.#tickHz = tickHz;
    this.#marginTicks = marginTicks;
    this.#maxDilation = maxDilation;
    this.#stepTicks = stepTicks;
  }

  /** The tick when {@link advance} was called last, with its fraction; -1 before. */
  get tick(): number {
    return Number.isNaN(this.#tick) ? -1 : this.#tick;
  }

  /** Speed of the clock against time in the last step: 1 is as fast, 1.04 four percent faster. */
  get rate(): number {
    return this.#rate;
  }

  /** Lead beyond the shortest way to the server, in ticks; 0 before the first step. */
  get extraTicks(): number {
    return Number.isNaN(this.#extraTicks) ? 0 : this.#extraTicks;
  }

  /**
   * Lets time go on.
   *
   * @param serverTick The server's tick now, with its fraction; below 0 when unknown.
   * @param oneWayMs The shortest way to the server.
   * @param jitterMs How much longer it is at times; counts for the first guess only.
   * @returns {@link tick}.
   */
  advance(nowMs: number, serverTick: number, oneWayMs: number, jitterMs: number): number {
    const elapsedTicks = Math.max(0, nowMs - this.#advancedAtMs) * this.#tickHz / 1000;
    this.#advancedAtMs = nowMs;
    if (!(serverTick >= 0)) return this.tick;
    if (Number.isNaN(this.#extraTicks)) {
      this.#extraTicks = this.#marginTicks + 1 + 2 * jitterMs * this.#tickHz / 1000;
    }
    const target = serverTick + oneWayMs * this.#tickHz / 1000 + this.#extraTicks;
    const error = target - (this.#tick + elapsedTicks);
    this.#rate = 1;
    if (Number.isNaN(this.#tick)) this.#tick = target;
    else if (error > this.#stepTicks) this.#jump(target);
    else if (error < -this.#stepTicks - elapsedTicks) this.#wait(target);
    else this.#follow(elapsedTicks, error);
    return this.#tick;
  }

  /**
   * Takes the server's report about inputs.
   *
   * @param tick The tick that the server was about to run.
   * @param marginTicks How many ticks too early the latest input came; below 0 it was late.
   */
  report(tick: number, marginTicks: number): void {
    if (Number.isNaN(this.#extraTicks) || !Number.isFinite(marginTicks)) return;
    // What was sent before the last change took effect would be corrected twice.
    if (!(tick >= this.#settledAtTick)) return;
    const needTicks = this.#marginTicks - marginTicks;
    if (needTicks > 0) return this.#changeLead(needTicks);
    this.#smallestMargin = Math.min(this.#smallestMargin, marginTicks);
    if (++this.#calmReports < SHORTEN_AFTER_REPORTS) return;
    const spareTicks = this.#smallestMargin - this.#marginTicks;
    // One whole tick of spare is what a margin counted in whole ticks cannot tell from none.
    if (spareTicks > 1) this.#changeLead(-(spareTicks - 1) * SHORTEN_SHARE);
    else this.#forgetCalm();
  }

  /** Forgets everything: another session. */
  reset(): void {
    this.steps = 0;
    this.#extraTicks = NaN;
    this.#tick = NaN;
    this.#rate = 1;
    this.#settledAtTick = -Infinity;
    this.#forgetCalm();
  }

  #changeLead(byTicks: number): void {
    this.#extraTicks += byTicks;
    const slewTicks = Math.abs(byTicks) > this.#stepTicks ? 0 : Math.abs(byTicks);
    this.#settledAtTick = Math.ceil(this.#tick + slewTicks / this.#maxDilation);
    this.#forgetCalm();
  }

  #forgetCalm(): void {
    this.#calmReports = 0;
    this.#smallestMargin = Infinity;
  }

  #follow(elapsedTicks: number, error: number): void {
    const most = elapsedTicks * this.#maxDilation;
    const change = Math.min(most, Math.max(-most, error));
    if (elapsedTicks > 0) this.#rate = 1 + change / elapsedTicks;
    this.#tick += elapsedTicks + change;
  }

  #jump(target: number): void {
    this.#tick = target;
    this.#noteStep();
  }

  /** Too far ahead: the clock stands until the server is where it should be, at most for a second. */
  #wait(target: number): void {
    if (this.#tick - target > this.#tickHz) this.#jump(target);
    else this.#rate = 0;
  }

  #noteStep(): void {
    this.steps++;
    this.#settledAtTick = Math.ceil(this.#tick);
    this.#forgetCalm();
  }
}

function check(name: string, value: number, isValid: boolean): void {
  if (!isValid) throw new RangeError(`Cannot predict with ${name} ${value}`);
}
