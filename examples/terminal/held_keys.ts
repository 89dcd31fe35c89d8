/**
 * Which keys are held down, also where a terminal only tells of presses.
 *
 * Without releases a key counts as held for a moment after each press: a long one after the first,
 * until the keyboard begins to repeat it, short ones after that.
 *
 * @module
 */
import type { Key } from "./key_parser.ts";

/** After a first press: keyboards begin to repeat after 250 to 660 ms, and a tap must stay a tap. */
export const FIRST_HOLD_MS = 400;

/** After a repeat: keyboards repeat 25 to 40 times a second, and a terminal far away bunches them. */
export const REPEAT_HOLD_MS = 150;

/** Keys that are down. */
export class HeldKeys {
  /** Whether the terminal tells when a key is let go. */
  tellsReleases = false;
  readonly #heldUntilMs = new Map<string, number>();

  /** Takes a key. */
  handle({ name, action }: Key, nowMs: number): void {
    if (action === "release") {
      this.#heldUntilMs.delete(name);
      return;
    }
    const isRepeat = this.isHeld(name, nowMs);
    const holdMs = this.tellsReleases ? Infinity : isRepeat ? REPEAT_HOLD_MS : FIRST_HOLD_MS;
    // A repeat must not end the long hold of a first press early.
    const untilMs = Math.max(nowMs + holdMs, isRepeat ? this.#heldUntilMs.get(name)! : 0);
    this.#heldUntilMs.set(name, untilMs);
  }

  /** Whether a key is down. */
  isHeld(name: string, nowMs: number): boolean {
    return (this.#heldUntilMs.get(name) ?? -Infinity) > nowMs;
  }

  /** Takes what is held as held on, as if the keyboard had repeated it. */
  prolong(nowMs: number): void {
    for (const [name, untilMs] of this.#heldUntilMs) {
      if (untilMs > nowMs) this.#heldUntilMs.set(name, Math.max(untilMs, nowMs + REPEAT_HOLD_MS));
    }
  }

  /** Lets one key go, or all: the opposite direction was pressed, or the keys type text now. */
  release(name?: string): void {
    if (name === undefined) this.#heldUntilMs.clear();
    else this.#heldUntilMs.delete(name);
  }
}
