/**
 * What all relays measured of each other: from where to where, how good, and how long ago.
 *
 * @module
 */
import type { MeshLink } from "./mesh_vector.ts";
import { isPathQuality, type PathQuality } from "./path_quality.ts";

/** How old a measurement may be: five heartbeats of 2 s that did not come. */
export const MESH_EXPIRY_MS = 10_000;

/** What a planner asks about paths between relays. */
export interface Mesh {
  /**
   * The path between two relays, or `undefined` when nothing is known of it, or nothing any more. The
   * same in both directions.
   */
  quality(relayA: string, relayB: string, nowMs: number): PathQuality | undefined;
}

interface Vector {
  readonly links: ReadonlyMap<string, PathQuality>;
  readonly measuredAtMs: number;
}

/** The measurements of a fleet. */
export class MeshMatrix implements Mesh {
  readonly #vectors: Map<string, Vector> = new Map();

  /** Relays whose measurements are held. */
  get relayIds(): string[] {
    return [...this.#vectors.keys()];
  }

  /**
   * Takes what a relay measured, in place of what it measured before. Links whose numbers make no sense
   * are left out.
   */
  put(relayId: string, links: readonly MeshLink[], measuredAtMs: number): void {
    const kept = links.filter((link) => link.to !== relayId && isPathQuality(link));
    this.#vectors.set(relayId, {
      links: new Map(kept.map((link) => [link.to, link])),
      measuredAtMs,
    });
  }

  /** Forgets what a relay measured. */
  remove(relayId: string): void {
    this.#vectors.delete(relayId);
  }

  /** Forgets what has expired. */
  prune(nowMs: number): void {
    for (const [relayId, { measuredAtMs }] of this.#vectors) {
      if (isExpired(measuredAtMs, nowMs)) this.#vectors.delete(relayId);
    }
  }

  /**
   * Both ends measure the same round trip. When both did lately and differ, the worse counts, number by
   * number: whoever sees trouble is believed.
   */
  quality(relayA: string, relayB: string, nowMs: number): PathQuality | undefined {
    const there = this.measured(relayA, relayB, nowMs);
    const back = this.measured(relayB, relayA, nowMs);
    if (there === undefined || back === undefined) return there ?? back;
    return {
      p95RttMs: Math.max(there.p95RttMs, back.p95RttMs),
      jitterMs: Math.max(there.jitterMs, back.jitterMs),
      loss: Math.max(there.loss, back.loss),
    };
  }

  /** What one relay measured to another, if not too long ago. */
  measured(from: string, to: string, nowMs: number): PathQuality | undefined {
    const vector = this.#vectors.get(from);
    if (vector === undefined || isExpired(vector.measuredAtMs, nowMs)) return undefined;
    return vector.links.get(to);
  }
}

function isExpired(measuredAtMs: number, nowMs: number): boolean {
  return !(nowMs - measuredAtMs <= MESH_EXPIRY_MS);
}
