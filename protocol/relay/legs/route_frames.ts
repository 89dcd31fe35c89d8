/**
 * Frames that every end which binds writes alike: a client's routes and a server's anchors.
 *
 * @module
 */
import { MIN_PING_BYTES, PATH_FRAME_BYTES, writeBindBody } from "../control_frames.ts";
import { RELAY_HEADER_BYTES, RelayFlag, RelayFrameType, writeU32 } from "../relay_frame.ts";
import type { ClientRoute } from "./client_route.ts";
import type { FrameLink } from "./frame_link.ts";

/** Numbers of BINDs, growing for ever. */
export class BindIds {
  readonly #epochMs: number;
  #last = 0n;

  /**
   * Counts by the wall clock, so that a leg that starts again goes on above what it used before.
   *
   * @param epochMs Wall clock at `nowMs` 0.
   */
  constructor(epochMs: number) {
    this.#epochMs = epochMs;
  }

  /** The next one. */
  next(nowMs: number): bigint {
    const clockId = BigInt(Math.floor(this.#epochMs + nowMs));
    this.#last = clockId > this.#last ? clockId : this.#last + 1n;
    return this.#last;
  }
}

/** Writes a BIND; returns its size. */
export function writeBind(
  into: Uint8Array,
  route: ClientRoute,
  ids: BindIds,
  nowMs: number,
): number {
  const { bind, link } = route;
  if (bind.attempts === 0) route.bindId = ids.next(nowMs);
  link.begin(into, RelayFrameType.bind);
  const sizeBytes = writeBindBody(into, route.bindId, route.grant.tickets, bind.cookie);
  bind.onSent(nowMs);
  route.onSent(nowMs);
  return link.finish(into, sizeBytes);
}

/** Writes a PING; returns its size. Without `RelayFlag.echo` the first relay answers it. */
export function writePing(
  into: Uint8Array,
  route: ClientRoute,
  flags: number,
  nowMs: number,
): number {
  const { link } = route;
  link.begin(into, RelayFrameType.ping, flags | RelayFlag.probe);
  into.fill(0, RELAY_HEADER_BYTES, MIN_PING_BYTES);
  writeU32(into, RELAY_HEADER_BYTES, route.health.onPing(nowMs));
  route.isPingDue = false;
  route.onSent(nowMs);
  return link.finish(into, MIN_PING_BYTES);
}

/** Writes a RENEW; returns its size. */
export function writeRenew(
  into: Uint8Array,
  route: ClientRoute,
  blobs: Uint8Array,
  nowMs: number,
): number {
  route.link.begin(into, RelayFrameType.renew);
  into.set(blobs, RELAY_HEADER_BYTES);
  route.onSent(nowMs);
  return route.link.finish(into, RELAY_HEADER_BYTES + blobs.byteLength);
}

/** Writes a PATH_CHALLENGE or PATH_RESPONSE; returns its size. */
export function writePathFrame(
  into: Uint8Array,
  link: FrameLink,
  type: RelayFrameType,
  token: Uint8Array,
): number {
  link.begin(into, type, RelayFlag.probe);
  into.set(token, RELAY_HEADER_BYTES);
  return link.finish(into, PATH_FRAME_BYTES);
}

/** Whether two routes have the same key. Both are ours: nobody measures how long this takes. */
export function isSameKey(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i]);
}
