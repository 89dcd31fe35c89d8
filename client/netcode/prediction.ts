/**
 * The player's own part of the game, as it is drawn: predicted, corrected, smoothed.
 *
 * Ties a {@link Predictor} to a clock, to the player's controls, to the wire, and to what is drawn.
 *
 * @module
 */
import { Interpolator, type Shape } from "../../schema/sync/interpolator.ts";
import { ErrorSmoothing } from "./error_smoothing.ts";
import { Predictor, type PredictorOptions, type Reconciliation } from "./predictor.ts";

/** Ticks that one update runs with the player's input; the others of a stall are too late anyway. */
const MAX_SAMPLED_TICKS = 8;

/** What a {@link Prediction} works with. */
export interface PredictionParts<State, Input> extends PredictorOptions<State, Input> {
  /** What the state is; `.lerp()` and `.slerp()` of its fields say what is smoothed. */
  readonly shape: Shape<State>;
  /** The input of ticks in which the player had no say. The server must assume the same. */
  readonly idle: Input;
  /** The player's input for a tick. */
  readonly sample: (tick: number) => Input;
  /** Sends an input; it is called once for each tick of `sample`. */
  readonly send: (input: Readonly<Input>) => void;
  /** Half-life of what is left to see of a correction. */
  readonly halfLifeMs: number;
}

/** What a prediction counted. */
export interface PredictionCounters {
  /** States of the server that were predicted to the bit. */
  readonly matches: number;
  /** Those that were not. */
  readonly corrections: number;
  /** Ticks that were run again. */
  readonly replayedTicks: number;
}

/** The player's own part of the game. Made by `Netcode.predict`. */
export class Prediction<State, Input> {
  /** What was last left to see of a correction, in units of the fields; 0 when it was right. */
  lastError = 0;
  /** The largest of all {@link lastError}. */
  largestError = 0;
  readonly #parts: PredictionParts<State, Input>;
  readonly #predictor: Predictor<State, Input>;
  readonly #interpolator: Interpolator<State>;
  readonly #smoothing: ErrorSmoothing<State>;
  readonly #drawn: State;
  readonly #before: State;
  #share = 1;
  #nowMs = 0;
  /** The tick that was due at the last update. */
  #lastDue = -1;

  /** Use `Netcode.predict` instead. */
  constructor(parts: PredictionParts<State, Input>) {
    this.#parts = parts;
    this.#predictor = new Predictor(parts);
    this.#interpolator = new Interpolator(parts.shape);
    this.#smoothing = new ErrorSmoothing(this.#interpolator, parts.halfLifeMs);
    this.#drawn = this.#interpolator.create();
    this.#before = this.#interpolator.create();
  }

  /** Whether there is a state to predict from. */
  get isRunning(): boolean {
    return this.#predictor.tick >= 0;
  }

  /** The newest tick that was run; -1 while nothing is predicted. */
  get tick(): number {
    return this.#predictor.tick;
  }

  /** The state of that tick, as the game computes it. */
  get state(): Readonly<State> {
    return this.#predictor.state;
  }

  /** Live counts. */
  get counters(): PredictionCounters {
    return this.#predictor;
  }

  /** How far what is drawn still is from what is right, in units of the fields. */
  get shownError(): number {
    return this.#smoothing.size;
  }

  /** What to draw: between the last two ticks, with what is left of a correction. Valid until the next update. */
  get drawn(): Readonly<State> {
    return this.#drawn;
  }

  /**
   * A state of the server: begins the prediction, or is compared with it.
   *
   * @param tick The tick that the state is of.
   * @throws RangeError or TypeError for a tick or state that cannot be.
   */
  reconcile(tick: number, state: State): Reconciliation {
    if (!this.isRunning) {
      this.#predictor.start(tick, state);
      this.#smoothing.clear();
      this.#mix(this.#drawn);
      return "overtaken";
    }
    this.#mix(this.#before);
    this.#smoothing.apply(this.#before, this.#nowMs);
    const result = this.#predictor.reconcile(tick, state);
    if (result === "matched") this.lastError = 0;
    if (result === "corrected" || result === "overtaken") this.#hide();
    return result;
  }

  /**
   * Runs the ticks that are due, and makes what is drawn.
   *
   * @param clockTick The tick to be at, with its fraction.
   */
  update(nowMs: number, clockTick: number): void {
    this.#nowMs = nowMs;
    const due = Math.floor(clockTick);
    // An input for a tick that was due before the prediction began would come too late.
    const firstNew = this.#lastDue < 0 ? due : this.#lastDue + 1;
    const firstSampled = Math.max(firstNew, due - MAX_SAMPLED_TICKS + 1);
    this.#lastDue = due;
    if (!this.isRunning || !(clockTick >= 0)) return;
    const { idle, sample, send } = this.#parts;
    while (this.#predictor.tick < due) {
      const tick = this.#predictor.tick + 1;
      if (tick < firstSampled) this.#predictor.advance(idle);
      else send(this.#predictor.advance(sample(tick)));
    }
    // Ahead of its clock, after the clock stood, the newest state is as good as it gets.
    this.#share = Math.min(1, Math.max(0, clockTick - this.#predictor.tick));
    this.#mix(this.#drawn);
    this.#smoothing.apply(this.#drawn, nowMs);
  }

  /** Ends the prediction, until the next state of the server: death, a new session. */
  stop(): void {
    this.#predictor.stop();
    this.#smoothing.clear();
    this.lastError = 0;
  }

  /** What the player saw fades into what is right. */
  #hide(): void {
    this.#mix(this.#drawn);
    this.#smoothing.begin(this.#before, this.#drawn, this.#nowMs);
    this.lastError = this.#smoothing.size;
    this.largestError = Math.max(this.largestError, this.lastError);
    this.#smoothing.apply(this.#drawn, this.#nowMs);
  }

  #mix(into: State): void {
    const { previous, state } = this.#predictor;
    this.#interpolator.interpolate(previous, state, this.#share, into);
  }
}
