/**
 * How well one route is: its round trip, how long it has been silent, and when to ask it.
 *
 * Judges only; what follows from it is decided in `failover.ts`. A PING goes end to end, from the client
 * leg to the server leg, so its PONG proves every hop of the route in both directions. Downstream frames
 * prove only half of that, which is why a route that carries traffic is asked as well.
 *
 * @module
 */
import { RttEstimator } from "../../rtt_estimator.ts";

/** PINGs whose time is remembered; at four a second the oldest is 2 s old. */
const PINGS_REMEMBERED = 8;

/** PONGs that may be missing one after the other before a route is suspected. */
const MISSED_PONGS = 3;

/** Shortest time after which a PONG counts as missing: below it are timers, ticks and Wi-Fi. */
const MIN_PONG_TIMEOUT_MS = 250;

/**
 * Shortest silence of an expected downstream that is suspicious. 250 ms would be kinder, but measured
 * from the last packet to the first over the other route it makes gaps of 250 ms + RTT + one tick, which
 * misses the bar of 300 ms; a wrong suspicion costs a few packets sent twice.
 */
const MIN_SILENCE_MS = 150;

/** Silence, times smoothed round trips, that is suspicious on long routes. */
const SILENCE_RTTS = 4;

/** Silence after which a route under traffic is asked at once instead of when the next PING is due. */
const ASK_AFTER_SILENCE_MS = 50;

/** State of one route, as its client leg sees it. */
export class RouteHealth {
  /** The round trip from end to end. */
  readonly rtt: RttEstimator = new RttEstimator();
  /** When the last authentic frame came. */
  heardAtMs: number = -Infinity;
  /** When the last PING left. */
  pingedAtMs: number = -Infinity;
  readonly #sentAtMs = new Float64Array(PINGS_REMEMBERED).fill(NaN);
  #nextId = 1;
  /** When the oldest PING left that nothing was heard after; `Infinity` when none waits. */
  #askedAtMs = Infinity;
  /** PINGs since the last PONG. */
  #unanswered = 0;
  #firstUnansweredAtMs = Infinity;
  /** When a relay said that it does not know the route; `Infinity` once something came over it since. */
  #hintedAtMs = Infinity;

  /** How long a silence is suspicious. */
  get silenceMs(): number {
    return Math.max(MIN_SILENCE_MS, this.rtt.hasSample ? SILENCE_RTTS * this.rtt.smoothedMs : 400);
  }

  /** How long a PONG is waited for. */
  get pongTimeoutMs(): number {
    return Math.max(
      MIN_PONG_TIMEOUT_MS,
      this.rtt.hasSample ? SILENCE_RTTS * this.rtt.smoothedMs : 500,
    );
  }

  /** Notes an authentic frame from the other side. */
  onHeard(nowMs: number): void {
    this.heardAtMs = nowMs;
    this.#askedAtMs = Infinity;
    this.#hintedAtMs = Infinity;
  }

  /** Notes a hint that the route is gone. Whoever sees our frames can forge one: it raises doubts only. */
  onHint(nowMs: number): void {
    this.#hintedAtMs = nowMs;
  }

  /** Notes a PING that leaves now, and returns the number that it carries. */
  onPing(nowMs: number): number {
    const id = this.#nextId;
    this.#nextId = id === 0xffff_ffff ? 1 : id + 1;
    this.#sentAtMs[id % PINGS_REMEMBERED] = nowMs;
    this.pingedAtMs = nowMs;
    if (this.#askedAtMs === Infinity) this.#askedAtMs = nowMs;
    if (this.#unanswered++ === 0) this.#firstUnansweredAtMs = nowMs;
    return id;
  }

  /** Takes a PONG; `false` when its PING is unknown, too old, or answered already. */
  onPong(id: number, nowMs: number): boolean {
    const age = this.#nextId > id ? this.#nextId - id : Infinity;
    const slot = id % PINGS_REMEMBERED;
    const sentAtMs = this.#sentAtMs[slot]!;
    if (age > PINGS_REMEMBERED || Number.isNaN(sentAtMs)) return false;
    this.#sentAtMs[slot] = NaN;
    this.rtt.sample(nowMs - sentAtMs, 0, nowMs);
    this.#unanswered = 0;
    this.#firstUnansweredAtMs = Infinity;
    return true;
  }

  /** Forgets what was asked and measured: the route begins anew, on the same relays or on others. */
  reset(): void {
    this.rtt.reset();
    this.#sentAtMs.fill(NaN);
    this.#askedAtMs = Infinity;
    this.#unanswered = 0;
    this.#firstUnansweredAtMs = Infinity;
    this.#hintedAtMs = Infinity;
    this.heardAtMs = -Infinity;
    this.pingedAtMs = -Infinity;
  }

  /** Whether nothing comes although something was asked for: half of the route or all of it is dead. */
  isSilent(nowMs: number): boolean {
    return nowMs >= this.silentAtMs;
  }

  /** When {@link isSilent} will hold unless something comes; `Infinity` while nothing is asked. */
  get silentAtMs(): number {
    if (this.#hintedAtMs !== Infinity) return this.#hintedAtMs;
    if (this.#askedAtMs === Infinity) return Infinity;
    // The PING had a fair chance: a route that was idle is not silent the moment it is asked.
    const fairMs = this.#askedAtMs +
      (this.rtt.hasSample ? this.rtt.smoothedMs + 4 * this.rtt.variationMs : 400);
    return Math.max(this.heardAtMs + this.silenceMs, fairMs);
  }

  /** Whether something was asked for and nothing came since. */
  get isWaiting(): boolean {
    return this.#askedAtMs !== Infinity;
  }

  /** Whether PONGs are missing, even if other frames come: the way there is dead. */
  isUnanswered(nowMs: number): boolean {
    return nowMs >= this.unansweredAtMs;
  }

  /** When {@link isUnanswered} will hold unless a PONG comes. */
  get unansweredAtMs(): number {
    if (this.#unanswered < MISSED_PONGS) return Infinity;
    return this.#firstUnansweredAtMs + this.pongTimeoutMs;
  }

  /** When to ask a route that carries traffic and has gone quiet; `Infinity` when that was done. */
  get askAtMs(): number {
    return this.#askedAtMs === Infinity ? this.heardAtMs + ASK_AFTER_SILENCE_MS : Infinity;
  }
}
