/**
 * Binds sessions: from a BIND with its sealed ticket to the BOUND that comes back from the end of the route.
 *
 * Implements docs/relay_protocol.md, "Binding". Nothing is remembered of a BIND before its ticket has opened
 * and its tag has matched; nothing of a first hop's before its address is the ticket's or returned a cookie.
 *
 * @module
 */
import { type Address, IP_BYTES, isIpv4, parseIp } from "../address.ts";
import { KeyedBuckets } from "../token_bucket.ts";
import {
  BIND_TICKETS_AT,
  bindFrameBytes,
  BOUND_FRAME_BYTES,
  lowerBound,
  readBindId,
  readBoundId,
  RETRY_FRAME_BYTES,
  writeBindBody,
  writeBoundBody,
  writeObserved,
} from "./control_frames.ts";
import {
  HOP_TICKET_BYTES,
  HopFlag,
  type HopTicket,
  HopTicketOpener,
  sourceHashOf,
  ticketHops,
  TicketProblem,
} from "./hop_ticket.ts";
import { RelayCookies } from "./relay_cookies.ts";
import type { RelayDropCounters } from "./relay_counters.ts";
import {
  frameEpoch,
  frameFlags,
  frameLabel,
  frameSequenceLow,
  frameShard,
  isFrameAuthentic,
  RelayFlag,
  RelayFrameType,
  writeFrameTag,
  writeSequence,
  writeU32,
} from "./relay_frame.ts";
import { ShedLevel } from "./relay_load.ts";
import type { RelayPaths } from "./relay_paths.ts";
import { isNewerEpoch, maxBytesOf, NO_SLOT, SlotState } from "./relay_slots.ts";
import type { RelayState } from "./relay_state.ts";
import { RelayDirection } from "./session_caps.ts";

/** Why a BIND is refused: a counter's name. */
type Refusal = keyof RelayDropCounters;

/** Bits of an IPv4 and of an IPv6 address that BINDs are limited by. */
const IPV4_PREFIX_BYTES = 15;
const IPV6_PREFIX_BYTES = 7;

/** The binding part of a relay. */
export class RelayBinder {
  readonly #state: RelayState;
  readonly #paths: RelayPaths;
  readonly #opener: HopTicketOpener;
  readonly #cookies: RelayCookies;
  readonly #rates: KeyedBuckets;

  /** Works on the sessions of this state. */
  constructor(state: RelayState, paths: RelayPaths) {
    const { crypto, hasher, random } = state.options;
    this.#state = state;
    this.#paths = paths;
    this.#opener = new HopTicketOpener(crypto, hasher);
    this.#cookies = new RelayCookies(hasher, random);
    const { bindsPerSecondPerPrefix, bindBurstPerPrefix } = state.limits;
    this.#rates = new KeyedBuckets(bindsPerSecondPerPrefix, bindBurstPerPrefix);
  }

  /** Takes a BIND of a size that BINDs can have. */
  handleBind(frame: Uint8Array, from: Address, nowMs: number): void {
    const refusal = this.#refusalOf(frame, nowMs) ?? this.#bind(frame, from, nowMs);
    if (refusal !== undefined) this.#state.drops[refusal]++;
  }

  /**
   * Takes a BOUND that is authentic; fresh as well, unless the session awaits one.
   *
   * @returns Its size, when it goes on to the hop before: then it is stamped.
   */
  handleBound(slot: number, frame: Uint8Array, nowMs: number): number {
    const { slots, totals, limits } = this.#state;
    if (slots.state[slot] === SlotState.binding) {
      slots.state[slot] = SlotState.active;
      totals.sessionsBound++;
    }
    slots.awaitsBound[slot] = 0;
    slots.nextLost[slot] = 0;
    this.#replaceOlder(slot, nowMs);
    lowerBound(frame, limits.leaseMs / 1_000, this.#notAfterS(slot));
    this.#state.headPrev(slot, frame);
    writeObserved(frame, slots.prev[slot]!);
    const { hasher } = this.#state;
    writeFrameTag(hasher, slots.keys, slots.prevKeyAt(slot), frame, BOUND_FRAME_BYTES);
    return BOUND_FRAME_BYTES;
  }

  /** Whether a BOUND answers the newest BIND of its session. */
  answersBind(slot: number, frame: Uint8Array): boolean {
    return readBoundId(frame) === this.#state.slots.bindId[slot];
  }

  /** What a stranger or an old ticket fails at. Leaves the ticket in the opener. */
  #refusalOf(frame: Uint8Array, nowMs: number): Refusal | undefined {
    const state = this.#state;
    switch (this.#opener.open(frame, BIND_TICKETS_AT, state.keys)) {
      case TicketProblem.gate:
        return "ticketGate";
      case TicketProblem.sealed:
        return "ticketSealed";
      case TicketProblem.content:
        return "ticketContent";
    }
    const { ticket } = this.#opener;
    const hopsLeft = ticketHops(frame, BIND_TICKETS_AT) - ticket.hopIndex;
    if (frame.byteLength !== bindFrameBytes(hopsLeft)) return "wrongSize";
    const isMeant = frame[BIND_TICKETS_AT + 2] === state.shard && frameShard(frame) === state.shard;
    if (!isMeant) return "wrongShard";
    const isUp = (frameFlags(frame) & RelayFlag.downstream) === 0;
    if (!isUp || frameLabel(frame) !== ticket.labelIn || frameEpoch(frame) !== ticket.epoch) {
      return "bindMismatch";
    }
    // A relay is the end of anchors only, and an anchor is nothing but an end.
    const isAnchor = (ticket.flags & HopFlag.anchor) !== 0;
    if (isAnchor !== (ticket.next === undefined)) return "bindMismatch";
    if (!isFrameAuthentic(state.hasher, ticket.keyPrev, 0, frame, frame.byteLength)) {
      return "forged";
    }
    if (state.fromWallS(ticket.notAfterS) + state.limits.clockSkewMs <= nowMs) {
      return "ticketExpired";
    }
    if (state.ended.has(ticket.ticketId, nowMs)) return "ticketEnded";
    return state.revoked.has(ticket.sessionId, nowMs) ? "ticketRevoked" : undefined;
  }

  #bind(frame: Uint8Array, from: Address, nowMs: number): Refusal | undefined {
    const { ticket } = this.#opener;
    const { slots } = this.#state;
    const isFirst = (ticket.flags & HopFlag.first) !== 0;
    if (isFirst && !this.#rates.take(prefixKey(from.hostname), nowMs)) return "bindRateLimited";
    const slot = slots.findIn(ticket.labelIn);
    if (slot === NO_SLOT) {
      const refusal = this.#newcomerRefusal(ticket);
      if (refusal !== undefined) return refusal;
    } else if (!this.#isSession(slot, ticket)) return "labelTaken";
    else if (readBindId(frame) < slots.bindId[slot]!) return "bindReplayed";
    const isAt = slot === NO_SLOT || slots.isFromPrev(slot, from);
    if (!isFirst) {
      // The tag shows that the hop before sent this; it cannot have moved without its director.
      if (!isAt || (ticket.sourceHash !== 0n && !this.#isSource(ticket, from))) return "bindSource";
    } else if (!(isAt && this.#isSource(ticket, from))) {
      if (!this.#cookies.isValid(frame, from, ticket.labelIn, nowMs)) {
        this.#retry(frame, from, nowMs);
        return "bindCookie";
      }
    }
    return slot === NO_SLOT
      ? this.#install(frame, from, nowMs)
      : this.#repeat(slot, frame, from, nowMs);
  }

  /** What a session that is not here yet fails at. */
  #newcomerRefusal(ticket: HopTicket): Refusal | undefined {
    const { slots, load, isDraining } = this.#state;
    if (isDraining) return "bindDraining";
    if (load.level >= ShedLevel.newBinds) return "bindShed";
    if ((ticket.flags & HopFlag.anchor) !== 0) {
      if (slots.anchorOf(ticket.sessionId) !== NO_SLOT) return "labelTaken";
    } else {
      const newest = slots.newestOf(ticket.sessionId);
      if (newest !== NO_SLOT && isNewerEpoch(slots.epoch[newest]!, ticket.epoch)) {
        return "bindEpoch";
      }
      if (slots.findOut(ticket.labelOut) !== NO_SLOT) return "labelTaken";
      const anchorId = anchorIdOf(ticket.next!);
      if (anchorId !== 0n && slots.anchorOf(anchorId) === NO_SLOT) return "anchorMissing";
    }
    return slots.used === slots.capacity ? "slotsFull" : undefined;
  }

  /** Whether a slot with the ticket's label is of the same session, path and key. */
  #isSession(slot: number, ticket: HopTicket): boolean {
    const { slots } = this.#state;
    const keyAt = slots.prevKeyAt(slot);
    for (let i = 0; i < ticket.keyPrev.byteLength; i++) {
      if (slots.keys[keyAt + i] !== ticket.keyPrev[i]) return false;
    }
    return slots.sessionId[slot] === ticket.sessionId && slots.epoch[slot] === ticket.epoch;
  }

  #isSource(ticket: HopTicket, from: Address): boolean {
    if (ticket.sourceHash === 0n) return false;
    const { gateKey } = this.#opener.key!;
    return ticket.sourceHash === sourceHashOf(from.hostname, gateKey, this.#state.hasher);
  }

  #install(frame: Uint8Array, from: Address, nowMs: number): undefined {
    const { ticket } = this.#opener;
    const { slots } = this.#state;
    const anchorId = ticket.next === undefined ? 0n : anchorIdOf(ticket.next);
    const slot = slots.install(ticket, anchorId, from, nowMs);
    slots.notAfterMs[slot] = this.#state.fromWallS(ticket.notAfterS);
    this.#begin(slot, frame);
    this.#answerOrForward(slot, frame, nowMs);
    return undefined;
  }

  /** A repeated BIND goes on again; one of a newer attempt starts the windows anew. */
  #repeat(slot: number, frame: Uint8Array, from: Address, nowMs: number): undefined {
    const { slots } = this.#state;
    if (readBindId(frame) > slots.bindId[slot]!) {
      this.#begin(slot, frame);
      this.#refresh(slot, nowMs);
    }
    // Whoever came this far from another address has returned a cookie from there.
    if (!slots.isFromPrev(slot, from)) this.#paths.move(slot, from, nowMs);
    slots.hear(slot, nowMs);
    this.#answerOrForward(slot, frame, nowMs);
    return undefined;
  }

  /** A new attempt: the hop before may have lost its numbers, and the next hop answers anew. */
  #begin(slot: number, frame: Uint8Array): void {
    const { slots } = this.#state;
    const sequence = frameSequenceLow(frame);
    slots.bindId[slot] = readBindId(frame);
    slots.fromPrev.reset(slot);
    slots.fromPrev.mark(slot, sequence);
    slots.awaitsBound[slot] = 1;
  }

  /** A fresh ticket of a session that is here prolongs it and sets its limits. */
  #refresh(slot: number, nowMs: number): void {
    const { ticket } = this.#opener;
    const { slots } = this.#state;
    if (slots.ticketId[slot] === ticket.ticketId) return;
    slots.ticketId[slot] = ticket.ticketId;
    const notAfterMs = this.#state.fromWallS(ticket.notAfterS);
    slots.notAfterMs[slot] = Math.max(slots.notAfterMs[slot]!, notAfterMs);
    slots.caps.change(slot, RelayDirection.up, ticket.ppsUp, ticket.kbpsUp, nowMs);
    slots.caps.change(slot, RelayDirection.down, ticket.ppsDown, ticket.kbpsDown, nowMs);
    slots.maxBytes[slot] = maxBytesOf(ticket.maxMiB);
  }

  #answerOrForward(slot: number, frame: Uint8Array, nowMs: number): void {
    if (this.#state.slots.isAnchor(slot)) this.#answer(slot, nowMs);
    else this.#forward(slot, frame);
  }

  /** The relay is the end of an anchor, so it answers. */
  #answer(slot: number, nowMs: number): void {
    const state = this.#state;
    const { slots } = state;
    const bound = state.begin(RelayFrameType.bound, 0, slots.epoch[slot]!);
    if (bound === undefined) return;
    writeBoundBody(bound, {
      observed: slots.prev[slot]!,
      leaseS: state.limits.leaseMs / 1_000,
      notAfterS: this.#notAfterS(slot),
      bindId: slots.bindId[slot]!,
    });
    state.commit(this.handleBound(slot, bound, nowMs), slots.prev[slot]!);
  }

  /** Strips our own ticket and fills up with zeros, so that a BIND is never small. */
  #forward(slot: number, frame: Uint8Array): void {
    const state = this.#state;
    const to = state.slots.nextAddress(slot);
    const next = state.begin(RelayFrameType.bind, frameFlags(frame), frameEpoch(frame));
    if (to === undefined || next === undefined) return;
    const { ticket } = this.#opener;
    const hopsLeft = ticketHops(frame, BIND_TICKETS_AT) - ticket.hopIndex - 1;
    const rest = BIND_TICKETS_AT + HOP_TICKET_BYTES;
    const tickets = frame.subarray(rest, rest + hopsLeft * HOP_TICKET_BYTES);
    const sizeBytes = writeBindBody(next, readBindId(frame), tickets);
    state.stampNext(slot, next, sizeBytes);
    state.commit(sizeBytes, to);
  }

  /** Costs no memory: what the client has to return is computed from its address. */
  #retry(frame: Uint8Array, from: Address, nowMs: number): void {
    const state = this.#state;
    const { ticket } = this.#opener;
    const retry = state.begin(RelayFrameType.retry, RelayFlag.downstream, ticket.epoch);
    if (retry === undefined) return;
    writeU32(retry, 4, ticket.labelIn);
    writeSequence(retry, frameSequenceLow(frame));
    this.#cookies.write(retry, from, ticket.labelIn, nowMs);
    writeFrameTag(state.hasher, ticket.keyPrev, 0, retry, RETRY_FRAME_BYTES);
    state.commit(RETRY_FRAME_BYTES, from);
  }

  /** The path before a newer one gets some seconds for what is on its way. */
  #replaceOlder(slot: number, nowMs: number): void {
    const { slots, limits } = this.#state;
    const sessionId = slots.sessionId[slot]!;
    if (slots.isAnchor(slot) || slots.replacedSlot[slot] === NO_SLOT) return;
    const older = slots.replacedSlot[slot]!;
    slots.replacedSlot[slot] = NO_SLOT;
    if (slots.state[older] === SlotState.free || slots.sessionId[older] !== sessionId) return;
    slots.isReplaced[older] = 1;
    slots.notAfterMs[older] = Math.min(slots.notAfterMs[older]!, nowMs + limits.replacedMs);
  }

  #notAfterS(slot: number): number {
    const { options, slots } = this.#state;
    return Math.floor((slots.notAfterMs[slot]! + options.epochMs) / 1_000);
  }
}

/** The anchor id of an address in 100::/64, or 0 for any other address. */
export function anchorIdOf(address: Address): bigint {
  const bytes = new Uint8Array(IP_BYTES);
  if (!parseIp(address.hostname, bytes) || bytes[0] !== 1) return 0n;
  for (let i = 1; i < 8; i++) if (bytes[i] !== 0) return 0n;
  return new DataView(bytes.buffer).getBigUint64(8);
}

/** The key by which BINDs are limited: a /24 of IPv4 or a /56 of IPv6. */
function prefixKey(hostname: string): string {
  const bytes = new Uint8Array(IP_BYTES);
  if (!parseIp(hostname, bytes)) return "";
  return bytes.subarray(0, isIpv4(bytes) ? IPV4_PREFIX_BYTES : IPV6_PREFIX_BYTES).toHex();
}
