/**
 * Sessions that were ended, for the relays and servers that have not heard of it yet.
 *
 * Every director hears of every revocation through the directory, and whichever director a relay asks
 * next tells it.
 *
 * @module
 */
import type { ControlMessage } from "../directory/records.ts";
import type { KeyHolder } from "./key_tree.ts";
import { MAX_LISTED_REVOCATIONS } from "./requests.ts";

/** A relay that lost all directors keeps sessions for 15 minutes; afterwards there is nothing to end. */
const KEPT_MS = 16 * 60_000;
const MAX_HOLDERS = 4_096;

/** Sessions to end, by who has to. */
export class Revocations {
  /** Expiry by session, oldest first, by holder. */
  readonly #byHolder = new Map<string, Map<string, number>>();

  /** Takes a message of the directory; others than revocations are ignored. */
  take(message: ControlMessage, nowMs: number): void {
    if (message.kind !== "revoke") return;
    for (const id of message.relayIds) this.#add({ kind: "relay", id }, message.sessionId, nowMs);
    this.#add({ kind: "server", id: message.serverId }, message.sessionId, nowMs);
  }

  /** What a holder has to end. */
  of(holder: KeyHolder, nowMs: number): string[] {
    const sessions = this.#byHolder.get(keyOf(holder));
    if (sessions === undefined) return [];
    for (const [sessionId, untilMs] of sessions) {
      if (untilMs > nowMs) break;
      sessions.delete(sessionId);
    }
    if (sessions.size === 0) this.#byHolder.delete(keyOf(holder));
    return [...sessions.keys()];
  }

  #add(holder: KeyHolder, sessionId: string, nowMs: number): void {
    const key = keyOf(holder);
    let sessions = this.#byHolder.get(key);
    if (sessions === undefined) {
      if (this.#byHolder.size >= MAX_HOLDERS) dropFirst(this.#byHolder);
      sessions = new Map();
      this.#byHolder.set(key, sessions);
    }
    sessions.delete(sessionId);
    if (sessions.size >= MAX_LISTED_REVOCATIONS) dropFirst(sessions);
    sessions.set(sessionId, nowMs + KEPT_MS);
  }
}

function keyOf({ kind, id }: KeyHolder): string {
  return `${kind} ${id}`;
}

function dropFirst(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
