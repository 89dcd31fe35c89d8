/**
 * The counters that every pipe starts with.
 *
 * @module
 */
import type { PipeCounters } from "./pipe.ts";

/** Counters of a pipe that has seen nothing yet. */
export function newPipeCounters(): PipeCounters {
  return {
    datagramsSent: 0,
    bytesSent: 0,
    datagramsReceived: 0,
    bytesReceived: 0,
    sendErrors: 0,
    receiveErrors: 0,
    truncated: 0,
    portZero: 0,
    noBuffer: 0,
  };
}
