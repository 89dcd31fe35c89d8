/**
 * All channels of a session: the sending halves and whose turn it is; the receiving halves stand in
 * `inbound_channels.ts`.
 *
 * @module
 */
import { type ChannelConfig, hasSequence } from "./channel_config.ts";
import { ChannelScheduler } from "./channel_scheduler.ts";
import type { DropCounters } from "./counters.ts";
import { InboundChannels } from "./inbound_channels.ts";
import { InputSender } from "./input_sender.ts";
import { LatestSender } from "./latest_sender.ts";
import type { SessionLimits } from "./limits.ts";
import type { MessageBuffer } from "./message_pool.ts";
import type { PacketWriter } from "./packet_writer.ts";
import { ReliableSender } from "./reliable_sender.ts";
import type { SendChannel, SendContext, SendResult } from "./send_channel.ts";
import { UnreliableSender } from "./unreliable_sender.ts";

/** Makes the sending half that a channel's delivery asks for. */
function createSendChannel(
  index: number,
  config: ChannelConfig,
  context: SendContext,
): SendChannel {
  switch (config.delivery) {
    case "unreliable":
    case "sequenced":
      return new UnreliableSender(index, config, context);
    case "reliable-unordered":
    case "reliable-ordered":
      return new ReliableSender(index, config, context);
    case "reliable-latest":
      return new LatestSender(index, config, context);
    case "input":
      return new InputSender(index, config, context);
  }
}

/** Channels of one session, in the order of the schema's table. */
export class ChannelSet {
  /** Per channel, 1 when its messages carry a sequence. */
  readonly hasSequence: Uint8Array;
  /** What all sending halves share. */
  readonly context: SendContext;
  /** The receiving halves. */
  readonly inbound: InboundChannels;
  readonly #senders: readonly SendChannel[];
  readonly #scheduler: ChannelScheduler;

  constructor(
    configs: readonly ChannelConfig[],
    context: SendContext,
    limits: SessionLimits,
    drops: DropCounters,
  ) {
    this.context = context;
    this.inbound = new InboundChannels(configs, context.pool, limits, drops);
    this.#senders = configs.map((config, index) => createSendChannel(index, config, context));
    this.#scheduler = new ChannelScheduler(this.#senders);
    this.hasSequence = Uint8Array.from(configs, (c) => hasSequence(c.delivery) ? 1 : 0);
  }

  /**
   * Takes a message over for sending. On any result but `"queued"` it stays the caller's.
   *
   * @throws RangeError when there is no such channel, or the message is larger than its messages may be.
   */
  enqueue(channel: number, message: MessageBuffer, nowMs: number): SendResult {
    const sender = this.#senders[channel];
    if (sender === undefined) {
      throw new RangeError(
        `Cannot send on channel ${channel}: there are ${this.#senders.length} channels`,
      );
    }
    if (message.sizeBytes > sender.config.maxMessageBytes) {
      throw new RangeError(
        `Cannot send ${message.sizeBytes} bytes: messages of channel ${channel} have at most ` +
          `${sender.config.maxMessageBytes} bytes`,
      );
    }
    message.channel = channel;
    return sender.enqueue(message, nowMs);
  }

  /** Bytes that a channel holds. */
  queuedBytes(channel: number): number {
    return this.#senders[channel]!.queuedBytes;
  }

  /** A channel that once blocked and has emptied since, or -1. Each is named once. */
  takeDrained(): number {
    if (this.context.blockedChannels === 0) return -1;
    for (const sender of this.#senders) {
      if (sender instanceof ReliableSender && sender.takeDrained()) return sender.index;
    }
    return -1;
  }

  /** Whether every message that must arrive has been acknowledged. */
  get isFlushed(): boolean {
    for (const sender of this.#senders) if (!sender.isSettled) return false;
    return true;
  }

  /** Whether something was never sent, even if window, credit or pace forbid it now. */
  get hasUnsent(): boolean {
    for (const sender of this.#senders) if (sender.hasUnsent) return true;
    return false;
  }

  /** When an input should be repeated although nothing newer came, or `Infinity`. */
  get repeatAtMs(): number {
    let earliest = Infinity;
    for (const sender of this.#senders) {
      if (sender instanceof InputSender && sender.repeatAtMs < earliest) {
        earliest = sender.repeatAtMs;
      }
    }
    return earliest;
  }

  /** Whether something must be sent again, or a grant is due. */
  get hasUrgent(): boolean {
    return this.inbound.hasCreditDue || this.#scheduler.hasResends;
  }

  /** Whether something never sent could be written now. */
  isPending(nowMs: number): boolean {
    return this.#scheduler.isPending(nowMs);
  }

  /** Writes grants and resends. `false` when the packet is full and more is left. */
  writeUrgent(writer: PacketWriter): boolean {
    return this.inbound.writeCredits(writer) && this.#scheduler.writeResends(writer);
  }

  /** Writes what was never sent. `false` when the packet is full and more is left. */
  writeNew(writer: PacketWriter, nowMs: number): boolean {
    return this.#scheduler.writeNew(writer, nowMs);
  }

  /** See {@link SendChannel.onPartAcked}. */
  onPartAcked(message: MessageBuffer, part: number): void {
    this.#senders[message.channel]!.onPartAcked(message, part);
  }

  /** See {@link SendChannel.onPartLost}. */
  onPartLost(message: MessageBuffer, part: number, packetNumber: number, isProbe: boolean): void {
    this.#senders[message.channel]!.onPartLost(message, part, packetNumber, isProbe);
  }

  /** The peer takes more bytes on a channel, which {@link InboundChannels.judge} has checked. */
  onCredit(channel: number, limitModulo: number): void {
    const sender = this.#senders[channel];
    if (sender instanceof ReliableSender) sender.onCredit(limitModulo);
  }

  /** Gives everything back: the session is over. Messages for the application stay to be taken. */
  drop(): void {
    for (const sender of this.#senders) sender.drop();
    this.inbound.drop();
  }
}
