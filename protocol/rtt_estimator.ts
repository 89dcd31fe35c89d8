/**
 * Round-trip time, its variation and its floor, from acknowledgements.
 *
 * Implements docs/protocol.md, "Round-trip time" (RFC 9002, section 5, with a windowed minimum so
 * that a route that became longer is not taken for a queue for ever).
 *
 * @module
 */
import { MAX_ACK_DELAY_MS } from "./received_packets.ts";

/** Round trip assumed before the first sample: between neighbouring regions. */
export const INITIAL_RTT_MS = 100;

/** Smallest variation in the probe timeout, above the 1 ms lateness of timers. */
const MIN_VARIATION_MS = 5;

/** The probe timeout never exceeds this, so that a link that returns is noticed within a second. */
export const MAX_PROBE_TIMEOUT_MS = 1_000;

/** How long a minimum stands before it is measured anew. */
const MIN_RTT_WINDOW_MS = 10_000;

/** Smoothed estimates in milliseconds. */
export class RttEstimator {
  #smoothedMs = INITIAL_RTT_MS;
  #variationMs = INITIAL_RTT_MS / 2;
  #latestMs = 0;
  #minimumMs = Infinity;
  #nextMinimumMs = Infinity;
  #windowEndMs = 0;
  #jitterMs = 0;
  #samples = 0;

  /** Whether anything was measured yet. */
  get hasSample(): boolean {
    return this.#samples > 0;
  }

  /** Smoothed round-trip time. */
  get smoothedMs(): number {
    return this.#smoothedMs;
  }

  /** Mean deviation of the round-trip time. */
  get variationMs(): number {
    return this.#variationMs;
  }

  /** The newest sample, or 0. */
  get latestMs(): number {
    return this.#latestMs;
  }

  /** The smallest sample of the last 10 to 20 s, or 0 before the first one. */
  get minimumMs(): number {
    return this.#minimumMs === Infinity ? 0 : this.#minimumMs;
  }

  /** Smoothed difference between neighbouring samples (RFC 3550, section 6.4.1). */
  get jitterMs(): number {
    return this.#jitterMs;
  }

  /** How much longer than the floor packets take now: time spent in queues. */
  get queueingMs(): number {
    return this.#samples === 0 ? 0 : Math.max(0, this.#smoothedMs - this.#minimumMs);
  }

  /** Probe timeout without backoff: srtt + max(4 var, 5 ms) + the peer's ack delay. */
  get probeTimeoutMs(): number {
    const variation = Math.max(4 * this.#variationMs, MIN_VARIATION_MS);
    return Math.min(this.#smoothedMs + variation + MAX_ACK_DELAY_MS, MAX_PROBE_TIMEOUT_MS);
  }

  /** Age at which a packet older than the newest acknowledged one counts as lost: 9/8 RTT. */
  get lossDelayMs(): number {
    return Math.max(1.125 * Math.max(this.#smoothedMs, this.#latestMs), 1);
  }

  /** Takes a sample: time from send to acknowledgement, and how long the peer held the latter. */
  sample(elapsedMs: number, ackDelayMs: number, nowMs: number): void {
    const raw = Math.max(elapsedMs, 0.01);
    this.#trackMinimum(raw, nowMs);
    // The peer's delay is believed only as far as it does not bring the sample below the floor.
    const held = Math.min(ackDelayMs, MAX_ACK_DELAY_MS * 4);
    const adjusted = raw - held >= this.#minimumMs ? raw - held : raw;
    if (this.#samples === 0) {
      this.#smoothedMs = adjusted;
      this.#variationMs = adjusted / 2;
    } else {
      this.#jitterMs += (Math.abs(adjusted - this.#latestMs) - this.#jitterMs) / 16;
      this.#variationMs += (Math.abs(this.#smoothedMs - adjusted) - this.#variationMs) / 4;
      this.#smoothedMs += (adjusted - this.#smoothedMs) / 8;
    }
    this.#latestMs = adjusted;
    this.#samples++;
  }

  /** Forgets everything: the path is another one. */
  reset(): void {
    this.#smoothedMs = INITIAL_RTT_MS;
    this.#variationMs = INITIAL_RTT_MS / 2;
    this.#latestMs = 0;
    this.#minimumMs = Infinity;
    this.#nextMinimumMs = Infinity;
    this.#samples = 0;
    this.#jitterMs = 0;
  }

  #trackMinimum(raw: number, nowMs: number): void {
    if (nowMs >= this.#windowEndMs) {
      this.#minimumMs = this.#nextMinimumMs;
      this.#nextMinimumMs = Infinity;
      this.#windowEndMs = nowMs + MIN_RTT_WINDOW_MS;
    }
    if (raw < this.#nextMinimumMs) this.#nextMinimumMs = raw;
    if (raw < this.#minimumMs) this.#minimumMs = raw;
  }
}
