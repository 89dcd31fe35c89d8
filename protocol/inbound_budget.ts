/**
 * What a peer may send us: packets and bytes per second.
 *
 * @module
 */
import type { SessionLimits } from "./limits.ts";
import { TokenBucket } from "./token_bucket.ts";

/** Bursts that are accepted: one second's worth, since networks deliver in lumps. */
const BURST_SECONDS = 1;

/** Two buckets. Only authentic packets use them up, so that nobody else can silence a peer. */
export class InboundBudget {
  readonly #packets: TokenBucket;
  readonly #bytes: TokenBucket;

  constructor(limits: SessionLimits, nowMs: number) {
    const { packetsPerSecond, bytesPerSecond } = limits;
    this.#packets = new TokenBucket(packetsPerSecond, packetsPerSecond * BURST_SECONDS, nowMs);
    this.#bytes = new TokenBucket(bytesPerSecond, bytesPerSecond * BURST_SECONDS, nowMs);
  }

  /** Whether another packet is worth opening. */
  hasRoom(nowMs: number): boolean {
    return this.#packets.available(nowMs) >= 1 && this.#bytes.available(nowMs) > 0;
  }

  /** Notes an authentic packet. */
  spend(sizeBytes: number, nowMs: number): void {
    this.#packets.spend(1, nowMs);
    this.#bytes.spend(sizeBytes, nowMs);
  }
}
