/**
 * Which tick of the others a client draws: late enough that the next snapshot is there in time.
 *
 * Each snapshot that comes tells how late one would have had to draw so as not to run out before it:
 * way, jitter, the pause between snapshots and lost ones together. Of the last ones nearly the longest
 * is the delay. It changes by drawing a few percent slower or faster; the drawn tick never goes back
 * unless {@link RenderClock.steps} counts it. Takes time as an argument.
 *
 * @module
 */

/** Options of {@link RenderClock}. */
export interface RenderClockOptions {
  /** Ticks a second, above 0. */
  readonly tickHz: number;
  /** Share of snapshots that should be there in time, 0.5 to 1. Default 0.95. */
  readonly onTime?: number;
  /** Smallest delay behind the server's present, in milliseconds. Default 0. */
  readonly minDelayMs?: number;
  /** Largest delay; later snapshots are jumped to. Default 1,000. */
  readonly maxDelayMs?: number;
  /** Share by which drawing goes faster or slower than time, above 0, at most 0.5. Default 0.05. */
  readonly maxDilation?: number;
}

/** Snapshots that are looked at: about a second at 60 Hz, three at 20 Hz. */
const WINDOW = 64;

/** Differences beyond this are jumped: at 5 % they would take five seconds. */
const STEP_MS = 250;

/** The clock. */
export class RenderClock {
  /** Times that the drawn tick jumped, the first time not counted. */
  steps = 0;
  readonly #tickHz: number;
  readonly #onTime: number;
  readonly #minTicks: number;
  readonly #maxTicks: number;
  readonly #maxDilation: number;
  readonly #needs = new Float64Array(WINDOW);
  readonly #sorted = new Float64Array(WINDOW);
  #count = 0;
  #next = 0;
  #newestTick = -Infinity;
  #delayTicks = NaN;
  #tick = NaN;
  #serverTick = NaN;

  constructor(options: RenderClockOptions) {
    const { tickHz, onTime = 0.95, minDelayMs = 0, maxDelayMs = 1_000, maxDilation = 0.05 } =
      options;
    check("tickHz", tickHz, tickHz > 0 && tickHz < Infinity);
    check("onTime", onTime, onTime >= 0.5 && onTime <= 1);
    check("minDelayMs", minDelayMs, minDelayMs >= 0);
    check("maxDelayMs", maxDelayMs, maxDelayMs >= minDelayMs && maxDelayMs < Infinity);
    check("maxDilation", maxDilation, maxDilation > 0 && maxDilation <= 0.5);
    this.#tickHz = tickHz;
    this.#onTime = onTime;
    this.#minTicks = minDelayMs * tickHz / 1000;
    this.#maxTicks = maxDelayMs * tickHz / 1000;
    this.#maxDilation = maxDilation;
  }

  /** The tick to draw, with its fraction; -1 before the first snapshot. */
  get tick(): number {
    return Number.isNaN(this.#tick) ? -1 : this.#tick;
  }

  /** How far behind the server's present the drawn tick is meant to be, in milliseconds. */
  get delayMs(): number {
    return Number.isNaN(this.#delayTicks) ? 0 : this.#delayTicks * 1000 / this.#tickHz;
  }

  /** The newest tick of which a snapshot came; -1 before the first. */
  get newestTick(): number {
    return this.#newestTick === -Infinity ? -1 : this.#newestTick;
  }

  /**
   * A snapshot came. One that is not newer than those before changes nothing.
   *
   * @param tick Of the snapshot.
   * @param serverTick The server's tick now, with its fraction.
   */
  addSnapshot(tick: number, serverTick: number): void {
    if (!(tick > this.#newestTick) || !(serverTick >= 0)) return;
    const isFirst = this.#newestTick === -Infinity;
    const needTicks = serverTick - (isFirst ? tick : this.#newestTick);
    this.#newestTick = tick;
    // A pause beyond the largest delay is not jitter: nothing was sent, or the line was dead.
    if (!(needTicks <= this.#maxTicks)) return;
    this.#needs[this.#next] = Math.max(0, needTicks);
    this.#next = (this.#next + 1) % WINDOW;
    this.#count = Math.min(WINDOW, this.#count + 1);
    this.#delayTicks = Math.min(this.#maxTicks, Math.max(this.#minTicks, this.#neededTicks()));
  }

  /**
   * Lets time go on.
   *
   * @param serverTick The server's tick now, with its fraction.
   * @returns {@link tick}.
   */
  advance(serverTick: number): number {
    if (Number.isNaN(this.#delayTicks) || !(serverTick >= 0)) return this.tick;
    const target = Math.max(0, serverTick - this.#delayTicks);
    // As fast as the server's ticks, however fast the machine's own clock goes.
    const elapsed = Number.isNaN(this.#serverTick) ? 0 : Math.max(0, serverTick - this.#serverTick);
    this.#serverTick = serverTick;
    const error = target - (this.#tick + elapsed);
    if (Number.isNaN(this.#tick)) this.#tick = target;
    else if (Math.abs(error) > STEP_MS * this.#tickHz / 1000) {
      this.#tick = target;
      this.steps++;
    } else {
      const most = elapsed * this.#maxDilation;
      this.#tick += elapsed + Math.min(most, Math.max(-most, error));
    }
    return this.#tick;
  }

  /** Forgets everything: another session. */
  reset(): void {
    this.steps = 0;
    this.#count = 0;
    this.#next = 0;
    this.#newestTick = -Infinity;
    this.#delayTicks = NaN;
    this.#tick = NaN;
    this.#serverTick = NaN;
  }

  #neededTicks(): number {
    const sorted = this.#sorted.subarray(0, this.#count);
    sorted.set(this.#needs.subarray(0, this.#count));
    sorted.sort();
    return sorted[Math.min(this.#count - 1, Math.ceil(this.#onTime * this.#count) - 1)]!;
  }
}

function check(name: string, value: number, isValid: boolean): void {
  if (!isValid) throw new RangeError(`Cannot draw with ${name} ${value}`);
}
