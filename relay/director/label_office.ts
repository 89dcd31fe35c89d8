/**
 * Labels of hops: random, and each in use once per relay shard, whichever director gave it out.
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
  #retired: { readonly key: string; readonly freeAtMs: number }[] = [];

  /** @param random Fills a buffer with random bytes. */
  constructor(directory: Directory, random: (into: Uint8Array) => void) {
    this.#directory = directory;
    this.#random = random;
  }

  /**
   * A label that nobody else has in this scope. Never 0, which means "no label" in many a log.
   *
   * @throws DirectorError `no-capacity` when the scope is nearly full.
   */
  async take(scope: string, sessionId: string): Promise<number> {
    const word = new Uint32Array(1);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      this.#random(new Uint8Array(word.buffer));
      const label = word[0]!;
      if (label === 0) continue;
      const key = labelKey(scope, label);
      if (await this.#directory.create("labels", key, { sessionId }) !== undefined) return label;
    }
    throw new DirectorError("no-capacity", `No free label was found for ${scope}`);
  }

  /** Frees labels once frames that carry them can no longer arrive. */
  retire(
    labels: readonly { readonly scope: string; readonly label: number }[],
    freeAtMs: number,
  ): void {
    for (const { scope, label } of labels) {
      this.#retired.push({ key: labelKey(scope, label), freeAtMs });
    }
  }

  /** Frees what is due. What cannot be freed now ends with its lease of a day. */
  async sweep(nowMs: number): Promise<void> {
    const due = this.#retired.filter(({ freeAtMs }) => freeAtMs <= nowMs);
    if (due.length === 0) return;
    this.#retired = this.#retired.filter(({ freeAtMs }) => freeAtMs > nowMs);
    await Promise.allSettled(due.map(({ key }) => this.#directory.delete("labels", key)));
  }
}

/** The scope of a relay's shard. */
export function relayScope(relayId: string, shard: number): string {
  return `r.${relayId}.${shard}`;
}

/** The scope of a server. */
export function serverScope(serverId: string): string {
  return `s.${serverId}`;
}

function labelKey(scope: string, label: number): string {
  return `${scope}.${label.toString(16)}`;
}
