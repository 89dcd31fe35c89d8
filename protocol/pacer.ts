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
import { LossTrial } from "./loss_trial.ts";
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
const BACKOFF = 0.85;
const CLEAN_LOSS = 0.02;
const LOSSY = 0.05;
const LOSS_SAMPLE_PACKETS = 20;
const CLEAN_QUEUEING_MS = 20;
const LONG_QUEUEING_MS = 60;
const LONG_QUEUEING_ROUNDS = 2;
/** A burst may be what accumulates between two ticks at 20 Hz, but never under ten packets. */
const BURST_MS = 50;
const MIN_BURST_BYTES = 12_000;

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
  #roundAcked = 0;
  #roundLost = 0;
  #roundSentBytes = 0;
  #longRounds = 0;

  constructor(options: PacingOptions, nowMs: number) {
    this.#options = options;
    this.#roundStartMs = nowMs;
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
  }

  /** Notes a packet that was acknowledged. */
  onAcked(): void {
    this.#roundAcked++;
  }

  /** Notes a packet that was declared lost. */
  onLost(): void {
    this.#roundLost++;
  }

  /** Notes a packet that was declared lost and has arrived after all. */
  onForgiven(): void {
    this.#roundLost--;
    this.#roundAcked++;
  }

  /** Adapts the rate once per round trip. */
  onRound(smoothedRttMs: number, queueingMs: number, nowMs: number): void {
    if (nowMs < this.#roundEndMs && nowMs >= this.#roundStartMs) return;
    this.#roundEndMs = nowMs + smoothedRttMs;
    const total = this.#roundAcked + this.#roundLost;
    const loss = total <= 0 ? 0 : Math.max(0, this.#roundLost) / total;
    const judgesLoss = total >= LOSS_SAMPLE_PACKETS;
    // Too few packets to judge: keep counting into the next round trip.
    if (!judgesLoss && loss > CLEAN_LOSS) return;
    this.#longRounds = queueingMs > LONG_QUEUEING_MS ? this.#longRounds + 1 : 0;
    if (this.#longRounds >= LONG_QUEUEING_ROUNDS) {
      this.#setRate(this.#rate * BACKOFF, nowMs);
      this.#longRounds = 0;
    } else if (judgesLoss && loss > LOSSY) {
      if (!this.#trial.isTolerated(loss, nowMs)) this.#backOff(loss, nowMs);
    } else {
      if (judgesLoss) this.#trial.end();
      if (total > 0 && loss < CLEAN_LOSS && queueingMs < CLEAN_QUEUEING_MS) {
        this.#setRate(this.#rate * GROWTH_PER_RTT, nowMs);
      }
    }
    this.#roundAcked = 0;
    this.#roundLost = 0;
    this.#roundSentBytes = 0;
    this.#roundStartMs = nowMs;
  }

  #backOff(loss: number, nowMs: number): void {
    const seconds = Math.max(nowMs - this.#roundStartMs, 1) / 1000;
    const before = this.#trial.judge(this.#rate, this.#roundSentBytes / seconds, loss, nowMs);
    this.#setRate(before === 0 ? this.#rate * BACKOFF : before, nowMs);
  }

  #setRate(bytesPerSecond: number, nowMs: number): void {
    const floor = Math.min(this.#options.floorBytesPerSecond, this.#ceiling);
    this.#rate = Math.min(Math.max(bytesPerSecond, floor), this.#ceiling);
    this.#bytes.configure(this.#rate, burstOf(this.#rate), nowMs);
  }
}

function burstOf(bytesPerSecond: number): number {
  return Math.max((bytesPerSecond * BURST_MS) / 1000, MIN_BURST_BYTES);
}
