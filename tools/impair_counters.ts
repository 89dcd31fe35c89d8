/**
 * What an impairing proxy has done, as numbers, JSON and lines for people.
 *
 * @module
 */
import type { LinkCounters } from "../transport/impaired_link.ts";

/** One direction of a proxy. */
export interface DirectionCounters extends LinkCounters {
  /** Dropped on request: the direction was blocked. */
  blocked: number;
  /** Datagrams that left the proxy; duplicates count twice. */
  passed: number;
  /** Bytes of these. */
  passedBytes: number;
}

/** What a proxy has done since it began. */
export interface ImpairCounters {
  /** Clients that have a line now. */
  clients: number;
  /** Clients that ever had one. */
  joined: number;
  /** Datagrams of clients that got no line: too many clients, or no socket to be had. */
  refused: number;
  /** Times that a line moved to another socket. */
  rebinds: number;
  /** Datagrams that wait for their time. */
  held: number;
  /** Dropped: as many waited as may. */
  overflow: number;
  /** Datagrams to a line from elsewhere than the target. */
  stray: number;
  /** Dropped by sockets: errors, no free buffer, longer than 1,452 bytes. */
  socketDrops: number;
  /** Clients to target. */
  up: DirectionCounters;
  /** Target to clients. */
  down: DirectionCounters;
}

/** A direction that nothing has taken. */
export function newDirectionCounters(): DirectionCounters {
  return {
    offered: 0,
    mtu: 0,
    queue: 0,
    loss: 0,
    burst: 0,
    duplicated: 0,
    reordered: 0,
    blocked: 0,
    passed: 0,
    passedBytes: 0,
  };
}

/** Adds what a link has done to a direction. */
export function addLinkCounters(sum: DirectionCounters, link: Readonly<LinkCounters>): void {
  sum.offered += link.offered;
  sum.mtu += link.mtu;
  sum.queue += link.queue;
  sum.loss += link.loss;
  sum.burst += link.burst;
  sum.duplicated += link.duplicated;
  sum.reordered += link.reordered;
}

/** Why datagrams of a direction were lost, as words: `"5 loss, 2 mtu"`; `"nothing lost"`. */
export function describeLosses(direction: Readonly<DirectionCounters>): string {
  const reasons = ["loss", "burst", "queue", "mtu", "blocked"] as const;
  const words = reasons
    .filter((reason) => direction[reason] > 0)
    .map((reason) => `${direction[reason]} ${reason}`);
  return words.length === 0 ? "nothing lost" : words.join(", ");
}

/**
 * One line about the time since the last one.
 *
 * @param seconds How long ago that was, above 0.
 */
export function describeProgress(
  now: ImpairCounters,
  last: ImpairCounters,
  seconds: number,
): string {
  const rate = (after: DirectionCounters, before: DirectionCounters): string => {
    const perSecond = (name: "offered" | "passed"): string =>
      ((after[name] - before[name]) / seconds).toFixed(0);
    return `${perSecond("offered")} in ${perSecond("passed")} out/s`;
  };
  const parts = [
    `${now.clients} clients`,
    `up ${rate(now.up, last.up)}`,
    `down ${rate(now.down, last.down)}`,
    `${now.held} held`,
  ];
  if (now.rebinds > 0) parts.push(`${now.rebinds} rebinds`);
  return parts.join("  ");
}

/** A few lines about all of it. */
export function describeCounters(counters: ImpairCounters): string[] {
  const direction = (of: DirectionCounters): string =>
    `${of.offered} in, ${of.passed} out (${of.passedBytes} bytes); ${describeLosses(of)}, ` +
    `${of.duplicated} duplicated, ${of.reordered} held back`;
  const { joined, refused, rebinds, overflow, stray, socketDrops } = counters;
  return [
    `up         ${direction(counters.up)}`,
    `down       ${direction(counters.down)}`,
    `clients    ${joined}, ${rebinds} rebinds`,
    `trouble    ${refused} refused, ${overflow} overflow, ${stray} stray, ${socketDrops} in sockets`,
  ];
}
