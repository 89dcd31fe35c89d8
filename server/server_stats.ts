/**
 * How a server is, as plain numbers for dashboards, metrics and logs.
 *
 * @module
 */
import type { DropCounters, SessionCounters } from "../protocol/counters.ts";
import type { ServerEndpoint } from "../protocol/server_endpoint.ts";
import type { DatagramPipe, PipeCounters } from "../transport/pipe.ts";
import type { TickCounters, TickLoop } from "./tick_loop.ts";

/** Statistics of a server since it began. */
export interface ServerStats {
  /** Peers that are not gone for good. */
  readonly peers: number;
  /** Handshakes that are not confirmed yet. */
  readonly halfOpen: number;
  /** Sums over all sessions, those that ended included. */
  readonly sessions: Readonly<SessionCounters>;
  /** Everything that was refused, by reason. */
  readonly drops: Readonly<DropCounters>;
  /** The socket. */
  readonly pipe: Readonly<PipeCounters>;
  /** The tick; `undefined` in a server without ticks. */
  readonly tick: Readonly<TickCounters> | undefined;
  /** Handlers that threw or rejected. */
  readonly handlerErrors: number;
  /** Messages that no handler wanted. */
  readonly messagesUnhandled: number;
  /** Message buffers in use. */
  readonly buffersInUse: number;
}

/** Where the statistics of a server are kept. */
export interface StatsSources {
  /** Sessions. */
  readonly endpoint: ServerEndpoint;
  /** The socket. */
  readonly pipe: DatagramPipe;
  /** The tick, if there is one. */
  readonly tick: TickLoop | undefined;
  /** Failures of handlers, and messages without any. */
  readonly handlers: { readonly errors: number; readonly unhandled: number };
  /** Peers. */
  readonly peers: number;
}

/** Reads the statistics of a server. The objects inside are live: copy what is to be compared later. */
export function serverStats(sources: StatsSources): ServerStats {
  const { endpoint, pipe, tick, handlers, peers } = sources;
  return {
    peers,
    halfOpen: endpoint.halfOpen,
    sessions: endpoint.totals(),
    drops: endpoint.drops,
    pipe: pipe.counters,
    tick: tick?.counters,
    handlerErrors: handlers.errors,
    messagesUnhandled: handlers.unhandled,
    buffersInUse: endpoint.pool.outstanding,
  };
}
