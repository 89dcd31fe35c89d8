/**
 * What sessions take from their endpoint and from the handshake.
 *
 * @module
 */
import type { TickTime } from "./connection_context.ts";
import type { DropCounters } from "./counters.ts";
import { FrameTable } from "./frames.ts";
import { MemoryView } from "./memory_view.ts";
import { MessagePool } from "./message_pool.ts";
import { PacketWriter } from "./packet_writer.ts";

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

/** What an endpoint gives to all its sessions: its own part, and one of everything that they take turns with. */
export function sessionShared(
  own: Pick<SessionShared, "role" | "drops" | "random" | "time">,
): SessionShared {
  return {
    role: own.role,
    drops: own.drops,
    random: own.random,
    time: own.time,
    pool: new MessagePool(),
    writer: new PacketWriter(),
    table: new FrameTable(),
    memory: new MemoryView(),
  };
}

/** What the handshake told of the peer. */
export interface PeerLimits {
  /** Silence after which it gives up on us. */
  readonly idleTimeoutMs: number;
  /** Datagrams a second that it accepts. */
  readonly packetsPerSecond: number;
  /** Bytes a second that it accepts. */
  readonly bytesPerSecond: number;
  /** Bytes that came from its address so far, when that may not be the peer's; left out where it is for certain. */
  readonly unprovenBytes?: number;
}
