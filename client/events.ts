/**
 * States and events of a client.
 *
 * @module
 */

/** Where a client stands. */
export type ClientState =
  /** Messages flow both ways. */
  | "connected"
  /** The server fell silent; what is sent waits, and the session may be resumed. */
  | "suspended"
  /** The session is lost; a new one is being made, and what is sent is dropped. */
  | "reconnecting"
  /** Over. */
  | "disconnected";

/** How a client's time with its server ended. */
export interface ClosedInfo {
  /** `CloseCode`, or 1,000 and more for the game's own. */
  readonly code: number;
  /** Reason as given by whoever ended it. */
  readonly reason: string;
  /** Whether the server ended it. */
  readonly isByServer: boolean;
}

/**
 * Events of a client and what they come with. A handler may be an async function: what it throws or
 * rejects with is contained and counted.
 */
export interface ClientEvents {
  /** The server fell silent; the session is being resumed. */
  suspended: () => void;
  /** The session goes on; nothing reliable was lost. */
  resumed: () => void;
  /** The session was lost and a new one is being made. */
  reconnecting: () => void;
  /** A new session began: for the server a new peer. What the old one had not delivered is lost. */
  reconnected: () => void;
  /** Over. The last event. */
  disconnected: (info: ClosedInfo) => void;
  /** A channel that blocked takes messages again. */
  drained: () => void;
  /**
   * A handler threw or rejected; `where` is its message or event, or `"delivery"`. Without a listener
   * the error is logged, or printed where no log is configured.
   */
  error: (error: unknown, where: string) => void;
}

/** Every event. */
export const CLIENT_EVENTS: readonly (keyof ClientEvents)[] = [
  "suspended",
  "resumed",
  "reconnecting",
  "reconnected",
  "disconnected",
  "drained",
  "error",
];
