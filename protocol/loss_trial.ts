/**
 * Finds out whether the loss on a path is ours: whether sending less makes a larger share arrive.
 *
 * A link that is full delivers what it can, so a sender that backs off by a quarter sees the share that
 * arrives rise by a third. Radio that loses three packets in ten loses three in ten of less too; backing
 * off there only takes rate from the game, down to the floor. The trial compares both expectations with
 * what is seen once the rate in use has fallen far enough to tell them apart.
 *
 * @module
 */

/** The rate in use must have fallen to this share: at 40 packets the two expectations are then apart. */
const TRIAL_SHARE = 0.75;

/** How long loss that is not ours is put up with before it is tried again: conditions change. */
const TOLERANCE_MS = 10_000;

/** Loss that is never put up with, whoever causes it. */
const INTOLERABLE_LOSS = 0.5;

/** One trial after the other, for one session. */
export class LossTrial {
  #rateBefore = 0;
  #sentBefore = 0;
  #survivalBefore = 0;
  #isRunning = false;
  #tolerantUntilMs = -Infinity;

  /** Whether loss of this share is put up with now. */
  isTolerated(loss: number, nowMs: number): boolean {
    return nowMs < this.#tolerantUntilMs && loss <= INTOLERABLE_LOSS;
  }

  /**
   * Judges a round with loss.
   *
   * @param rate Rate that was allowed, in bytes per second.
   * @param sent Rate that was used, in bytes per second.
   * @param loss Share of packets that were lost, 0 to 1.
   * @returns The rate to go back to when the loss is not ours, or 0 while backing off is right.
   */
  judge(rate: number, sent: number, loss: number, nowMs: number): number {
    const survival = 1 - loss;
    if (!this.#isRunning) {
      this.#begin(rate, sent, survival);
      return 0;
    }
    if (sent > this.#sentBefore * TRIAL_SHARE) return 0;
    const expected = Math.min(1, this.#survivalBefore * this.#sentBefore / Math.max(sent, 1));
    if (survival >= (this.#survivalBefore + expected) / 2 || loss > INTOLERABLE_LOSS) {
      this.#begin(rate, sent, survival);
      return 0;
    }
    this.#isRunning = false;
    this.#tolerantUntilMs = nowMs + TOLERANCE_MS;
    return this.#rateBefore;
  }

  /** A round without much loss: whatever was lost before, it is over. */
  end(): void {
    this.#isRunning = false;
  }

  #begin(rate: number, sent: number, survival: number): void {
    this.#isRunning = true;
    this.#rateBefore = rate;
    this.#sentBefore = sent;
    this.#survivalBefore = survival;
  }
}
