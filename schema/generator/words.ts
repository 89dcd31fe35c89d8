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
 * Stores the slots of a fixed block, each word as soon as its last slot is known: with all stores at
 * the end, more values than registers would be alive at once.
 */
export class WordStorer {
  readonly #out: Source;
  readonly #plan: FixedPlan;
  /** Variables by slot, for the slots of the run that is being filled. */
  readonly #names = new Map<BitSlot, string>();
  #nextSlot = 0;
  #nextWordBit = 0;

  /** A storer for a block at `p`, for which there is room. */
  constructor(out: Source, plan: FixedPlan) {
    this.#out = out;
    this.#plan = plan;
  }

  /** Whether the next slot is a float that `DataView` stores itself. */
  get nextIsFloat(): boolean {
    return this.#plan.slots[this.#nextSlot]?.kind === "float";
  }

  /** Gives the next slot its variable; bits above the slot's width are zero. */
  put(name: string): void {
    const slot = this.#plan.slots[this.#nextSlot++];
    if (slot === undefined) return;
    if (slot.kind === "float") {
      this.#out.line(`view.setFloat${slot.bits}(${plus("p", slot.byte)}, ${name}, true);`);
      return;
    }
    const run = this.#plan.runs[slot.run];
    if (run === undefined) return;
    this.#names.set(slot, name);
    const covered = slot.offset + slot.bits;
    while (this.#nextWordBit + 32 <= covered) this.#storeWord(run, 4);
    if (covered < run.bits) return;
    this.#storeWord(run, bytesForBits(covered - this.#nextWordBit));
    this.#names.clear();
    this.#nextWordBit = 0;
  }

  #storeWord(run: Run, bytes: number): void {
    if (bytes <= 0) return;
    const start = this.#nextWordBit;
    const parts: string[] = [];
    for (const [slot, name] of this.#names) {
      const shift = slot.offset - start;
      if (shift >= 32 || shift + slot.bits <= 0) continue;
      parts.push(shift === 0 ? name : shift > 0 ? `${name} << ${shift}` : `${name} >>> ${-shift}`);
    }
    emitStore(this.#out, run.startByte + start / 8, bytes, parts.join(" | "));
    this.#nextWordBit += 32;
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
