/**
 * Loss detection: from acknowledgements and time to parts that arrived and parts to send again.
 *
 * Implements docs/protocol.md, "Recovery" (RFC 9002, sections 5 and 6). Messages are sent again,
 * never packets: a lost packet hands its parts back to their channels, and a probe timeout does so
 * early, without calling the packet lost.
 *
 * @module
 */
import type { MessageBuffer } from "./message_pool.ts";
import { MAX_PROBE_TIMEOUT_MS, RttEstimator } from "./rtt_estimator.ts";
import type { Pacer } from "./pacer.ts";
import { PacketState, SentFlag, SentPackets } from "./sent_packets.ts";

/** Packets after which a missing one counts as lost (RFC 9002, 6.1.1). */
export const PACKET_THRESHOLD = 3;

/** The threshold adapts to paths that reorder more, up to this. */
const MAX_PACKET_THRESHOLD = 64;

/** Packets that the first probe timeout hands back for resending; each further one twice as many. */
const PROBE_PACKETS = 2;

/**
 * But not more: a few kilobytes a second into the dark. With 8, a session that loses nine packets in ten
 * needed more than ten minutes for the last 136 small messages of a game; with 32 one and a half.
 */
const MAX_PROBE_PACKETS = 32;

/** How far behind the largest acknowledged packet a loss may still turn out to be none. */
const FORGIVABLE_PACKETS = 2 * MAX_PACKET_THRESHOLD;

/** Who is told what became of the parts of messages. */
export interface RecoveryListener {
  /** A part arrived. */
  onPartAcked(message: MessageBuffer, part: number): void;
  /** A packet that carried a part is lost; with `isProbe`, merely overdue. */
  onPartLost(message: MessageBuffer, part: number, packetNumber: number, isProbe: boolean): void;
  /** The newest CREDIT frames did not arrive. */
  onCreditLost(): void;
  /** A probe of a larger datagram size arrived or was lost. */
  onMtuProbe(sizeBytes: number, arrived: boolean): void;
  /** A packet of more than {@link Recovery.largeAboveBytes} that is no probe arrived or was lost. */
  onLargePacket(arrived: boolean): void;
  /** The peer has our acknowledgements up to this packet number. */
  onAckOfAck(ackedUpTo: number): void;
}

/** Counts since the session began. */
export interface RecoveryCounters {
  /** Packets declared lost. */
  packetsLost: number;
  /** Packets acknowledged after they were declared lost. */
  spuriousLosses: number;
  /** Probe timeouts that fired. */
  probeTimeouts: number;
}

/** Recovery state of one packet number space. */
export class Recovery {
  /** Packets in flight. */
  readonly sent = new SentPackets();
  /** Round-trip estimates; survives a resumption of the session. */
  readonly rtt: RttEstimator;
  /** Size above which the listener is told of packets. */
  largeAboveBytes = Infinity;
  /** Counts since the session began. */
  readonly counters: RecoveryCounters;
  readonly #pacer: Pacer;
  readonly #listener: RecoveryListener;
  #largestAcked = -1;
  #lossTimeMs = Infinity;
  #lastElicitingAtMs = 0;
  #probeCount = 0;
  #packetThreshold = PACKET_THRESHOLD;
  #newestLost = -Infinity;
  #hasNewlyAcked = false;

  constructor(
    listener: RecoveryListener,
    pacer: Pacer,
    rtt: RttEstimator = new RttEstimator(),
    counters: RecoveryCounters = { packetsLost: 0, spuriousLosses: 0, probeTimeouts: 0 },
  ) {
    this.#listener = listener;
    this.#pacer = pacer;
    this.rtt = rtt;
    this.counters = counters;
  }

  /** Largest packet number that the peer acknowledged, or -1. */
  get largestAcked(): number {
    return this.#largestAcked;
  }

  /** Probe timeouts in a row without an acknowledgement. */
  get probeCount(): number {
    return this.#probeCount;
  }

  /** When {@link handleTimeout} has something to do, or `Infinity`. */
  get deadlineMs(): number {
    if (this.#lossTimeMs !== Infinity) return this.#lossTimeMs;
    if (this.sent.elicitingInFlight === 0) return Infinity;
    return this.#lastElicitingAtMs + this.probeTimeoutMs;
  }

  /** The probe timeout with its backoff, at most 1 s. */
  get probeTimeoutMs(): number {
    const backedOff = this.rtt.probeTimeoutMs * 2 ** Math.min(this.#probeCount, 6);
    return Math.min(backedOff, MAX_PROBE_TIMEOUT_MS);
  }

  /** Records a packet that was just built. See {@link SentPackets.record}. */
  onPacketSent(
    itemsBefore: number,
    sizeBytes: number,
    flags: number,
    ackedUpTo: number,
    nowMs: number,
  ): number {
    if ((flags & SentFlag.ackEliciting) !== 0) this.#lastElicitingAtMs = nowMs;
    this.#pacer.onSent(sizeBytes, nowMs);
    return this.sent.record(itemsBefore, sizeBytes, flags, ackedUpTo, nowMs);
  }

  /**
   * Begins an ACK frame. Follow with {@link ackRange} per range, newest first, then {@link endAck}.
   *
   * @param largest A packet that was sent.
   */
  beginAck(largest: number, ackDelayMs: number, nowMs: number): void {
    this.#hasNewlyAcked = false;
    if (largest <= this.#largestAcked) return;
    this.#largestAcked = largest;
    if (
      this.sent.stateOf(largest) === PacketState.inFlight &&
      (this.sent.flagsOf(largest) & SentFlag.ackEliciting) !== 0
    ) {
      this.rtt.sample(nowMs - this.sent.sentAtMs(largest), ackDelayMs, nowMs);
    }
  }

  /** Acknowledges the packets `last - run + 1 ..= last`. */
  ackRange(last: number, run: number): void {
    const first = Math.max(last - run + 1, this.#oldestRelevant);
    for (let packet = last; packet >= first; packet--) {
      const state = this.sent.stateOf(packet);
      if (state === PacketState.inFlight) this.#ackPacket(packet);
      else if (state === PacketState.lost) this.#forgive(packet);
    }
  }

  /** Ends an ACK frame: looks for losses and adapts the rate. */
  endAck(nowMs: number): void {
    // An ACK that was overtaken or repeated says nothing new: the peer may still not hear us.
    if (this.#hasNewlyAcked) this.#probeCount = 0;
    this.#detectLosses(nowMs);
    this.#pacer.onRound(this.rtt.smoothedMs, this.rtt.queueingMs, nowMs);
  }

  /**
   * The deadline passed: declares losses, or hands parts back for a probe.
   *
   * @returns Whether a probe packet must leave now.
   */
  handleTimeout(nowMs: number): boolean {
    if (nowMs < this.deadlineMs) return false;
    if (this.#lossTimeMs !== Infinity) {
      this.#detectLosses(nowMs);
      return false;
    }
    this.#probeCount++;
    this.counters.probeTimeouts++;
    this.#lastElicitingAtMs = nowMs;
    const wanted = Math.min(PROBE_PACKETS * 2 ** (this.#probeCount - 1), MAX_PROBE_PACKETS);
    let handed = 0;
    for (
      let packet = this.sent.oldest;
      packet < this.sent.nextPacketNumber && handed < wanted;
      packet++
    ) {
      if (this.sent.stateOf(packet) !== PacketState.inFlight) continue;
      // What later packets carry by now is theirs to hand back: a probe should carry something.
      if (this.#handBack(packet, true)) handed++;
    }
    return true;
  }

  /** Gives up the oldest packet so that the ring has room. */
  dropOldest(): void {
    this.#losePacket(this.sent.oldest);
  }

  /**
   * Gives up everything in flight: the packet number space ends with its keys. Nobody will ever know
   * what became of these packets, so they do not count as lost.
   */
  abandon(): void {
    for (let packet = this.sent.oldest; packet < this.sent.nextPacketNumber; packet++) {
      if (this.sent.stateOf(packet) !== PacketState.inFlight) continue;
      this.#handBack(packet, false);
      this.sent.settle(packet, PacketState.lost);
    }
    this.#lossTimeMs = Infinity;
  }

  /** Lowest packet whose acknowledgement could change anything: in flight, or lost a moment ago. */
  get #oldestRelevant(): number {
    const forgivable = this.#largestAcked - FORGIVABLE_PACKETS;
    if (this.#newestLost < forgivable) return this.sent.oldest;
    return Math.min(this.sent.oldest, Math.max(forgivable, 0));
  }

  #ackPacket(packet: number): void {
    const sent = this.sent;
    for (let i = 0; i < sent.itemCount(packet); i++) {
      const message = sent.itemMessage(packet, i);
      if (message !== undefined) this.#listener.onPartAcked(message, sent.itemPart(packet, i));
    }
    const flags = sent.flagsOf(packet);
    if ((flags & SentFlag.mtuProbe) !== 0) {
      this.#listener.onMtuProbe(sent.sizeBytes(packet), true);
    } else if (sent.sizeBytes(packet) > this.largeAboveBytes) this.#listener.onLargePacket(true);
    const ackedUpTo = sent.ackedUpTo(packet);
    if (ackedUpTo >= 0) this.#listener.onAckOfAck(ackedUpTo);
    this.#hasNewlyAcked = true;
    this.#pacer.onAcked();
    sent.settle(packet, PacketState.acked);
  }

  /** A packet declared lost was acknowledged after all: the path reorders more than was assumed. */
  #forgive(packet: number): void {
    this.counters.spuriousLosses++;
    this.#hasNewlyAcked = true;
    this.#pacer.onForgiven();
    const distance = this.#largestAcked - packet;
    if (distance >= this.#packetThreshold) {
      this.#packetThreshold = Math.min(distance + 1, MAX_PACKET_THRESHOLD);
    }
    this.sent.settle(packet, PacketState.acked);
  }

  #detectLosses(nowMs: number): void {
    this.#lossTimeMs = Infinity;
    const lossDelayMs = this.rtt.lossDelayMs;
    for (let packet = this.sent.oldest; packet < this.#largestAcked; packet++) {
      if (this.sent.stateOf(packet) !== PacketState.inFlight) continue;
      const lostAtMs = this.sent.sentAtMs(packet) + lossDelayMs;
      if (this.#largestAcked - packet >= this.#packetThreshold || nowMs >= lostAtMs) {
        this.#losePacket(packet);
      } else if (lostAtMs < this.#lossTimeMs) {
        this.#lossTimeMs = lostAtMs;
      }
    }
  }

  #losePacket(packet: number): void {
    const flags = this.sent.flagsOf(packet);
    if ((flags & SentFlag.mtuProbe) !== 0) {
      // A probe that does not fit says nothing of congestion.
      this.#listener.onMtuProbe(this.sent.sizeBytes(packet), false);
    } else {
      this.counters.packetsLost++;
      this.#pacer.onLost();
      if (packet > this.#newestLost) this.#newestLost = packet;
      if (this.sent.sizeBytes(packet) > this.largeAboveBytes) this.#listener.onLargePacket(false);
    }
    this.#handBack(packet, false);
    this.sent.settle(packet, PacketState.lost);
  }

  /** Hands the parts of a packet back to their channels. Returns whether there was anything to hand. */
  #handBack(packet: number, isProbe: boolean): boolean {
    const sent = this.sent;
    let isLive = false;
    for (let i = 0; i < sent.itemCount(packet); i++) {
      const message = sent.itemMessage(packet, i);
      if (message === undefined) continue;
      const part = sent.itemPart(packet, i);
      if (message.packetOf(part) === packet) isLive = true;
      this.#listener.onPartLost(message, part, packet, isProbe);
    }
    if ((sent.flagsOf(packet) & SentFlag.credit) === 0) return isLive;
    this.#listener.onCreditLost();
    return true;
  }
}
