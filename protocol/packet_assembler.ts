/**
 * Assembles the packets of one connection: header, control frames, seal, and the record for recovery.
 *
 * Which packets leave, and where to, `connection.ts` decides; messages write themselves.
 *
 * @module
 */
import type { ConnectionContext } from "./connection_context.ts";
import { TAG_BYTES } from "./crypto/backend.ts";
import { FrameType, parseFrames } from "./frames.ts";
import type { Link } from "./link.ts";
import { TraceOutcome } from "./packet_trace.ts";
import type { Recovery } from "./recovery.ts";
import { SentFlag } from "./sent_packets.ts";

/** Acknowledgement-only packets after which one asks for an acknowledgement itself, to prune ranges. */
const ACK_ONLY_PACKETS_PER_PING = 32;

/** How often the server's tick travels. */
const TIME_INTERVAL_MS = 200;

/** Begins a packet, writes what is due in it, and seals it. */
export class PacketAssembler {
  /** Whether the next packet must ask for an acknowledgement. */
  isPingDue: boolean;
  /** The echo that a PATH_CHALLENGE waits for. */
  pathResponse: Uint8Array | undefined;
  readonly #link: Link;
  readonly #recovery: Recovery;
  readonly #context: ConnectionContext;
  #ackOnlyPackets = 0;
  #nextTimeMs = -Infinity;
  // Of the packet at hand.
  #itemsBefore = 0;
  #headerBytes = 0;
  #ackedUpTo = -1;
  #flags = 0;

  constructor(link: Link, recovery: Recovery, context: ConnectionContext) {
    this.#link = link;
    this.#recovery = recovery;
    this.#context = context;
    // A client's first packet confirms the handshake, so it has one to send at once.
    this.isPingDue = context.role === "client";
  }

  /** Whether a control frame must leave now. */
  isControlDue(nowMs: number): boolean {
    return this.isPingDue || this.pathResponse !== undefined ||
      nowMs >= this.#link.received.ackDueMs;
  }

  /** Begins a packet of at most `datagramBytes` bytes in `into`. */
  begin(into: Uint8Array, datagramBytes: number, nowMs: number): void {
    const { sent, largestAcked } = this.#recovery;
    if (sent.isFull) this.#recovery.dropOldest();
    this.#headerBytes = this.#link.writeHeader(into, sent.nextPacketNumber, largestAcked, nowMs);
    this.#itemsBefore = sent.itemHead;
    this.#ackedUpTo = -1;
    this.#flags = 0;
    this.#context.writer.begin(into, this.#headerBytes, datagramBytes - TAG_BYTES);
  }

  /** Writes the acknowledgements and answers that are due. */
  writeControl(nowMs: number): void {
    const { writer, time, channels } = this.#context;
    const { received } = this.#link;
    if (received.isAckPending) {
      const end = received.writeAck(writer.view, writer.offset, writer.limit, nowMs);
      // Ranges that had no room were never said: the acknowledgement of this packet proves nothing of them.
      if (end > writer.offset && received.isAckComplete) this.#ackedUpTo = received.largest;
      writer.accept(end, false);
    }
    if (this.pathResponse !== undefined) {
      writer.addPathFrame(FrameType.pathResponse, this.pathResponse);
      this.pathResponse = undefined;
    }
    if (time !== undefined && time.tick > 0 && nowMs >= this.#nextTimeMs) {
      writer.addTime(time.tick, Math.max(0, Math.round((nowMs - time.startedAtMs) * 1000)));
      this.#nextTimeMs = nowMs + TIME_INTERVAL_MS;
    }
    if (channels.inbound.hasCreditDue) this.#flags |= SentFlag.credit;
  }

  /**
   * Seals and records the packet.
   *
   * @param flags {@link SentFlag}s beside those that follow from its frames.
   * @returns Its size, or 0 when nothing was written in it.
   */
  finish(into: Uint8Array, flags: number, nowMs: number): number {
    const { writer, counters, trace } = this.#context;
    this.#askForAck();
    if (writer.frames === 0) return 0;
    const { nextPacketNumber } = this.#recovery.sent;
    const textEnd = writer.finish() - into.byteOffset;
    if (trace !== undefined) this.#trace(into, nextPacketNumber, textEnd, nowMs);
    const sizeBytes = this.#link.seal(into, nextPacketNumber, this.#headerBytes, textEnd);
    const allFlags = this.#flags | flags | (writer.isAckEliciting ? SentFlag.ackEliciting : 0);
    this.#recovery.onPacketSent(this.#itemsBefore, sizeBytes, allFlags, this.#ackedUpTo, nowMs);
    counters.packetsSent++;
    if (writer.isAckEliciting) counters.packetsTracked++;
    counters.bytesSent += sizeBytes;
    return sizeBytes;
  }

  /** Adds a PING where one is due and nothing else asks for an acknowledgement. */
  #askForAck(): void {
    const { writer } = this.#context;
    if (writer.isAckEliciting) {
      this.isPingDue = false;
      this.#ackOnlyPackets = 0;
      return;
    }
    const isPruningDue = writer.frames > 0 && ++this.#ackOnlyPackets >= ACK_ONLY_PACKETS_PER_PING;
    if ((this.isPingDue || isPruningDue) && writer.addPing()) {
      this.isPingDue = false;
      this.#ackOnlyPackets = 0;
    }
  }

  #trace(into: Uint8Array, packetNumber: number, textEnd: number, nowMs: number): void {
    const { trace, table, channels, writer } = this.#context;
    const start = into.byteOffset + this.#headerBytes;
    parseFrames(writer.view, start, into.byteOffset + textEnd, channels.hasSequence, table);
    trace?.record(TraceOutcome.sent, packetNumber, textEnd + TAG_BYTES, table, nowMs);
  }
}
