/**
 * What a session has to tell, in the order in which it happened. The end is told last and once.
 *
 * @module
 */
import type { SendContext } from "./send_channel.ts";
import type { SessionEvent } from "./session_event.ts";

/** Events that wait for the driver. */
export class SessionEvents {
  readonly #waiting: SessionEvent[] = [];
  #isOver = false;

  /** Whether the end was told, or waits to be. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Notes an event; after the end there is none. */
  push(event: SessionEvent): void {
    if (this.#isOver) return;
    if (event.kind === "closed") this.#isOver = true;
    this.#waiting.push(event);
  }

  /** Notes what became of messages whose senders asked. */
  pushResults({ results }: SendContext): void {
    for (const result of results) this.push({ kind: "delivery", ...result });
    results.length = 0;
  }

  /** The next event. */
  shift(): SessionEvent | undefined {
    return this.#waiting.shift();
  }
}
