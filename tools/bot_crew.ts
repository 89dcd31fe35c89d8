/**
 * The workers of a run of bots, from their start to the last report, and no longer.
 *
 * @module
 */
import type { FleetOptions, FromWorker, ToWorker } from "./bot_messages.ts";
import type { BotTally } from "./bot_summary.ts";

/**
 * What a worker gets beyond its time: to start, for the last answers, and to say goodbye. A worker that
 * is not done then hangs, and a run always ends.
 */
const OVERTIME_MS = 8_000;

/** Workers that report to a tally. */
export class BotCrew {
  /** Resolves when every worker is done or its time is over; rejects when one fails. */
  readonly finished: Promise<void>;
  readonly #workers: Worker[] = [];
  readonly #deadline: ReturnType<typeof setTimeout>;
  #isStopping = false;

  /** Starts the workers. */
  constructor(fleets: readonly FleetOptions[], tally: BotTally) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let running = fleets.length;
    fleets.forEach((options, index) => {
      const worker = new Worker(new URL("./bot_worker.ts", import.meta.url), { type: "module" });
      this.#workers.push(worker);
      worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
        tally.add(index, data.report);
        if (data.isLast && --running === 0) resolve();
      };
      worker.onerror = (event) => {
        // Without this the whole process would end with the worker's stack alone.
        event.preventDefault();
        reject(new Error(`A worker failed: ${event.message}`));
      };
      this.#tell(worker, { kind: "start", options });
    });
    const seconds = Math.max(...fleets.map((fleet) => fleet.seconds));
    this.#deadline = setTimeout(resolve, seconds * 1000 + OVERTIME_MS);
    this.finished = promise.finally(() => this.#dismiss());
  }

  /** Ends the run early, with everything that is reported at the end. */
  stop(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    for (const worker of this.#workers) this.#tell(worker, { kind: "stop" });
  }

  #tell(worker: Worker, message: ToWorker): void {
    worker.postMessage(message);
  }

  #dismiss(): void {
    clearTimeout(this.#deadline);
    for (const worker of this.#workers) worker.terminate();
  }
}
