/**
 * Turns totals, looked at from time to time, into rates and their past.
 *
 * @module
 */
import type { FrameTraffic, TrafficRates } from "./relay_snapshot.ts";

/** Rates that are remembered: two minutes of one a second. */
const REMEMBERED = 120;

/** The rates of a relay. Call {@link TrafficHistory.add} at equal intervals, such as once a second. */
export class TrafficHistory {
  #last: { readonly sums: readonly number[]; readonly atMs: number } | undefined;
  #rates: TrafficRates = { framesIn: 0, framesOut: 0, bitsIn: 0, bitsOut: 0 };
  readonly #framesPerSecond: number[] = [];

  /** What moved per second between the last two looks. */
  get rates(): TrafficRates {
    return this.#rates;
  }

  /** Frames in and out per second, oldest first, 120 at most. */
  get framesPerSecond(): readonly number[] {
    return this.#framesPerSecond;
  }

  /** Looks at the totals. A second look at the same time is ignored. */
  add(traffic: readonly FrameTraffic[], nowMs: number): void {
    const total = (name: "received" | "sent" | "receivedBytes" | "sentBytes"): number =>
      traffic.reduce((sum, frames) => sum + frames[name], 0);
    const sums = [total("received"), total("sent"), total("receivedBytes"), total("sentBytes")];
    const last = this.#last;
    if (last !== undefined && nowMs <= last.atMs) return;
    this.#last = { sums, atMs: nowMs };
    if (last === undefined) return;
    const seconds = (nowMs - last.atMs) / 1_000;
    const [framesIn = 0, framesOut = 0, bytesIn = 0, bytesOut = 0] = sums.map((sum, at) =>
      (sum - last.sums[at]!) / seconds
    );
    this.#rates = { framesIn, framesOut, bitsIn: 8 * bytesIn, bitsOut: 8 * bytesOut };
    this.#framesPerSecond.push(framesIn + framesOut);
    if (this.#framesPerSecond.length > REMEMBERED) this.#framesPerSecond.shift();
  }
}
