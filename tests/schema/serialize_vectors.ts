/**
 * Published vectors of the serialize 1.0 wire: the golden message and the bench shapes.
 *
 * Source: mas-bandwidth/serialize (STANDARD.md, test.cpp `test_golden_wire_format`) and
 * mas-bandwidth/serialize.js (test/golden-wire.test.js, bench/bench.js), BSD 3-Clause,
 * Copyright (c) 2016 - 2026 Más Bandwidth LLC. Only figures are taken, no code.
 *
 * @module
 */

/** Bytes from hexadecimal digits. */
export function fromHex(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** The golden message: 112 bytes, of which the last has 3 bits in use. */
export const GOLDEN = fromHex(
  "5ddaf7e6d577df56ef9f751952bcda0f4940f4555555555555" +
    "55fffcd148e059d148c07bf36ae259d14884b706deadbeefcafe0106676f6c64656ee3" +
    "210000c02100000022000000c0600080a27cfcec26cbffff4b1d1fefd21a1f01e9ffff" +
    "09192a3b4c5d6e7f786f5e4d3c2b1a0904",
);

/** Bits of the golden message that mean something. */
export const GOLDEN_BITS = 891;

/** A message shape of the benches: its size and its first and last of 64 variants. */
export interface Pin {
  /** Size of every variant. */
  readonly bytes: number;
  /** The first variant. */
  readonly variant0: string;
  /** The 64th variant: right only if each of 64 chained steps and each field is. */
  readonly variant63: string;
}

export const PIN_STREAM: Pin = {
  bytes: 49,
  variant0: "44fd43634d97ff0006d03f0000f0850000a08001809085f800fa8758dfaed800ac1f3e5d7c9bbad9f8" +
    "1736557493b2d1f0",
  variant63: "7e6bc3e30c348874a5bb360182748e0000a080018090858274d786d778b6ae016b1f3e5d7c9bbad9f8" +
    "1736557493b2d1f0",
};

export const PIN_INT: Pin = {
  bytes: 14,
  variant0: "44fd43634df7f390f5be45153d1b",
  variant63: "7e6bc3e30c14d7508df23ce1b915",
};

export const PIN_BITS: Pin = {
  bytes: 20,
  variant0: "fc073080fe51ff10eb5bdfec8acd07d03fc4fa06",
  variant63: "41a42bddb5f1daf01acf7866eb1aa4bb36bcc603",
};

export const PIN_GEN: Pin = {
  bytes: 21,
  variant0: "00fdfd43ac6f7cf0430cb1c6fa1ec007d03fc4fa66",
  variant63: "ba6b6bc36b3c416ac30bafbdc69116a4bb36bcc6d3",
};

/** The 64-bit linear congruential generator that drives the shapes; starts at 1. */
export class BenchRandom {
  #state = 1n;

  /** Steps the generator. */
  step(): void {
    this.#state = (this.#state * 6364136223846793005n + 1442695040888963407n) % (1n << 64n);
  }

  /** The low 32 bits of the state shifted right. */
  bits(shift: number): number {
    return Number((this.#state >> BigInt(shift)) & 0xffffffffn);
  }
}

/** The values of one shape, variant after variant. */
export type Vary<T> = (random: BenchRandom) => T;

/** Fields of the "generated packet", the shape with mixed fields. */
export interface GenPacket {
  sequence: number;
  ackBits: number;
  entityId: number;
  posX: number;
  posY: number;
  posZ: number;
  yaw: number;
  moving: boolean;
  firing: boolean;
  timestampLow: number;
  timestampHigh: number;
  weapon: number;
}

/** The next variant of {@link PIN_GEN}. */
export function varyGen(random: BenchRandom): GenPacket {
  random.step();
  return {
    sequence: random.bits(8) & 65535,
    ackBits: random.bits(16),
    entityId: random.bits(0) & 4095,
    posX: (random.bits(20) & 32767) - 16384,
    posY: (random.bits(25) & 32767) - 16384,
    posZ: (random.bits(30) & 32767) - 16384,
    yaw: random.bits(3) & 511,
    moving: (random.bits(0) & 1) !== 0,
    firing: (random.bits(0) & 2) !== 0,
    timestampLow: random.bits(0),
    timestampHigh: random.bits(32) & 65535,
    weapon: random.bits(60) & 15,
  };
}
