/**
 * Plays a network row for a long time and watches the heap meanwhile.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type MatrixResult, runRow } from "../simulation/matrix.ts";
import type { Mode } from "../simulation/modes.ts";
import type { NetworkRow } from "../simulation/network_rows.ts";
import { growthBytes, memoryBytes } from "./heap.ts";

/** Ticks between two looks at the heap. */
const TICKS_PER_LOOK = 600;

/** Growth that the tests' own notes of millions of messages, and what of a queue was not full yet, explain. */
const MOST_GROWTH_BYTES = 4 * 2 ** 20;

/** How a soak is done. */
export interface SoakOptions {
  readonly seed: number;
  /** Simulated minutes of sending. */
  readonly minutes: number;
}

/** What a soak came to. */
export interface SoakResult extends MatrixResult {
  /** How much more heap the last third of the time needed than the middle one. */
  readonly grownBytes: number;
}

/**
 * Soaks one row in one mode.
 *
 * @throws AssertionError when a promise is broken or the heap grows.
 */
export function soak(row: NetworkRow, mode: Mode, options: SoakOptions): SoakResult {
  const heapBytes: number[] = [];
  let ticks = 0;
  const result = runRow(row, mode, {
    seed: options.seed,
    activeMs: options.minutes * 60_000,
    drainMs: 600_000,
    onTick: () => {
      if (++ticks % TICKS_PER_LOOK === 0) heapBytes.push(memoryBytes());
    },
  });
  const grownBytes = growthBytes(heapBytes);
  const what = `${row.name}, ${mode.name}: the heap grew by ${grownBytes} bytes`;
  assert.ok(grownBytes <= MOST_GROWTH_BYTES, what);
  return { ...result, grownBytes };
}
