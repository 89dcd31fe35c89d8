/**
 * The sending half of a channel: what the six delivery modes have in common.
 *
 * Implements docs/protocol.md, "Channels". A channel owns its messages from `enqueue` until they are
 * acknowledged or given up; the session asks it for one frame at a time and tells it what became of
 * the packets.
 *
 * @module
 */
import type { ChannelConfig } from "./channel_config.ts";
import { type DeliveryCallback, type DeliveryResult, PartState } from "./message_pool.ts";
import type { MessageBuffer, MessagePool } from "./message_pool.ts";
import type { PacketWriter } from "./packet_writer.ts";
import type { SentPackets } from "./sent_packets.ts";

/** What `send` did with a message. */
export type SendResult = "queued" | "dropped" | "blocked";

/** Most parts of an unreliable message: beyond that one lost packet in a few makes it hopeless. */
export const MAX_UNRELIABLE_PARTS = 16;

/** Messages of one reliable channel that may be unacknowledged at once; the receiver's window. */
export const RELIABLE_WINDOW_MESSAGES = 512;

/** Charged against credit for every message beside its bytes: what holding it costs the receiver. */
export const CREDIT_OVERHEAD_BYTES = 64;

/** Incomplete reliable messages of several parts that a sender may have in flight at once. */
export const MAX_FRAGMENTED_IN_FLIGHT = 16;

/** Bytes of them; a single larger message is let through alone. */
export const MAX_FRAGMENTED_BYTES_IN_FLIGHT = 1_048_576;

/** Bytes that a flow-controlled channel may carry before the first CREDIT frame. */
export function initialCreditBytes(config: ChannelConfig): number {
  return Math.max(65_536, config.maxMessageBytes + CREDIT_OVERHEAD_BYTES);
}

/** Limits of sending channels; `SessionLimits` has them. */
export interface SendLimits {
  /** Largest datagram. */
  readonly datagramBytes: number;
  /** Bytes that one channel may hold. */
  readonly sendQueueBytes: number;
  /** Messages that one channel may hold. */
  readonly sendQueueMessages: number;
}

/** What all sending channels of a session share. */
export class SendContext {
  /** Where messages come from and go back to. */
  readonly pool: MessagePool;
  /** The packets in flight; another one after a resumption. */
  sent: SentPackets;
  /** Largest message that travels in one piece. */
  readonly maxBodyBytes: number;
  /** Size of the parts of larger ones. */
  readonly partBytes: number;
  /** Bytes that one channel may hold before it blocks. */
  readonly queueBytes: number;
  /** Messages that one channel may hold before it blocks. */
  readonly queueMessages: number;
  /** Reliable messages of several parts that are in flight and incomplete. */
  fragmentedInFlight = 0;
  /** Their bytes. */
  fragmentedBytesInFlight = 0;
  /** Channels that refused a message and have not said since that they take more. */
  blockedChannels = 0;
  /** Unreliable messages dropped because they waited too long or were superseded. */
  messagesExpired = 0;
  /** Parts sent again. */
  partsResent = 0;
  /** Results for senders who asked, to be called outside the protocol's own work. */
  readonly results: { callback: DeliveryCallback; result: DeliveryResult }[] = [];

  constructor(
    pool: MessagePool,
    sent: SentPackets,
    limits: SendLimits,
  ) {
    this.pool = pool;
    this.sent = sent;
    // Header, tag, a frame header with its varints.
    this.maxBodyBytes = limits.datagramBytes - 9 - 16 - 6;
    // A part leaves room for a short ACK, so that resends fit beside it.
    this.partBytes = limits.datagramBytes - 9 - 16 - 12 - 35;
    this.queueBytes = limits.sendQueueBytes;
    this.queueMessages = limits.sendQueueMessages;
  }

  /** Ends the life of a message and tells its sender. */
  settle(message: MessageBuffer, result: DeliveryResult): void {
    if (message.onResult !== undefined) {
      this.results.push({ callback: message.onResult, result });
    }
    this.pool.release(message);
  }

  /** Prepares a message for travel in one piece or in parts. */
  split(message: MessageBuffer): void {
    if (message.sizeBytes <= this.maxBodyBytes) message.splitInto(1, message.sizeBytes);
    else message.splitInto(Math.ceil(message.sizeBytes / this.partBytes), this.partBytes);
  }

  /** Notes that the packet being built carries a part. */
  track(message: MessageBuffer, part: number): void {
    message.setState(part, PartState.inFlight);
    message.setPacket(part, this.sent.nextPacketNumber);
    this.sent.addItem(message, part);
  }
}

/** One channel's sending half. */
export interface SendChannel {
  /** Position in the schema's table of channels. */
  readonly index: number;
  /** Its rules. */
  readonly config: ChannelConfig;
  /** Bytes that it holds. */
  readonly queuedBytes: number;
  /** What it may still write before another channel of its priority gets its turn. */
  deficitBytes: number;

  /** Takes a message over. On any result but `"queued"` the message stays the caller's. */
  enqueue(message: MessageBuffer, nowMs: number): SendResult;
  /** Whether something was never sent, even if window, credit or time forbid it now. */
  readonly hasUnsent: boolean;
  /** Whether nothing waits for an acknowledgement that it must have. */
  readonly isSettled: boolean;
  /** Whether something never sent could be written now. */
  isPending(nowMs: number): boolean;
  /** Writes one frame of something never sent; `false` when it does not fit. */
  writeNext(writer: PacketWriter, nowMs: number): boolean;
  /** Whether something must be sent again. */
  readonly hasResends: boolean;
  /** Writes one frame of something to be sent again; `false` when it does not fit. */
  writeResend(writer: PacketWriter): boolean;
  /** A part arrived. */
  onPartAcked(message: MessageBuffer, part: number): void;
  /** A packet with a part is lost; with `isProbe`, merely overdue. */
  onPartLost(message: MessageBuffer, part: number, packetNumber: number, isProbe: boolean): void;
  /** Gives up everything. */
  drop(): void;
}

/** Writes a part of a message as MESSAGE or FRAGMENT. */
export function writePart(
  writer: PacketWriter,
  channel: number,
  sequence: number,
  message: MessageBuffer,
  part: number,
): boolean {
  if (message.partCount === 1) {
    return writer.addMessage(channel, sequence, message.bytes, message.sizeBytes);
  }
  return writer.addFragment(
    channel,
    message.sequence,
    part,
    message.partCount,
    message.bytes,
    part * message.partBytes,
    message.sizeOfPart(part),
  );
}
