/**
 * The path of a session's frames: from the label to the checks, and on to the other side.
 *
 * Implements docs/relay_protocol.md, "Forwarding". A DATA frame costs two SipHashes, one table look-up and
 * some arithmetic on flat arrays; nothing is allocated for it (bench/relay_core_bench.ts).
 *
 * @module
 */
import type { Address } from "../address.ts";
import { Replay } from "../received_packets.ts";
import {
  lowerPongDrain,
  NO_SESSION_FRAME_BYTES,
  PONG_FRAME_BYTES,
  RelayCloseCode,
  writePongBody,
} from "./control_frames.ts";
import { HopFlag } from "./hop_ticket.ts";
import type { RelayBinder } from "./relay_binder.ts";
import type { RelayDropCounters } from "./relay_counters.ts";
import {
  expandSequence,
  frameEpoch,
  frameFlags,
  frameLabel,
  frameSequenceLow,
  frameShard,
  frameTagLow,
  frameType,
  isFrameAuthentic,
  RELAY_HEADER_BYTES,
  RelayFlag,
  RelayFrameType,
} from "./relay_frame.ts";
import { DOWNSTREAM_TYPES, UPSTREAM_TYPES } from "./relay_frame_rules.ts";
import type { RelayPaths } from "./relay_paths.ts";
import type { RelayReplies } from "./relay_replies.ts";
import type { RelaySessions } from "./relay_sessions.ts";
import { NO_SLOT, REMEMBERED_TAGS, SlotState } from "./relay_slots.ts";
import type { RelayState } from "./relay_state.ts";
import { isSamePeer } from "./same_peer.ts";
import { CapVerdict, RelayDirection } from "./session_caps.ts";

/** The parts that a {@link RelayForwarder} works with. */
export interface RelayParts {
  /** What all parts share. */
  readonly state: RelayState;
  /** Follows hops that move. */
  readonly paths: RelayPaths;
  /** Takes BOUNDs. */
  readonly binder: RelayBinder;
  /** Renews and ends sessions. */
  readonly sessions: RelaySessions;
  /** Answers strangers. */
  readonly replies: RelayReplies;
}

/** Forwards the frames of sessions. */
export class RelayForwarder {
  readonly #state: RelayState;
  readonly #paths: RelayPaths;
  readonly #binder: RelayBinder;
  readonly #sessions: RelaySessions;
  readonly #replies: RelayReplies;
  #target: Address | undefined;

  /** Joins the parts. */
  constructor(parts: RelayParts) {
    this.#state = parts.state;
    this.#paths = parts.paths;
    this.#binder = parts.binder;
    this.#sessions = parts.sessions;
    this.#replies = parts.replies;
  }

  /** Where the frame that {@link handle} rewrote goes. */
  get target(): Address {
    return this.#target!;
  }

  /**
   * Takes a frame of a session, of a version and size that are checked. A frame that goes on is rewritten
   * where it lies.
   *
   * @returns How many bytes go on to {@link target}, or 0.
   */
  handle(bytes: Uint8Array, type: RelayFrameType, from: Address, nowMs: number): number {
    const { slots, shard } = this.#state;
    const isDown = (frameFlags(bytes) & RelayFlag.downstream) !== 0;
    const types = isDown ? DOWNSTREAM_TYPES : UPSTREAM_TYPES;
    if ((types >>> type & 1) === 0) return this.#drop("unexpectedType");
    if (!isDown && frameShard(bytes) !== shard) return this.#drop("wrongShard");
    const label = frameLabel(bytes);
    const slot = isDown ? slots.findOut(label) : slots.findIn(label);
    if (slot === NO_SLOT) {
      this.#replies.noSession(bytes, from, nowMs);
      return this.#drop("unknownLabel");
    }
    if (frameEpoch(bytes) !== slots.epoch[slot]) return this.#refuse(slot, "wrongEpoch");
    return isDown
      ? this.#fromNext(slot, bytes, type, from, nowMs)
      : this.#fromPrev(slot, bytes, type, from, nowMs);
  }

  #fromPrev(
    slot: number,
    bytes: Uint8Array,
    type: RelayFrameType,
    from: Address,
    nowMs: number,
  ): number {
    const { slots, hasher } = this.#state;
    const isForeign = !slots.isFromPrev(slot, from);
    if (isForeign && (slots.flags[slot]! & HopFlag.rebindOk) === 0) {
      return this.#refuse(slot, "wrongSource");
    }
    const sequence = expandSequence(frameSequenceLow(bytes), slots.fromPrev.largest[slot]!);
    const replay = slots.fromPrev.judge(slot, sequence);
    if (replay !== Replay.fresh) return this.#refuseReplay(slot, replay);
    if (!isFrameAuthentic(hasher, slots.keys, slots.prevKeyAt(slot), bytes, bytes.byteLength)) {
      return this.#refuse(slot, "forged");
    }
    const isNewest = slots.fromPrev.mark(slot, sequence);
    slots.heardPrevMs[slot] = nowMs;
    if (!isForeign) slots.heardPathMs[slot] = nowMs;
    else if (type !== RelayFrameType.pathResponse) {
      this.#paths.onForeign(slot, from, bytes.byteLength, isNewest, nowMs);
    }
    return this.#takeFromPrev(slot, bytes, type, from, nowMs);
  }

  #takeFromPrev(
    slot: number,
    bytes: Uint8Array,
    type: RelayFrameType,
    from: Address,
    nowMs: number,
  ): number {
    switch (type) {
      case RelayFrameType.pathResponse:
        this.#paths.onResponse(slot, bytes, from, nowMs);
        return 0;
      case RelayFrameType.renew:
        return this.#renew(slot, bytes, nowMs);
      case RelayFrameType.close:
        return this.#closeFromPrev(slot, bytes, nowMs);
      case RelayFrameType.ping:
        if (this.#isForUs(slot, bytes)) return this.#answerPing(slot, bytes, false, nowMs);
        return this.#up(slot, bytes, nowMs);
      default:
        if (this.#isForUs(slot, bytes) && type === RelayFrameType.pong) {
          return this.#refuse(slot, "unexpectedType");
        }
        return this.#up(slot, bytes, nowMs);
    }
  }

  #fromNext(
    slot: number,
    bytes: Uint8Array,
    type: RelayFrameType,
    from: Address,
    nowMs: number,
  ): number {
    const { slots, hasher } = this.#state;
    if (!slots.isFromNext(slot, from)) return this.#refuse(slot, "wrongSource");
    if (type === RelayFrameType.noSession && this.#isEcho(slot, bytes, from)) {
      return this.#onNextLost(slot);
    }
    const isAnswer = type === RelayFrameType.bound && slots.awaitsBound[slot] === 1;
    const largest = isAnswer ? -1 : slots.fromNext.largest[slot]!;
    const sequence = expandSequence(frameSequenceLow(bytes), largest);
    if (!isAnswer) {
      if (slots.state[slot] === SlotState.binding) return this.#refuse(slot, "notBound");
      const replay = slots.fromNext.judge(slot, sequence);
      if (replay !== Replay.fresh) return this.#refuseReplay(slot, replay);
    }
    if (!isFrameAuthentic(hasher, slots.keys, slots.nextKeyAt(slot), bytes, bytes.byteLength)) {
      return this.#refuse(slot, type === RelayFrameType.noSession ? "noSessionForged" : "forged");
    }
    if (type === RelayFrameType.bound && !this.#binder.answersBind(slot, bytes)) {
      return this.#refuse(slot, "boundUnexpected");
    }
    if (isAnswer) slots.fromNext.reset(slot);
    const isNewest = slots.fromNext.mark(slot, sequence);
    slots.heardNextMs[slot] = nowMs;
    this.#followAnchor(slot, from, bytes.byteLength, isNewest, nowMs);
    return this.#takeFromNext(slot, bytes, type, nowMs);
  }

  #takeFromNext(slot: number, bytes: Uint8Array, type: RelayFrameType, nowMs: number): number {
    switch (type) {
      case RelayFrameType.bound:
        return this.#goDown(slot, this.#binder.handleBound(slot, bytes, nowMs));
      case RelayFrameType.renewed:
        this.#sessions.lowerRenewed(slot, bytes);
        return this.#down(slot, bytes, nowMs);
      case RelayFrameType.noSession:
        return this.#onNextLost(slot);
      case RelayFrameType.close:
        return this.#closeFromNext(slot, bytes, nowMs);
      case RelayFrameType.ping:
        if (this.#isForUs(slot, bytes)) return this.#answerPing(slot, bytes, true, nowMs);
        break;
      case RelayFrameType.pong:
        if (this.#isForUs(slot, bytes)) return this.#refuse(slot, "unexpectedType");
        if (this.#state.isDraining) lowerPongDrain(bytes, this.#state.drainS(nowMs));
        break;
    }
    return this.#down(slot, bytes, nowMs);
  }

  /** Sends a frame on to the next hop, if the caps let it pass. */
  #up(slot: number, bytes: Uint8Array, nowMs: number): number {
    const { slots } = this.#state;
    const sizeBytes = bytes.byteLength;
    if (slots.isAnchor(slot)) return this.#refuse(slot, "unexpectedType");
    const to = slots.nextAddress(slot);
    if (to === undefined) return this.#refuse(slot, "anchorGone");
    if (!this.#passesCaps(slot, RelayDirection.up, sizeBytes, nowMs)) return 0;
    if (frameType(bytes) === RelayFrameType.data) slots.lastDataMs[slot] = nowMs;
    this.#state.stampNext(slot, bytes, sizeBytes);
    const anchor = slots.anchorSlot[slot]!;
    if (anchor !== NO_SLOT) this.#mirror(anchor, bytes, nowMs);
    return this.#goUp(slot, sizeBytes, to);
  }

  /** Sends a frame on to the hop before, if the caps let it pass. */
  #down(slot: number, bytes: Uint8Array, nowMs: number): number {
    const { slots } = this.#state;
    const sizeBytes = bytes.byteLength;
    if (!this.#passesCaps(slot, RelayDirection.down, sizeBytes, nowMs)) return 0;
    if (frameType(bytes) === RelayFrameType.data) slots.lastDataMs[slot] = nowMs;
    this.#state.stampPrev(slot, bytes, sizeBytes);
    this.#mirror(slot, bytes, nowMs);
    return this.#goDown(slot, sizeBytes);
  }

  #goUp(slot: number, sizeBytes: number, to: Address): number {
    const { slots } = this.#state;
    slots.framesUp[slot]!++;
    slots.bytesUp[slot]! += sizeBytes;
    this.#target = to;
    return sizeBytes;
  }

  #goDown(slot: number, sizeBytes: number): number {
    const { slots } = this.#state;
    slots.framesDown[slot]!++;
    slots.bytesDown[slot]! += sizeBytes;
    this.#target = slots.prev[slot];
    return sizeBytes;
  }

  /** A copy for an address that is being proven, while the proven one is silent. */
  #mirror(slot: number, frame: Uint8Array, nowMs: number): void {
    const { ring, totals } = this.#state;
    const { spare } = ring;
    const to = spare && this.#paths.mirrorTo(slot, frame.byteLength, nowMs);
    if (to === undefined) return;
    spare!.set(frame);
    totals.onSent(frameType(frame), frame.byteLength);
    ring.commit(frame.byteLength, to);
  }

  #passesCaps(
    slot: number,
    direction: RelayDirection,
    sizeBytes: number,
    nowMs: number,
  ): boolean {
    const { slots } = this.#state;
    const verdict = slots.caps.take(slot, direction, sizeBytes, nowMs);
    if (verdict !== CapVerdict.pass) {
      this.#refuse(slot, verdict === CapVerdict.overPps ? "overPps" : "overKbps");
      return false;
    }
    slots.usedBytes[slot]! += sizeBytes;
    if (slots.usedBytes[slot]! <= slots.maxBytes[slot]!) return true;
    this.#refuse(slot, "overQuota");
    this.#sessions.close(slot, RelayCloseCode.quota, nowMs);
    return false;
  }

  /** PING and PONG between neighbors, and all that an anchor gets. */
  #isForUs(slot: number, frame: Uint8Array): boolean {
    return (frameFlags(frame) & RelayFlag.echo) === 0 || this.#state.slots.isAnchor(slot);
  }

  #answerPing(slot: number, ping: Uint8Array, isFromNext: boolean, nowMs: number): number {
    const state = this.#state;
    const { slots } = state;
    const flags = frameFlags(ping) & RelayFlag.echo;
    const pong = state.begin(RelayFrameType.pong, flags, slots.epoch[slot]!);
    const to = isFromNext ? slots.nextAddress(slot) : slots.prev[slot];
    if (pong === undefined || to === undefined) return 0;
    writePongBody(pong, ping);
    if (state.isDraining) lowerPongDrain(pong, state.drainS(nowMs));
    if (isFromNext) state.stampNext(slot, pong, PONG_FRAME_BYTES);
    else state.stampPrev(slot, pong, PONG_FRAME_BYTES);
    state.commit(PONG_FRAME_BYTES, to);
    return 0;
  }

  #renew(slot: number, frame: Uint8Array, nowMs: number): number {
    const { slots } = this.#state;
    if (!this.#sessions.renew(slot, frame, nowMs)) return this.#refuse(slot, "renewalRefused");
    const sizeBytes = this.#sessions.stripRenewal(frame);
    const to = slots.nextAddress(slot);
    if (sizeBytes === 0 || to === undefined) {
      this.#sessions.answerRenew(slot);
      return 0;
    }
    this.#state.stampNext(slot, frame, sizeBytes);
    return this.#goUp(slot, sizeBytes, to);
  }

  #closeFromPrev(slot: number, frame: Uint8Array, nowMs: number): number {
    const to = this.#state.slots.nextAddress(slot);
    let sizeBytes = 0;
    if (to !== undefined) {
      sizeBytes = frame.byteLength;
      this.#state.stampNext(slot, frame, sizeBytes);
      this.#goUp(slot, sizeBytes, to);
    }
    this.#sessions.forget(slot, closeCodeOf(frame), nowMs);
    return sizeBytes;
  }

  #closeFromNext(slot: number, frame: Uint8Array, nowMs: number): number {
    this.#state.stampPrev(slot, frame, frame.byteLength);
    const sizeBytes = this.#goDown(slot, frame.byteLength);
    this.#sessions.forget(slot, closeCodeOf(frame), nowMs);
    return sizeBytes;
  }

  /** Whether a NO_SESSION of the next hop repeats the tag of a frame that lately went there. */
  #isEcho(slot: number, frame: Uint8Array, from: Address): boolean {
    const { slots } = this.#state;
    const to = slots.nextAddress(slot);
    if (to === undefined || !isSamePeer(from, to)) return false;
    const sent = slots.sentNext[slot]!;
    const sequence = expandSequence(frameSequenceLow(frame), sent);
    if (sequence > sent || sequence <= sent - REMEMBERED_TAGS) return false;
    const at = slot * REMEMBERED_TAGS + sequence % REMEMBERED_TAGS;
    return slots.sentTags[at] === frameTagLow(frame);
  }

  /** Only the client has tickets for the hops behind: so it is told, this time under our tag. */
  #onNextLost(slot: number): number {
    const state = this.#state;
    const { slots } = state;
    const frame = state.begin(RelayFrameType.noSession, 0, slots.epoch[slot]!);
    if (frame === undefined) return 0;
    slots.nextLost[slot] = 1;
    state.stampPrev(slot, frame, NO_SESSION_FRAME_BYTES);
    state.commit(NO_SESSION_FRAME_BYTES, slots.prev[slot]!);
    return 0;
  }

  /** A server behind NAT is where its frames come from: all of its sessions tell when that changes. */
  #followAnchor(
    slot: number,
    from: Address,
    sizeBytes: number,
    isNewest: boolean,
    nowMs: number,
  ): void {
    const { slots } = this.#state;
    const anchor = slots.anchorSlot[slot]!;
    if (anchor < 0) return;
    slots.heardPrevMs[anchor] = nowMs;
    if (slots.isFromPrev(anchor, from)) slots.heardPathMs[anchor] = nowMs;
    else this.#paths.onForeign(anchor, from, sizeBytes, isNewest, nowMs);
  }

  #refuseReplay(slot: number, replay: number): number {
    return this.#refuse(slot, replay === Replay.tooOld ? "tooOld" : "replayed");
  }

  #refuse(slot: number, reason: keyof RelayDropCounters): number {
    this.#state.slots.refused[slot]!++;
    return this.#drop(reason);
  }

  #drop(reason: keyof RelayDropCounters): number {
    this.#state.drops[reason]++;
    return 0;
  }
}

/** The code of a CLOSE; one that we do not know means that an end was meant. */
function closeCodeOf(frame: Uint8Array): RelayCloseCode {
  const code = frame[RELAY_HEADER_BYTES]!;
  for (const known of Object.values(RelayCloseCode)) if (known === code) return known;
  return RelayCloseCode.done;
}
