/**
 * What a session needs to know of a channel. The compiled schema decides it; it never travels.
 *
 * @module
 */
import type { Delivery } from "../schema/mod.ts";

/** Rules of one channel, the same at both ends. `ChannelSpec` of the schema satisfies it. */
export interface ChannelConfig {
  /** What the channel promises. */
  readonly delivery: Delivery;
  /** 0 to 7; larger leaves first. */
  readonly priority: number;
  /** Share of a paced link among channels of the same priority, 1 to 255. */
  readonly weight: number;
  /** How long an unreliable message may wait for its packet; `undefined` for as long as it takes. */
  readonly ttlMs: number | undefined;
  /** How many of the newest unacknowledged inputs every packet repeats. */
  readonly redundancy: number;
  /** Largest message that either end may send on it. */
  readonly maxMessageBytes: number;
}

/** Whether every message must arrive, so that the sender keeps it until it is acknowledged. */
export function isReliable(delivery: Delivery): boolean {
  return delivery === "reliable-ordered" || delivery === "reliable-unordered" ||
    delivery === "reliable-latest";
}

/** Whether messages carry a sequence on the wire. */
export function hasSequence(delivery: Delivery): boolean {
  return delivery !== "unreliable";
}

/** Whether bytes are granted by CREDIT frames. */
export function isFlowControlled(delivery: Delivery): boolean {
  return delivery === "reliable-ordered" || delivery === "reliable-unordered";
}

/** Rebuilds a sequence from its low 16 bits: the value nearest to `reference`. */
export function expandSequence(truncated: number, reference: number): number {
  const distance = (truncated - reference) << 16 >> 16;
  return reference + distance;
}
