/**
 * Records of one frame, each encoded once for all clients that need it.
 *
 * What a record holds depends on the entity, the baseline and the view alone. In a crowd most clients
 * acknowledge the same frames, so a record is made once or twice and copied for everybody else.
 *
 * @module
 */
import type { EntityCodec } from "../../schema/sync/entity_codec.ts";
import { ENTITY_ID_BITS } from "../../schema/sync/snapshot_format.ts";
import { WordWriter } from "../../schema/sync/word_stream.ts";
import type { EntityStore } from "./entity_store.ts";

/** The baseline of a record that needs none. */
export const NO_BASELINE = 0;

/** The records of one entity type in one version of the protocol. */
export class RecordCache {
  /** Where the bits are. */
  readonly out: WordWriter = new WordWriter(new Int32Array(256));
  /** First word of each record. */
  at: Int32Array<ArrayBuffer> = new Int32Array(64);
  /** Its bits. */
  bits: Int32Array<ArrayBuffer> = new Int32Array(64);
  readonly #store: EntityStore;
  readonly #codec: EntityCodec;
  readonly #tagBits: number;
  #base = new Int32Array(64);
  #view = new Int32Array(64);
  #next = new Int32Array(64);
  #count = 0;
  #frame = -1;
  /** Frame in which the chain of a slot was begun, and its newest record. */
  #stamp = new Int32Array(0);
  #head = new Int32Array(0);

  constructor(store: EntityStore, codec: EntityCodec) {
    this.#store = store;
    this.#codec = codec;
    this.#tagBits = codec.layout.tags.length;
  }

  /** Forgets the records of other frames. */
  begin(frame: number): void {
    if (frame === this.#frame) return;
    this.#frame = frame;
    this.#count = 0;
    this.out.position = 0;
    const { capacity } = this.#store;
    if (this.#stamp.length >= capacity) return;
    this.#stamp = new Int32Array(capacity).fill(-1);
    this.#head = new Int32Array(capacity);
  }

  /**
   * The number of a record in this frame.
   *
   * @param base Frame of the baseline, whose columns the store has; {@link NO_BASELINE} for a spawn.
   */
  record(slot: number, base: number, view: number): number {
    const isFirst = this.#stamp[slot] !== this.#frame;
    let found = isFirst ? -1 : this.#head[slot]!;
    while (found !== -1) {
      if (this.#base[found] === base && this.#view[found] === view) return found;
      found = this.#next[found]!;
    }
    found = this.#count++;
    if (found === this.at.length) this.#grow();
    this.#base[found] = base;
    this.#view[found] = view;
    this.#next[found] = isFirst ? -1 : this.#head[slot]!;
    this.#head[slot] = found;
    this.#stamp[slot] = this.#frame;
    this.#encode(found, slot, base, view);
    return found;
  }

  #encode(entry: number, slot: number, base: number, view: number): void {
    const { out } = this;
    const store = this.#store;
    const { stride } = store;
    out.alignToWord();
    out.reserve(this.#codec.maxBits + 64);
    const start = out.position;
    if (base === NO_BASELINE) {
      out.put(store.ids[slot]!, ENTITY_ID_BITS);
      if (this.#tagBits > 0) out.put(view, this.#tagBits);
      this.#codec.records(view).writeSpawn(out, store.columns, slot * stride, store.blobs[slot]!);
    } else {
      if (this.#tagBits > 0) out.put(view, this.#tagBits);
      const at = slot * stride;
      const old = store.baseline(slot, base)!;
      this.#codec.records(view).writeUpdate(out, store.columns, at, old, at, store.blobs[slot]!);
    }
    this.at[entry] = start >>> 5;
    this.bits[entry] = out.position - start;
  }

  #grow(): void {
    const size = this.at.length * 2;
    this.at = grown(this.at, size);
    this.bits = grown(this.bits, size);
    this.#base = grown(this.#base, size);
    this.#view = grown(this.#view, size);
    this.#next = grown(this.#next, size);
  }
}

/** A longer copy. */
export function grown(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(length);
  copy.set(array);
  return copy;
}
