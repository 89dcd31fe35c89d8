/**
 * Reads the ACK frame: which of our packets the peer has.
 *
 * Implements docs/protocol.md, "ACK". `frames.ts` has checked the layout; here the 16-bit largest
 * number is expanded against what was sent.
 *
 * @module
 */
import { readVarint, varintEnd } from "../schema/mod.ts";
import { expandPacketNumber } from "./packet.ts";
import type { Recovery } from "./recovery.ts";

/** The delay of an ACK frame counts in units of this many milliseconds. */
export const ACK_DELAY_UNIT_MS = 0.5;

/**
 * Whether an ACK frame speaks only of packets that were sent.
 *
 * @param start Where its largest number stands.
 * @param span How many packet numbers it spans, the largest included.
 */
export function isAckPossible(
  view: DataView,
  start: number,
  span: number,
  recovery: Recovery,
): boolean {
  const largest = largestOf(view, start, recovery);
  return largest < recovery.sent.nextPacketNumber && largest - span + 1 >= 0;
}

/** Applies an ACK frame that {@link isAckPossible} accepted. */
export function applyAck(view: DataView, start: number, recovery: Recovery, nowMs: number): void {
  const largest = largestOf(view, start, recovery);
  const delayMs = view.getUint8(start + 2) * ACK_DELAY_UNIT_MS;
  recovery.beginAck(largest, delayMs, nowMs);
  const end = view.byteLength;
  let last = largest;
  let run = readVarint(view, start + 3, end);
  let at = varintEnd();
  const ranges = view.getUint8(at++);
  recovery.ackRange(last, run);
  for (let i = 0; i < ranges; i++) {
    const gap = readVarint(view, at, end);
    last -= run + gap;
    run = readVarint(view, varintEnd(), end);
    at = varintEnd();
    recovery.ackRange(last, run);
  }
  recovery.endAck(nowMs);
}

function largestOf(view: DataView, start: number, recovery: Recovery): number {
  const newest = recovery.sent.nextPacketNumber - 1;
  return expandPacketNumber(view.getUint16(start, true), 2, newest);
}
