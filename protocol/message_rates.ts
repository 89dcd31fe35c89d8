/**
 * How often one peer may send each message that declares a rate.
 *
 * @module
 */
import type { BoundMessage } from "../schema/mod.ts";
import { TokenBucket } from "./token_bucket.ts";

/** Buckets of the messages that declare a rate. */
export class MessageRates {
  /** By index of the message; made on first use. */
  readonly #buckets: (TokenBucket | undefined)[] = [];

  /** Takes the message's token; `false` when it came too soon. */
  take(message: BoundMessage, nowMs: number): boolean {
    const { rate } = message.options;
    if (rate === undefined) return true;
    let bucket = this.#buckets[message.index];
    if (bucket === undefined) {
      bucket = new TokenBucket(rate.perSecond, rate.burst, nowMs);
      this.#buckets[message.index] = bucket;
    }
    return bucket.take(1, nowMs);
  }
}
