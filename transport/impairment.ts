/**
 * What a bad network does to datagrams, as numbers: the model that simulation and `--sim` share.
 *
 * One impairment describes one direction. `impaired_link.ts` applies it, `impairment_parser.ts` reads it
 * from a command line.
 *
 * @module
 */

/** One direction of a bad network. Shares are probabilities from 0 to 1, sizes count UDP payload bytes. */
export interface Impairment {
  /** Time that every datagram takes. 0 to 60,000. */
  readonly delayMs: number;
  /** Each delay is drawn evenly from `delayMs` ± this, not below 0; drawn apart, so it also reorders. */
  readonly jitterMs: number;
  /** Share of datagrams lost independently. */
  readonly loss: number;
  /** Chance per datagram that a burst of loss begins (Gilbert-Elliott: good to bad). */
  readonly burstEnter: number;
  /** Chance per datagram that the burst ends: bursts last 1 / `burstLeave` datagrams on average. */
  readonly burstLeave: number;
  /** Share of datagrams lost inside a burst. */
  readonly burstLoss: number;
  /** Share of datagrams that arrive twice, each copy with a delay of its own. */
  readonly duplicate: number;
  /** Share of datagrams that are held back by `reorderDelayMs`, so that later ones overtake them. */
  readonly reorder: number;
  /** How long those are held back. 0 to 60,000. */
  readonly reorderDelayMs: number;
  /** Bandwidth in bytes per second; `Infinity` for no limit. */
  readonly rateBytesPerSecond: number;
  /** Bytes that may pass at once after silence (depth of the token bucket); 0 is a plain wire. */
  readonly bucketBytes: number;
  /** Bytes that may wait for bandwidth; a datagram that would not fit is dropped (tail drop). */
  readonly queueBytes: number;
  /** Longer datagrams are dropped, as by a path that must not fragment. 1 to 65,507. */
  readonly mtuBytes: number;
  /**
   * Seed of the random decisions, of which each direction gets its own sequence; left out, whoever
   * applies the impairment chooses one.
   */
  readonly seed?: number | undefined;
}

/** An {@link Impairment} in which everything left out is perfect. */
export type ImpairmentOptions = Partial<Impairment>;

/** A perfect network: no delay, no loss, no limit. */
export const NO_IMPAIRMENT: Impairment = Object.freeze({
  delayMs: 0,
  jitterMs: 0,
  loss: 0,
  burstEnter: 0,
  // Only count once `burstEnter` is set: bursts of 4 that lose everything.
  burstLeave: 0.25,
  burstLoss: 1,
  duplicate: 0,
  reorder: 0,
  // Longer than a tick of 60 Hz, so that what is held back is overtaken by the next tick.
  reorderDelayMs: 25,
  rateBytesPerSecond: Infinity,
  bucketBytes: 0,
  // A quarter of a second of 256 KB/s: what a home router holds back.
  queueBytes: 64_000,
  mtuBytes: 65_507,
});

/** Inclusive bounds of every number. */
const BOUNDS: Readonly<Record<keyof Omit<Impairment, "seed">, readonly [number, number]>> = {
  delayMs: [0, 60_000],
  jitterMs: [0, 60_000],
  loss: [0, 1],
  burstEnter: [0, 1],
  burstLeave: [0, 1],
  burstLoss: [0, 1],
  duplicate: [0, 1],
  reorder: [0, 1],
  reorderDelayMs: [0, 60_000],
  rateBytesPerSecond: [1, Infinity],
  bucketBytes: [0, 1e9],
  queueBytes: [0, 1e9],
  mtuBytes: [1, 65_507],
};

/**
 * Completes and checks an impairment.
 *
 * @throws {RangeError} naming the field and its bounds.
 */
export function completeImpairment(options: ImpairmentOptions = {}): Impairment {
  const impairment: Impairment = { ...NO_IMPAIRMENT, ...withoutUndefined(options) };
  for (const field of typedKeys(BOUNDS)) {
    const [lowest, highest] = BOUNDS[field];
    const value = impairment[field];
    if (!(value >= lowest && value <= highest)) {
      throw new RangeError(
        `Cannot impair with ${field} ${value}: it must be ${lowest} to ${highest}`,
      );
    }
  }
  if (impairment.seed !== undefined && !Number.isSafeInteger(impairment.seed)) {
    throw new RangeError(`Cannot impair with seed ${impairment.seed}: a seed is an integer`);
  }
  return impairment;
}

/** A field set to undefined is a field left out. */
function withoutUndefined(options: ImpairmentOptions): ImpairmentOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** The boundary cast that `Object.keys` needs on a literal of known keys. */
function typedKeys<Key extends string>(table: Readonly<Record<Key, unknown>>): Key[] {
  return Object.keys(table) as Key[];
}
