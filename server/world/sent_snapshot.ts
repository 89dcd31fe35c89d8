/**
 * What a snapshot held, until it is known whether it arrived.
 *
 * @module
 */
import type { DeliveryCallback, DeliveryResult } from "../../protocol/message_pool.ts";
import { grown } from "./record_cache.ts";

/** Marks the end of an entity among the records. */
export const REMOVAL_FLAG = 0x4000_0000;

/** A snapshot under way. Used again and again, together with its callback. */
export class SentSnapshot {
  /** The frame. */
  frame = 0;
  /** The epoch. */
  epoch = 0;
  /** What it held: `type * 65536 + slot`, with {@link REMOVAL_FLAG}. */
  records: Int32Array<ArrayBuffer> = new Int32Array(64);
  /** How many. */
  count = 0;
  /** Called with its fate. */
  readonly onResult: DeliveryCallback;

  /** @param settle Told of the fate; may use the object again afterwards. */
  constructor(settle: (snapshot: SentSnapshot, result: DeliveryResult) => void) {
    this.onResult = (result) => settle(this, result);
  }

  /** Notes a record. */
  add(record: number): void {
    if (this.count === this.records.length) this.records = grown(this.records, this.count * 2);
    this.records[this.count++] = record;
  }
}
