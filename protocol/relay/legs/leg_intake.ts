/**
 * What both kinds of leg do with a frame before they look at what it says.
 *
 * @module
 */
import {
  BOUND_FRAME_BYTES,
  type BoundBody,
  readBoundBody,
  readBoundId,
  RETRY_FRAME_BYTES,
} from "../control_frames.ts";
import {
  frameType,
  frameVersion,
  isRelayFrame,
  RELAY_HEADER_BYTES,
  RELAY_MAX_FRAME_BYTES,
  RELAY_VERSION,
  RelayFrameType,
} from "../relay_frame.ts";
import type { ClientRoute } from "./client_route.ts";
import { Judgement } from "./frame_link.ts";
import type { LegDropCounters } from "./leg_counters.ts";

/** Whether a datagram can be a frame; one that cannot is counted. */
export function isLegFrame(frame: Uint8Array, counters: LegDropCounters): boolean {
  const { byteLength } = frame;
  if (byteLength < RELAY_HEADER_BYTES || byteLength > RELAY_MAX_FRAME_BYTES) {
    counters.size++;
    return false;
  }
  if (isRelayFrame(frame[0]!) && frameVersion(frame) === RELAY_VERSION) return true;
  counters.version++;
  return false;
}

/** Whether a judged frame is to be taken; one that is not is counted. */
export function isFresh(judgement: Judgement, counters: LegDropCounters): boolean {
  if (judgement === Judgement.fresh) return true;
  if (judgement === Judgement.forged) counters.tag++;
  else if (judgement === Judgement.replayed) counters.replay++;
  else counters.window++;
  return false;
}

/** Whether a frame answers a BIND: such a frame comes before the two ends agree on sequence numbers. */
export function isBindAnswer(type: RelayFrameType): boolean {
  return type === RelayFrameType.bound || type === RelayFrameType.retry;
}

/**
 * Takes an authentic RETRY or BOUND for a route.
 *
 * @returns What the BOUND says, `"retry"`, or `undefined` when the frame answers nothing.
 */
export function takeBindAnswer(
  frame: Uint8Array,
  route: ClientRoute,
  nowMs: number,
): BoundBody | "retry" | undefined {
  const { bind, link } = route;
  const { byteLength } = frame;
  if (!bind.isWaiting) return undefined;
  if (frameType(frame) === RelayFrameType.retry) {
    if (byteLength !== RETRY_FRAME_BYTES) return undefined;
    bind.onRetry(frame.subarray(RELAY_HEADER_BYTES), nowMs);
    return "retry";
  }
  if (byteLength !== BOUND_FRAME_BYTES || readBoundId(frame) !== route.bindId) return undefined;
  const body = readBoundBody(frame);
  link.restart();
  route.onBound(body, nowMs);
  return body;
}

/** Whether a NO_SESSION is about a frame of ours: authentic, or an echo of what left a moment ago. */
export function isHintFor(frame: Uint8Array, route: ClientRoute, judgement: Judgement): boolean {
  if (judgement !== Judgement.fresh) return route.link.isEcho(frame);
  route.link.accept();
  return true;
}
