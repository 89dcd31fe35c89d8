/**
 * A session's life on one set of keys: what arrives is checked whole and applied, what is to be sent
 * is built into packets.
 *
 * Implements docs/protocol.md, "DATA packets", "Frames" and "Order of sending". A session outlives its
 * connection when it is resumed; channels and messages are the session's, packet numbers ours.
 *
 * @module
 */
import { applyAck, isAckPossible } from "./ack_frame.ts";
import type { Address } from "./address.ts";
import { AcceptVerdict } from "./channel_set.ts";
import type { Closing } from "./closing.ts";
import { type ConnectionContext, PacketOutcome } from "./connection_context.ts";
import { TAG_BYTES } from "./crypto/backend.ts";
import { FrameError, type FrameTable, FrameType, parseFrames } from "./frames.ts";
import { Keepalive } from "./keepalive.ts";
import type { Link } from "./link.ts";
import type { MessageBuffer } from "./message_pool.ts";
import { MtuProber } from "./mtu_prober.ts";
import { TraceOutcome } from "./packet_trace.ts";
import type { PacketWriter } from "./packet_writer.ts";
import { PathValidator } from "./path_validator.ts";
import { Recovery, type RecoveryCounters, type RecoveryListener } from "./recovery.ts";
import { SentFlag } from "./sent_packets.ts";

/** Acknowledgement-only packets after which one asks for an acknowledgement itself, to prune ranges. */
const ACK_ONLY_PACKETS_PER_PING = 32;

/** How often the server's tick travels. */
const TIME_INTERVAL_MS = 200;

/** Packet-level life of a session under one set of keys. */
export class Connection implements RecoveryListener {
  /** Keys, connection ids and replay window. */
  readonly link: Link;
  /** Packets in flight. */
  readonly recovery: Recovery;
  /** Addresses of the peer. */
  readonly path: PathValidator;
  /** Largest datagram. */
  readonly mtu: MtuProber;
  /** Code of the CLOSE frame that the peer sent, or -1. */
  peerCloseCode = -1;
  /** Its reason. */
  peerCloseReason = "";
  /** The peer's tick when {@link peerTickAtMs} was, or -1. */
  peerTick = -1;
  /** Fraction of {@link peerTick} in microseconds. */
  peerTickMicroseconds = 0;
  /** When the TIME frame arrived. */
  peerTickAtMs = 0;

  readonly #context: ConnectionContext;
  readonly #keepalive: Keepalive | undefined;
  #lastReceivedMs: number;
  #isPingDue: boolean;
  #pathResponse: Uint8Array | undefined;
  #ackOnlyPackets = 0;
  #nextTimeMs = 0;
  #transmitTo: Address;

  /** @param peerIdleTimeoutMs Silence after which the peer gives up on us. */
  constructor(
    link: Link,
    address: Address,
    context: ConnectionContext,
    peerIdleTimeoutMs: number,
    nowMs: number,
  ) {
    this.link = link;
    this.#context = context;
    const { limits, role, pacer, rtt, counters } = context;
    // Session counters include what recovery counts, so that they survive a resumption.
    const recoveryCounters: RecoveryCounters = counters;
    this.recovery = new Recovery(this, pacer, rtt, recoveryCounters);
    this.path = new PathValidator(address);
    this.mtu = new MtuProber(limits.datagramBytes, limits.mtuProbing);
    this.#transmitTo = address;
    this.#lastReceivedMs = nowMs;
    const idleTimeoutMs = Math.min(limits.idleTimeoutMs, peerIdleTimeoutMs);
    this.#keepalive = role === "client"
      ? new Keepalive(limits.keepaliveMs, idleTimeoutMs, nowMs)
      : undefined;
    // A client's first packet confirms the handshake, so it has one to send at once.
    this.#isPingDue = role === "client";
  }

  /** Where the packet that {@link transmit} built goes. */
  get transmitTo(): Address {
    return this.#transmitTo;
  }

  /** When the peer was heard last. */
  get lastReceivedMs(): number {
    return this.#lastReceivedMs;
  }

  /** Earliest time at which {@link handleTimeout} or {@link transmit} has something to do, flushes aside. */
  deadlineMs(nowMs: number): number {
    const { channels, limits, pacer } = this.#context;
    let earliest = this.#lastReceivedMs + limits.idleTimeoutMs;
    earliest = Math.min(earliest, this.link.received.ackDueMs, this.recovery.deadlineMs);
    earliest = Math.min(earliest, this.path.deadlineMs, channels.repeatAtMs);
    if (this.#keepalive !== undefined) earliest = Math.min(earliest, this.#keepalive.deadlineMs);
    if (channels.hasUrgent) earliest = Math.min(earliest, pacer.readyAtMs(nowMs));
    return earliest;
  }

  /** Whether the peer has been silent for too long. */
  isSilent(nowMs: number): boolean {
    return nowMs - this.#lastReceivedMs >= this.#context.limits.idleTimeoutMs;
  }

  /** Fires what is due: losses, probes, keepalive. */
  handleTimeout(nowMs: number): void {
    if (this.recovery.handleTimeout(nowMs)) {
      this.mtu.onProbeTimeout(this.recovery.probeCount);
      this.#isPingDue = true;
    }
    if (this.#keepalive !== undefined && nowMs >= this.#keepalive.deadlineMs) {
      this.#isPingDue = true;
      this.#keepalive.onPing();
    }
  }

  /**
   * Checks and applies the frames of a packet that {@link Link.open} accepted.
   *
   * @returns One of {@link PacketOutcome}.
   */
  handleOpened(bytes: Uint8Array, textEnd: number, from: Address, nowMs: number): number {
    const { channels, table, drops } = this.#context;
    const { memory } = this.#context;
    memory.pointAt(bytes);
    const view = memory.view;
    const base = bytes.byteOffset;
    const error = parseFrames(
      view,
      base + this.link.textStart,
      base + textEnd,
      channels.hasSequence,
      table,
    );
    if (error !== FrameError.none) {
      drops.malformedFrames++;
      return PacketOutcome.malformed;
    }
    if (!this.#areAcksPossible(view, table)) {
      drops.badAck++;
      return PacketOutcome.malformed;
    }
    switch (channels.judge(table)) {
      case AcceptVerdict.noRoom:
        drops.reassemblyFull++;
        return PacketOutcome.refused;
      case AcceptVerdict.queueFull:
        drops.receiveQueueFull++;
        return PacketOutcome.refused;
      case AcceptVerdict.violation:
        drops.channelViolation++;
        return PacketOutcome.malformed;
    }
    const { packetNumber, received: { largest } } = this.link;
    const isNewest = packetNumber > largest;
    // A number that was skipped counts as missing until it comes after all.
    this.#context.counters.packetsMissing += isNewest ? packetNumber - largest - 1 : -1;
    this.link.received.mark(packetNumber, table.isAckEliciting, nowMs);
    this.#lastReceivedMs = nowMs;
    // Only servers follow an address: a client's server stays where the handshake found it.
    if (!this.path.isCurrent(from) && this.#context.role === "server") {
      const { random } = this.#context;
      this.path.onForeignPacket(from, bytes.byteLength, isNewest, random, nowMs);
    }
    this.#apply(view, from, nowMs);
    return PacketOutcome.applied;
  }

  /**
   * Builds the next packet, if there is one to send.
   *
   * @param wantsFlush Whether messages that were never sent may leave now.
   * @returns Its size, or 0; it goes to {@link transmitTo}.
   */
  transmit(into: Uint8Array, wantsFlush: boolean, nowMs: number): number {
    const challenge = this.path.takeChallenge(this.recovery.probeTimeoutMs, nowMs);
    if (challenge !== undefined) return this.#transmitChallenge(into, challenge, nowMs);
    const { channels, pacer } = this.#context;
    const { received } = this.link;
    const hasData = channels.hasUrgent ||
      ((wantsFlush || nowMs >= channels.repeatAtMs) && channels.isPending(nowMs));
    const mayCarryData = hasData && (this.#isPingDue || pacer.canSend(nowMs));
    const isControlDue = this.#isPingDue || this.#pathResponse !== undefined ||
      nowMs >= received.ackDueMs;
    if (!mayCarryData && !isControlDue) return this.#transmitMtuProbe(into, nowMs);
    this.#begin(into, this.mtu.currentBytes, nowMs);
    this.#writeControl(nowMs);
    if (mayCarryData) {
      const { writer } = this.#context;
      if (channels.writeUrgent(writer) && wantsFlush) channels.writeNew(writer, nowMs);
      else if (!wantsFlush && nowMs >= channels.repeatAtMs) channels.writeNew(writer, nowMs);
    }
    return this.#finish(into, this.path.current, 0, nowMs);
  }

  /** Builds a CLOSE packet. */
  transmitClose(into: Uint8Array, closing: Closing, nowMs: number): number {
    this.#begin(into, this.#context.limits.datagramBytes, nowMs);
    this.#context.writer.addClose(closing.code, closing.reason);
    closing.onSent(this.recovery.probeTimeoutMs, nowMs);
    return this.#finish(into, this.path.current, 0, nowMs);
  }

  /** The application did something: keepalives return to their base interval. */
  onActivity(): void {
    this.#keepalive?.onActivity();
  }

  /** Ends the connection: what was in flight counts as lost, secrets are wiped. */
  end(): void {
    this.recovery.abandon();
    this.link.wipe();
  }

  onPartAcked(message: MessageBuffer, part: number): void {
    this.#context.channels.onPartAcked(message, part);
  }

  onPartLost(message: MessageBuffer, part: number, packetNumber: number, isProbe: boolean): void {
    this.#context.channels.onPartLost(message, part, packetNumber, isProbe);
  }

  onCreditLost(): void {
    this.#context.channels.onCreditLost();
  }

  onMtuProbe(sizeBytes: number, arrived: boolean): void {
    this.mtu.onProbeResult(sizeBytes, arrived);
  }

  onAckOfAck(ackedUpTo: number): void {
    this.link.received.pruneBelow(ackedUpTo);
  }

  #itemsBefore = 0;
  #headerBytes = 0;
  #ackedUpTo = -1;
  #flags = 0;

  #begin(into: Uint8Array, datagramBytes: number, nowMs: number): void {
    const { sent } = this.recovery;
    if (sent.isFull) this.recovery.dropOldest();
    const packetNumber = sent.nextPacketNumber;
    this.#headerBytes = this.link.writeHeader(
      into,
      packetNumber,
      this.recovery.largestAcked,
      nowMs,
    );
    this.#itemsBefore = sent.itemHead;
    this.#ackedUpTo = -1;
    this.#flags = 0;
    this.#context.writer.begin(into, this.#headerBytes, datagramBytes - TAG_BYTES);
  }

  #writeControl(nowMs: number): void {
    const { writer, time, channels } = this.#context;
    const { received } = this.link;
    if (received.isAckPending) {
      const end = received.writeAck(writer.view, writer.offset, writer.limit, nowMs);
      if (end > writer.offset) this.#ackedUpTo = received.largest;
      writer.accept(end, false);
    }
    if (this.#pathResponse !== undefined) {
      writer.addPathFrame(FrameType.pathResponse, this.#pathResponse);
      this.#pathResponse = undefined;
    }
    if (time !== undefined && time.tick > 0 && nowMs >= this.#nextTimeMs) {
      writer.addTime(time.tick, Math.round((nowMs - time.startedAtMs) * 1000));
      this.#nextTimeMs = nowMs + TIME_INTERVAL_MS;
    }
    if (channels.hasCreditDue) this.#flags |= SentFlag.credit;
  }

  #transmitChallenge(into: Uint8Array, challenge: Uint8Array, nowMs: number): number {
    this.#begin(into, this.#context.limits.datagramBytes, nowMs);
    this.#context.writer.addPathFrame(FrameType.pathChallenge, challenge);
    const size = this.#finish(into, this.path.candidate!, 0, nowMs);
    this.path.onSentToCandidate(size);
    return size;
  }

  #transmitMtuProbe(into: Uint8Array, nowMs: number): number {
    const sizeBytes = this.mtu.nextProbeBytes;
    if (sizeBytes === 0 || sizeBytes > into.byteLength || !this.recovery.rtt.hasSample) return 0;
    if (!this.#context.pacer.canSend(nowMs)) return 0;
    this.mtu.onProbeSent();
    this.#begin(into, sizeBytes, nowMs);
    this.#context.writer.addProbe();
    return this.#finish(into, this.path.current, SentFlag.mtuProbe, nowMs);
  }

  #finish(into: Uint8Array, to: Address, flags: number, nowMs: number): number {
    const { writer, counters } = this.#context;
    this.#askForAck(writer);
    if (writer.frames === 0) return 0;
    const isAckEliciting = writer.isAckEliciting;
    const { sent } = this.recovery;
    const packetNumber = sent.nextPacketNumber;
    const textEnd = writer.finish() - into.byteOffset;
    if (this.#context.trace !== undefined) this.#traceSent(into, packetNumber, textEnd, nowMs);
    const sizeBytes = this.link.seal(into, packetNumber, this.#headerBytes, textEnd);
    const allFlags = this.#flags | flags | (isAckEliciting ? SentFlag.ackEliciting : 0);
    this.recovery.onPacketSent(this.#itemsBefore, sizeBytes, allFlags, this.#ackedUpTo, nowMs);
    this.#keepalive?.onSent(nowMs);
    counters.packetsSent++;
    counters.bytesSent += sizeBytes;
    this.#transmitTo = to;
    return sizeBytes;
  }

  #traceSent(into: Uint8Array, packetNumber: number, textEnd: number, nowMs: number): void {
    const { trace, table, channels, writer } = this.#context;
    const start = into.byteOffset + this.#headerBytes;
    parseFrames(writer.view, start, into.byteOffset + textEnd, channels.hasSequence, table);
    trace?.record(TraceOutcome.sent, packetNumber, textEnd + TAG_BYTES, table, nowMs);
  }

  /** Adds a PING where one is due and nothing else asks for an acknowledgement. */
  #askForAck(writer: PacketWriter): void {
    if (writer.isAckEliciting) {
      this.#isPingDue = false;
      this.#ackOnlyPackets = 0;
      return;
    }
    if (this.#isPingDue || ++this.#ackOnlyPackets >= ACK_ONLY_PACKETS_PER_PING) {
      if (writer.addPing()) {
        this.#isPingDue = false;
        this.#ackOnlyPackets = 0;
      }
    }
  }

  /** Whether every ACK frame stays within the packets that were sent. */
  #areAcksPossible(view: DataView, table: FrameTable): boolean {
    for (let row = 0; row < table.count; row++) {
      if (table.type[row] !== FrameType.ack) continue;
      if (!isAckPossible(view, table.start[row]!, table.value[row]!, this.recovery)) return false;
    }
    return true;
  }

  #apply(view: DataView, from: Address, nowMs: number): void {
    const { channels, table } = this.#context;
    const { bytes } = this.#context.memory;
    for (let row = 0; row < table.count; row++) {
      const start = table.start[row]!;
      switch (table.type[row]) {
        case FrameType.message:
          channels.applyMessage(table, row, bytes);
          break;
        case FrameType.fragment:
          channels.applyFragment(table, row, bytes, nowMs);
          break;
        case FrameType.ack:
          applyAck(view, start, this.recovery, nowMs);
          break;
        case FrameType.credit:
          channels.onCredit(table.channel[row]!, table.value[row]!);
          break;
        case FrameType.time:
          this.peerTick = table.value[row]!;
          this.peerTickMicroseconds = view.getUint16(start + 4, true);
          this.peerTickAtMs = nowMs;
          break;
        case FrameType.close:
          this.peerCloseCode = table.value[row]!;
          this.peerCloseReason = new TextDecoder().decode(bytes.slice(start, table.end[row]));
          break;
        case FrameType.pathChallenge:
          this.#pathResponse = bytes.slice(start, start + 8);
          break;
        case FrameType.pathResponse:
          this.#applyPathResponse(bytes.subarray(start, start + 8), from);
          break;
      }
    }
  }

  #applyPathResponse(data: Uint8Array, from: Address): void {
    const { counters, drops, rtt } = this.#context;
    const before = this.path.current;
    if (!this.path.onResponse(data, from)) {
      drops.pathMismatch++;
      return;
    }
    counters.pathChanges++;
    if (this.path.current.hostname !== before.hostname) rtt.reset();
  }
}
