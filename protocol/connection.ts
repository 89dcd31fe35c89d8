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
import { AcceptVerdict } from "./inbound_channels.ts";
import type { Closing } from "./closing.ts";
import { type ConnectionContext, PacketOutcome } from "./connection_context.ts";
import { FrameError, type FrameTable, FrameType, parseFrames } from "./frames.ts";
import { Keepalive } from "./keepalive.ts";
import type { Link } from "./link.ts";
import type { MessageBuffer } from "./message_pool.ts";
import { MtuProber } from "./mtu_prober.ts";
import { PacketAssembler } from "./packet_assembler.ts";
import { PathValidator } from "./path_validator.ts";
import { Recovery, type RecoveryCounters, type RecoveryListener } from "./recovery.ts";
import { SentFlag } from "./sent_packets.ts";
import type { PeerLimits } from "./session_shared.ts";

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
  readonly #assembler: PacketAssembler;
  readonly #keepalive: Keepalive | undefined;
  #lastReceivedMs: number;
  #transmitTo: Address;

  constructor(
    link: Link,
    address: Address,
    context: ConnectionContext,
    peer: PeerLimits,
    nowMs: number,
  ) {
    this.link = link;
    this.#context = context;
    const { limits, role, pacer, rtt, counters } = context;
    // Session counters include what recovery counts, so that they survive a resumption.
    const recoveryCounters: RecoveryCounters = counters;
    this.recovery = new Recovery(this, pacer, rtt, recoveryCounters);
    this.#assembler = new PacketAssembler(link, this.recovery, context);
    this.path = new PathValidator(address, peer.unprovenBytes, context.random);
    this.mtu = new MtuProber(limits.datagramBytes, limits.mtuProbing);
    if (limits.mtuProbing) this.recovery.largeAboveBytes = limits.datagramBytes;
    this.#transmitTo = address;
    this.#lastReceivedMs = nowMs;
    const idleTimeoutMs = Math.min(limits.idleTimeoutMs, peer.idleTimeoutMs);
    this.#keepalive = role === "client"
      ? new Keepalive(limits.keepaliveMs, idleTimeoutMs, nowMs)
      : undefined;
  }

  /** Where the packet that {@link transmit} built goes. */
  get transmitTo(): Address {
    return this.#transmitTo;
  }

  /** When the peer was heard last. */
  get lastReceivedMs(): number {
    return this.#lastReceivedMs;
  }

  /**
   * Earliest time at which {@link handleTimeout} or {@link transmit} has something to do. Never a time
   * that has passed unless there really is: whoever sleeps until then must not spin.
   *
   * @param wantsFlush Whether messages that were never sent may leave now.
   */
  deadlineMs(wantsFlush: boolean, nowMs: number): number {
    const { channels, limits, pacer } = this.#context;
    const silentAtMs = this.#lastReceivedMs + limits.idleTimeoutMs;
    let earliest = Math.min(silentAtMs, this.path.deadlineMs);
    if (!this.#mayTransmit) return earliest;
    earliest = Math.min(earliest, this.link.received.ackDueMs, this.recovery.deadlineMs);
    if (this.#keepalive !== undefined) earliest = Math.min(earliest, this.#keepalive.deadlineMs);
    const hasData = channels.hasUrgent || (wantsFlush && channels.isPending(nowMs));
    const dataAtMs = hasData ? nowMs : channels.repeatAtMs;
    if (dataAtMs >= earliest) return earliest;
    return Math.min(earliest, Math.max(dataAtMs, pacer.readyAtMs(nowMs)));
  }

  /** Whether the peer has been silent for too long. */
  isSilent(nowMs: number): boolean {
    // The same sum as in the deadline: a difference of times is rounded otherwise.
    return nowMs >= this.#lastReceivedMs + this.#context.limits.idleTimeoutMs;
  }

  /** Fires what is due: losses, probes, keepalive. */
  handleTimeout(nowMs: number): void {
    if (this.recovery.handleTimeout(nowMs)) {
      this.mtu.onProbeTimeout(this.recovery.probeCount);
      this.#assembler.isPingDue = true;
    }
    if (this.#keepalive !== undefined && nowMs >= this.#keepalive.deadlineMs) {
      this.#assembler.isPingDue = true;
      this.#keepalive.onPing();
    }
  }

  /**
   * Checks and applies the frames of a packet that {@link Link.open} accepted.
   *
   * @returns One of {@link PacketOutcome}.
   */
  handleOpened(bytes: Uint8Array, textEnd: number, from: Address, nowMs: number): number {
    const { channels, table, drops, role } = this.#context;
    const view = this.#parse(bytes, textEnd);
    if (view === undefined) return PacketOutcome.malformed;
    if (!this.#areAcksPossible(view, table)) {
      drops.badAck++;
      return PacketOutcome.malformed;
    }
    switch (channels.inbound.judge(table)) {
      case AcceptVerdict.noRoom:
        drops.reassemblyFull++;
        return this.#refused(nowMs);
      case AcceptVerdict.queueFull:
        drops.receiveQueueFull++;
        return this.#refused(nowMs);
      case AcceptVerdict.violation:
        drops.channelViolation++;
        return PacketOutcome.malformed;
    }
    const isNewest = this.#mark(table.isAckEliciting, nowMs);
    // Only servers follow an address: a client's server stays where the handshake found it.
    if (role === "server") this.#notePath(from, bytes.byteLength, isNewest, nowMs);
    this.#apply(view, from, nowMs);
    return PacketOutcome.applied;
  }

  /**
   * Looks for nothing but CLOSE in a packet that {@link Link.open} accepted: the session is over, and what
   * else the peer says comes too late.
   *
   * @returns One of {@link PacketOutcome}.
   */
  handleWhileClosing(bytes: Uint8Array, textEnd: number, nowMs: number): number {
    const { table } = this.#context;
    if (this.#parse(bytes, textEnd) === undefined) return PacketOutcome.malformed;
    this.#mark(false, nowMs);
    for (let row = 0; row < table.count; row++) {
      if (table.type[row] === FrameType.close) this.#applyClose(row);
    }
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
    if (!this.#mayTransmit) return 0;
    const { channels, pacer, writer } = this.#context;
    const assembler = this.#assembler;
    const isRepeatDue = nowMs >= channels.repeatAtMs;
    const hasData = channels.hasUrgent ||
      ((wantsFlush || isRepeatDue) && channels.isPending(nowMs));
    const mayCarryData = hasData && (assembler.isPingDue || pacer.canSend(nowMs));
    if (!assembler.isControlDue(nowMs)) {
      // Ahead of messages: a session that always has some is the one that larger datagrams serve.
      const probeBytes = this.#transmitMtuProbe(into, nowMs);
      if (probeBytes > 0 || !mayCarryData) return probeBytes;
    }
    assembler.begin(into, this.mtu.currentBytes, nowMs);
    assembler.writeControl(nowMs);
    if (mayCarryData && channels.writeUrgent(writer) && (wantsFlush || isRepeatDue)) {
      channels.writeNew(writer, nowMs);
    }
    return this.#finish(into, this.path.current, 0, nowMs);
  }

  /** Builds a CLOSE packet. */
  transmitClose(into: Uint8Array, closing: Closing, nowMs: number): number {
    this.#assembler.begin(into, this.#context.limits.datagramBytes, nowMs);
    this.#context.writer.addClose(closing.code, closing.reason);
    closing.onSent(this.recovery.probeTimeoutMs, nowMs);
    return this.#finish(into, this.path.current, 0, nowMs);
  }

  /** The application did something: keepalives return to their base interval. */
  onActivity(): void {
    this.#keepalive?.onActivity();
  }

  /** Ends the connection: what was in flight goes back to its channels, secrets are wiped. */
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
    this.#context.channels.inbound.repeatCredits();
  }

  onMtuProbe(sizeBytes: number, arrived: boolean): void {
    this.mtu.onProbeResult(sizeBytes, arrived);
  }

  onLargePacket(arrived: boolean): void {
    this.mtu.onLargeDatagram(arrived);
  }

  onAckOfAck(ackedUpTo: number): void {
    this.link.received.pruneBelow(ackedUpTo);
  }

  #transmitChallenge(into: Uint8Array, challenge: Uint8Array, nowMs: number): number {
    const assembler = this.#assembler;
    const { challenged, current } = this.path;
    const { isPingDue } = assembler;
    assembler.begin(into, this.#context.limits.datagramBytes, nowMs);
    this.#context.writer.addPathFrame(FrameType.pathChallenge, challenge);
    const sizeBytes = this.#finish(into, challenged, 0, nowMs);
    if (challenged === current) return sizeBytes;
    this.path.onSentToCandidate(sizeBytes);
    // What asks the new address for an answer does not ask the current one.
    assembler.isPingDue = isPingDue;
    return sizeBytes;
  }

  #transmitMtuProbe(into: Uint8Array, nowMs: number): number {
    const sizeBytes = this.mtu.nextProbeBytes;
    if (sizeBytes === 0 || sizeBytes > into.byteLength || !this.recovery.rtt.hasSample) return 0;
    if (!this.#context.pacer.canSend(nowMs)) return 0;
    this.mtu.onProbeSent();
    this.#assembler.begin(into, sizeBytes, nowMs);
    this.#context.writer.addProbe();
    return this.#finish(into, this.path.current, SentFlag.mtuProbe, nowMs);
  }

  #finish(into: Uint8Array, to: Address, flags: number, nowMs: number): number {
    const sizeBytes = this.#assembler.finish(into, flags, nowMs);
    if (sizeBytes === 0) return 0;
    this.#keepalive?.onSent(nowMs);
    if (to === this.path.current) this.path.onSentToCurrent(sizeBytes);
    this.#transmitTo = to;
    return sizeBytes;
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
          channels.inbound.applyMessage(table, row, bytes);
          break;
        case FrameType.fragment:
          channels.inbound.applyFragment(table, row, bytes, nowMs);
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
          this.#applyClose(row);
          break;
        case FrameType.pathChallenge:
          this.#assembler.pathResponse = bytes.slice(start, start + 8);
          break;
        case FrameType.pathResponse:
          this.#applyPathResponse(bytes.subarray(start, start + 8), from);
          break;
      }
    }
  }

  #applyClose(row: number): void {
    const { table, memory } = this.#context;
    const reason = memory.bytes.slice(table.start[row], table.end[row]);
    this.peerCloseCode = table.value[row]!;
    this.peerCloseReason = new TextDecoder().decode(reason);
  }

  #applyPathResponse(data: Uint8Array, from: Address): void {
    const { counters, drops, rtt } = this.#context;
    const before = this.path.current;
    if (!this.path.onResponse(data, from)) {
      drops.pathMismatch++;
      return;
    }
    const { current } = this.path;
    if (current === before) return;
    counters.pathChanges++;
    if (current.hostname !== before.hostname) rtt.reset();
  }

  /** Parses a packet's frames into the table; `undefined`, and counted, when they are malformed. */
  #parse(bytes: Uint8Array, textEnd: number): DataView | undefined {
    const { channels, table, drops, memory } = this.#context;
    memory.pointAt(bytes);
    const { view } = memory;
    const base = bytes.byteOffset;
    const start = base + this.link.textStart;
    const error = parseFrames(view, start, base + textEnd, channels.hasSequence, table);
    if (error === FrameError.none) return view;
    drops.malformedFrames++;
    return undefined;
  }

  /** Notes the packet at hand as received. Returns whether it has the highest number so far. */
  #mark(isAckEliciting: boolean, nowMs: number): boolean {
    const { packetNumber, received } = this.link;
    const { largest } = received;
    const isNewest = packetNumber > largest;
    // A number that was skipped counts as missing until it comes after all.
    this.#context.counters.packetsMissing += isNewest ? packetNumber - largest - 1 : -1;
    received.mark(packetNumber, isAckEliciting, nowMs);
    this.#lastReceivedMs = nowMs;
    return isNewest;
  }

  /** A packet that must come again all the same shows that the peer is there. */
  #refused(nowMs: number): number {
    this.#lastReceivedMs = nowMs;
    return PacketOutcome.refused;
  }

  #notePath(from: Address, sizeBytes: number, isNewest: boolean, nowMs: number): void {
    const { path } = this;
    if (path.isCurrent(from)) path.onCurrentPacket(sizeBytes, nowMs);
    else path.onForeignPacket(from, sizeBytes, isNewest, this.#context.random, nowMs);
  }

  /** Whether more than challenges may go to the current address. */
  get #mayTransmit(): boolean {
    return this.path.allows(this.#context.limits.datagramBytes);
  }
}
