/**
 * The states of a session, as data: which event leads from which state to which.
 *
 * docs/protocol.md, "Session states", draws this table. A pair that is not in it is not a
 * transition: {@link nextState} then returns `undefined` and nothing happens.
 *
 * @module
 */

/** States of a session. */
export type SessionState =
  /** Messages flow both ways. */
  | "open"
  /** Closing was asked for; reliable messages still go out first. */
  | "lingering"
  /** CLOSE is being repeated. */
  | "closing"
  /** The peer closed; nothing is sent any more. */
  | "draining"
  /** The peer fell silent or forgot us; the session waits to be resumed. */
  | "detached"
  /** Over. */
  | "closed";

/** What moves a session from state to state. */
export type SessionTransition =
  /** The application closes at once. */
  | "close"
  /** The application closes once everything reliable has arrived. */
  | "linger"
  /** Everything reliable has arrived. */
  | "flushed"
  /** A CLOSE frame came. */
  | "peerClose"
  /** The idle timeout passed, or the peer sent a valid RESET. */
  | "silence"
  /** A new handshake brought the session back. */
  | "resume"
  /** The state's own time is over. */
  | "expire";

const TRANSITIONS: Readonly<
  Record<SessionState, Readonly<Partial<Record<SessionTransition, SessionState>>>>
> = {
  open: {
    close: "closing",
    linger: "lingering",
    peerClose: "draining",
    silence: "detached",
    resume: "open",
  },
  lingering: {
    close: "closing",
    flushed: "closing",
    peerClose: "draining",
    silence: "closed",
    expire: "closing",
  },
  closing: { peerClose: "closed", silence: "closed", expire: "closed" },
  draining: { expire: "closed", silence: "closed" },
  detached: { close: "closed", linger: "closed", resume: "open", expire: "closed" },
  closed: {},
};

/** The state that an event leads to, or `undefined` when it means nothing in this state. */
export function nextState(
  state: SessionState,
  transition: SessionTransition,
): SessionState | undefined {
  return TRANSITIONS[state][transition];
}
