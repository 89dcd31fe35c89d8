/**
 * The frame of a snapshot: numbers of docs/sync_wire.md that writer and reader share.
 *
 * @module
 */

/** Bits of epoch, frame and tick at the head of every snapshot. */
export const SNAPSHOT_HEADER_BITS = 64;

/** Bits of the epoch. */
export const EPOCH_BITS = 8;

/** Bits of a frame's number that travel. */
export const FRAME_BITS = 24;

/** Frames are counted modulo this on the wire. */
export const FRAME_MODULUS: number = 2 ** FRAME_BITS;

/** Bits of a baseline's age. */
export const AGE_BITS = 6;

/** Oldest baseline that a server keeps: its ring has one frame more. */
export const MAX_BASELINE_AGE = 63;

/** Frames that both ends keep. */
export const RING_FRAMES = 64;

/** Bits of an entity's number. */
export const ENTITY_ID_BITS = 16;

/** Largest number of an entity; 0 is none. */
export const MAX_ENTITY_ID = 65_535;

/** Places for entities of one type: a gap of the index ladder has 16 bits. */
export const MAX_SLOTS = 65_536;

/** The ladder of gaps: gap 1 takes 1 bit, then as many bits as the step says. */
export const LADDER = {
  /** First gap of the second step, written in 3 bits after `10`. */
  short: 2,
  /** First gap of the third step, written in 6 bits after `110`. */
  middle: 10,
  /** First gap of the fourth step, written in 16 bits after `1110`. */
  long: 74,
} as const;

/** Bits that a snapshot ends with: `1111` for the section and a 0 for the snapshot. */
export const SNAPSHOT_END_BITS = 5;

/** Bits of everything around the largest record of a snapshot that has no other. */
export function snapshotOverheadBits(typeBits: number): number {
  const prefix = 20 + 2 + 1 + AGE_BITS + FRAME_BITS;
  return SNAPSHOT_HEADER_BITS + 1 + typeBits + prefix + ENTITY_ID_BITS + 8 + SNAPSHOT_END_BITS;
}

/** The frame nearest to `reference` with these low bits. */
export function unwrapFrame(truncated: number, reference: number): number {
  const distance = (truncated - reference) << (32 - FRAME_BITS) >> (32 - FRAME_BITS);
  return reference + distance;
}
