/**
 * Which sizes a frame of each type has, and in which direction a session's frames go.
 *
 * Implements the table of docs/relay_protocol.md, "Frame types". Data, so that the rules are in one place.
 *
 * @module
 */
import { QOS_PING_BYTES, QOS_PONG_BYTES } from "./beacon.ts";
import {
  BOUND_FRAME_BYTES,
  CLOSE_FRAME_BYTES,
  MAX_BIND_BYTES,
  MAX_PING_BYTES,
  MIN_BIND_BYTES,
  MIN_PING_BYTES,
  NO_SESSION_FRAME_BYTES,
  PATH_FRAME_BYTES,
  PONG_FRAME_BYTES,
  RENEWED_FRAME_BYTES,
  RETRY_FRAME_BYTES,
} from "./control_frames.ts";
import { HOP_RENEWAL_BYTES } from "./hop_renewal.ts";
import { MAX_ROUTE_HOPS } from "./hop_ticket.ts";
import { RELAY_HEADER_BYTES, RELAY_MAX_FRAME_BYTES, RelayFrameType } from "./relay_frame.ts";

/** Sizes that a type can have: least, most, and the step between them. */
export interface FrameSizes {
  /** Least bytes of the frame, header included. */
  readonly min: number;
  /** Most bytes. */
  readonly max: number;
  /** Sizes go up by this. */
  readonly step: number;
}

/** Sizes by type. */
export const FRAME_SIZES: readonly FrameSizes[] = [
  between(RELAY_HEADER_BYTES + 1, RELAY_MAX_FRAME_BYTES),
  between(MIN_BIND_BYTES, MAX_BIND_BYTES),
  exactly(RETRY_FRAME_BYTES),
  exactly(BOUND_FRAME_BYTES),
  {
    min: RELAY_HEADER_BYTES + HOP_RENEWAL_BYTES,
    max: RELAY_HEADER_BYTES + MAX_ROUTE_HOPS * HOP_RENEWAL_BYTES,
    step: HOP_RENEWAL_BYTES,
  },
  exactly(RENEWED_FRAME_BYTES),
  exactly(PATH_FRAME_BYTES),
  exactly(PATH_FRAME_BYTES),
  between(MIN_PING_BYTES, MAX_PING_BYTES),
  exactly(PONG_FRAME_BYTES),
  exactly(CLOSE_FRAME_BYTES),
  exactly(NO_SESSION_FRAME_BYTES),
  exactly(QOS_PING_BYTES),
  exactly(QOS_PONG_BYTES),
  between(RELAY_HEADER_BYTES, RELAY_MAX_FRAME_BYTES),
  between(RELAY_HEADER_BYTES + 1, RELAY_MAX_FRAME_BYTES),
];

/** Types that a session's hop before may send, one bit each. */
export const UPSTREAM_TYPES: number = bits(
  RelayFrameType.data,
  RelayFrameType.renew,
  RelayFrameType.pathResponse,
  RelayFrameType.ping,
  RelayFrameType.pong,
  RelayFrameType.close,
  RelayFrameType.signal,
);

/** Types that a session's next hop may send, one bit each. */
export const DOWNSTREAM_TYPES: number = bits(
  RelayFrameType.data,
  RelayFrameType.bound,
  RelayFrameType.renewed,
  RelayFrameType.ping,
  RelayFrameType.pong,
  RelayFrameType.close,
  RelayFrameType.noSession,
  RelayFrameType.signal,
);

/** Whether frames of this type have this size. */
export function isSizeOf(type: RelayFrameType, sizeBytes: number): boolean {
  const { min, max, step } = FRAME_SIZES[type]!;
  return sizeBytes >= min && sizeBytes <= max && (sizeBytes - min) % step === 0;
}

function between(min: number, max: number): FrameSizes {
  return { min, max, step: 1 };
}

function exactly(sizeBytes: number): FrameSizes {
  return { min: sizeBytes, max: sizeBytes, step: 1 };
}

function bits(...types: readonly RelayFrameType[]): number {
  return types.reduce<number>((mask, type) => mask | 1 << type, 0);
}
