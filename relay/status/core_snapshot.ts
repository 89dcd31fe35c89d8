/**
 * Parts of a snapshot out of what a relay's core counts.
 *
 * @module
 */
import type { RelayDropCounters, RelayTotals } from "../../protocol/relay/relay_counters.ts";
import { RelayFrameType } from "../../protocol/relay/relay_frame.ts";
import type { RelaySessionStats } from "../../protocol/relay/relay_stats.ts";
import type { FrameTraffic, SessionSnapshot } from "./relay_snapshot.ts";

/** Traffic by type, all types, those that carried nothing included: a metric that appears late looks like a leap. */
export function frameTraffic(totals: RelayTotals): FrameTraffic[] {
  return Object.entries(RelayFrameType).map(([type, at]) => ({
    type,
    received: totals.framesIn[at]!,
    receivedBytes: totals.bytesIn[at]!,
    sent: totals.framesOut[at]!,
    sentBytes: totals.bytesOut[at]!,
  }));
}

/** Totals that are no frames. */
export function relayEvents(totals: RelayTotals): Record<string, number> {
  const { sessionsBound, sessionsEnded, rebinds, standbyShed } = totals;
  return { sessionsBound, sessionsEnded, rebinds, standbyShed };
}

/** Drops by reason. */
export function relayDrops(counters: RelayDropCounters): Record<string, number> {
  return { ...counters };
}

/** A session without what says who the player is. */
export function sessionSnapshot(stats: RelaySessionStats): SessionSnapshot {
  const { sessionId, labelIn: _, labelOut: __, prev: ___, next: ____, ...rest } = stats;
  return { ...rest, sessionId: sessionId.toString(16).padStart(16, "0") };
}
