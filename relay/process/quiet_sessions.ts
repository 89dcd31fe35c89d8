/**
 * Tells routes in reserve from those that carry a game: nothing went over them for a while.
 *
 * @module
 */
import type { RelaySessionStats } from "../../protocol/relay/relay_stats.ts";

/** A route in reserve has carried nothing for this long; the core takes the same time before it sheds one. */
const QUIET_AFTER_MS = 5_000;

interface Seen {
  frames: number;
  movedAtMs: number;
}

/** Remembers when each session last moved a frame, from look to look. */
export class QuietSessions {
  #seen: Map<string, Seen> = new Map();

  /** Looks at all sessions; those that are gone are forgotten. */
  look(sessions: readonly RelaySessionStats[], nowMs: number): void {
    const seen: Map<string, Seen> = new Map();
    for (const session of sessions) {
      const key = keyOf(session);
      const frames = session.framesUp + session.framesDown;
      const before = this.#seen.get(key);
      const hasMoved = before === undefined || before.frames !== frames;
      seen.set(key, { frames, movedAtMs: hasMoved ? nowMs : before.movedAtMs });
    }
    this.#seen = seen;
  }

  /** Whether nothing moved for five seconds, as far as the looks tell. */
  isQuiet(session: RelaySessionStats, nowMs: number): boolean {
    const seen = this.#seen.get(keyOf(session));
    return seen !== undefined && nowMs - seen.movedAtMs >= QUIET_AFTER_MS;
  }
}

function keyOf({ sessionId, labelIn }: RelaySessionStats): string {
  return `${sessionId} ${labelIn}`;
}
