/**
 * Labels of hops: random, and each in use once in the whole network, whichever director gave it out.
 *
 * Once per relay would not do: a relay knows a session by two labels, and the one towards the next hop is
 * given out for that hop. Two sessions that go on to different relays must not have the same there either.
 *
 * @module
 */
import type { Directory } from "../directory/directory.ts";
import { DirectorError } from "./director_error.ts";

/** Tries before giving up. With a million labels in use, one try fails with a chance of 1 in 4,000. */
const MAX_TRIES = 8;

/** Gives out labels. */
export class LabelOffice {
  readonly #directory: Directory;
  readonly #random: (into: Uint8Array) => void;
  /** Labels of routes that were replaced, with the time from which nobody uses them any more. */
  #retired: { readonly label: number; readonly freeAtMs: number }[] = [];

  /** @param random Fills a buffer with random bytes. */
  constructor(directory: Directory, random: (into: Uint8Array) => void) {
    this.#directory = directory;
    this.#random = random;
  }

  /**
   * A label that nobody else has. Never 0, which means "no label" in tickets.
   *
   * @throws DirectorError `no-capacity` when nearly all are in use.
   */
  async take(sessionId: string): Promise<number> {
    const word = new Uint32Array(1);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      this.#random(new Uint8Array(word.buffer));
      const label = word[0]!;
      if (label === 0) continue;
      const revision = await this.#directory.create("labels", keyOf(label), { sessionId });
      if (revision !== undefined) return label;
    }
    throw new DirectorError("no-capacity", "No free label was found");
  }

  /** Frees labels once frames that carry them can no longer arrive. */
  retire(labels: readonly number[], freeAtMs: number): void {
    for (const label of labels) this.#retired.push({ label, freeAtMs });
  }

  /** Frees what is due. What cannot be freed now ends with its lease of a day. */
  async sweep(nowMs: number): Promise<void> {
    const due = this.#retired.filter(({ freeAtMs }) => freeAtMs <= nowMs);
    if (due.length === 0) return;
    this.#retired = this.#retired.filter(({ freeAtMs }) => freeAtMs > nowMs);
    await Promise.allSettled(
      due.map(({ label }) => this.#directory.delete("labels", keyOf(label))),
    );
  }
}

function keyOf(label: number): string {
  return label.toString(16).padStart(8, "0");
}
