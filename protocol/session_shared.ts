/**
 * What sessions take from their endpoint and from the handshake.
 *
 * @module
 */
import type { TickTime } from "./connection_context.ts";
import type { DropCounters } from "./counters.ts";
import type { FrameTable } from "./frames.ts";
import type { MemoryView } from "./memory_view.ts";
import type { MessagePool } from "./message_pool.ts";
import type { PacketWriter } from "./packet_writer.ts";

/** What all sessions of an endpoint share. */
export interface SessionShared {
  /** Which end this is. */
  readonly role: "client" | "server";
  /** Buffers of messages. */
  readonly pool: MessagePool;
  /** Counts of what is refused. */
  readonly drops: DropCounters;
  /** Builds packets. */
  readonly writer: PacketWriter;
  /** Holds the frames of the packet at hand. */
  readonly table: FrameTable;
  /** Views the memory of the packet at hand. */
  readonly memory: MemoryView;
  /** Fills a buffer with random bytes. */
  readonly random: (into: Uint8Array) => void;
  /** Server: the tick that clients are told; client: `undefined`. */
  readonly time: TickTime | undefined;
}

/** What the peer announced in the handshake. */
export interface PeerLimits {
  /** Silence after which it gives up on us. */
  readonly idleTimeoutMs: number;
  /** Datagrams a second that it accepts. */
  readonly packetsPerSecond: number;
  /** Bytes a second that it accepts. */
  readonly bytesPerSecond: number;
}
