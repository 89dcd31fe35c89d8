/**
 * Seeded random numbers for simulation and tests: xoshiro128** of Blackman and Vigna, seeded through
 * splitmix32. The same seed gives the same sequence on every machine and release.
 *
 * Not for keys, tokens or anything that a peer must not guess: those take random bytes as arguments.
 *
 * @module
 */

/** A sequence of random numbers that its seed decides. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** Any integer is a seed; seeds that differ, even by one bit, give unrelated sequences. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) {
      throw new RangeError(`Cannot seed with ${seed}: a seed is an integer`);
    }
    // Both halves of the seed count; splitmix32 steps spread them over the whole state, never all zero.
    const high = Math.floor(seed / 2 ** 32) | 0;
    const low = seed | 0;
    this.#a = mix(low + 0x9e3779b9 | 0);
    this.#b = mix(this.#a ^ high);
    this.#c = mix(this.#b + 0x9e3779b9 | 0);
    this.#d = mix(this.#c + 0x9e3779b9 | 0) | 1;
  }

  /** A sequence from a raw state of four 32-bit words, not all zero: for published test vectors. */
  static fromState(state: readonly [number, number, number, number]): Random {
    const random = new Random(0);
    [random.#a, random.#b, random.#c, random.#d] = [
      state[0] | 0,
      state[1] | 0,
      state[2] | 0,
      state[3] | 0,
    ];
    return random;
  }

  /** 0 to 2^32 - 1, each equally likely. */
  uint32(): number {
    const b = this.#b;
    const scrambled = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    this.#c ^= this.#a;
    this.#d ^= b;
    this.#b = b ^ this.#c;
    this.#a ^= this.#d;
    this.#c ^= b << 9;
    this.#d = rotateLeft(this.#d, 11);
    return scrambled;
  }

  /** At least 0 and below 1, in steps of 2^-32. */
  unit(): number {
    return this.uint32() * 2 ** -32;
  }

  /** An integer of at least 0 and below `bound`, which is 1 to 2^32. The bias is below 2^-32. */
  below(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) {
      throw new RangeError(`Cannot draw below ${bound}: the bound is 1 to 2^32`);
    }
    return Math.floor(this.unit() * bound);
  }

  /** True with this probability: never at 0, always at 1. */
  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  /** Fills the bytes and returns them. */
  fill(bytes: Uint8Array): Uint8Array {
    for (let index = 0; index < bytes.length; index++) bytes[index] = this.uint32() >>> 24;
    return bytes;
  }

  /** `sizeBytes` new bytes. */
  bytes(sizeBytes: number): Uint8Array {
    return this.fill(new Uint8Array(sizeBytes));
  }

  /** One of the items. */
  pick<Item>(items: readonly Item[]): Item {
    if (items.length === 0) throw new RangeError("Cannot pick from no items");
    // Boundary cast: the index is inside, and `Item` itself may include undefined.
    return items[this.below(items.length)] as Item;
  }

  /** The items in a new, random order (Fisher and Yates). */
  shuffled<Item>(items: readonly Item[]): Item[] {
    const order = items.slice();
    for (let last = order.length - 1; last > 0; last--) {
      const other = this.below(last + 1);
      const kept = order[last] as Item;
      order[last] = order[other] as Item;
      order[other] = kept;
    }
    return order;
  }
}

/**
 * A 32-bit seed out of a text and a number (FNV-1a), so that parts of a simulation have sequences
 * of their own.
 */
export function seedFor(text: string, seed: number): number {
  let hash = mix(mix(seed + 0x9e3779b9 | 0) ^ Math.floor(seed / 2 ** 32)) ^ 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return mix(hash) >>> 0;
}

/** The finalizer of splitmix32 (constants of MurmurHash3's fmix32). */
function mix(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ mixed >>> 16, 0x85ebca6b);
  mixed = Math.imul(mixed ^ mixed >>> 13, 0xc2b2ae35);
  return mixed ^ mixed >>> 16;
}

function rotateLeft(value: number, bits: number): number {
  return value << bits | value >>> (32 - bits);
}
