/**
 * What the quality of a path is worth in milliseconds.
 *
 * @module
 */

import type { PathQuality } from "../../protocol/relay/survey/path_quality.ts";

export type { PathQuality };

/** A second of delay for every half of the packets: 20 ms per 1 % (research/relay.md, section 6). */
const LOSS_COST_MS = 2_000;

/** What jitter costs: a jitter buffer has to be longer by about half of it. */
const JITTER_SHARE = 0.5;

/** Load up to which a relay is as good as an idle one. */
const FREE_LOAD = 0.6;

/** Load from which a relay gets no new sessions. */
export const FULL_LOAD = 0.95;

/** What the last session before {@link FULL_LOAD} costs: the next region of a continent. */
const LAST_SESSION_COST_MS = 60;

/** What every relay costs besides: one more machine that can fail, and the traffic once more. */
export const RELAY_COST_MS = 1;

/** A path in milliseconds: p95 + half of the jitter + 20 ms per 1 % of loss. Adds up along a route. */
export function pathCostMs({ p95RttMs, jitterMs, loss }: PathQuality): number {
  return p95RttMs + JITTER_SHARE * jitterMs + LOSS_COST_MS * loss;
}

/**
 * What the load of a relay costs in milliseconds: nothing up to 60 %, then rising with the square to
 * 60 ms; `Infinity` at 95 % and above, or when the load is no number.
 */
export function loadCostMs(load: number): number {
  if (!(load < FULL_LOAD)) return Infinity;
  const excess = Math.max(0, load - FREE_LOAD) / (FULL_LOAD - FREE_LOAD);
  return LAST_SESSION_COST_MS * excess * excess;
}

/** Whether numbers from elsewhere are a quality at all: none negative, loss at most 1, none `NaN`. */
export function isPathQuality(quality: PathQuality): boolean {
  const { p95RttMs, jitterMs, loss } = quality;
  return p95RttMs >= 0 && jitterMs >= 0 && jitterMs < Infinity && loss >= 0 && loss <= 1;
}
