/**
 * Looks at the shards of a relay once a second, and puts what they counted into one snapshot.
 *
 * @module
 */
import { addressKey } from "../../protocol/address.ts";
import type { RelaySessionStats } from "../../protocol/relay/relay_stats.ts";
import type { Clock, TimerId } from "../../transport/clock.ts";
import { type Mesh, MeshMatrix } from "../routes/mesh_matrix.ts";
import { pathCostMs } from "../routes/path_quality.ts";
import { sessionSnapshot } from "../status/core_snapshot.ts";
import { type PlacedRelay, regionMatrixOf } from "../status/region_matrix.ts";
import type {
  FrameTraffic,
  RelaySnapshot,
  RouteSnapshot,
  SessionSnapshot,
} from "../status/relay_snapshot.ts";
import { TrafficHistory } from "../status/traffic_history.ts";
import { QuietSessions } from "./quiet_sessions.ts";
import type { RelayHeart, RelayIdentity } from "./relay_heart.ts";
import type { Shard, ShardReport } from "./shard.ts";

/** What an observer looks at. */
export interface ObserverOptions {
  /** Who the relay is. */
  readonly identity: RelayIdentity;
  /** Its shards. */
  readonly shards: readonly Shard[];
  /** Its heart. */
  readonly heart: () => RelayHeart;
  /** Monotonic time. */
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallClockMs: () => number;
  /** What all relays measured of each other, where a director is at hand; else only what this one did. */
  readonly mesh?: Mesh;
  /** When the drain of the relay ends, wall clock; `undefined` while it does not drain. */
  readonly drainUntilMs: () => number | undefined;
  /** Totals of sockets that no pipe counts, such as `kernelDrops`. */
  readonly socketTotals?: () => Promise<Readonly<Record<string, number>>>;
}

const LOOK_MS = 1_000;

/** Sessions in a snapshot: the busiest. */
const MAX_SESSIONS = 200;

/** Watches a relay until it is stopped. */
export class RelayObserver {
  readonly #options: ObserverOptions;
  readonly #history = new TrafficHistory();
  readonly #quiet = new QuietSessions();
  readonly #startedMs: number;
  #timer: TimerId | undefined;
  #isStopped = false;

  /** Begins to look. */
  constructor(options: ObserverOptions) {
    this.#options = options;
    this.#startedMs = options.clock.nowMs();
    void this.#look();
  }

  /** The state of the relay now. */
  async snapshot(): Promise<RelaySnapshot> {
    const { identity, clock, wallClockMs, drainUntilMs, socketTotals } = this.#options;
    const heart = this.#options.heart();
    const nowMs = clock.nowMs();
    const reports = await this.#reports(true);
    const sessions = reports.flatMap(({ list }) => list);
    this.#quiet.look(sessions, nowMs);
    const untilMs = drainUntilMs();
    const heardAtMs = heart.heardAtMs ?? this.#startedMs;
    const own = new MeshMatrix();
    own.put(identity.id, reports[0]?.links ?? [], nowMs);
    const mesh = this.#options.mesh ?? own;
    return {
      relayId: identity.id,
      region: identity.region,
      version: identity.version,
      takenAtMs: wallClockMs(),
      uptimeMs: nowMs - this.#startedMs,
      state: untilMs === undefined ? "active" : "draining",
      drainMs: untilMs === undefined ? undefined : Math.max(0, untilMs - wallClockMs()),
      directory: heart.isConnected ? "connected" : "away",
      directoryAgeMs: nowMs - heardAtMs,
      load: Math.max(...reports.map(({ load }) => load)),
      rates: this.#history.rates,
      history: [...this.#history.framesPerSecond],
      traffic: sumTraffic(reports),
      drops: sumRecords(reports.map(({ drops }) => drops)),
      events: {
        ...sumRecords(reports.map(({ events }) => events)),
        defects: reports.reduce((sum, { errors }) => sum + errors, 0),
      },
      sessionsByState: sessionsByState(sessions),
      sessions: busiest(sessions),
      routes: this.#routes(sessions, mesh, nowMs),
      bindLatency: undefined,
      regionMatrix: regionMatrixOf(this.#placed(), mesh, nowMs),
      socket: {
        ...sumRecords(reports.map(({ pipe }) => ({ ...pipe }))),
        ...await socketTotals?.(),
      },
    };
  }

  /** Ends the looks. */
  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  async #look(): Promise<void> {
    const { clock } = this.#options;
    this.#history.add(sumTraffic(await this.#reports(false)), clock.nowMs());
    if (this.#isStopped) return;
    this.#timer = clock.setTimer(clock.nowMs() + LOOK_MS, () => void this.#look());
  }

  #reports(withSessions: boolean): Promise<ShardReport[]> {
    return Promise.all(this.#options.shards.map((shard) => shard.report(withSessions)));
  }

  #placed(): PlacedRelay[] {
    const { identity: { id, region }, heart } = this.#options;
    return [{ id, region }, ...heart().peers];
  }

  /** A relay knows the hops before and after it, and no more of a route. */
  #routes(sessions: readonly RelaySessionStats[], mesh: Mesh, nowMs: number): RouteSnapshot[] {
    const { identity: { id }, heart } = this.#options;
    const idByAddress = new Map(heart().peers.map((peer) => [addressKey(peer), peer.id]));
    const byPath = new Map<string, { relays: string[]; primary: number; standby: number }>();
    for (const session of sessions) {
      if (session.isAnchor) continue;
      const before = idByAddress.get(addressKey(session.prev));
      const after = session.next && idByAddress.get(addressKey(session.next));
      const relays = [before, id, after].filter((relay) => relay !== undefined);
      const path = relays.join(" ");
      const route = byPath.get(path) ?? { relays, primary: 0, standby: 0 };
      byPath.set(path, route);
      if (this.#quiet.isQuiet(session, nowMs)) route.standby++;
      else route.primary++;
    }
    return [...byPath.values()].map((route) => ({
      ...route,
      costMs: costOf(route.relays, mesh, nowMs),
    }));
  }
}

function costOf(relays: readonly string[], mesh: Mesh, nowMs: number): number | undefined {
  let costMs = 0;
  for (let i = 1; i < relays.length; i++) {
    const quality = mesh.quality(relays[i - 1]!, relays[i]!, nowMs);
    if (quality === undefined) return undefined;
    costMs += pathCostMs(quality);
  }
  return relays.length > 1 ? costMs : undefined;
}

function sessionsByState(sessions: readonly RelaySessionStats[]): Record<string, number> {
  const counts = { active: 0, binding: 0, anchor: 0 };
  for (const { state, isAnchor } of sessions) counts[isAnchor ? "anchor" : state]++;
  return counts;
}

function busiest(sessions: readonly RelaySessionStats[]): SessionSnapshot[] {
  const bytes = ({ bytesUp, bytesDown }: RelaySessionStats): number => bytesUp + bytesDown;
  return sessions.toSorted((a, b) => bytes(b) - bytes(a)).slice(0, MAX_SESSIONS)
    .map(sessionSnapshot);
}

function sumTraffic(reports: readonly ShardReport[]): FrameTraffic[] {
  const [first, ...others] = reports.map(({ traffic }) => traffic);
  return (first ?? []).map((frames, at) =>
    others.reduce((sum, more) => {
      const { received, receivedBytes, sent, sentBytes } = more[at]!;
      return {
        type: sum.type,
        received: sum.received + received,
        receivedBytes: sum.receivedBytes + receivedBytes,
        sent: sum.sent + sent,
        sentBytes: sum.sentBytes + sentBytes,
      };
    }, frames)
  );
}

function sumRecords(
  records: readonly Readonly<Record<string, number>>[],
): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const record of records) {
    for (const [name, count] of Object.entries(record)) sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}
