/**
 * What a server says to a relay whose route it does not know: that relay's own frame, turned around.
 *
 * Never longer than what caused it, and rare: a server that has restarted is found out within a round trip,
 * a stranger gets nothing to aim with.
 *
 * @module
 */
import { type Address, sourceKey } from "../../address.ts";
import { KeyedBuckets, TokenBucket } from "../../token_bucket.ts";
import { RELAY_HEADER_BYTES, RelayFlag, RelayFrameType } from "../relay_frame.ts";

/** Hints to one source and in all, a second: the figures of a relay. */
const HINTS_PER_SECOND_PER_SOURCE = 10;
const HINTS_PER_SECOND = 1_000;

/** Writes hints. */
export class NoSessionHints {
  readonly #frame = new Uint8Array(RELAY_HEADER_BYTES);
  readonly #perSource = new KeyedBuckets(HINTS_PER_SECOND_PER_SOURCE, HINTS_PER_SECOND_PER_SOURCE);
  readonly #total: TokenBucket;

  /** Begins with full buckets. */
  constructor(nowMs: number) {
    this.#total = new TokenBucket(HINTS_PER_SECOND, HINTS_PER_SECOND, nowMs);
  }

  /** The hint that answers a frame, valid until the next call; `undefined` when there is to be none. */
  answer(frame: Uint8Array, from: Address, nowMs: number): Uint8Array | undefined {
    if (frame.byteLength <= RELAY_HEADER_BYTES) return undefined;
    if (!this.#perSource.take(sourceKey(from.hostname), nowMs)) return undefined;
    if (!this.#total.take(1, nowMs)) return undefined;
    const hint = this.#frame;
    hint.set(frame.subarray(0, RELAY_HEADER_BYTES));
    hint[0] = hint[0]! & 0xf0 | RelayFrameType.noSession;
    hint[2]! ^= RelayFlag.downstream;
    return hint;
  }
}
