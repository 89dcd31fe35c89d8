/**
 * What a server does per second, from two looks at its counters.
 *
 * @module
 */
import process from "node:process";
import type { ServerStats } from "./server_stats.ts";

/** A server over some seconds. Bytes are UDP payload bytes. */
export interface ServerRates {
  /** Length of the interval. */
  readonly seconds: number;
  /** Peers now. */
  readonly peers: number;
  /** Datagrams that came, a second. */
  readonly packetsInPerSecond: number;
  /** Datagrams that left, a second. */
  readonly packetsOutPerSecond: number;
  /** Bytes that came, a second. */
  readonly bytesInPerSecond: number;
  /** Bytes that left, a second. */
  readonly bytesOutPerSecond: number;
  /** Messages handed to the game, a second. */
  readonly messagesInPerSecond: number;
  /** Messages that the game sent, a second, counted once per peer. */
  readonly messagesOutPerSecond: number;
  /** Share of our packets that were lost, 0 to 1. */
  readonly loss: number;
  /** Refused datagrams and messages, a second. */
  readonly dropsPerSecond: number;
  /** Work of a tick on average; 0 without ticks. */
  readonly tickMs: number;
  /** Ticks that took longer than their period. */
  readonly tickOverruns: number;
  /** Ticks that never ran. */
  readonly ticksSkipped: number;
  /** Processor time of the process, as a share of one core. */
  readonly cpu: number;
  /** Resident memory of the process, bytes. */
  readonly memoryBytes: number;
}

/** What is measured: a server. */
export interface StatsSource {
  /** What it did since it began. */
  stats(): ServerStats;
}

interface Look {
  readonly atMs: number;
  readonly cpuMicroseconds: number;
  readonly drops: number;
  readonly stats: ServerStats;
}

/** Measures one server. */
export class ServerMeter {
  readonly #server: StatsSource;
  readonly #nowMs: () => number;
  #last: Look;

  /** Starts the first interval. */
  constructor(server: StatsSource, nowMs: () => number = () => performance.now()) {
    this.#server = server;
    this.#nowMs = nowMs;
    this.#last = this.#look();
  }

  /** Ends an interval and begins the next. */
  measure(): ServerRates {
    const from = this.#last;
    const to = this.#look();
    this.#last = to;
    return ratesBetween(from, to);
  }

  #look(): Look {
    const stats = this.#server.stats();
    const { user, system } = process.cpuUsage();
    // Counters are live objects; a look keeps its numbers.
    return {
      atMs: this.#nowMs(),
      cpuMicroseconds: user + system,
      drops: sum(stats.drops),
      stats: {
        ...stats,
        pipe: { ...stats.pipe },
        sessions: { ...stats.sessions },
        tick: stats.tick && { ...stats.tick },
      },
    };
  }
}

function ratesBetween(from: Look, to: Look): ServerRates {
  const seconds = Math.max((to.atMs - from.atMs) / 1000, 1e-3);
  const [a, b] = [from.stats, to.stats];
  const perSecond = (before: number, after: number): number =>
    Math.round((after - before) / seconds);
  const sent = b.sessions.packetsSent - a.sessions.packetsSent;
  const lost = b.sessions.packetsLost - a.sessions.packetsLost -
    (b.sessions.spuriousLosses - a.sessions.spuriousLosses);
  const ticks = (b.tick?.ticks ?? 0) - (a.tick?.ticks ?? 0);
  const workMs = (b.tick?.totalMs ?? 0) - (a.tick?.totalMs ?? 0);
  return {
    seconds: rounded(seconds),
    peers: b.peers,
    packetsInPerSecond: perSecond(a.pipe.datagramsReceived, b.pipe.datagramsReceived),
    packetsOutPerSecond: perSecond(a.pipe.datagramsSent, b.pipe.datagramsSent),
    bytesInPerSecond: perSecond(a.pipe.bytesReceived, b.pipe.bytesReceived),
    bytesOutPerSecond: perSecond(a.pipe.bytesSent, b.pipe.bytesSent),
    messagesInPerSecond: perSecond(a.sessions.messagesReceived, b.sessions.messagesReceived),
    messagesOutPerSecond: perSecond(a.sessions.messagesSent, b.sessions.messagesSent),
    loss: sent > 0 ? rounded(Math.min(1, Math.max(0, lost / sent)), 4) : 0,
    dropsPerSecond: perSecond(from.drops, to.drops),
    tickMs: ticks > 0 ? rounded(workMs / ticks) : 0,
    tickOverruns: (b.tick?.overruns ?? 0) - (a.tick?.overruns ?? 0),
    ticksSkipped: (b.tick?.skipped ?? 0) - (a.tick?.skipped ?? 0),
    cpu: rounded((to.cpuMicroseconds - from.cpuMicroseconds) / 1e6 / seconds),
    memoryBytes: Deno.memoryUsage().rss,
  };
}

function sum(counters: object): number {
  let total = 0;
  for (const value of Object.values(counters)) if (typeof value === "number") total += value;
  return total;
}

function rounded(value: number, digits = 3): number {
  return Number(value.toFixed(digits));
}
