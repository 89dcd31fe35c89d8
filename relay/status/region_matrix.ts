/**
 * Sums up what relays measured of each other as what is between their regions.
 *
 * @module
 */
import type { Mesh } from "../routes/mesh_matrix.ts";
import { pathCostMs, type PathQuality } from "../routes/path_quality.ts";
import type { RegionCell, RegionMatrix } from "./relay_snapshot.ts";

/** A relay and where it is. */
export interface PlacedRelay {
  /** Its id. */
  readonly id: string;
  /** Its region. */
  readonly region: string;
}

/** The matrix of a fleet: between two regions counts the pair of relays that costs least. */
export function regionMatrixOf(
  relays: readonly PlacedRelay[],
  mesh: Mesh,
  nowMs: number,
): RegionMatrix {
  const byRegion = Map.groupBy(relays, ({ region }) => region);
  const regions = [...byRegion.keys()].sort();
  const members = regions.map((region) => byRegion.get(region)!.map(({ id }) => id));
  return {
    regions,
    relays: members.map(({ length }) => length),
    cells: members.map((from) => members.map((to) => cellOf(from, to, mesh, nowMs))),
  };
}

function cellOf(
  from: readonly string[],
  to: readonly string[],
  mesh: Mesh,
  nowMs: number,
): RegionCell {
  const found = new Map<string, PathQuality>();
  for (const a of from) {
    for (const b of to) {
      const quality = a === b ? undefined : mesh.quality(a, b, nowMs);
      // Within a region every pair is met twice.
      if (quality !== undefined) found.set([a, b].sort().join("\n"), quality);
    }
  }
  let best: PathQuality | undefined;
  for (const quality of found.values()) {
    if (best === undefined || pathCostMs(quality) < pathCostMs(best)) best = quality;
  }
  const { p95RttMs = Infinity, jitterMs = 0, loss = 0 } = best ?? {};
  return {
    p95RttMs: p95RttMs === Infinity ? undefined : p95RttMs,
    jitterMs,
    loss,
    pairs: found.size,
  };
}
