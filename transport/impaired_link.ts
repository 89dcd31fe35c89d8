/**
 * Applies an impairment to one direction: time and size in, times of arrival out.
 *
 * It holds no datagrams, reads no clock and arms no timer. The same seed and the same calls give the
 * same answers. Order of events, as on a real path: too long for the path, waiting for bandwidth, loss
 * on the wire, delay, duplication.
 *
 * @module
 */
import { completeImpairment, type Impairment, type ImpairmentOptions } from "./impairment.ts";
import { Random } from "./random.ts";

/** Why a link dropped a datagram: over the MTU, queue full, independent loss, loss in a burst. */
export type LinkDrop = "mtu" | "queue" | "loss" | "burst";

/** What a link has done since it was made. */
export interface LinkCounters {
  /** Datagrams that were offered. */
  offered: number;
  /** Dropped: longer than `mtuBytes`. */
  mtu: number;
  /** Dropped: the queue for bandwidth was full. */
  queue: number;
  /** Dropped: independent loss. */
  loss: number;
  /** Dropped: loss in a burst. */
  burst: number;
  /** Delivered twice. */
  duplicated: number;
  /** Copies that were held back to be overtaken. */
  reordered: number;
}

/** One direction of an impaired path. */
export class ImpairedLink {
  /** What it applies. */
  readonly impairment: Impairment;
  /** Live counters. */
  readonly counters: LinkCounters = {
    offered: 0,
    mtu: 0,
    queue: 0,
    loss: 0,
    burst: 0,
    duplicated: 0,
    reordered: 0,
  };
  /** Times of arrival that the last {@link ImpairedLink.offer} decided; valid until the next. */
  readonly arrivalsMs: Float64Array = new Float64Array(2);
  /** Why the last offer was dropped; `undefined` if it was not. */
  lastDrop: LinkDrop | undefined;

  readonly #random: Random;
  readonly #bytesPerMs: number;
  /** Tokens of the bucket; below 0 they are the bytes that wait, and their time is how long. */
  #tokensBytes: number;
  #tokensAtMs = -Infinity;
  #inBurst = false;

  /**
   * The seed decides, not the one that the impairment may name: who applies an impairment to several
   * directions derives a seed for each, lest all lose the same datagrams.
   *
   * @throws {RangeError} for an impairment out of bounds.
   */
  constructor(impairment: ImpairmentOptions, seed: number) {
    this.impairment = completeImpairment(impairment);
    this.#random = new Random(seed);
    this.#bytesPerMs = this.impairment.rateBytesPerSecond / 1_000;
    this.#tokensBytes = this.impairment.bucketBytes;
  }

  /** Offers a datagram; returns how many copies arrive, 0 to 2, at {@link ImpairedLink.arrivalsMs}. */
  offer(nowMs: number, sizeBytes: number): number {
    const { impairment, counters, arrivalsMs } = this;
    counters.offered++;
    this.lastDrop = undefined;
    if (sizeBytes > impairment.mtuBytes) return this.#drop("mtu");
    let departureMs = nowMs;
    if (impairment.rateBytesPerSecond !== Infinity) {
      departureMs = this.#departureMs(nowMs, sizeBytes);
      if (departureMs < 0) return this.#drop("queue");
    }
    if (impairment.burstEnter > 0 && this.#lostInBurst()) return this.#drop("burst");
    if (impairment.loss > 0 && this.#random.chance(impairment.loss)) return this.#drop("loss");
    arrivalsMs[0] = departureMs + this.#delayMs();
    if (impairment.duplicate === 0 || !this.#random.chance(impairment.duplicate)) return 1;
    counters.duplicated++;
    arrivalsMs[1] = departureMs + this.#delayMs();
    return 2;
  }

  /** When the token bucket lets the datagram go; -1 when the queue has no room for it. */
  #departureMs(nowMs: number, sizeBytes: number): number {
    const { bucketBytes, queueBytes } = this.impairment;
    // Time never goes back, but the first call may come at any time.
    const refillBytes = Math.max(0, nowMs - this.#tokensAtMs) * this.#bytesPerMs;
    const tokensBytes = Math.min(bucketBytes, this.#tokensBytes + refillBytes) - sizeBytes;
    if (-tokensBytes > queueBytes) return -1;
    this.#tokensBytes = tokensBytes;
    this.#tokensAtMs = nowMs;
    return tokensBytes >= 0 ? nowMs : nowMs - tokensBytes / this.#bytesPerMs;
  }

  #lostInBurst(): boolean {
    const { burstEnter, burstLeave, burstLoss } = this.impairment;
    if (this.#inBurst) {
      if (this.#random.chance(burstLeave)) this.#inBurst = false;
    } else if (this.#random.chance(burstEnter)) {
      this.#inBurst = true;
    }
    return this.#inBurst && this.#random.chance(burstLoss);
  }

  #delayMs(): number {
    const { delayMs, jitterMs, reorder, reorderDelayMs } = this.impairment;
    let totalMs = delayMs;
    if (jitterMs > 0) totalMs += jitterMs * (2 * this.#random.unit() - 1);
    if (totalMs < 0) totalMs = 0;
    if (reorder > 0 && this.#random.chance(reorder)) {
      this.counters.reordered++;
      totalMs += reorderDelayMs;
    }
    return totalMs;
  }

  #drop(reason: LinkDrop): number {
    this.counters[reason]++;
    this.lastDrop = reason;
    return 0;
  }
}
