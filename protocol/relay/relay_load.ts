/**
 * How busy a shard is, and what it sheds for it.
 *
 * Implements docs/relay_protocol.md, "Load": first new BINDs, then standby routes, then whatever is over
 * the caps of its ticket. Sessions that keep to theirs are never shed.
 *
 * @module
 */

/** What is shed; each level includes the ones before. */
export const ShedLevel = { none: 0, newBinds: 1, standby: 2, overCap: 3 } as const;

/** One of the values of {@link ShedLevel}. */
export type ShedLevel = typeof ShedLevel[keyof typeof ShedLevel];

/** Loads, as parts of the ceiling, from which each level holds. */
const SHED_NEW_BINDS = 0.8;
const SHED_STANDBY = 0.9;
const SHED_OVER_CAP = 1;

/** Frames are counted over this long. */
const WINDOW_MS = 1_000;

/** Measures frames a second against a ceiling. */
export class RelayLoad {
  /** The least that is shed, whatever is measured: for hosts that see more than frames. */
  floor: ShedLevel = ShedLevel.none;
  readonly #ceilingPps: number;
  #frames = 0;
  #startedMs: number;
  #load = 0;

  /** Measures against what the shard can take, in frames a second. */
  constructor(ceilingPps: number, nowMs: number) {
    this.#ceilingPps = ceilingPps;
    this.#startedMs = nowMs;
  }

  /** Frames of the last whole second as a part of the ceiling. */
  get load(): number {
    return this.#load;
  }

  /** What is shed now. */
  get level(): ShedLevel {
    return Math.max(this.floor, levelOf(this.#load)) as ShedLevel; // The larger of two levels is one.
  }

  /** Notes a frame. */
  onFrame(nowMs: number): void {
    this.#frames++;
    if (nowMs - this.#startedMs >= WINDOW_MS) this.roll(nowMs);
  }

  /** Ends a window that is over. */
  roll(nowMs: number): void {
    const elapsedMs = nowMs - this.#startedMs;
    if (elapsedMs < 0) this.#startedMs = nowMs;
    if (elapsedMs < WINDOW_MS) return;
    this.#load = this.#frames / elapsedMs * 1_000 / this.#ceilingPps;
    this.#frames = 0;
    this.#startedMs = nowMs;
  }
}

function levelOf(load: number): ShedLevel {
  if (load >= SHED_OVER_CAP) return ShedLevel.overCap;
  if (load >= SHED_STANDBY) return ShedLevel.standby;
  return load >= SHED_NEW_BINDS ? ShedLevel.newBinds : ShedLevel.none;
}
