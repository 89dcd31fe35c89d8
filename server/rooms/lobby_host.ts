/**
 * What a lobby needs of its server besides what games see.
 *
 * @module
 */
import type { DropCounters } from "../../protocol/counters.ts";
import type { BoundMessage } from "../../schema/mod.ts";
import type { Clock } from "../../transport/clock.ts";
import type { Peer } from "../peer.ts";
import type { SpawnWorker } from "../workers/spawn_worker.ts";

/** What a lobby needs of its server besides what games see. */
export interface LobbyHost {
  /** Time and timers. */
  readonly clock: Clock;
  /** Length of a tick; `undefined` in a server without ticks. */
  readonly periodMs: number | undefined;
  /** Fills a buffer with random bytes. */
  readonly random: (into: Uint8Array) => void;
  /** Where messages that the schema refuses are counted. */
  readonly drops: DropCounters;
  /** Hands a message to the server's own handlers. */
  dispatch(peer: Peer<unknown>, message: BoundMessage, value: unknown): void;
  /** Handles what waits of a peer whose room could not take it before. */
  resume(peer: Peer<unknown>): void;
  /** Starts the thread of a room on a worker. Default: a real one. */
  readonly spawnWorker?: SpawnWorker;
}
