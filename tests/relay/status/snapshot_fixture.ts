/**
 * A relay in the middle of its work, for tests of what it tells about itself.
 *
 * @module
 */
import { RelayDropCounters, RelayTotals } from "../../../protocol/relay/relay_counters.ts";
import { RelayFrameType } from "../../../protocol/relay/relay_frame.ts";
import type { RelaySessionStats } from "../../../protocol/relay/relay_stats.ts";
import { MeshMatrix } from "../../../relay/routes/mesh_matrix.ts";
import {
  frameTraffic,
  relayDrops,
  relayEvents,
  sessionSnapshot,
} from "../../../relay/status/core_snapshot.ts";
import { type PlacedRelay, regionMatrixOf } from "../../../relay/status/region_matrix.ts";
import type {
  RegionMatrix,
  RelaySnapshot,
  SessionSnapshot,
} from "../../../relay/status/relay_snapshot.ts";
import { Random } from "../../../transport/random.ts";

/** Round trips in ms between the regions of the fleet, as public tables have them, rounded. */
const REGION_RTTS_MS: Readonly<Record<string, number>> = {
  "ams fra": 8,
  "ams gru": 190,
  "ams iad": 82,
  "ams sin": 168,
  "fra gru": 198,
  "fra iad": 90,
  "fra sin": 160,
  "gru iad": 118,
  "gru sin": 325,
  "iad sin": 218,
};

const REGIONS = ["ams", "fra", "gru", "iad", "sin"];

function fleet(): PlacedRelay[] {
  return REGIONS.flatMap((region) =>
    [1, 2].map((number) => ({ id: `${region}-${number}`, region }))
  );
}

/** The regions of the fleet by what its relays measured. */
export function sampleMatrix(): RegionMatrix {
  const relays = fleet();
  const mesh = new MeshMatrix();
  for (const from of relays) {
    const others = relays.filter(({ id, region }) =>
      id !== from.id && !(from.region === "sin" && region === "gru")
    );
    mesh.put(
      from.id,
      others.filter(({ region }) => !(from.region === "gru" && region === "sin")).map((to) => {
        const pair = [from.region, to.region].sort().join(" ");
        const isFar = from.region === "gru" || to.region === "gru";
        return {
          to: to.id,
          p95RttMs: REGION_RTTS_MS[pair] ?? 0.6,
          jitterMs: 1.5,
          loss: isFar && from.region !== to.region ? 0.012 : 0,
        };
      }),
      0,
    );
  }
  return regionMatrixOf(relays, mesh, 0);
}

/** What a relay's core says of a session. */
export function sampleStats(
  place: number,
  more: Partial<RelaySessionStats> = {},
): RelaySessionStats {
  const framesUp = 60 * 40 * (place + 1);
  return {
    sessionId: 0x1f3a_9c00_77e2_0000n + BigInt(place * 7919),
    epoch: 1,
    state: "active",
    isAnchor: false,
    labelIn: 1,
    labelOut: 2,
    prev: { hostname: "198.51.100.7", port: 40_000 },
    next: { hostname: "203.0.113.9", port: 7_000 },
    ageMs: 40_000 * (place + 1),
    expiresInMs: 41_000,
    silentMs: 12,
    framesUp,
    bytesUp: framesUp * 90,
    framesDown: framesUp,
    bytesDown: framesUp * 410,
    refused: 0,
    missingUp: place * 3,
    missingDown: 0,
    rebinds: place % 3 === 2 ? 1 : 0,
    ...more,
  };
}

function sampleSessions(): SessionSnapshot[] {
  const sessions = Array.from({ length: 7 }, (_, place) => sampleStats(place));
  return [
    ...sessions,
    sampleStats(7, { isAnchor: true, framesUp: 0, bytesUp: 0, missingUp: 0 }),
    sampleStats(8, { silentMs: 21_000, expiresInMs: -5_000 }),
  ].map(sessionSnapshot);
}

function sampleTotals(): RelayTotals {
  const totals = new RelayTotals();
  const set = (type: RelayFrameType, frames: number, bytes: number): void => {
    totals.framesIn[type] = frames;
    totals.bytesIn[type] = frames * bytes;
    totals.framesOut[type] = frames - 3;
    totals.bytesOut[type] = (frames - 3) * bytes;
  };
  set(RelayFrameType.data, 48_201_733, 240);
  set(RelayFrameType.bind, 2_911, 530);
  set(RelayFrameType.ping, 912_004, 32);
  set(RelayFrameType.pong, 911_873, 32);
  set(RelayFrameType.mesh, 91_204, 24);
  totals.sessionsBound = 2_840;
  totals.sessionsEnded = 2_628;
  totals.rebinds = 61;
  return totals;
}

function sampleDrops(): RelayDropCounters {
  const drops = new RelayDropCounters();
  drops.replayed = 15_310;
  drops.unknownLabel = 2_204;
  drops.notRelay = 871;
  drops.ticketGate = 112;
  drops.overPps = 40;
  drops.bindCookie = 9;
  return drops;
}

/** The snapshot of a relay that is well. */
export function sampleSnapshot(more: Partial<RelaySnapshot> = {}): RelaySnapshot {
  const totals = sampleTotals();
  const random = new Random(3);
  return {
    relayId: "fra-1",
    region: "fra",
    version: "0.1.0",
    takenAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    uptimeMs: 3 * 86_400_000 + 4 * 3_600_000,
    state: "active",
    drainMs: undefined,
    directory: "connected",
    directoryAgeMs: 1_200,
    load: 0.34,
    rates: { framesIn: 12_402, framesOut: 12_390, bitsIn: 23_811_840, bitsOut: 23_788_800 },
    history: Array.from(
      { length: 120 },
      (_, at) => 24_000 + 1_500 * Math.sin(at / 14) + 600 * random.unit(),
    ),
    traffic: frameTraffic(totals),
    drops: relayDrops(sampleDrops()),
    events: relayEvents(totals),
    sessionsByState: { active: 206, binding: 2, anchor: 4 },
    sessions: sampleSessions(),
    routes: [
      { relays: ["fra-1"], primary: 131, standby: 12, costMs: 14.2 },
      { relays: ["ams-1", "fra-1"], primary: 44, standby: 61, costMs: 27 },
      { relays: ["iad-2", "ams-2", "fra-1"], primary: 3, standby: 0, costMs: undefined },
      { relays: ["fra-1", "sin-1"], primary: 28, standby: 7, costMs: 171.5 },
    ],
    bindLatency: { boundsMs: [10, 50, 200], counts: [900, 1_800, 130, 10], sumMs: 81_000 },
    regionMatrix: sampleMatrix(),
    socket: { sendErrors: 2, receiveErrors: 0, noBuffer: 0, kernelDrops: 0 },
    ...more,
  };
}
