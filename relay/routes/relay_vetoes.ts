/**
 * Relays that failed lately and are not chosen for a while; not for ever, as a relay that was updated
 * or lost its uplink for a minute is as good as before.
 *
 * @module
 */

/** How long a relay is left out after a failure. */
export const VETO_MS = 300_000;

/** Failures by relay. */
export class RelayVetoes {
  readonly #untilMs: Map<string, number> = new Map();

  /** Notes that a relay failed; a further failure begins the time anew. */
  add(relayId: string, nowMs: number): void {
    for (const [id, untilMs] of this.#untilMs) if (untilMs <= nowMs) this.#untilMs.delete(id);
    this.#untilMs.set(relayId, nowMs + VETO_MS);
  }

  /** Ends the veto of a relay: it is known to work. */
  lift(relayId: string): void {
    this.#untilMs.delete(relayId);
  }

  /** Whether a relay is left out now. */
  has(relayId: string, nowMs: number): boolean {
    return nowMs < (this.#untilMs.get(relayId) ?? -Infinity);
  }

  /** Relays that are remembered. */
  get size(): number {
    return this.#untilMs.size;
  }
}
