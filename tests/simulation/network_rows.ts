/**
 * The networks that other libraries are tested on, as impairments of both directions.
 *
 * Numbers are theirs: GameNetworkingSockets `test_connection.cpp` (rate in bytes per second, loss, lag,
 * share and delay of reordering), netcode.io's unit tests, yojimbo's and reliable's soaks.
 *
 * @module
 */
import type { SessionLimits } from "../../protocol/limits.ts";
import type { ImpairmentOptions } from "../../transport/impairment.ts";

/** A network by name. */
export interface NetworkRow {
  readonly name: string;
  readonly link: ImpairmentOptions;
  /** Limits of both ends that this network asks for. */
  readonly limits?: Partial<SessionLimits>;
  /** Whether bulk traffic would take hours on it. */
  readonly isForGamesOnly?: boolean;
}

type Gns = readonly [rate: number, loss: number, lag: number, reorder: number, reorderMs: number];

const GNS: readonly Gns[] = [
  [128_000, 10, 50, 2, 50],
  [1_000_000, 5, 10, 1, 10],
  [2_000_000, 0, 50, 30, 40],
  [64_000, 20, 100, 4, 50],
  [1_000_000, 20, 100, 4, 10],
  [1_000_000, 2, 5, 2, 1],
  [2_000_000, 0, 0, 0, 0],
  [128_000, 20, 100, 4, 40],
  [500_000, 20, 100, 4, 30],
  [64_000, 0, 0, 0, 0],
  [128_000, 0, 0, 0, 0],
  [256_000, 0, 0, 0, 0],
  [500_000, 0, 0, 0, 0],
  [1_000_000, 0, 0, 0, 0],
  [64_000, 1, 25, 1, 10],
  [1_000_000, 1, 25, 1, 10],
  [64_000, 5, 50, 2, 50],
  [1_000_000, 5, 50, 2, 10],
];

function gnsRow([rate, loss, lag, reorder, reorderMs]: Gns): NetworkRow {
  return {
    name: `GNS ${rate} B/s, ${loss} % lost, ${lag} ms, ${reorder} % reordered by ${reorderMs} ms`,
    link: {
      rateBytesPerSecond: rate,
      loss: loss / 100,
      // Two ends that answer each other at once would never let simulated time go on.
      delayMs: Math.max(lag, 0.1),
      reorder: reorder / 100,
      reorderDelayMs: reorderMs,
    },
  };
}

/** Every network. */
export const NETWORK_ROWS: readonly NetworkRow[] = [
  ...GNS.map(gnsRow),
  {
    name: "netcode 250 +- 250 ms, 5 % lost, 10 % doubled",
    link: { delayMs: 250, jitterMs: 250, loss: 0.05, duplicate: 0.1 },
  },
  {
    name: "yojimbo 1000 +- 100 ms, 25 % lost, 25 % doubled",
    link: { delayMs: 1_000, jitterMs: 100, loss: 0.25, duplicate: 0.25 },
  },
  { name: "reliable's soak: 5 % lost", link: { delayMs: 50, loss: 0.05 } },
  {
    // One PING a second gets through every ten seconds: the usual timeout would end the session.
    name: "90 % lost",
    link: { delayMs: 30, loss: 0.9 },
    limits: { idleTimeoutMs: 300_000 },
    isForGamesOnly: true,
  },
  { name: "clean LAN", link: { delayMs: 0.2 } },
  {
    name: "wifi: jitter and bursts",
    link: { delayMs: 8, jitterMs: 6, burstEnter: 0.005, burstLeave: 0.2, burstLoss: 0.9 },
  },
  {
    name: "mobile: 60 +- 40 ms, 2 % lost, 200 KB/s",
    link: { delayMs: 60, jitterMs: 40, loss: 0.02, rateBytesPerSecond: 200_000 },
  },
  {
    name: "deep queue: 100 KB/s behind a second of buffer",
    link: { delayMs: 20, rateBytesPerSecond: 100_000, queueBytes: 100_000 },
  },
  {
    name: "satellite: 300 ms, 1 % lost, 10 % reordered",
    link: { delayMs: 300, loss: 0.01, reorder: 0.1, reorderDelayMs: 30 },
  },
];
