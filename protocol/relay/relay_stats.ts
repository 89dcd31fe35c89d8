/**
 * What one session did, as an object to read: for metrics, status pages and tests.
 *
 * @module
 */
import type { Address } from "../address.ts";
import { type RelaySlots, SlotState } from "./relay_slots.ts";

/** One session of a relay. Bytes are UDP payload bytes. */
export interface RelaySessionStats {
  /** The relay session. */
  readonly sessionId: bigint;
  /** Version of the path. */
  readonly epoch: number;
  /** Whether its BOUND has come. */
  readonly state: "binding" | "active";
  /** Whether it is the place where routes to a server behind NAT end. */
  readonly isAnchor: boolean;
  /** Label towards the hop before. */
  readonly labelIn: number;
  /** Label towards the next hop. */
  readonly labelOut: number;
  /** The hop before. */
  readonly prev: Address;
  /** The next hop, `undefined` for an anchor and while an anchor is gone. */
  readonly next: Address | undefined;
  /** Since when it is here, in milliseconds. */
  readonly ageMs: number;
  /** Until its ticket expires, in milliseconds; negative while it is held. */
  readonly expiresInMs: number;
  /** Since the hop before was heard, in milliseconds. */
  readonly silentMs: number;
  /** Frames forwarded to the next hop. */
  readonly framesUp: number;
  /** Their bytes. */
  readonly bytesUp: number;
  /** Frames forwarded to the hop before. */
  readonly framesDown: number;
  /** Their bytes. */
  readonly bytesDown: number;
  /** Frames refused. */
  readonly refused: number;
  /** Sequence numbers of the hop before that have not come: lost between it and here. */
  readonly missingUp: number;
  /** Sequence numbers of the next hop that have not come. */
  readonly missingDown: number;
  /** Times that the address of the hop before changed. */
  readonly rebinds: number;
}

/** Reads one session. */
export function sessionStats(slots: RelaySlots, slot: number, nowMs: number): RelaySessionStats {
  return {
    sessionId: slots.sessionId[slot]!,
    epoch: slots.epoch[slot]!,
    state: slots.state[slot] === SlotState.active ? "active" : "binding",
    isAnchor: slots.isAnchor(slot),
    labelIn: slots.labelIn[slot]!,
    labelOut: slots.labelOut[slot]!,
    prev: slots.prev[slot]!,
    next: slots.nextAddress(slot),
    ageMs: nowMs - slots.boundAtMs[slot]!,
    expiresInMs: slots.notAfterMs[slot]! - nowMs,
    silentMs: nowMs - slots.heardPrevMs[slot]!,
    framesUp: slots.framesUp[slot]!,
    bytesUp: slots.bytesUp[slot]!,
    framesDown: slots.framesDown[slot]!,
    bytesDown: slots.bytesDown[slot]!,
    refused: slots.refused[slot]!,
    missingUp: slots.fromPrev.missing(slot),
    missingDown: slots.fromNext.missing(slot),
    rebinds: slots.rebinds[slot]!,
  };
}
