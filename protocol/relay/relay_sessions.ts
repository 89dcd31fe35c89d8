/**
 * How sessions of a relay live on and end: renewals, leases, hold, drain, revocation.
 *
 * Implements docs/relay_protocol.md, "Lifetime".
 *
 * @module
 */
import { CLOSE_FRAME_BYTES, RelayCloseCode, RENEWED_FRAME_BYTES } from "./control_frames.ts";
import { HopFlag } from "./hop_ticket.ts";
import { HOP_RENEWAL_BYTES, type HopRenewal, openHopRenewal } from "./hop_renewal.ts";
import { readU32, RELAY_HEADER_BYTES, RelayFrameType, writeU32 } from "./relay_frame.ts";
import { ShedLevel } from "./relay_load.ts";
import type { RelayPaths } from "./relay_paths.ts";
import { maxBytesOf, SlotState } from "./relay_slots.ts";
import type { RelayState } from "./relay_state.ts";
import { RelayDirection } from "./session_caps.ts";

/** How often leases are looked at. */
export const SWEEP_INTERVAL_MS = 1_000;

/** A route that may be shed has carried no DATA for this long. */
export const STANDBY_AFTER_MS = 5_000;

/** Ids of ended and revoked sessions outlive what they belong to by the time that clocks may differ. */
const FAR_FUTURE_MS = 86_400_000;

/** The lives of sessions. */
export class RelaySessions {
  readonly #state: RelayState;
  readonly #paths: RelayPaths;
  #sweepAtMs: number;
  #isHolding = false;
  /** The deadline of the last drain that closed all that was left. */
  #drainedMs = -Infinity;
  #heldUntilMs = -Infinity;

  /** Works on the sessions of this state. */
  constructor(state: RelayState, paths: RelayPaths, nowMs: number) {
    this.#state = state;
    this.#paths = paths;
    this.#sweepAtMs = nowMs + SWEEP_INTERVAL_MS;
  }

  /** Whether the director is away. */
  get isHolding(): boolean {
    return this.#isHolding;
  }

  /** When {@link handleTimeout} has something to do, or `Infinity`. */
  get deadlineMs(): number {
    const drainUntilMs = this.#isDrained() ? Infinity : this.#state.drainUntilMs;
    return this.#state.slots.used === 0 ? drainUntilMs : Math.min(this.#sweepAtMs, drainUntilMs);
  }

  /** The director is away, or back: then sessions get one lease to be renewed. */
  hold(isHolding: boolean, nowMs: number): void {
    if (this.#isHolding && !isHolding) this.#heldUntilMs = nowMs + this.#state.limits.leaseMs;
    this.#isHolding = isHolding;
  }

  /** Ends all paths of a session and refuses its tickets from now on; how many paths there were. */
  revoke(sessionId: bigint, nowMs: number): number {
    const { slots, revoked } = this.#state;
    revoked.add(sessionId, nowMs + FAR_FUTURE_MS);
    let ended = 0;
    for (let slot = 0; slot < slots.capacity; slot++) {
      if (slots.state[slot] === SlotState.free || slots.sessionId[slot] !== sessionId) continue;
      this.close(slot, RelayCloseCode.revoked, nowMs);
      ended++;
    }
    return ended;
  }

  /** Tells both sides that a session ends here, and forgets it. */
  close(slot: number, code: RelayCloseCode, nowMs: number): void {
    const state = this.#state;
    const { slots } = state;
    const down = state.begin(RelayFrameType.close, 0, slots.epoch[slot]!);
    if (down !== undefined) {
      down[RELAY_HEADER_BYTES] = code;
      state.stampPrev(slot, down, CLOSE_FRAME_BYTES);
      state.commit(CLOSE_FRAME_BYTES, slots.prev[slot]!);
    }
    const to = slots.nextAddress(slot);
    const up = to && state.begin(RelayFrameType.close, 0, slots.epoch[slot]!);
    if (up !== undefined) {
      up[RELAY_HEADER_BYTES] = code;
      state.stampNext(slot, up, CLOSE_FRAME_BYTES);
      state.commit(CLOSE_FRAME_BYTES, to!);
    }
    this.forget(slot, code, nowMs);
  }

  /**
   * Forgets a session without a word. Its ticket is not taken again where the end was meant: a route that
   * fell silent or was shed may come back with it.
   */
  forget(slot: number, code: RelayCloseCode, nowMs: number): void {
    const { slots, ended, totals, limits } = this.#state;
    const isFinal = code === RelayCloseCode.done || code === RelayCloseCode.quota ||
      code === RelayCloseCode.replaced;
    if (isFinal) {
      const untilMs = Math.max(slots.notAfterMs[slot]!, nowMs + FAR_FUTURE_MS);
      ended.add(slots.ticketId[slot]!, untilMs + limits.clockSkewMs);
    }
    slots.remove(slot);
    this.#paths.forget(slot);
    totals.sessionsEnded++;
  }

  /** Opens the renewal at the start of a RENEW's body and applies it; `false` when it is none of ours. */
  renew(slot: number, frame: Uint8Array, nowMs: number): boolean {
    const state = this.#state;
    const { slots } = state;
    const { crypto } = state.options;
    const renewal = openHopRenewal(frame, RELAY_HEADER_BYTES, state.keys, crypto);
    const isOurs = renewal !== undefined && renewal.sessionId === slots.sessionId[slot] &&
      renewal.labelIn === slots.labelIn[slot] && state.fromWallS(renewal.notAfterS) > nowMs;
    if (!isOurs || slots.isReplaced[slot] === 1) return false;
    this.#apply(slot, renewal, nowMs);
    return true;
  }

  /** Writes the renewals that are left after ours into a RENEW to the next hop; its size, 0 when none is left. */
  stripRenewal(frame: Uint8Array): number {
    const left = frame.byteLength - RELAY_HEADER_BYTES - HOP_RENEWAL_BYTES;
    frame.copyWithin(RELAY_HEADER_BYTES, RELAY_HEADER_BYTES + HOP_RENEWAL_BYTES);
    return left === 0 ? 0 : RELAY_HEADER_BYTES + left;
  }

  /** Makes a RENEWED promise no more than this relay does. */
  lowerRenewed(slot: number, frame: Uint8Array): void {
    const { slots, options } = this.#state;
    const notAfterS = Math.floor((slots.notAfterMs[slot]! + options.epochMs) / 1_000);
    if (notAfterS >= readU32(frame, RELAY_HEADER_BYTES)) return;
    writeU32(frame, RELAY_HEADER_BYTES, notAfterS);
  }

  /** Answers a RENEW at the end of what is to be renewed: an anchor, or a route whose server needs none. */
  answerRenew(slot: number): void {
    const state = this.#state;
    const renewed = state.begin(RelayFrameType.renewed, 0, state.slots.epoch[slot]!);
    if (renewed === undefined) return;
    writeU32(renewed, RELAY_HEADER_BYTES, 0xffff_ffff);
    this.lowerRenewed(slot, renewed);
    state.stampPrev(slot, renewed, RENEWED_FRAME_BYTES);
    state.commit(RENEWED_FRAME_BYTES, state.slots.prev[slot]!);
  }

  /** Ends what is over. */
  handleTimeout(nowMs: number): void {
    const state = this.#state;
    const isDrained = nowMs >= state.drainUntilMs;
    if (nowMs < this.#sweepAtMs && !isDrained) return;
    this.#sweepAtMs = nowMs + SWEEP_INTERVAL_MS;
    state.load.roll(nowMs);
    const { slots, limits } = state;
    const isOverCap = state.load.level >= ShedLevel.overCap;
    slots.caps.burstS = isOverCap ? limits.shedBurstS : limits.burstS;
    let ended = 0;
    for (let slot = 0; slot < slots.capacity; slot++) {
      if (slots.state[slot] === SlotState.free) continue;
      // Every end may send two frames; what finds no room for them waits for the next sweep.
      if (state.ring.count + 2 > limits.outboundFrames && ended > 0) {
        this.#sweepAtMs = nowMs;
        return;
      }
      if (this.#end(slot, isDrained, nowMs)) ended++;
    }
    if (isDrained) this.#drainedMs = state.drainUntilMs;
  }

  /** Whether the drain that was asked for is over: then it has no deadline any more. */
  #isDrained(): boolean {
    return this.#drainedMs === this.#state.drainUntilMs && this.#state.slots.used === 0;
  }

  #end(slot: number, isDrained: boolean, nowMs: number): boolean {
    const { slots, limits, drops, totals, load } = this.#state;
    if (
      slots.state[slot] === SlotState.binding &&
      nowMs - slots.boundAtMs[slot]! >= limits.bindTimeoutMs
    ) {
      drops.bindTimeout++;
      this.forget(slot, RelayCloseCode.idle, nowMs);
      return true;
    }
    const code = isDrained ? RelayCloseCode.drained : this.#endOf(slot, nowMs);
    if (code !== undefined) {
      this.close(slot, code, nowMs);
      return true;
    }
    if (load.level < ShedLevel.standby || !this.#isStandby(slot, nowMs)) return false;
    totals.standbyShed++;
    this.close(slot, RelayCloseCode.shed, nowMs);
    return true;
  }

  #endOf(slot: number, nowMs: number): RelayCloseCode | undefined {
    const { slots, limits } = this.#state;
    if (nowMs - slots.heardPrevMs[slot]! >= limits.leaseMs) return RelayCloseCode.idle;
    const lateMs = nowMs - slots.notAfterMs[slot]!;
    if (slots.isReplaced[slot] === 1) return lateMs >= 0 ? RelayCloseCode.replaced : undefined;
    const isHeld = this.#isHolding || nowMs < this.#heldUntilMs;
    const graceMs = limits.clockSkewMs + (isHeld ? limits.holdMs : 0);
    return lateMs >= graceMs ? RelayCloseCode.expired : undefined;
  }

  #isStandby(slot: number, nowMs: number): boolean {
    const { slots } = this.#state;
    const isOneOfTwo = (slots.flags[slot]! & HopFlag.multipath) !== 0;
    const quietSinceMs = Math.max(slots.lastDataMs[slot]!, slots.boundAtMs[slot]!);
    return isOneOfTwo && nowMs - quietSinceMs >= STANDBY_AFTER_MS;
  }

  #apply(slot: number, renewal: HopRenewal, nowMs: number): void {
    const { slots } = this.#state;
    const notAfterMs = this.#state.fromWallS(renewal.notAfterS);
    slots.notAfterMs[slot] = Math.max(slots.notAfterMs[slot]!, notAfterMs);
    slots.caps.change(slot, RelayDirection.up, renewal.ppsUp, renewal.kbpsUp, nowMs);
    slots.caps.change(slot, RelayDirection.down, renewal.ppsDown, renewal.kbpsDown, nowMs);
    slots.maxBytes[slot] = maxBytesOf(renewal.maxMiB);
  }
}
