/**
 * One line a second about a run of bots.
 *
 * @module
 */
import type { Output } from "../server/cli_output.ts";
import type { BotTally } from "./bot_summary.ts";

const INTERVAL_MS = 1_000;

/** Shows how a run goes; in a terminal always in the same line. */
export class BotProgress {
  readonly #output: Output;
  readonly #tally: BotTally;
  readonly #clients: number;
  readonly #elapsed: () => number;
  readonly #timer: ReturnType<typeof setInterval>;
  #sent = 0;
  #received = 0;
  #atSeconds = 0;

  /** @param elapsed Seconds since the run began. */
  constructor(output: Output, tally: BotTally, clients: number, elapsed: () => number) {
    this.#output = output;
    this.#tally = tally;
    this.#clients = clients;
    this.#elapsed = elapsed;
    this.#timer = setInterval(() => this.#show(), INTERVAL_MS);
  }

  /** Shows nothing any more. */
  stop(): void {
    clearInterval(this.#timer);
    if (this.#output.isTerminal) this.#output.write("\r\x1b[K");
  }

  #show(): void {
    const seconds = this.#elapsed();
    const { sent, received, failed } = this.#tally.summary(this.#clients, seconds);
    const span = seconds - this.#atSeconds;
    const { p50, p99 } = this.#tally.takeRecentRtt();
    const parts = [
      `${seconds.toFixed(0)} s`,
      `${this.#tally.online}/${this.#clients} bots`,
      `${((sent - this.#sent) / span).toFixed(0)} sent/s`,
      `${((received - this.#received) / span).toFixed(0)} received/s`,
    ];
    if (p50 !== null && p99 !== null) {
      parts.push(`round trip p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} ms`);
    }
    const failures = Object.values(failed).reduce((sum, count) => sum + count, 0);
    if (failures > 0) parts.push(`${failures} failed to connect`);
    this.#sent = sent;
    this.#received = received;
    this.#atSeconds = seconds;
    const line = parts.join("  ");
    if (this.#output.isTerminal) this.#output.write(`\r${line}\x1b[K`);
    else this.#output.line(line);
  }
}
