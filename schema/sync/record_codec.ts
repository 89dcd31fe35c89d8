/**
 * Records: the fields of one entity as bits, for one view. What generated and interpreted code share.
 *
 * @module
 */
import { assertWritable, findFault } from "../check.ts";
import { type Backend, type Codec, codecOf } from "../codec.ts";
import { Refusal } from "../refusal.ts";
import type { BlobItem } from "./layout.ts";
import type { WordReader, WordWriter } from "./word_stream.ts";

/** Where a reader puts values that are no numbers. */
export interface BlobStore {
  /** Keeps a value of a blob and returns what its column holds from now on; 0 is the default value. */
  put(blob: number, value: unknown): number;
}

/** Forgets: for records that are read only to get past them. */
export const NO_STORE: BlobStore = Object.freeze({ put: () => 0 });

/** Writes and reads the fields of an entity type that one view sees. */
export interface RecordCodec {
  /**
   * Writes what differs between two states: the change mask, then the units that it names. The caller
   * has reserved `maxRecordBits`.
   *
   * @param now Columns of the new state from `at`; `base` from `from` is the state that the reader has.
   * @param blobs The values of the blobs.
   */
  writeUpdate(
    out: WordWriter,
    now: Int32Array,
    at: number,
    base: Int32Array,
    from: number,
    blobs: readonly unknown[],
  ): void;
  /** Writes all fields, `once` ones too. */
  writeSpawn(out: WordWriter, now: Int32Array, at: number, blobs: readonly unknown[]): void;
  /**
   * Reads an update. Columns of `now` are undefined after a refusal.
   *
   * @param isChecked False to get past a record whose baseline is not there: then nothing that depends on
   * it is checked, and what ends up in `now` means nothing.
   * @returns 0, or a negated reason of `Refusal`. Never throws for any bits. The caller looks whether the
   * reader passed its end.
   */
  readUpdate(
    input: WordReader,
    now: Int32Array,
    at: number,
    base: Int32Array,
    from: number,
    store: BlobStore,
    isChecked: boolean,
  ): number;
  /** Reads all fields; the columns of fields outside the view stay as they are. As {@link readUpdate}. */
  readSpawn(input: WordReader, now: Int32Array, at: number, store: BlobStore): number;
}

/** One blob of an entity type. */
export class BlobCodec {
  readonly #item: BlobItem;
  readonly #codec: Codec<{ value: unknown }>;
  readonly #scratch: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;

  constructor(name: string, item: BlobItem, backend: Backend) {
    this.#item = item;
    this.#codec = codecOf(item.node, `${name}.${item.path.join(".")}`, backend);
    this.#scratch = new Uint8Array(item.maxBytes);
    this.#view = new DataView(this.#scratch.buffer);
  }

  /** Throws the error that fits a value which the schema does not allow. */
  assertWritable(name: string, value: unknown): void {
    // The boxed node, so that a fault has the path of the property; "value" is ours and is cut out.
    const { node, path } = this.#item;
    if (findFault(node, { value }) === undefined) return;
    assertWritable(`${name}.${path.join(".")}`, node.fields[0]!.node, value);
  }

  /** Whether two writable values have equal bytes. */
  isEqual(left: unknown, right: unknown): boolean {
    if (left === right && typeof left !== "object") return true;
    const a = this.#codec.encode({ value: left });
    const b = this.#codec.encode({ value: right });
    return a.length === b.length && a.every((byte, i) => byte === b[i]);
  }

  /** Writes the length in bytes, then the bytes. */
  write(out: WordWriter, value: unknown): void {
    const size = this.#codec.write(this.#view, 0, { value });
    if (this.#item.lengthBits > 0) out.put(size, this.#item.lengthBits);
    for (let i = 0; i < size; i++) out.put(this.#scratch[i]!, 8);
  }

  /**
   * Reads and keeps a value.
   *
   * @returns What {@link BlobStore.put} returned, or a negated reason.
   */
  read(input: WordReader, store: BlobStore): number {
    const { lengthBits, maxBytes, index } = this.#item;
    const size = lengthBits > 0 ? input.take(lengthBits) : 0;
    if (size > maxBytes) return -Refusal.count;
    if (input.position + size * 8 > input.end) return -Refusal.short;
    for (let i = 0; i < size; i++) this.#scratch[i] = input.take(8);
    const boxed = this.#codec.create();
    const end = this.#codec.read(this.#view, 0, size, boxed);
    return end < 0 ? end : store.put(index, boxed.value);
  }
}
