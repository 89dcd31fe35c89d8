/**
 * Makes bytes that are nearly right: what gets further into a parser than noise does.
 *
 * @module
 */
import { Random } from "../../transport/random.ts";

/** Options of every fuzzer of the protocol. */
export interface FuzzOptions {
  /** The same seed gives the same inputs. */
  readonly seed: number;
  /** How many inputs. */
  readonly iterations: number;
}

/** What a fuzzer has seen. */
export interface FuzzReport {
  /** Inputs that were given. */
  readonly inputs: number;
  /** The slowest of them in microseconds, garbage collection included. */
  readonly slowestUs: number;
  /** How often each verdict occurred, by name: what shows that inputs got anywhere. */
  readonly verdicts: ReadonlyMap<string, number>;
}

/** Bytes at which layouts change their meaning. */
const ODD_BYTES = [0x00, 0x01, 0x02, 0x1f, 0x20, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xfe, 0xff];

/** Seeded damage. */
export class Mutator {
  readonly random: Random;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  /** Up to `mostBytes` random bytes, often few. */
  noise(mostBytes: number): Uint8Array {
    const { random } = this;
    const most = random.chance(0.7) ? Math.min(mostBytes, 48) : mostBytes;
    return random.bytes(random.below(most + 1));
  }

  /** A copy with one to three things done to it, never longer than `mostBytes`. */
  damaged(bytes: Uint8Array, mostBytes: number, other: Uint8Array = bytes): Uint8Array {
    const { random } = this;
    let copy: Uint8Array = bytes.slice();
    for (let left = 1 + random.below(3); left > 0; left--) copy = this.#damage(copy, other);
    return copy.subarray(0, mostBytes);
  }

  #damage(bytes: Uint8Array, other: Uint8Array): Uint8Array {
    const { random } = this;
    // Headers are short: half of the damage is done to the first bytes.
    const reach = random.chance(0.5) ? Math.min(bytes.length, 24) : bytes.length;
    const at = random.below(reach + 1);
    switch (random.below(7)) {
      case 0:
        return bytes.slice(0, at);
      case 1:
        return joined(bytes.subarray(0, at), random.bytes(1 + random.below(4)), bytes.subarray(at));
      case 2:
        return joined(bytes.subarray(0, at), other.subarray(random.below(other.length + 1)));
      case 3:
        return joined(bytes.subarray(0, at), bytes.subarray(Math.min(at + 2, bytes.length)));
      case 4:
        if (at < bytes.length) bytes[at] = random.pick(ODD_BYTES);
        return bytes;
      default:
        if (at < bytes.length) bytes[at]! ^= 1 << random.below(8);
        return bytes;
    }
  }
}

/** Counts verdicts and times inputs. */
export class Tally {
  readonly verdicts = new Map<string, number>();
  inputs = 0;
  slowestUs = 0;

  /** Gives one input and notes how long it took. */
  run(action: () => void): void {
    this.inputs++;
    const started = performance.now();
    action();
    const elapsedUs = (performance.now() - started) * 1_000;
    if (elapsedUs > this.slowestUs) this.slowestUs = elapsedUs;
  }

  /** Counts a verdict. */
  count(verdict: string, times = 1): void {
    this.verdicts.set(verdict, (this.verdicts.get(verdict) ?? 0) + times);
  }

  /** Counts everything in an object of counters that is not zero. */
  countAll(prefix: string, counters: object): void {
    for (const [name, value] of Object.entries(counters)) {
      if (typeof value === "number" && value !== 0) this.count(`${prefix}${name}`, value);
    }
  }
}

/** A text in Latin-1: equal for equal bytes only. */
export function fingerprint(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** Byte strings behind one another. */
function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
