/**
 * Sessions that wait for their turn: first in, first out, each at most once.
 *
 * @module
 */
import type { ServerSession } from "./session_registry.ts";

/** Entries that had their turn and still stand in front, before they are cut off. */
const COMPACTED_AT = 256;

/** A queue without repeats; the sessions themselves remember whether they wait in it. */
export class SessionQueue {
  readonly #flag: "isDirty" | "hasNews";
  readonly #waiting: ServerSession[] = [];
  #head = 0;

  /** @param flag Where a session remembers that it waits in this queue. */
  constructor(flag: "isDirty" | "hasNews") {
    this.#flag = flag;
  }

  /** Appends a session, unless it waits already. */
  add(entry: ServerSession): void {
    if (entry[this.#flag]) return;
    entry[this.#flag] = true;
    this.#waiting.push(entry);
  }

  /** The session whose turn it is; it stays. */
  peek(): ServerSession | undefined {
    return this.#waiting[this.#head];
  }

  /** Takes out the session whose turn it is; from now on it may be added again. */
  shift(): ServerSession | undefined {
    const entry = this.#waiting[this.#head];
    if (entry === undefined) return undefined;
    entry[this.#flag] = false;
    this.#head++;
    // Cut off now and then: shifting every time would move thousands of entries for each.
    if (this.#head === this.#waiting.length || this.#head >= COMPACTED_AT) {
      this.#waiting.splice(0, this.#head);
      this.#head = 0;
    }
    return entry;
  }
}
