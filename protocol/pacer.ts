/**
 * How fast a session may send: a paced rate that grows while the path is clean.
 *
 * Implements docs/protocol.md, "Pacing": a token bucket whose rate rises 10 % per round trip while
 * loss stays under 2 % and queueing under 20 ms, and falls to 85 % when loss exceeds 5 % of at least
 * 20 packets or queueing exceeds 60 ms for two round trips. Game traffic is application-limited, so
 * there is no window to fill: the rate only has to find the link's ceiling and stay below it. Loss that
 * does not become less when we send less is the path's, not ours (`loss_trial.ts`), and costs no rate.
 *
 * @module
 */
import { BACKOFF, LossTrial } from "./loss_trial.ts";
import { TokenBucket } from "./token_bucket.ts";

/** Bounds of the rate in bytes per second. */
export interface PacingOptions {
  /** Rate before anything is known. */
  readonly initialBytesPerSecond: number;
  /** Rate that a session may always use. */
  readonly floorBytesPerSecond: number;
  /** Rate that a session never exceeds; the peer's announced limit caps it further. */
  readonly ceilingBytesPerSecond: number;
}

/** 64 KB/s to start with, 8 KB/s at least, 1 MB/s at most. */
export const DEFAULT_PACING: PacingOptions = {
  initialBytesPerSecond: 64_000,
  floorBytesPerSecond: 8_000,
  ceilingBytesPerSecond: 1_000_000,
};

const GROWTH_PER_RTT = 1.1;
/** Share of the rate that must be in use for it to grow. */
const USED_SHARE = 0.5;
const CLEAN_LOSS = 0.02;
const LOSS_SAMPLE_PACKETS = 20;
const CLEAN_QUEUEING_MS = 20;
const LONG_QUEUEING_MS = 60;
const LONG_QUEUEING_ROUNDS = 2;
/** A burst may be what accumulates between two ticks at 20 Hz, but never under ten packets. */
const BURST_MS = 50;
const MIN_BURST_BYTES = 12_000;
/** Nor more than half of what the peer accepts at once, which is a second's worth of what it announced. */
const MAX_BURST_MS = 500;

/** The rate of one session. */
export class Pacer {
  readonly #options: PacingOptions;
  #ceiling: number;
  readonly #bytes: TokenBucket;
  readonly #packets: TokenBucket;
  #rate: number;
  readonly #trial = new LossTrial();
  #roundStartMs: number;
  #roundEndMs = 0;
  #longRounds = 0;
  /** Since the round began. */
  #roundAcked = 0;
  #roundSentBytes = 0;
  /** Since loss was judged last; a round of a slow session has too few packets for that. */
  #sampleStartMs: number;
  #sampleAcked = 0;
  #sampleLost = 0;
  #sampleSentBytes = 0;
  #judgedLoss = 0;

  constructor(options: PacingOptions, nowMs: number) {
    this.#options = options;
    this.#roundStartMs = nowMs;
    this.#sampleStartMs = nowMs;
    this.#ceiling = options.ceilingBytesPerSecond;
    this.#rate = Math.min(options.initialBytesPerSecond, this.#ceiling);
    this.#bytes = new TokenBucket(this.#rate, burstOf(this.#rate), nowMs);
    this.#packets = new TokenBucket(Infinity, 1_000, nowMs);
  }

  /** Bytes per second that may be sent now. */
  get rateBytesPerSecond(): number {
    return this.#rate;
  }

  /** Obeys what the peer announced that it accepts. */
  limit(packetsPerSecond: number, bytesPerSecond: number, nowMs: number): void {
    this.#ceiling = Math.min(this.#options.ceilingBytesPerSecond, bytesPerSecond);
    this.#setRate(Math.min(this.#rate, this.#ceiling), nowMs);
    this.#packets.configure(packetsPerSecond, Math.max(packetsPerSecond / 4, 8), nowMs);
  }

  /** Whether a full packet may leave now. */
  canSend(nowMs: number): boolean {
    return this.#bytes.available(nowMs) > 0 && this.#packets.available(nowMs) >= 1;
  }

  /** When {@link canSend} will be true. */
  readyAtMs(nowMs: number): number {
    return Math.max(this.#bytes.readyAtMs(1, nowMs), this.#packets.readyAtMs(1, nowMs));
  }

  /** Notes a packet that left; control packets go into debt rather than wait. */
  onSent(sizeBytes: number, nowMs: number): void {
    this.#bytes.spend(sizeBytes, nowMs);
    this.#packets.spend(1, nowMs);
    this.#roundSentBytes += sizeBytes;
    this.#sampleSentBytes += sizeBytes;
  }

  /** Notes a packet that was acknowledged. */
  onAcked(): void {
    this.#roundAcked++;
    this.#sampleAcked++;
  }

  /** Notes a packet that was declared lost. */
  onLost(): void {
    this.#sampleLost++;
  }

  /** Notes a packet that was declared lost and has arrived after all. */
  onForgiven(): void {
    this.#sampleLost--;
    this.onAcked();
  }

  /** Adapts the rate once per round trip. */
  onRound(smoothedRttMs: number, queueingMs: number, nowMs: number): void {
    if (nowMs < this.#roundEndMs && nowMs >= this.#roundStartMs) return;
    const used = ratePerSecond(this.#roundSentBytes, this.#roundStartMs, nowMs);
    const isClean = this.#judgeLoss(nowMs);
    this.#longRounds = queueingMs > LONG_QUEUEING_MS ? this.#longRounds + 1 : 0;
    if (this.#longRounds >= LONG_QUEUEING_ROUNDS) {
      this.#setRate(this.#rate * BACKOFF, nowMs);
      this.#longRounds = 0;
    } else if (
      // A rate that nobody uses has proven nothing (RFC 7661, section 4.3).
      isClean && queueingMs < CLEAN_QUEUEING_MS && used >= this.#rate * USED_SHARE
    ) {
      this.#setRate(this.#rate * GROWTH_PER_RTT, nowMs);
    }
    this.#roundAcked = 0;
    this.#roundSentBytes = 0;
    this.#roundStartMs = nowMs;
    this.#roundEndMs = nowMs + smoothedRttMs;
  }

  /**
   * Judges loss when enough packets have been heard of. They are counted on over as many rounds as it takes:
   * a sample that began anew with every clean round would only ever count those with a loss.
   *
   * @returns Whether the path is clean as far as is known.
   */
  #judgeLoss(nowMs: number): boolean {
    const lost = Math.max(0, this.#sampleLost);
    const total = this.#sampleAcked + lost;
    if (total < LOSS_SAMPLE_PACKETS) {
      return this.#roundAcked > 0 && lost === 0 && this.#judgedLoss < CLEAN_LOSS &&
        !this.#trial.isRunning;
    }
    this.#judgedLoss = lost / total;
    const sent = ratePerSecond(this.#sampleSentBytes, this.#sampleStartMs, nowMs);
    const rate = this.#trial.judge({
      rate: this.#rate,
      sent,
      floor: this.#floor,
      acked: this.#sampleAcked,
      lost,
    }, nowMs);
    if (rate !== this.#rate) this.#setRate(rate, nowMs);
    this.#sampleAcked = 0;
    this.#sampleLost = 0;
    this.#sampleSentBytes = 0;
    this.#sampleStartMs = nowMs;
    return this.#judgedLoss < CLEAN_LOSS && !this.#trial.isRunning;
  }

  get #floor(): number {
    return Math.min(this.#options.floorBytesPerSecond, this.#ceiling);
  }

  #setRate(bytesPerSecond: number, nowMs: number): void {
    this.#rate = Math.min(Math.max(bytesPerSecond, this.#floor), this.#ceiling);
    this.#bytes.configure(this.#rate, burstOf(this.#rate), nowMs);
  }
}

function ratePerSecond(bytes: number, sinceMs: number, nowMs: number): number {
  return bytes * 1000 / Math.max(nowMs - sinceMs, 1);
}

function burstOf(bytesPerSecond: number): number {
  const least = Math.min(MIN_BURST_BYTES, (bytesPerSecond * MAX_BURST_MS) / 1000);
  return Math.max((bytesPerSecond * BURST_MS) / 1000, least);
}
