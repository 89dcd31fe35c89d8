/**
 * What a connection borrows from its session and endpoint, and what it says of a packet.
 *
 * @module
 */
import type { ChannelSet } from "./channel_set.ts";
import type { DropCounters, SessionCounters } from "./counters.ts";
import type { FrameTable } from "./frames.ts";
import type { SessionLimits } from "./limits.ts";
import type { MemoryView } from "./memory_view.ts";
import type { Pacer } from "./pacer.ts";
import type { PacketTrace } from "./packet_trace.ts";
import type { PacketWriter } from "./packet_writer.ts";
import type { RttEstimator } from "./rtt_estimator.ts";

/** What became of an authentic packet. */
export const PacketOutcome = {
  /** Every frame was applied. */
  applied: 0,
  /** Refused whole; its sender will repeat what matters. */
  refused: 1,
  /** Refused whole; no honest sender sends this. */
  malformed: 2,
} as const;

/** The tick that a server tells its clients. */
export interface TickTime {
  /** Number of the current tick. */
  tick: number;
  /** When it began. */
  startedAtMs: number;
}

/** What a connection borrows from its session and endpoint. */
export interface ConnectionContext {
  /** Which end this is. */
  readonly role: "client" | "server";
  /** The session's channels. */
  readonly channels: ChannelSet;
  /** The session's limits. */
  readonly limits: SessionLimits;
  /** The session's rate. */
  readonly pacer: Pacer;
  /** The session's round-trip estimates. */
  readonly rtt: RttEstimator;
  /** The session's counts. */
  readonly counters: SessionCounters;
  /** The endpoint's counts of what is refused. */
  readonly drops: DropCounters;
  /** Shared by all sessions of an endpoint. */
  readonly writer: PacketWriter;
  /** Shared by all sessions of an endpoint. */
  readonly table: FrameTable;
  /** Shared by all sessions of an endpoint. */
  readonly memory: MemoryView;
  /** Fills a buffer with random bytes. */
  readonly random: (into: Uint8Array) => void;
  /** Server: the tick that clients are told; client: `undefined`. */
  readonly time: TickTime | undefined;
  /** Remembers packets for people; `undefined` while nobody asked for it. */
  readonly trace: PacketTrace | undefined;
}
