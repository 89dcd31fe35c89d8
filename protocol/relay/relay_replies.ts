/**
 * What a relay answers to those who have no session: NO_SESSION and QOS_PONG, each smaller than what it
 * answers, and both limited per address and in all.
 *
 * @module
 */
import { type Address, sourceKey } from "../address.ts";
import { KeyedBuckets, TokenBucket } from "../token_bucket.ts";
import {
  BEACON_NONCE_AT,
  BEACON_NONCE_BYTES,
  BEACON_TOKEN_AT,
  beaconNotAfterS,
  isBeaconToken,
  PONG_DRAINS_AT,
  PONG_LOAD_AT,
  PONG_NONCE_AT,
  QOS_PONG_BYTES,
} from "./beacon.ts";
import { NO_SESSION_FRAME_BYTES } from "./control_frames.ts";
import { keyOf } from "./hop_ticket.ts";
import {
  frameEpoch,
  frameFlags,
  frameSequenceLow,
  frameType,
  RELAY_HEADER_BYTES,
  RelayFlag,
  RelayFrameType,
  writeSequence,
  writeU32,
} from "./relay_frame.ts";
import type { RelayState } from "./relay_state.ts";

/** Addresses whose rates are remembered: a flood of spoofed ones takes no more memory than this many. */
const RATED_ADDRESSES = 4_096;

/** Types whose sender is told that there is no session. */
const ANSWERED_TYPES: number = 1 << RelayFrameType.data | 1 << RelayFrameType.renew |
  1 << RelayFrameType.ping | 1 << RelayFrameType.signal;

/** The answers to strangers. */
export class RelayReplies {
  readonly #state: RelayState;
  readonly #noSessionRates: KeyedBuckets;
  readonly #noSessionTotal: TokenBucket;
  readonly #beaconRates: KeyedBuckets;
  readonly #beaconTotal: TokenBucket;

  /** Works with the keys and limits of this state. */
  constructor(state: RelayState, nowMs: number) {
    this.#state = state;
    const { limits } = state;
    const perAddress = limits.noSessionsPerSecondPerAddress;
    this.#noSessionRates = new KeyedBuckets(perAddress, perAddress, RATED_ADDRESSES);
    const inAll = limits.noSessionsPerSecond;
    this.#noSessionTotal = new TokenBucket(inAll, inAll, nowMs);
    const beacons = limits.beaconsPerSecondPerAddress;
    this.#beaconRates = new KeyedBuckets(beacons, beacons, RATED_ADDRESSES);
    this.#beaconTotal = new TokenBucket(limits.beaconsPerSecond, limits.beaconsPerSecond, nowMs);
  }

  /**
   * Answers a frame whose label nobody has, by a header alone that repeats its tag: only who saw the frame
   * can have sent it, and even so it is no more than a hint.
   */
  noSession(trigger: Uint8Array, from: Address, nowMs: number): void {
    const isAnswered = (ANSWERED_TYPES >>> frameType(trigger) & 1) === 1 &&
      trigger.byteLength > NO_SESSION_FRAME_BYTES;
    if (!isAnswered) return;
    const state = this.#state;
    // The total first: a spoofed flood shall not even fill the table of addresses.
    const isLimited = !this.#noSessionTotal.take(1, nowMs) ||
      !this.#noSessionRates.take(sourceKey(from.hostname), nowMs);
    if (isLimited) {
      state.drops.noSessionLimited++;
      return;
    }
    const flags = (frameFlags(trigger) & RelayFlag.downstream) ^ RelayFlag.downstream;
    const frame = state.begin(RelayFrameType.noSession, flags, frameEpoch(trigger));
    if (frame === undefined) return;
    for (let i = 4; i < RELAY_HEADER_BYTES; i++) frame[i] = trigger[i]!;
    state.commit(NO_SESSION_FRAME_BYTES, from);
  }

  /** Answers a beacon ping of the right size. */
  qosPing(ping: Uint8Array, from: Address, nowMs: number): void {
    const state = this.#state;
    const key = keyOf(state.keys, ping[BEACON_TOKEN_AT]!);
    const isOurs = key !== undefined && ping[BEACON_TOKEN_AT + 1] === state.shard &&
      isBeaconToken(state.hasher, key, ping, BEACON_TOKEN_AT);
    if (!isOurs) {
      state.drops.beaconForged++;
      return;
    }
    const notAfterMs = state.fromWallS(beaconNotAfterS(ping, BEACON_TOKEN_AT));
    if (notAfterMs + state.limits.clockSkewMs <= nowMs) {
      state.drops.beaconExpired++;
      return;
    }
    const isLimited = !this.#beaconTotal.take(1, nowMs) ||
      !this.#beaconRates.take(sourceKey(from.hostname), nowMs);
    if (isLimited) {
      state.drops.beaconRateLimited++;
      return;
    }
    const pong = state.begin(RelayFrameType.qosPong, RelayFlag.downstream, 0);
    if (pong === undefined) return;
    pong.fill(0, 4, QOS_PONG_BYTES);
    writeU32(pong, 4, 0);
    writeSequence(pong, frameSequenceLow(ping));
    for (let i = 0; i < BEACON_NONCE_BYTES; i++) {
      pong[PONG_NONCE_AT + i] = ping[BEACON_NONCE_AT + i]!;
    }
    pong[PONG_LOAD_AT] = Math.min(Math.round(state.load.load * 255), 255);
    pong[PONG_DRAINS_AT] = state.isDraining ? 1 : 0;
    state.commit(QOS_PONG_BYTES, from);
  }
}
