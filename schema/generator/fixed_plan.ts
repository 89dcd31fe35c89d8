/**
 * Where each part of a fixed block lies: bit offsets known now, so that generated code loads and
 * stores whole 32-bit words instead of moving a cursor.
 *
 * @module
 */
import { fixedBytes, isLeaf } from "../layout.ts";
import type { LeafNode, Node } from "../node.ts";

/** A part of at most 32 bits inside a run of words. */
export interface BitSlot {
  /** Discriminates {@link Slot}. */
  readonly kind: "bits";
  /** Number of its run. */
  readonly run: number;
  /** First bit, counted from the start of the run. */
  readonly offset: number;
  /** Width, 1 to 32. */
  readonly bits: number;
}

/** A float at a byte boundary, which `DataView` can load and store by itself. */
export interface FloatSlot {
  /** Discriminates {@link Slot}. */
  readonly kind: "float";
  /** First byte, counted from the start of the block. */
  readonly byte: number;
  /** Its width. */
  readonly bits: 32 | 64;
}

/** A part of a fixed block. */
export type Slot = BitSlot | FloatSlot;

/** Neighboring bit slots, loaded and stored as words; starts at a byte boundary. */
export interface Run {
  /** First byte, counted from the start of the block. */
  readonly startByte: number;
  /** Width of all slots together. */
  bits: number;
}

/** The fixed block of one block. */
export interface FixedPlan {
  /** The parts in wire order: exactly as the emitters walk the tree. */
  readonly slots: readonly Slot[];
  /** The runs that the bit slots belong to. */
  readonly runs: readonly Run[];
  /** Size of the block. */
  readonly bytes: number;
}

/** Plans the fixed block of a node that is a block of its own. */
export function planFixed(node: Node): FixedPlan {
  const planner = new Planner();
  planner.add(node);
  return { slots: planner.slots, runs: planner.runs, bytes: fixedBytes(node) };
}

class Planner {
  readonly slots: Slot[] = [];
  readonly runs: Run[] = [];
  #offset = 0;
  #runIsOpen = false;

  add(node: Node): void {
    if (isLeaf(node)) {
      this.#addLeaf(node);
      return;
    }
    switch (node.kind) {
      case "varint":
        break;
      case "optional":
        this.#addBits(1);
        break;
      case "struct":
        for (const field of node.fields) if (field.carried) this.add(field.node);
        break;
      default:
        this.#addBits(node.bits);
    }
  }

  #addLeaf(node: LeafNode): void {
    switch (node.kind) {
      case "bool":
        this.#addBits(1);
        break;
      case "float":
        this.#addFloat(node.bits);
        break;
      case "quantized":
      case "compressedFloat":
        this.#addBits(node.grid.bits);
        break;
      case "quaternion":
        this.#addBits(2);
        for (let i = 0; i < 3; i++) this.#addBits(node.bits);
        break;
      default:
        this.#addBits(node.bits);
    }
  }

  /** Wide integers are two slots, low 32 bits first; integers of no width are none. */
  #addBits(bits: number): void {
    for (let left = bits; left > 0; left -= 32) this.#addSlot(Math.min(left, 32));
  }

  #addSlot(bits: number): void {
    if (!this.#runIsOpen) {
      this.runs.push({ startByte: this.#offset / 8, bits: 0 });
      this.#runIsOpen = true;
    }
    const index = this.runs.length - 1;
    const run = this.runs[index];
    if (run === undefined) return;
    this.slots.push({ kind: "bits", run: index, offset: run.bits, bits });
    run.bits += bits;
    this.#offset += bits;
  }

  #addFloat(bits: 32 | 64): void {
    if (this.#offset % 8 !== 0) {
      this.#addBits(bits);
      return;
    }
    this.slots.push({ kind: "float", byte: this.#offset / 8, bits });
    this.#offset += bits;
    this.#runIsOpen = false;
  }
}
