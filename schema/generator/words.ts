/**
 * Runs of bit slots as loads and stores of words: 32 bits at a time, then 16 and 8 for the rest, and
 * never a byte beyond the run.
 *
 * @module
 */
import { bytesForBits } from "../wire/bits.ts";
import type { BitSlot, FixedPlan, Run } from "./fixed_plan.ts";
import { plus, type Source } from "./source.ts";

/**
 * Emits the stores of a run. `nameOf` gives the variable that holds a slot's bits; bits above the
 * slot's width are zero.
 */
export function emitStores(
  out: Source,
  plan: FixedPlan,
  runIndex: number,
  nameOf: (slot: BitSlot) => string,
): void {
  const run = plan.runs[runIndex];
  if (run === undefined) return;
  const slots = plan.slots.filter((slot) => slot.kind === "bits" && slot.run === runIndex);
  const bytes = bytesForBits(run.bits);
  for (let start = 0; start < bytes; start += 4) {
    const parts: string[] = [];
    for (const slot of slots) {
      if (slot.kind !== "bits") continue;
      const shift = slot.offset - start * 8;
      if (shift >= 32 || shift + slot.bits <= 0) continue;
      const name = nameOf(slot);
      parts.push(shift === 0 ? name : shift > 0 ? `${name} << ${shift}` : `${name} >>> ${-shift}`);
    }
    emitStore(out, run.startByte + start, Math.min(4, bytes - start), parts.join(" | "));
  }
}

function emitStore(out: Source, byte: number, bytes: number, word: string): void {
  const at = plus("p", byte);
  if (bytes === 4) {
    out.line(`view.setInt32(${at}, ${word}, true);`);
  } else if (bytes === 3) {
    const name = out.declare("w", word);
    out.line(`view.setUint16(${at}, ${name}, true);`);
    out.line(`view.setUint8(${plus("p", byte + 2)}, ${name} >>> 16);`);
  } else if (bytes === 2) {
    out.line(`view.setUint16(${at}, ${word}, true);`);
  } else {
    out.line(`view.setUint8(${at}, ${word});`);
  }
}

/** Loads the words of a plan, each once and only when a slot needs it. */
export class WordLoader {
  readonly #out: Source;
  readonly #plan: FixedPlan;
  readonly #loaded = new Map<string, string>();

  /** A loader for a block at `p`. */
  constructor(out: Source, plan: FixedPlan) {
    this.#out = out;
    this.#plan = plan;
  }

  /**
   * An expression for the bits of a slot: an unsigned integer, except that a slot of 32 bits is the
   * signed integer of the same bits.
   */
  extract(slot: BitSlot): string {
    const run = this.#plan.runs[slot.run];
    if (run === undefined) return "0";
    const index = slot.offset >> 5;
    const shift = slot.offset & 31;
    const word = this.#word(run, slot.run, index);
    const width = Math.min(32, bytesForBits(run.bits) * 8 - index * 32);
    if (shift + slot.bits <= 32) {
      const shifted = shift === 0 ? word : `${word} >>> ${shift}`;
      return shift + slot.bits === width ? shifted : `${shifted} & ${maskOf(slot.bits)}`;
    }
    const next = this.#word(run, slot.run, index + 1);
    const joined = `${word} >>> ${shift} | ${next} << ${32 - shift}`;
    return slot.bits === 32 ? joined : `(${joined}) & ${maskOf(slot.bits)}`;
  }

  /** An expression for the padding after the last slot, or `undefined` when there is none. */
  padding(): string | undefined {
    const runIndex = this.#plan.runs.length - 1;
    const run = this.#plan.runs[runIndex];
    if (run === undefined || run.bits % 8 === 0) return undefined;
    const word = this.#word(run, runIndex, run.bits >> 5);
    return `${word} >>> ${run.bits & 31}`;
  }

  #word(run: Run, runIndex: number, index: number): string {
    const key = `${runIndex}.${index}`;
    let name = this.#loaded.get(key);
    if (name === undefined) {
      const byte = run.startByte + index * 4;
      const bytes = Math.min(4, bytesForBits(run.bits) - index * 4);
      name = this.#out.declare("w", loadOf(byte, bytes));
      this.#loaded.set(key, name);
    }
    return name;
  }
}

function loadOf(byte: number, bytes: number): string {
  const at = plus("p", byte);
  if (bytes === 4) return `view.getInt32(${at}, true)`;
  if (bytes === 1) return `view.getUint8(${at})`;
  const low = `view.getUint16(${at}, true)`;
  return bytes === 2 ? low : `${low} | view.getUint8(${plus("p", byte + 2)}) << 16`;
}

function maskOf(bits: number): number {
  return 2 ** bits - 1;
}
