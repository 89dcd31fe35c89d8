/**
 * All scenarios with their short and long forms, and what has to hold.
 *
 * @module
 */
import { directorAway } from "./director_away.ts";
import { forcedRebind } from "./forced_rebind.ts";
import { ALL_PAIRS, expectedRoute, natMatrix, type NatPair } from "./nat_matrix.ts";
import { regionRoutes } from "./region_routes.ts";
import { relayDrain } from "./relay_drain.ts";
import { relayKill } from "./relay_kill.ts";
import { relayTakeover } from "./relay_takeover.ts";

/** One figure that has to hold. */
export interface Bar {
  /** What, and how good it has to be. */
  readonly what: string;
  /** Whether it is. */
  readonly isMet: boolean;
  /** How good it is. */
  readonly measured: string;
}

/** What a scenario came to. */
export interface Outcome {
  /** Lines of a table. */
  readonly rows: readonly object[];
  /** What has to hold. */
  readonly bars: readonly Bar[];
}

/** A scenario. */
export interface Scenario {
  /** For command lines. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** Whether its short form is played on every change. */
  readonly isChecked: boolean;
  /** Plays it, for seconds or for minutes. */
  readonly play: (isLong: boolean) => Promise<Outcome>;
}

const SHORT_PAIRS: readonly NatPair[] = [
  ["preserving", "public"],
  ["preserving", "stacked"],
  ["symmetric", "symmetric"],
];

/** Of a session whose frames are to come back: what a busy machine may lose now and then. */
const STEADY_SHARE = 0.9;

/** All of them. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: "nat",
    title: "NAT matrix: client and server behind NATs of all kinds, exposure prefer",
    isChecked: true,
    async play(isLong): Promise<Outcome> {
      const rows = await natMatrix(isLong ? ALL_PAIRS : SHORT_PAIRS);
      return {
        rows: rows.map(rounded),
        bars: rows.map(({ client, server, route, sent, returned }) => ({
          what: `${client} -> ${server}: ${expectedRoute([client, server])}, and beats come back`,
          isMet: route === expectedRoute([client, server]) && returned >= STEADY_SHARE * sent,
          measured: `${route}, ${returned} of ${sent}`,
        })),
      };
    },
  },
  {
    name: "rebind",
    title: "A symmetric NAT forgets every 2 s, 60 beats a second",
    isChecked: true,
    async play(isLong): Promise<Outcome> {
      const result = await forcedRebind(isLong ? 30 : 4);
      const { rttMs, probeMs, outageP50Ms, isAlive } = result;
      // What was on its way is lost; the next beat shows the new address, and the one after the proof comes back.
      const most = rttMs + probeMs + 2_000 / 60;
      return {
        rows: [rounded(result)],
        bars: [
          { what: "the session lives", isMet: isAlive, measured: String(isAlive) },
          {
            what: `outage p50 <= RTT + probe + two beats (${most.toFixed(0)} ms)`,
            isMet: outageP50Ms <= most,
            measured: `${outageP50Ms.toFixed(0)} ms`,
          },
        ],
      };
    },
  },
  {
    name: "kill",
    title: "The relay in use is killed (SIGKILL), 60 beats a second",
    isChecked: true,
    async play(isLong): Promise<Outcome> {
      const result = await relayKill(isLong ? 50 : 4);
      const { isAlive, gapP50Ms, gapP99Ms } = result;
      // Of a few kills on a machine that others use, p99 is the worst of them.
      const [name, gapMs] = isLong ? ["p99", gapP99Ms] as const : ["p50", gapP50Ms] as const;
      return {
        rows: [rounded(result)],
        bars: [
          { what: "the session lives", isMet: isAlive, measured: String(isAlive) },
          { what: `gap ${name} < 300 ms`, isMet: gapMs < 300, measured: `${gapMs.toFixed(0)} ms` },
        ],
      };
    },
  },
  {
    name: "drain",
    title: "A relay is drained under many players",
    isChecked: false,
    async play(isLong): Promise<Outcome> {
      const result = await relayDrain(isLong ? 200 : 40, isLong ? 20 : 8);
      const { lost, left, players } = result;
      return {
        rows: [rounded(result)],
        bars: [
          { what: `none of ${players} sessions lost`, isMet: lost === 0, measured: `${lost}` },
          { what: "none still on the relay", isMet: left === 0, measured: `${left}` },
        ],
      };
    },
  },
  {
    name: "takeover",
    title: "A relay is replaced at its port by a new process, 20 players, 60 beats a second",
    isChecked: false,
    async play(isLong): Promise<Outcome> {
      const result = await relayTakeover(20, isLong ? 10 : 2);
      const { lost, lostBeats, sent } = result;
      return {
        rows: [rounded(result)],
        bars: [
          { what: "no session lost", isMet: lost === 0, measured: `${lost}` },
          {
            what: "at most 1 beat in 100 lost",
            isMet: lostBeats <= 0.01 * sent,
            measured: `${lostBeats} of ${sent}`,
          },
        ],
      };
    },
  },
  {
    name: "away",
    title: "Director and NATS are killed and stay away",
    isChecked: false,
    async play(isLong): Promise<Outcome> {
      const result = await directorAway(isLong ? 60 : 10);
      const { lost, bindMs } = result;
      return {
        rows: [rounded(result)],
        bars: [
          { what: "no session lost", isMet: lost === 0, measured: `${lost}` },
          {
            what: "a ticket of before binds",
            isMet: bindMs < 5_000,
            measured: `${bindMs.toFixed(0)} ms`,
          },
        ],
      };
    },
  },
  {
    name: "routes",
    title: "Three regions: a new session takes the shortest of two-hop and one-hop routes",
    isChecked: false,
    async play(): Promise<Outcome> {
      const rows = await regionRoutes();
      return {
        rows: rows.map(rounded),
        bars: rows.map(({ when, route, shortest }) => ({
          what: `${when}: ${shortest}`,
          isMet: route === shortest,
          measured: route,
        })),
      };
    },
  },
];

function rounded(row: object): object {
  return Object.fromEntries(
    Object.entries(row).map((
      [name, value],
    ) => [name, typeof value === "number" ? Math.round(value * 10) / 10 : value]),
  );
}
