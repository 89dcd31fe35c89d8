/**
 * Events of a server: what happens to it and its peers, for the game to handle.
 *
 * @module
 */
import type { Peer } from "./peer.ts";

/** How a peer's time with us ended. */
export interface DisconnectInfo {
  /** `CloseCode`, or 1,000 and more for the game's own. */
  readonly code: number;
  /** Reason as given by whoever ended it. Text of a peer: any characters, at most 200 bytes. */
  readonly reason: string;
  /** Whether the peer ended it. */
  readonly isByPeer: boolean;
}

/**
 * Lifecycle events of a server and what they come with. A handler may be an async function: what it
 * throws or rejects with is contained and counted.
 */
export interface ServerEvents<Data> {
  /** A peer is there. The first event of every peer. */
  connected: (peer: Peer<Data>) => void;
  /** A peer fell silent; it may come back. What is sent to it waits. */
  suspended: (peer: Peer<Data>) => void;
  /** A suspended peer came back; nothing reliable was lost. */
  resumed: (peer: Peer<Data>) => void;
  /** A peer is gone for good. The last event of every peer. */
  disconnected: (peer: Peer<Data>, info: DisconnectInfo) => void;
  /** A channel that blocked takes messages again. */
  drained: (peer: Peer<Data>) => void;
  /**
   * A handler threw or rejected; `where` is its message or event, `"tick"`, `"authorize"`, `"peerData"`
   * or `"delivery"`. Without a listener the error is logged, or printed where no log is configured.
   */
  error: (error: unknown, where: string) => void;
  /** Players join by another code from now on. Only with the `relay` option; never for the first code. */
  joinCode: (code: string) => void;
  /** The server begins to stop: the last chance to send. */
  stopping: () => void;
}

/** Every event. */
export const SERVER_EVENTS: readonly (keyof ServerEvents<unknown>)[] = [
  "connected",
  "suspended",
  "resumed",
  "disconnected",
  "drained",
  "error",
  "joinCode",
  "stopping",
];
