/**
 * What a relay asks of each of its shards, wherever they run: in this thread or in one of their own.
 *
 * Everything here can be copied between threads.
 *
 * @module
 */
import type { RelayKey } from "../../protocol/relay/hop_ticket.ts";
import type { RelayLimits } from "../../protocol/relay/relay_limits.ts";
import type { RelaySessionStats } from "../../protocol/relay/relay_stats.ts";
import type { PipeCounters } from "../../transport/pipe.ts";
import type { MeshCounters } from "../routes/mesh_prober.ts";
import type { MeshPeer } from "../routes/mesh_peer.ts";
import type { MeshLink } from "../routes/mesh_vector.ts";
import type { FrameTraffic } from "../status/relay_snapshot.ts";

/** What a shard is to do from now on; what is left out stays as it is. */
export interface ShardOrder {
  /** The keys of its tickets. */
  readonly keys?: readonly RelayKey[];
  /** Relays to measure. */
  readonly peers?: readonly MeshPeer[];
  /** Sessions to end. */
  readonly revoke?: readonly bigint[];
  /** When a drain ends, wall clock in milliseconds; `"cancel"` calls it off. */
  readonly drainUntilMs?: number | "cancel";
  /** Whether the director is away. */
  readonly isHolding?: boolean;
}

/** What a shard has counted and measured. */
export interface ShardReport {
  /** Its number. */
  readonly shard: number;
  /** Sessions, anchors and those that are being bound included. */
  readonly sessions: number;
  /** The fuller of two measures: frames a second of the ceiling, and sessions of their limit. 0 to 1 and above. */
  readonly load: number;
  /** Frames by type. */
  readonly traffic: readonly FrameTraffic[];
  /** Refusals by reason. */
  readonly drops: Readonly<Record<string, number>>;
  /** Other totals. */
  readonly events: Readonly<Record<string, number>>;
  /** What the socket counted. */
  readonly pipe: Readonly<PipeCounters>;
  /** What the measuring of other relays counted. */
  readonly mesh: Readonly<MeshCounters>;
  /** What it measured to other relays. */
  readonly links: readonly MeshLink[];
  /** Defects that the run loop survived. */
  readonly errors: number;
  /** Every session; empty unless they were asked for. */
  readonly list: readonly RelaySessionStats[];
}

/** What a shard is made of. */
export interface ShardOptions {
  /** Its number, the shard byte of its frames. */
  readonly shard: number;
  /** Id of the relay. */
  readonly relayId: string;
  /** Limits that differ from the defaults. */
  readonly limits: Partial<RelayLimits>;
  /** Whether it answers STUN Binding requests. Default false. */
  readonly answersStun?: boolean;
}

/** One shard: a socket and the sessions on it. */
export interface Shard {
  /** Its number. */
  readonly shard: number;
  /** The port that it is bound to. */
  readonly port: number;
  /** The address that it is bound to. */
  readonly hostname: string;
  /** Begins to receive; until then datagrams wait in the socket. */
  start(): Promise<void>;
  /** Does something from now on. */
  apply(order: ShardOrder): Promise<void>;
  /** Tells what it counted; with every session when `withSessions`. */
  report(withSessions: boolean): Promise<ShardReport>;
  /** All its sessions as one buffer. */
  exportTable(): Promise<Uint8Array>;
  /** Takes the sessions of such a buffer over, before {@link start}; returns how many. Throws RangeError for others. */
  importTable(table: Uint8Array): Promise<number>;
  /** Closes the socket. */
  close(): Promise<void>;
}
