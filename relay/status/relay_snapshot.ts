/**
 * What a relay tells about itself: the one input of its status page, its JSON and its metrics.
 *
 * Whoever runs the relay fills it; nothing in this folder reads a clock or a socket. Totals count from the
 * start of the process. No address of a player is in it.
 *
 * @module
 */
import type { RelaySessionStats } from "../../protocol/relay/relay_stats.ts";

/** Frames of one type. */
export interface FrameTraffic {
  /** Name of the type, as in `RelayFrameType`: `data`, `bind` … */
  readonly type: string;
  /** Frames that came in, those that were dropped included. */
  readonly received: number;
  /** Bytes of these, headers included. */
  readonly receivedBytes: number;
  /** Frames that left. */
  readonly sent: number;
  /** Bytes of these. */
  readonly sentBytes: number;
}

/** One session on this relay: what the relay knows of it without addresses and labels. */
export interface SessionSnapshot
  extends Omit<RelaySessionStats, "sessionId" | "labelIn" | "labelOut" | "prev" | "next"> {
  /** Its id, 16 hexadecimal digits. */
  readonly sessionId: string;
}

/** A route with sessions on it. */
export interface RouteSnapshot {
  /** Ids of its relays, from client to server. */
  readonly relays: readonly string[];
  /** Sessions whose traffic goes over it. */
  readonly primary: number;
  /** Sessions that keep it in reserve. */
  readonly standby: number;
  /** What it costs in milliseconds; `undefined` when it is not known. */
  readonly costMs: number | undefined;
}

/** Durations by size: `counts[i]` is the number of those up to `boundsMs[i]` and above the bound before. */
export interface DurationHistogram {
  /** Ascending upper bounds in milliseconds, without `Infinity`. */
  readonly boundsMs: readonly number[];
  /** One more than bounds: the last counts what is above all of them. */
  readonly counts: readonly number[];
  /** Sum of all durations in milliseconds. */
  readonly sumMs: number;
}

/** What is between two regions: the best pair of relays. */
export interface RegionCell {
  /** 95th percentile of the round trip in milliseconds; `undefined` when nothing is known or nothing comes back. */
  readonly p95RttMs: number | undefined;
  /** Jitter of that pair in milliseconds. */
  readonly jitterMs: number;
  /** Loss of that pair, 0 to 1. */
  readonly loss: number;
  /** Pairs of relays that were measured. */
  readonly pairs: number;
}

/** All regions by all regions. */
export interface RegionMatrix {
  /** Names of the regions, in order. */
  readonly regions: readonly string[];
  /** Relays of each. */
  readonly relays: readonly number[];
  /** Rows in the order of the regions, symmetric. */
  readonly cells: readonly (readonly RegionCell[])[];
}

/** What moves now, per second. */
export interface TrafficRates {
  /** Frames that come in. */
  readonly framesIn: number;
  /** Frames that leave. */
  readonly framesOut: number;
  /** Bits that come in. */
  readonly bitsIn: number;
  /** Bits that leave. */
  readonly bitsOut: number;
}

/** The state of a relay at one moment. */
export interface RelaySnapshot {
  /** Id of the relay. */
  readonly relayId: string;
  /** Its region. */
  readonly region: string;
  /** Release that it runs. */
  readonly version: string;
  /** Wall clock when this was taken, milliseconds since 1970. */
  readonly takenAtMs: number;
  /** Time since the process started. */
  readonly uptimeMs: number;
  /** `draining`: takes no new sessions and ends soon. */
  readonly state: "active" | "draining";
  /** Time until a draining relay ends; `undefined` while it is active. */
  readonly drainMs: number | undefined;
  /** Whether the directory is heard; without it everything goes on, only nothing new is learned. */
  readonly directory: "connected" | "away";
  /** Time since it was heard. */
  readonly directoryAgeMs: number;
  /** Part of the packet rate that this relay can forward, 0 to 1 and above. */
  readonly load: number;
  /** What moves now. */
  readonly rates: TrafficRates;
  /** Frames in and out per second in the past, oldest first, at equal intervals; for a small chart. */
  readonly history: readonly number[];
  /** Traffic by type of frame. */
  readonly traffic: readonly FrameTraffic[];
  /** Frames that were dropped, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  /** Other totals, such as `rebinds`, `binds`, `retries`. */
  readonly events: Readonly<Record<string, number>>;
  /** Sessions by state. */
  readonly sessionsByState: Readonly<Record<string, number>>;
  /** Some of these sessions; the busiest, if not all. */
  readonly sessions: readonly SessionSnapshot[];
  /** Routes that lead through this relay. */
  readonly routes: readonly RouteSnapshot[];
  /** From the arrival of a BIND to that of its BOUND; `undefined` where nobody measures it. */
  readonly bindLatency: DurationHistogram | undefined;
  /** What relays measured of each other. */
  readonly regionMatrix: RegionMatrix;
  /** Totals of the sockets, such as `sendErrors`, `kernelDrops`. */
  readonly socket: Readonly<Record<string, number>>;
}
