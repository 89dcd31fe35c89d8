/**
 * Runs the player's own part of the game ahead of the server, and again when the server saw it otherwise.
 *
 * Both ends run the same `step` on the same numbers: after each step the state is what it would be if
 * it had travelled, and inputs are what the server reads. So a prediction is right to the bit, or wrong
 * because the server knew something else; then everything since is run again from the server's state.
 * No clock, no network.
 *
 * @module
 */
import type { Codec } from "../../schema/mod.ts";

/** What a step is told. One object for all steps: do not keep it. */
export interface StepContext {
  /** The tick that the step leads to. */
  readonly tick: number;
  /** Its length. */
  readonly stepSeconds: number;
  /** Whether it was run before: sounds and sparks belong to the first time. */
  readonly isReplay: boolean;
}

/** Runs one tick: changes `state` in place. The same state and input must always give the same result. */
export type Step<State, Input> = (state: State, input: Input, context: StepContext) => void;

/** What a {@link Predictor} works with. */
export interface PredictorOptions<State, Input> {
  /** Rounds states to what the wire carries. */
  readonly stateCodec: Codec<State>;
  /** Rounds inputs to what the wire carries. */
  readonly inputCodec: Codec<Input>;
  /** The game. */
  readonly step: Step<State, Input>;
  /** Length of a tick in seconds. */
  readonly stepSeconds: number;
  /** Ticks that can be run again, 2 to 4,096. Default 128. */
  readonly historyTicks?: number;
}

/** What became of a state of the server. */
export type Reconciliation =
  /** The prediction was right to the bit. */
  | "matched"
  /** It was not; everything since was run again. */
  | "corrected"
  /** The server is ahead of the prediction, which goes on from there. */
  | "overtaken"
  /** Too old to tell anything, or the prediction has not begun. */
  | "ignored";

/** The prediction of one state. */
export class Predictor<State, Input> {
  /** States that were right to the bit. */
  matches = 0;
  /** States that were not. */
  corrections = 0;
  /** Ticks that were run again. */
  replayedTicks = 0;
  readonly #options: PredictorOptions<State, Input>;
  readonly #capacity: number;
  /** Encoded states of the last ticks, and inputs that led to them, in rings by tick. */
  readonly #states: DataView<ArrayBuffer>[];
  readonly #sizes: Int32Array;
  readonly #inputs: Input[];
  readonly #scratch: DataView<ArrayBuffer>;
  readonly #context = { tick: 0, stepSeconds: 0, isReplay: false };
  #state: State;
  #previous: State;
  #tick = -1;
  #firstTick = -1;
  #reconciledTick = -1;

  /**
   * A predictor without a state; see {@link start}.
   *
   * @throws RangeError for a history out of bounds.
   */
  constructor(options: PredictorOptions<State, Input>) {
    const { stateCodec, inputCodec, stepSeconds, historyTicks = 128 } = options;
    if (!Number.isInteger(historyTicks) || historyTicks < 2 || historyTicks > 4_096) {
      throw new RangeError(`Cannot keep ${historyTicks} ticks: historyTicks is 2 to 4,096`);
    }
    this.#options = options;
    this.#capacity = historyTicks;
    const newView = (sizeBytes: number): DataView<ArrayBuffer> =>
      new DataView(new ArrayBuffer(sizeBytes));
    this.#states = Array.from({ length: historyTicks }, () => newView(stateCodec.maxBytes));
    this.#sizes = new Int32Array(historyTicks);
    this.#inputs = Array.from({ length: historyTicks }, () => inputCodec.create());
    this.#scratch = newView(Math.max(stateCodec.maxBytes, inputCodec.maxBytes));
    this.#context.stepSeconds = stepSeconds;
    this.#state = stateCodec.create();
    this.#previous = stateCodec.create();
  }

  /** The newest tick that was run; -1 before {@link start}. */
  get tick(): number {
    return this.#tick;
  }

  /** The newest tick of which the server's state is known; -1 before {@link start}. */
  get reconciledTick(): number {
    return this.#reconciledTick;
  }

  /** The state of the newest tick. Changes with the next call. */
  get state(): Readonly<State> {
    return this.#state;
  }

  /** The state one tick before. Changes with the next call. */
  get previous(): Readonly<State> {
    return this.#previous;
  }

  /**
   * Begins, or begins anew, from a state of the server.
   *
   * @throws RangeError or TypeError for a tick or state that cannot be.
   */
  start(tick: number, state: State): void {
    if (!Number.isSafeInteger(tick) || tick < 0) {
      throw new RangeError(`Cannot predict from tick ${tick}`);
    }
    this.#encodeState(tick, state);
    this.#decodeState(tick, this.#state);
    this.#decodeState(tick, this.#previous);
    this.#tick = tick;
    this.#firstTick = tick;
    this.#reconciledTick = tick;
  }

  /** Ends: nothing is predicted until the next {@link start}. */
  stop(): void {
    this.#tick = -1;
    this.#firstTick = -1;
    this.#reconciledTick = -1;
  }

  /**
   * Runs the next tick.
   *
   * @returns The input as the server will read it; valid until the history has come around.
   * @throws TypeError before {@link start}; TypeError or RangeError for an input, or a state made of it,
   * that the schema does not allow.
   */
  advance(input: Input): Readonly<Input> {
    if (this.#tick < 0) throw new TypeError("Cannot predict: no state to begin from");
    const { inputCodec } = this.#options;
    const kept = this.#inputs[(this.#tick + 1) % this.#capacity]!;
    const end = inputCodec.write(this.#scratch, 0, input);
    inputCodec.read(this.#scratch, 0, end, kept);
    this.#run(kept, false);
    return kept;
  }

  /**
   * Compares a state of the server with the prediction of the same tick, and runs everything since
   * again when they differ.
   *
   * @throws RangeError or TypeError for a state that the schema does not allow.
   */
  reconcile(tick: number, state: State): Reconciliation {
    if (this.#tick < 0 || !(tick > this.#reconciledTick)) return "ignored";
    if (tick > this.#tick) {
      this.start(tick, state);
      return "overtaken";
    }
    // Before the first tick nothing was predicted; beyond the ring it is forgotten.
    if (tick < this.#firstTick || tick <= this.#tick - this.#capacity) return "ignored";
    this.#reconciledTick = tick;
    if (this.#isAsPredicted(tick, state)) {
      this.matches++;
      return "matched";
    }
    this.corrections++;
    this.#replayFrom(tick, state);
    return "corrected";
  }

  #replayFrom(tick: number, state: State): void {
    const last = this.#tick;
    this.#encodeState(tick, state);
    this.#decodeState(tick, this.#state);
    this.#decodeState(tick, this.#previous);
    this.#tick = tick;
    while (this.#tick < last) {
      this.#run(this.#inputs[(this.#tick + 1) % this.#capacity]!, true);
      this.replayedTicks++;
    }
  }

  #run(input: Input, isReplay: boolean): void {
    const before = this.#previous;
    this.#decodeState(this.#tick, before);
    const context = this.#context;
    context.tick = this.#tick + 1;
    context.isReplay = isReplay;
    this.#options.step(this.#state, input, context);
    this.#encodeState(context.tick, this.#state);
    this.#decodeState(context.tick, this.#state);
    this.#tick = context.tick;
  }

  #encodeState(tick: number, state: State): void {
    const slot = tick % this.#capacity;
    this.#sizes[slot] = this.#options.stateCodec.write(this.#states[slot]!, 0, state);
  }

  #decodeState(tick: number, into: State): void {
    const slot = tick % this.#capacity;
    this.#options.stateCodec.read(this.#states[slot]!, 0, this.#sizes[slot]!, into);
  }

  /** One value has one byte string. */
  #isAsPredicted(tick: number, state: State): boolean {
    const sizeBytes = this.#options.stateCodec.write(this.#scratch, 0, state);
    const slot = tick % this.#capacity;
    if (sizeBytes !== this.#sizes[slot]) return false;
    const view = this.#states[slot]!;
    for (let i = 0; i < sizeBytes; i++) {
      if (view.getUint8(i) !== this.#scratch.getUint8(i)) return false;
    }
    return true;
  }
}
