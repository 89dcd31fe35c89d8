/**
 * What `tools/bots.ts` and its workers say to each other.
 *
 * @module
 */

/** What a worker is to do. */
export interface FleetOptions {
  /** Connect URL with the server's key. */
  readonly url: string;
  /** URL of the bot module. */
  readonly botUrl: string;
  /** Bots of this worker. */
  readonly count: number;
  /** Number of the first. */
  readonly firstNumber: number;
  /** Actions a second of each. */
  readonly ratePerSecond: number;
  /** Connections begun a second. */
  readonly rampPerSecond: number;
  /** Bots a second that leave and are replaced. */
  readonly churnPerSecond: number;
  /** Impairment of their traffic. */
  readonly sim: string | undefined;
  /** Decides their random numbers. */
  readonly seed: number;
  /** How long they run. */
  readonly seconds: number;
}

/** To a worker. */
export type ToWorker =
  | { readonly kind: "start"; readonly options: FleetOptions }
  | { readonly kind: "stop" };

/** What a fleet did so far. Samples are those since the last report; all else is since the beginning. */
export interface FleetReport {
  /** Connections begun. */
  readonly attempted: number;
  /** Connections made. */
  readonly connected: number;
  /** Bots that are connected now. */
  readonly online: number;
  /** Connections that failed, by code. */
  readonly failed: Readonly<Record<string, number>>;
  /** Connections that ended although nobody wanted it. */
  readonly dropped: number;
  /** What the bots sent. */
  readonly sent: number;
  /** What came back. */
  readonly received: number;
  /** What did not. */
  readonly lost: number;
  /** Actions left out because the worker did not keep up. */
  readonly skipped: number;
  /** UDP payload bytes sent. */
  readonly bytesSent: number;
  /** UDP payload bytes received. */
  readonly bytesReceived: number;
  /** Round trips in microseconds. */
  readonly rttMicroseconds: Uint32Array<ArrayBuffer>;
  /** Times to connect in microseconds. */
  readonly connectMicroseconds: Uint32Array<ArrayBuffer>;
}

/** From a worker: now and then, and once when it is done. */
export interface FromWorker {
  /** Whether it was the last report. */
  readonly isLast: boolean;
  /** What it did. */
  readonly report: FleetReport;
}
